//! JSON Schemas of types.

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema};
use serde_json::Value;

/// The schema of a type, in one piece, and without what says nothing to a model: the title, which is
/// the name of a Rust type, and the widths of numbers.
pub(crate) fn of<T: JsonSchema + ?Sized>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.meta_schema = None;
        settings.inline_subschemas = true;
        settings.transforms.push(Box::new(Plain));
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.remove("title");
    schema.to_value()
}

/// Takes formats and titles away, and lets objects have no members but their own.
#[derive(Clone, Debug)]
struct Plain;

impl Transform for Plain {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        schema.remove("title");
        if schema.get("type").is_some_and(|kind| names(kind, "integer") || names(kind, "number")) {
            schema.remove("format");
        }
        if schema.get("properties").is_some() && schema.get("additionalProperties").is_none() {
            schema.insert("additionalProperties".to_owned(), Value::Bool(false));
        }
    }
}

/// Whether `type`, a name or a list of names, holds this one.
fn names(kind: &Value, name: &str) -> bool {
    match kind {
        Value::String(only) => only == name,
        Value::Array(several) => several.iter().any(|one| one == name),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde_json::json;

    #[derive(JsonSchema)]
    #[allow(dead_code, reason = "only the schema is looked at")]
    struct Order {
        /// How many.
        count: u32,
        size: Option<Size>,
        lines: Vec<Line>,
    }

    #[derive(JsonSchema)]
    #[serde(rename_all = "lowercase")]
    #[allow(dead_code, reason = "only the schema is looked at")]
    enum Size {
        Small,
        Large,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code, reason = "only the schema is looked at")]
    struct Line {
        text: String,
    }

    #[test]
    fn a_schema_is_in_one_piece_and_closed() {
        let expected = json!({
            "type": "object",
            "properties": {
                "count": { "description": "How many.", "type": "integer", "minimum": 0 },
                "size": { "type": ["string", "null"], "enum": ["small", "large", null] },
                "lines": { "type": "array", "items": {
                    "type": "object",
                    "properties": { "text": { "type": "string" } },
                    "required": ["text"],
                    "additionalProperties": false,
                } },
            },
            "required": ["count", "lines"],
            "additionalProperties": false,
        });
        assert_eq!(super::of::<Order>(), expected);
    }

    #[test]
    fn any_json_has_an_empty_schema() {
        assert_eq!(super::of::<serde_json::Value>().to_string(), "{}");
        assert_eq!(super::of::<i64>().to_string(), r#"{"type":"integer"}"#);
    }
}
