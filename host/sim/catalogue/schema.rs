//! JSON Schemas of profiles, for editors: they complete keys, show what each is and in which unit,
//! and mark what is wrong while it is written.
//!
//! A schema knows one file alone. So a profile that inherits may leave out whatever it likes, and
//! what only `timeslip hardware validate` can tell is left to it: names of other profiles, numbers
//! that must suit each other.

use schemars::Schema;
use serde_json::{Map, Value, json};

use super::ProfileKind;
use crate::profile::{Chip, MachineProfile, Model, Software};

/// The end of a key, and the unit that it stands for; the longest of several comes first.
const UNITS: [(&str, &str); 9] = [
    ("_flops_per_second", "operations per second"),
    ("_bytes_per_second", "bytes per second"),
    ("_per_hour", "US dollars per hour"),
    ("ns_per_fuel", "nanoseconds per unit of fuel"),
    ("_bytes", "bytes"),
    ("_seconds", "seconds"),
    ("_watts", "watts"),
    ("_fraction", "a part of the peak, from 0 to 1"),
    ("_tokens", "tokens"),
];

/// The schema (JSON Schema 2020-12) of a kind of profile as text, with a newline at the end.
pub fn profile_schema(kind: ProfileKind) -> String {
    let schema: Schema = match kind {
        ProfileKind::Chip => schemars::schema_for!(Chip),
        ProfileKind::Model => schemars::schema_for!(Model),
        ProfileKind::Software => schemars::schema_for!(Software),
        ProfileKind::Machine => schemars::schema_for!(MachineProfile),
    };
    let mut schema = schema.to_value();
    without_null(&mut schema);
    with_units(&mut schema);
    if kind != ProfileKind::Model {
        relax(&mut schema);
    }
    let text = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
    text + "\n"
}

/// TOML has no null: a key is there or not.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            object.values_mut().for_each(without_null);
            if object.get("default").is_some_and(Value::is_null) {
                object.remove("default");
            }
            if let Some(Value::Object(default)) = object.get_mut("default") {
                default.retain(|_, value| !value.is_null());
            }
            if let Some(Value::Array(kinds)) = object.get_mut("type") {
                kinds.retain(|kind| kind != "null");
                if let [kind] = kinds.as_slice() {
                    let kind = kind.clone();
                    object.insert("type".to_owned(), kind);
                }
            }
            let null = json!({ "type": "null" });
            if let Some(Value::Array(ways)) = object.get_mut("anyOf") {
                ways.retain(|way| *way != null);
                if let [Value::Object(way)] = ways.as_slice() {
                    let way = way.clone();
                    object.remove("anyOf");
                    object.extend(way);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(without_null),
        _ => {}
    }
}

/// Says the unit of every figure whose key ends in one.
fn with_units(schema: &mut Value) {
    let Value::Object(object) = schema else {
        return;
    };
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        for (key, property) in properties {
            let unit = UNITS.iter().find(|(ending, _)| key.ends_with(ending));
            let Some(text) = property.get("description").and_then(Value::as_str) else {
                continue;
            };
            if let Some((_, unit)) = unit {
                property["description"] = Value::String(format!("{text} Unit: {unit}."));
            }
        }
    }
    if let Some(Value::Object(definitions)) = object.get_mut("$defs") {
        definitions.values_mut().for_each(with_units);
    }
}

/// Asks for keys only of a profile that inherits none. What has a source is always whole.
fn relax(schema: &mut Value) {
    let definitions = schema["$defs"].clone();
    let needed = needs(schema, &definitions);
    if let Some(Value::Object(definitions)) = schema.get_mut("$defs") {
        for definition in definitions.values_mut().filter(|definition| !has_source(definition)) {
            definition.as_object_mut().map(|object| object.remove("required"));
        }
    }
    schema["required"] = json!(["name"]);
    schema["if"] = json!({ "not": { "required": ["inherits"] } });
    schema["then"] = needed.unwrap_or_else(|| json!({}));
}

/// What a schema asks for, here and in the tables inside; `None` where it asks for nothing.
fn needs(schema: &Value, definitions: &Value) -> Option<Value> {
    let named = schema.get("$ref").and_then(Value::as_str);
    if let Some(name) = named.and_then(|name| name.strip_prefix("#/$defs/")) {
        let definition = definitions.get(name)?;
        return needs(definition, definitions);
    }
    if has_source(schema) {
        return None;
    }
    let mut needed = Map::new();
    if let Some(required) = schema.get("required") {
        needed.insert("required".to_owned(), required.clone());
    }
    if let Some(items) = schema.get("items").and_then(|items| needs(items, definitions)) {
        needed.insert("items".to_owned(), items);
    }
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let inner: Map<String, Value> = properties
        .filter_map(|(key, property)| Some((key.clone(), needs(property, definitions)?)))
        .collect();
    if !inner.is_empty() {
        needed.insert("properties".to_owned(), Value::Object(inner));
    }
    (!needed.is_empty()).then_some(Value::Object(needed))
}

fn has_source(schema: &Value) -> bool {
    schema.get("properties").is_some_and(|properties| properties.get("source").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    fn validator(kind: ProfileKind) -> jsonschema::Validator {
        let schema = serde_json::from_str(&profile_schema(kind)).unwrap();
        jsonschema::validator_for(&schema).unwrap()
    }

    /// What the schema finds in a TOML text.
    fn found(kind: ProfileKind, text: &str) -> Vec<String> {
        let value: Value = toml::from_str(text).unwrap();
        let validator = validator(kind);
        let errors = validator.iter_errors(&value);
        errors.map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    #[test]
    fn every_built_in_profile_obeys_its_schema() {
        let catalogue = Catalogue::built_in();
        for kind in ProfileKind::ALL {
            let validator = validator(kind);
            for name in catalogue.names(kind) {
                let value: Value = toml::from_str(catalogue.text(kind, name).unwrap()).unwrap();
                let errors = validator.iter_errors(&value);
                let errors: Vec<String> =
                    errors.map(|error| format!("{}: {error}", error.instance_path())).collect();
                assert_eq!(errors, Vec::<String>::new(), "{name}");
            }
        }
    }

    #[test]
    fn a_schema_refuses_what_the_reader_refuses() {
        let catalogue = Catalogue::built_in();
        let text = catalogue.text(ProfileKind::Chip, "gb10").unwrap();
        let breaks = [
            ("limit_watts", "limit_wats"),
            ("source = \"NVIDIA, DGX Spark product page\"\n", ""),
            ("source = \"NVIDIA, DGX Spark product page\"", "source = \"\""),
            ("date = \"2026-02\"", "date = \"last week\""),
            ("confidence = \"high\"\n", ""),
            ("value = 273e9", "value = \"273 GB/s\""),
            ("value = 273e9", "value = -1"),
            ("value = 140", "unknown = true\nvalue = 140"),
            ("kind = \"gpu\"", "kind = \"tpu\""),
            ("[achieved.weight_read_fraction]", "[achieved.weight_fraction]"),
            ("[power.idle_watts]\nunknown = true", "[power.idle_watts]\nunknown = false"),
        ];
        for (from, to) in breaks {
            assert!(text.contains(from), "{from}");
            let wrong = text.replacen(from, to, 1);
            assert!(!found(ProfileKind::Chip, &wrong).is_empty(), "{to} passed");
        }
    }

    #[test]
    fn a_profile_that_inherits_may_leave_out_what_its_parent_has() {
        let child = "name = \"variant\"\ninherits = \"gb10\"\n[power.limit_watts]\nvalue = 100\n\
                     source = \"a test\"\ndate = \"2026\"\nconfidence = \"high\"\n";
        assert_eq!(found(ProfileKind::Chip, child), Vec::<String>::new());
        let alone = child.replace("inherits = \"gb10\"\n", "");
        assert!(!found(ProfileKind::Chip, &alone).is_empty());
        let unsourced = child.replace("source = \"a test\"\n", "");
        assert!(!found(ProfileKind::Chip, &unsourced).is_empty());
    }

    #[test]
    fn a_schema_offers_no_null_which_toml_has_not() {
        for kind in ProfileKind::ALL {
            assert!(!profile_schema(kind).contains("null"), "{}", kind.word());
        }
    }

    #[test]
    fn a_schema_says_what_a_figure_is_and_in_which_unit() {
        let schema: Value = serde_json::from_str(&profile_schema(ProfileKind::Chip)).unwrap();
        let rate = &schema["$defs"]["Memory"]["properties"]["bandwidth_bytes_per_second"];
        assert_eq!(rate["description"], "Peak rate. Unit: bytes per second.");
        assert_eq!(rate["$ref"], "#/$defs/Figure");
    }
}
