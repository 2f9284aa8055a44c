//! Behaviours of tools.

use timeslip_sdk::{Failure, ToolLoop, call_tool, call_tool_text, json};

pub(crate) async fn tool_loop() -> Result<String, Failure> {
    ToolLoop::new().system("Use the tools.").run("Add 2 and 3, and greet Ada.").await
}

pub(crate) async fn turn_limit() -> Result<String, Failure> {
    ToolLoop::new().system("Never stop.").max_turns(3).run("Go on.").await
}

pub(crate) async fn tool_error() -> Result<String, Failure> {
    let outputs = [
        call_tool("add", json!({ "a": "x", "b": 1 })).await,
        call_tool_text("add", "{").await,
        call_tool("fail", json!({ "message": "no luck" })).await,
        call_tool("nope", json!({})).await,
        call_tool("greet", json!({ "name": "Ada", "excited": true })).await,
    ];
    let texts = outputs.map(|output| output.unwrap_or_else(|error| error.kind().to_string()));
    Ok(texts.join(", "))
}

pub(crate) async fn deep_json() -> Result<String, Failure> {
    let arguments = format!("{{\"value\":{}1{}}}", "[".repeat(100), "]".repeat(100));
    let output = call_tool_text("echo", arguments.as_str()).await?;
    if output != arguments {
        return Err(Failure::new(format!("the output is {output}")));
    }
    Ok(output)
}
