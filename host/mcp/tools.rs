//! Definitions of tools, ours and the protocol's.

use std::sync::Arc;

use rmcp::model::{JsonObject, Tool, ToolAnnotations as Hints};
use timeslip_timeline::conversation::{ToolAnnotations, ToolDefinition};

/// The longest name that models call a tool by.
const NAME_MAX: usize = 64;

/// A tool as the protocol has it.
pub(crate) fn tool_of(definition: &ToolDefinition) -> Result<Tool, String> {
    let name = &definition.name;
    let input = object(&definition.input_schema).ok_or_else(|| {
        format!(
            "the input schema of the tool `{name}` is no JSON object, and MCP carries nothing else"
        )
    })?;
    let ToolAnnotations { read_only, destructive, idempotent, open_world } = definition.annotations;
    let hints = Hints::new()
        .read_only(read_only)
        .destructive(destructive)
        .idempotent(idempotent)
        .open_world(open_world);
    let mut tool = Tool::new(name.clone(), definition.description.clone(), Arc::new(input));
    tool.annotations = Some(hints);
    tool.output_schema = definition.output_schema.as_deref().and_then(object).map(Arc::new);
    Ok(tool)
}

/// A tool of a server as agents have it.
///
/// # Errors
/// When models cannot call it, or its schema cannot be read.
pub fn definition_of(tool: &Tool) -> Result<ToolDefinition, String> {
    let name = &*tool.name;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if name.is_empty() || name.len() > NAME_MAX || !name.chars().all(allowed) {
        let shown: String = name.chars().take(2 * NAME_MAX).collect();
        return Err(format!(
            "the tool {shown:?} has a name that models cannot call it by: 1 to {NAME_MAX} of the \
             characters a-z A-Z 0-9 _ -"
        ));
    }
    let text = |schema: &JsonObject| {
        serde_json::to_string(schema).expect("a JSON object is always JSON text")
    };
    // What a server does not say is what the protocol says of it.
    let hints = tool.annotations.clone().unwrap_or_default();
    let read_only = hints.read_only_hint.unwrap_or(false);
    Ok(ToolDefinition {
        name: name.to_owned(),
        description: tool.description.as_deref().unwrap_or_default().to_owned(),
        input_schema: text(&tool.input_schema),
        output_schema: tool.output_schema.as_deref().map(text),
        annotations: ToolAnnotations {
            read_only,
            destructive: hints.destructive_hint.unwrap_or(!read_only),
            idempotent: hints.idempotent_hint.unwrap_or(false),
            open_world: hints.open_world_hint.unwrap_or(true),
        },
    })
}

fn object(text: &str) -> Option<JsonObject> {
    serde_json::from_str(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(input: &str, output: Option<&str>) -> ToolDefinition {
        ToolDefinition {
            name: "look".to_owned(),
            description: "Looks.".to_owned(),
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

    #[test]
    fn a_definition_comes_through_the_protocol_as_it_is() {
        let schema = r#"{"type":"object","properties":{"b":{},"a":{}}}"#;
        let ours = definition(schema, Some(schema));
        let tool = tool_of(&ours).unwrap();
        let text = serde_json::to_string(&tool).unwrap();
        let read: Tool = serde_json::from_str(&text).unwrap();
        assert_eq!(definition_of(&read).unwrap(), ours);
    }

    #[test]
    fn what_the_protocol_cannot_carry_is_refused_with_the_name() {
        assert!(tool_of(&definition("true", None)).unwrap_err().contains("`look`"));
        let tool = |name: &str| {
            serde_json::from_value::<Tool>(serde_json::json!({ "name": name, "inputSchema": {} }))
                .unwrap()
        };
        let hints = definition_of(&tool("a")).unwrap().annotations;
        assert!(hints.destructive && hints.open_world && !hints.read_only && !hints.idempotent);
        for name in ["", "a b", "a/b", &"x".repeat(65)] {
            assert!(definition_of(&tool(name)).unwrap_err().contains("1 to 64"), "{name}");
        }
    }
}
