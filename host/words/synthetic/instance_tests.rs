//! What is written for a schema is held against an independent validator.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn written(schema: &Value) -> Value {
    let value: Value = serde_json::from_str(&instance_of(&schema.to_string())).unwrap();
    let valid = jsonschema::validate(schema, &value);
    assert!(valid.is_ok(), "{value} for {schema}: {}", valid.unwrap_err());
    value
}

#[test]
fn only_what_is_required_is_written() {
    let schema = json!({
        "type": "object",
        "properties": {
            "path": {"type": "string"},
            "limit": {"type": "integer", "minimum": 1},
            "mode": {"enum": ["fast", "slow"]},
            "unused": {"type": "string"},
        },
        "required": ["path", "limit", "mode"],
        "additionalProperties": false,
    });
    assert_eq!(written(&schema), json!({"path": "text", "limit": 1, "mode": "fast"}));
}

#[test]
fn references_and_choices_are_followed() {
    let schema = json!({
        "$defs": {"cabin": {"oneOf": [{"const": "economy"}, {"const": "first"}]}},
        "allOf": [{"properties": {"cabin": {"$ref": "#/$defs/cabin"}}, "required": ["cabin"]}],
        "properties": {"seats": {"type": ["integer", "null"], "exclusiveMinimum": 0}},
        "required": ["seats"],
        "type": "object",
    });
    assert_eq!(written(&schema), json!({"seats": 1, "cabin": "economy"}));
}

#[test]
fn numbers_keep_to_their_bounds() {
    let number = |schema: Value| written(&schema);
    assert_eq!(number(json!({"type": "integer"})), json!(0));
    assert_eq!(number(json!({"type": "integer", "minimum": 2.5})), json!(3));
    assert_eq!(number(json!({"type": "integer", "maximum": -7, "multipleOf": 5})), json!(-10));
    assert_eq!(
        number(json!({"type": "number", "exclusiveMinimum": 0, "maximum": 0.5})),
        json!(0.5)
    );
    assert_eq!(
        number(json!({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1})),
        json!(0.5)
    );
}

#[test]
fn texts_keep_to_their_length_and_format() {
    assert_eq!(written(&json!({"type": "string", "minLength": 6})), json!("textxx"));
    assert_eq!(written(&json!({"type": "string", "maxLength": 2})), json!("te"));
    assert_eq!(written(&json!({"type": "string", "format": "date"})), json!("2026-01-01"));
}

#[test]
fn a_schema_that_holds_itself_or_is_no_json_still_ends() {
    let endless = json!({"properties": {"next": {"$ref": "#"}}, "required": ["next"]});
    assert!(instance_of(&endless.to_string()).contains("null"));
    assert_eq!(instance_of(&json!({"$ref": "#"}).to_string()), "null");
    assert_eq!(instance_of("not json"), "{}");
    assert_eq!(instance_of("true"), "{}");
}

fn any_schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!({})),
        Just(json!({"type": "boolean"})),
        Just(json!({"type": ["null", "string"]})),
        (0u64..8, 8u64..20)
            .prop_map(|(a, b)| json!({"type": "string", "minLength": a, "maxLength": b})),
        (-50i64..50, 0i64..50)
            .prop_map(|(a, n)| json!({"type": "integer", "minimum": a, "maximum": a + n})),
        (-50i64..50, 1i64..9)
            .prop_map(|(a, n)| json!({"type": "integer", "exclusiveMinimum": a, "multipleOf": n})),
        (-5.0..5.0f64, 0.1..5.0f64)
            .prop_map(|(a, n)| json!({"type": "number", "minimum": a, "exclusiveMaximum": a + n})),
        Just(json!({"enum": [3, "x", null]})),
        Just(json!({"const": {"a": [1]}})),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            (prop::collection::vec(inner.clone(), 0..4), any::<bool>()).prop_map(
                |(members, more)| {
                    let names: Vec<String> = (0..members.len()).map(|n| format!("m{n}")).collect();
                    let properties: Map<String, Value> =
                        names.iter().cloned().zip(members).collect();
                    let required = &names[names.len() / 2..];
                    json!({
                        "type": "object",
                        "properties": properties,
                        "required": required,
                        "additionalProperties": more,
                    })
                }
            ),
            (inner.clone(), 0u64..4)
                .prop_map(|(item, n)| json!({"type": "array", "items": item, "minItems": n})),
            prop::collection::vec(inner, 1..3).prop_map(|options| json!({"anyOf": options})),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_satisfies_its_schema(schema in any_schema()) {
        written(&schema);
    }

    #[test]
    fn no_text_panics(schema in "[\\[\\]{}\":,a-z$#/0-9 ]{0,60}") {
        instance_of(&schema);
    }
}
