//! What the tools are called, and what they take and give.

use crate::contract::exports::timeslip::tool::plugin::ToolDefinition;
use crate::contract::timeslip::agent::types::ToolAnnotations;

const SEARCH_INPUT: &str = r#"{
  "type": "object",
  "properties": {
    "query": {"type": "string", "description": "words to look for"},
    "limit": {"type": "integer", "minimum": 1, "description": "the most profiles to give, 5 if left out"}
  },
  "required": ["query"],
  "additionalProperties": false
}"#;

const SEARCH_OUTPUT: &str = r#"{
  "type": "array",
  "items": {
    "type": "object",
    "properties": {
      "path": {"type": "string"},
      "title": {"type": "string"},
      "excerpt": {"type": "string"}
    },
    "required": ["path", "title", "excerpt"],
    "additionalProperties": false
  }
}"#;

const READ_INPUT: &str = r#"{
  "type": "object",
  "properties": {
    "path": {"type": "string", "description": "the profile's path, as search_profiles gives it"}
  },
  "required": ["path"],
  "additionalProperties": false
}"#;

const FIGURE_INPUT: &str = r#"{
  "type": "object",
  "properties": {
    "path": {"type": "string", "description": "the profile's path, as search_profiles gives it"},
    "key": {"type": "string", "description": "dotted key, for example memory.bandwidth_bytes_per_s"}
  },
  "required": ["path", "key"],
  "additionalProperties": false
}"#;

/// TOML has no null.
const FIGURE_OUTPUT: &str =
    r#"{"type": ["array", "boolean", "integer", "number", "object", "string"]}"#;

/// The plugin's tools.
pub(crate) fn definitions() -> Vec<ToolDefinition> {
    vec![
        define(
            "search_profiles",
            "Searches all hardware profiles for words; the best match comes first.",
            SEARCH_INPUT,
            Some(SEARCH_OUTPUT),
        ),
        define("read_profile", "Gives a whole profile, as TOML text.", READ_INPUT, None),
        define(
            "read_figure",
            "Gives one figure, or one table, of a profile.",
            FIGURE_INPUT,
            Some(FIGURE_OUTPUT),
        ),
    ]
}

fn define(name: &str, description: &str, input: &str, output: Option<&str>) -> ToolDefinition {
    ToolDefinition {
        name: name.to_owned(),
        description: description.to_owned(),
        input_schema: input.to_owned(),
        output_schema: output.map(str::to_owned),
        annotations: ToolAnnotations {
            read_only: true,
            destructive: false,
            idempotent: true,
            open_world: false,
        },
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_schema_is_json() {
        for definition in super::definitions() {
            let schemas = [Some(definition.input_schema), definition.output_schema];
            for schema in schemas.into_iter().flatten() {
                serde_json::from_str::<serde_json::Value>(&schema).unwrap();
            }
        }
    }
}
