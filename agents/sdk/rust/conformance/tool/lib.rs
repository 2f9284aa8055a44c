//! The conformance tool plugin in Rust: what `agents/sdk/conformance` says of its tools.

use std::time::Duration;

use timeslip_sdk::plugin::JsonText;
use timeslip_sdk::schemars::{self, JsonSchema};
use timeslip_sdk::serde::{self, Serialize};
use timeslip_sdk::{ToolError, export_tools, files, sleep, tool};

#[derive(Debug, Serialize, JsonSchema)]
#[serde(crate = "serde")]
struct Sum {
    sum: i64,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(crate = "serde")]
struct Waited {
    waited: i64,
}

/// Adds two whole numbers.
#[tool(read_only, idempotent)]
fn add(a: i64, b: i64) -> Result<Sum, ToolError> {
    match a.checked_add(b) {
        Some(sum) => Ok(Sum { sum }),
        None => Err(ToolError::failed("the sum is too large")),
    }
}

/// Greets somebody.
#[tool(read_only, idempotent)]
fn greet(name: String, #[default(false)] excited: bool) -> String {
    format!("Hello, {name}{}", if excited { "!" } else { "." })
}

/// Fails with a message.
#[tool(read_only, idempotent)]
fn fail(message: String) -> Result<(), ToolError> {
    Err(ToolError::failed(message))
}

/// Waits.
#[tool(read_only, idempotent)]
async fn wait(milliseconds: i64) -> Result<Waited, ToolError> {
    let duration = u64::try_from(milliseconds)
        .map_err(|_| ToolError::invalid_arguments("\"milliseconds\" is below 0"))?;
    sleep(Duration::from_millis(duration)).await;
    Ok(Waited { waited: milliseconds })
}

/// Gives its value back.
#[tool(read_only, idempotent)]
fn echo(value: JsonText) -> String {
    format!("{{\"value\":{}}}", value.0)
}

/// Crashes.
#[tool(read_only, idempotent)]
fn crash() {
    panic!("a defect")
}

/// Gives an output that breaks its schema.
#[tool(read_only, idempotent, output = Sum)]
fn bad_output() -> &'static str {
    r#"{"sum":"x"}"#
}

/// Reads a granted file.
#[tool(read_only, idempotent)]
fn read(path: String) -> Result<String, ToolError> {
    Ok(files::read_text(&path)?)
}

export_tools![add, greet, fail, wait, echo, crash, bad_output, read];
