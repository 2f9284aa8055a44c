//! What an MCP client is told of a call that is over.

use rmcp::model::{CallToolResult, ContentBlock, JsonObject, MetaObject};
use serde_json::{Value, json};
use timeslip_timeline::conversation::{ToolDefinition, ToolError};

use crate::server::Done;

/// The result of a call. Its `_meta` says the modelled times, and of an error the kind.
pub(crate) fn tool_result(tool: &ToolDefinition, done: &Done) -> CallToolResult {
    let mut meta = JsonObject::new();
    meta.insert("timeslip/compute_ns".to_owned(), json!(done.compute.as_nanos()));
    meta.insert("timeslip/e2e_ns".to_owned(), json!(done.took.as_nanos()));
    let mut result = match &done.output {
        Ok(output) => {
            let mut result = CallToolResult::success(vec![ContentBlock::text(&**output)]);
            if tool.output_schema.is_some() {
                // The host has held it against its schema.
                result.structured_content = serde_json::from_str::<Value>(output).ok();
            }
            result
        }
        Err(error) => {
            meta.insert("timeslip/error".to_owned(), json!(kind_of(error)));
            CallToolResult::error(vec![ContentBlock::text(error.to_string())])
        }
    };
    result.meta = Some(MetaObject(meta));
    result
}

/// The kind of an error, as the contract of tools calls it.
fn kind_of(error: &ToolError) -> &'static str {
    match error {
        ToolError::UnknownTool(_) => "unknown-tool",
        ToolError::Refused(_) => "refused",
        ToolError::InvalidArguments(_) => "invalid-arguments",
        ToolError::Failed(_) => "failed",
        ToolError::InvalidOutput(_) => "invalid-output",
        ToolError::Crashed(_) => "crashed",
        ToolError::OverBudget(_) => "over-budget",
    }
}
