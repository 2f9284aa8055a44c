//! What the probe's tools are called and take, alike in both worlds.

use crate::contract::timeslip::agent::types::{ToolAnnotations, ToolDefinition};

const NOTHING: &str = r#"{"type":"object","properties":{}}"#;

/// The tools, in the order of their documentation.
pub(crate) fn definitions() -> Vec<ToolDefinition> {
    let mut definitions = vec![
        define("echo", "Gives the text back.", &object("text", "string")),
        define("sleep", "Waits on the session's clock.", &object("ns", "integer")),
        define("spin", "Computes until the host ends it.", NOTHING),
        define("compute", "Computes for n iterations.", &object("n", "integer")),
        define("trap", "Executes an unreachable instruction.", NOTHING),
        define("panic", "Panics.", NOTHING),
        define("recurse", "Recurses until the stack ends.", NOTHING),
        define("allocate", "Takes memory until it fails.", NOTHING),
        define("wrong-schema", "Gives an output that its schema forbids.", NOTHING),
        define("no-json", "Gives plain text, although its schema promises an object.", NOTHING),
        define("big", "Gives an output of this size.", &object("mib", "integer")),
        define("read", "Gives a granted file as text.", &object("path", "string")),
        define("fail", "Fails.", NOTHING),
        define("count", "Counts its calls in this session.", NOTHING),
        define("random", "Gives a random number.", NOTHING),
    ];
    for definition in &mut definitions {
        if ["wrong-schema", "no-json"].contains(&definition.name.as_str()) {
            definition.output_schema = Some(
                r#"{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}"#
                    .to_owned(),
            );
        }
    }
    definitions
}

fn define(name: &str, description: &str, input_schema: &str) -> ToolDefinition {
    ToolDefinition {
        name: name.to_owned(),
        description: description.to_owned(),
        input_schema: input_schema.to_owned(),
        output_schema: None,
        annotations: ToolAnnotations {
            read_only: true,
            destructive: false,
            idempotent: name != "count" && name != "random",
            open_world: false,
        },
    }
}

/// The schema of an object with one required member.
fn object(member: &str, kind: &str) -> String {
    format!(
        r#"{{"type":"object","properties":{{"{member}":{{"type":"{kind}"}}}},"required":["{member}"]}}"#
    )
}
