//! What the probe's tools do, alike in both worlds; only waiting differs. Each probe names the
//! session interface of its own world `crate::session`.

use std::cell::Cell;

use serde_json::Value;

use crate::compute;
use crate::contract::timeslip::agent::types::ToolError;
use crate::contract::timeslip::tool::files::{self, FileError};
use crate::session;

thread_local! {
    /// The calls of `count` in this instance.
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// Calls a tool that waits for nothing.
pub(crate) fn perform(name: &str, arguments: &Value) -> Result<String, ToolError> {
    match name {
        "echo" => Ok(text(arguments, "text")?.to_owned()),
        "spin" => compute::spin(),
        "compute" => Ok(compute::spin_for(number(arguments, "n")?)),
        "trap" => compute::trap(),
        "panic" => panic!("asked to panic"),
        "recurse" => Ok(compute::recurse(1).to_string()),
        "allocate" => Ok(compute::allocate(0)),
        "wrong-schema" => Ok(r#"{"m":1}"#.to_owned()),
        "no-json" => Ok("no JSON".to_owned()),
        "big" => Ok("b".repeat(number(arguments, "mib")? as usize * 1024 * 1024)),
        "read" => read(text(arguments, "path")?),
        "fail" => Err(ToolError::Failed("asked to fail".to_owned())),
        "count" => Ok(count()),
        "random" => Ok(session::random_u64().to_string()),
        _ => Err(ToolError::UnknownTool(format!("the probe has no tool {name:?}"))),
    }
}

/// The arguments that the model wrote.
pub(crate) fn parse(arguments: &str) -> Result<Value, ToolError> {
    serde_json::from_str(arguments).map_err(|error| ToolError::InvalidArguments(error.to_string()))
}

/// A whole number that the arguments must hold.
pub(crate) fn number(arguments: &Value, name: &str) -> Result<u64, ToolError> {
    arguments[name]
        .as_u64()
        .ok_or_else(|| ToolError::InvalidArguments(format!("{name} is a whole number")))
}

fn text<'a>(arguments: &'a Value, name: &str) -> Result<&'a str, ToolError> {
    arguments[name]
        .as_str()
        .ok_or_else(|| ToolError::InvalidArguments(format!("{name} is a string")))
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
