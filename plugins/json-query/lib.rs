//! A tool plugin that answers queries in the language of jq, on a granted file or on a JSON text.

mod query;

use query::Limits;
use schemars::JsonSchema;
use serde::Serialize;
use timeslip_sdk::serde_json::Value;
use timeslip_sdk::{ToolError, export_tools, files, tool};

/// The most bytes of results: what a model can read, and not what fills its context.
const BYTES_MAX: usize = 65_536;

/// What a query gave.
#[derive(Debug, Serialize, JsonSchema)]
struct Queried {
    results: Vec<Value>,
    /// Whether these are all results.
    complete: bool,
}

/// Queries a JSON file, or a JSON text, in the language of jq.
#[tool(read_only, idempotent)]
fn query_json(
    /// The query: `.books[] | select(.year > 2000) | .title`.
    query: String,
    /// The file to query.
    path: Option<String>,
    /// The text to query, in place of a file.
    json: Option<String>,
    /// The most results to give.
    #[default(50)]
    limit: usize,
) -> Result<Queried, ToolError> {
    let json = match (path, json) {
        (Some(path), None) => files::read_text(&path)?,
        (None, Some(json)) => json,
        _ => return Err(ToolError::invalid_arguments("give either \"path\" or \"json\"")),
    };
    let limits = Limits { values: limit, bytes: BYTES_MAX };
    let results = query::run(&query, &json, &limits)?;
    Ok(Queried { results: results.values, complete: results.complete })
}

export_tools![query_json];

#[cfg(test)]
mod tests;
