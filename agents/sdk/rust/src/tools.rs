//! The session's tools.

use serde::Serialize;

use crate::contract::timeslip::agent::types::ToolDefinition;
use crate::error::ToolError;
use crate::host::tools;

/// The session's tools, in the order of the bench and of each plugin.
pub fn list_tools() -> Vec<ToolDefinition> {
    tools::list()
}

/// Calls a tool and waits for its output. The arguments are an object: `json!({"a": 1})`, or a
/// struct.
///
/// # Errors
/// The kinds of [`ToolError`], `invalid-arguments` also when the arguments are no JSON.
pub async fn call_tool(name: &str, arguments: impl Serialize) -> Result<String, ToolError> {
    let arguments = serde_json::to_string(&arguments)
        .map_err(|error| ToolError::invalid_arguments(error.to_string()))?;
    call_tool_text(name, arguments).await
}

/// Calls a tool with arguments as JSON text, such as a model wrote them.
///
/// # Errors
/// The kinds of [`ToolError`].
pub async fn call_tool_text(
    name: impl Into<String>,
    arguments: impl Into<String>,
) -> Result<String, ToolError> {
    Ok(tools::call(name.into(), arguments.into()).await?)
}
