//! A tool plugin for tests: one tool for every way a plugin can use, strain or break its host.

#[path = "../compute.rs"]
mod compute;
mod definitions;

#[allow(missing_docs, reason = "the contract's documentation is in wit/")]
mod contract {
    wit_bindgen::generate!({
        path: ["../../../wit/agent", "../../../wit/tool"],
        world: "timeslip:tool/tool",
        generate_all,
    });
}

use std::cell::Cell;

use contract::exports::timeslip::tool::plugin::{Guest, ToolDefinition, ToolError};
use contract::timeslip::agent::session;
use contract::timeslip::tool::files::{self, FileError};
use serde_json::Value;

struct ProbeTool;

impl Guest for ProbeTool {
    fn definitions() -> Vec<ToolDefinition> {
        definitions::definitions()
    }

    async fn call(name: String, arguments: String) -> Result<String, ToolError> {
        let arguments: Value = serde_json::from_str(&arguments)
            .map_err(|error| ToolError::InvalidArguments(error.to_string()))?;
        perform(&name, &arguments).await
    }
}

contract::export!(ProbeTool with_types_in contract);

thread_local! {
    /// The calls of `count` in this instance.
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

async fn perform(name: &str, arguments: &Value) -> Result<String, ToolError> {
    match name {
        "echo" => Ok(text(arguments, "text")?.to_owned()),
        "sleep" => sleep(number(arguments, "ns")?).await,
        "spin" => compute::spin(),
        "compute" => Ok(compute::spin_for(number(arguments, "n")?)),
        "trap" => compute::trap(),
        "recurse" => Ok(compute::recurse(1).to_string()),
        "allocate" => Ok(compute::allocate(0)),
        "wrong-schema" => Ok(r#"{"m":1}"#.to_owned()),
        "big" => Ok("b".repeat(number(arguments, "mib")? as usize * 1024 * 1024)),
        "read" => read(text(arguments, "path")?),
        "fail" => Err(ToolError::Failed("asked to fail".to_owned())),
        "count" => Ok(count()),
        "random" => Ok(session::random_u64().to_string()),
        _ => Err(ToolError::UnknownTool(format!(
            "the probe has no tool {name:?}"
        ))),
    }
}

/// Sleeps, and says at which nanosecond it woke.
async fn sleep(duration_ns: u64) -> Result<String, ToolError> {
    session::sleep(duration_ns).await;
    Ok(session::now().to_string())
}

/// A granted file, as text.
fn read(path: &str) -> Result<String, ToolError> {
    let bytes = files::read(path).map_err(|error| {
        ToolError::Failed(match error {
            FileError::Refused(text) => format!("refused: {text}"),
            FileError::NotFound(text) => format!("not-found: {text}"),
            FileError::InvalidPath(text) => format!("invalid-path: {text}"),
        })
    })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Counts this instance's calls of the tool.
fn count() -> String {
    COUNT.set(COUNT.get() + 1);
    COUNT.get().to_string()
}

fn text<'a>(arguments: &'a Value, name: &str) -> Result<&'a str, ToolError> {
    arguments[name]
        .as_str()
        .ok_or_else(|| ToolError::InvalidArguments(format!("{name} is a string")))
}

fn number(arguments: &Value, name: &str) -> Result<u64, ToolError> {
    arguments[name]
        .as_u64()
        .ok_or_else(|| ToolError::InvalidArguments(format!("{name} is a whole number")))
}
