//! A tool plugin with one tool: `calculate` evaluates arithmetic in double precision.

mod evaluate;
mod functions;

#[allow(missing_docs, reason = "the contract's documentation is in wit/")]
mod contract {
    wit_bindgen::generate!({
        path: ["../../wit/agent", "../../wit/tool"],
        world: "timeslip:tool/tool",
        generate_all,
    });
}

use contract::exports::timeslip::tool::plugin::{Guest, ToolDefinition, ToolError};
use contract::timeslip::agent::types::ToolAnnotations;
use serde::Deserialize;

struct Calculator;

impl Guest for Calculator {
    fn definitions() -> Vec<ToolDefinition> {
        vec![calculate_definition()]
    }

    async fn call(name: String, arguments: String) -> Result<String, ToolError> {
        if name != "calculate" {
            let text = format!("there is no tool {name:?}; the calculator has \"calculate\"");
            return Err(ToolError::UnknownTool(text));
        }
        let arguments: Arguments = serde_json::from_str(&arguments)
            .map_err(|error| ToolError::InvalidArguments(error.to_string()))?;
        let value = evaluate::evaluate(&arguments.expression).map_err(ToolError::Failed)?;
        Ok(format!("{{\"value\":{value:?}}}"))
    }
}

contract::export!(Calculator with_types_in contract);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    expression: String,
}

fn calculate_definition() -> ToolDefinition {
    ToolDefinition {
        name: "calculate".to_owned(),
        description: "Evaluates arithmetic in double precision: numbers such as 22e12, the \
            operators + - * /, parentheses, min(a, b, ...), max(a, b, ...) and round(x, digits)."
            .to_owned(),
        input_schema: r#"{"type":"object","properties":{"expression":{"type":"string","description":"for example round(22e12 / 8e12, 2)"}},"required":["expression"],"additionalProperties":false}"#
            .to_owned(),
        output_schema: Some(
            r#"{"type":"object","properties":{"value":{"type":"number"}},"required":["value"],"additionalProperties":false}"#
                .to_owned(),
        ),
        annotations: ToolAnnotations {
            read_only: true,
            destructive: false,
            idempotent: true,
            open_world: false,
        },
    }
}
