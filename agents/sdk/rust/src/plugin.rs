//! What `#[tool]` makes of a function: its definition, and the way from JSON to its arguments and
//! back. A plugin itself seldom needs more than [`JsonText`].

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::contract::timeslip::agent::types::{ToolAnnotations, ToolDefinition};
use crate::error::{ToolError, ToolErrorKind};
use crate::schema;

/// A tool of a plugin; `#[tool]` implements it.
pub trait Tool {
    /// The tool's name.
    const NAME: &'static str;

    /// The tool as it is offered to models.
    fn definition() -> ToolDefinition;

    /// Calls the tool with arguments as JSON text.
    fn call(arguments: &str) -> impl Future<Output = Result<String, ToolError>>;
}

/// Any JSON, as the text that the model wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonText(pub String);

impl<'de> Deserialize<'de> for JsonText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<JsonText, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(JsonText(raw.get().to_owned()))
    }
}

impl JsonSchema for JsonText {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "JsonText".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        Schema::default()
    }
}

/// Makes a tool's definition, argument by argument.
#[derive(Debug)]
#[doc(hidden)]
pub struct Definition {
    properties: Map<String, Value>,
    required: Vec<&'static str>,
    output: Option<Value>,
}

impl Definition {
    #[expect(clippy::new_without_default, reason = "only the macro makes one")]
    pub fn new() -> Definition {
        Definition { properties: Map::new(), required: Vec::new(), output: None }
    }

    /// An argument that must be there.
    pub fn required<T: JsonSchema>(
        mut self,
        name: &'static str,
        description: Option<&str>,
    ) -> Definition {
        self.required.push(name);
        self.add::<T>(name, description, None)
    }

    /// An argument that may be left out.
    pub fn optional<T: JsonSchema>(
        self,
        name: &'static str,
        description: Option<&str>,
    ) -> Definition {
        self.add::<T>(name, description, None)
    }

    /// An argument with a value that stands for it where it is left out.
    pub fn with_default<T: JsonSchema + Serialize>(
        self,
        name: &'static str,
        description: Option<&str>,
        default: T,
    ) -> Definition {
        let default = serde_json::to_value(default).expect("a default is a JSON value");
        self.add::<T>(name, description, Some(default))
    }

    fn add<T: JsonSchema>(
        mut self,
        name: &'static str,
        description: Option<&str>,
        default: Option<Value>,
    ) -> Definition {
        let mut property = schema::of::<T>();
        if let Value::Object(property) = &mut property {
            property.extend(description.map(|text| ("description".to_owned(), json!(text))));
            property.extend(default.map(|value| ("default".to_owned(), value)));
        }
        self.properties.insert(name.to_owned(), property);
        self
    }

    /// The output is JSON of this type.
    pub fn output<T: JsonSchema>(mut self) -> Definition {
        self.output = Some(schema::of::<T>());
        self
    }

    pub fn finish(
        self,
        name: &str,
        description: &str,
        annotations: ToolAnnotations,
    ) -> ToolDefinition {
        let input_schema = json!({
            "type": "object",
            "properties": self.properties,
            "required": self.required,
            "additionalProperties": false,
        });
        ToolDefinition {
            name: name.to_owned(),
            description: description.to_owned(),
            input_schema: input_schema.to_string(),
            output_schema: self.output.map(|schema| schema.to_string()),
            annotations,
        }
    }
}

/// The arguments of a call, taken one by one.
#[derive(Debug)]
#[doc(hidden)]
pub struct Arguments {
    values: BTreeMap<String, Box<RawValue>>,
}

impl Arguments {
    /// Reads the text and refuses what is no argument of the tool.
    pub fn read(text: &str, names: &[&str]) -> Result<Arguments, ToolError> {
        let values: BTreeMap<String, Box<RawValue>> =
            serde_json::from_str(text).map_err(|error| {
                ToolError::invalid_arguments(format!("the arguments are no JSON object: {error}"))
            })?;
        if let Some(unknown) = values.keys().find(|name| !names.contains(&name.as_str())) {
            return Err(ToolError::invalid_arguments(format!(
                "there is no argument {unknown:?}; the tool takes {}",
                listed(names)
            )));
        }
        Ok(Arguments { values })
    }

    pub fn required<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, ToolError> {
        let value = self.values.remove(name).ok_or_else(|| {
            ToolError::invalid_arguments(format!("the argument {name:?} is missing"))
        })?;
        parse(name, &value)
    }

    /// `None` where the argument is left out, or null.
    pub fn optional<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>, ToolError> {
        match self.values.remove(name) {
            Some(value) if value.get() != "null" => parse(name, &value).map(Some),
            _ => Ok(None),
        }
    }

    pub fn or_default<T: DeserializeOwned>(
        &mut self,
        name: &str,
        default: impl FnOnce() -> T,
    ) -> Result<T, ToolError> {
        match self.values.remove(name) {
            Some(value) => parse(name, &value),
            None => Ok(default()),
        }
    }
}

fn parse<T: DeserializeOwned>(name: &str, value: &RawValue) -> Result<T, ToolError> {
    serde_json::from_str(value.get()).map_err(|error| {
        let problem = error.to_string();
        // The place counts from the beginning of this one value, which would mislead.
        let problem = problem.rsplit_once(" at line ").map_or(&*problem, |(problem, _)| problem);
        ToolError::invalid_arguments(format!("the argument {name:?} does not fit: {problem}"))
    })
}

/// An output as JSON text.
#[doc(hidden)]
pub fn json_output<T: Serialize>(output: &T) -> Result<String, ToolError> {
    serde_json::to_string(output)
        .map_err(|error| ToolError::failed(format!("the output is no JSON: {error}")))
}

#[doc(hidden)]
pub fn unknown_tool(name: &str, names: &[&str]) -> ToolError {
    let text = format!("there is no tool {name:?}; the plugin has {}", listed(names));
    ToolError::new(ToolErrorKind::UnknownTool, text)
}

fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    if quoted.is_empty() { "none".to_owned() } else { quoted.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(result: Result<impl std::fmt::Debug, ToolError>) -> String {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ToolErrorKind::InvalidArguments);
        error.text().to_owned()
    }

    #[test]
    fn arguments_that_do_not_fit_are_named() {
        let names = ["a", "b"];
        let mut arguments = Arguments::read(r#"{"a":"x","b":null}"#, &names).unwrap();
        assert_eq!(
            text(arguments.required::<i64>("a")),
            "the argument \"a\" does not fit: invalid type: string \"x\", expected i64"
        );
        assert_eq!(text(arguments.required::<i64>("a")), "the argument \"a\" is missing");
        assert_eq!(arguments.optional::<i64>("b"), Ok(None));
        assert_eq!(arguments.or_default("b", || 5), Ok(5));
        assert_eq!(
            text(Arguments::read(r#"{"c":1}"#, &names)),
            "there is no argument \"c\"; the tool takes \"a\", \"b\""
        );
        assert_eq!(
            text(Arguments::read("{", &names)),
            "the arguments are no JSON object: EOF while parsing an object at line 1 column 1"
        );
    }

    #[test]
    fn a_definition_lists_what_must_be_there() {
        let annotations = ToolAnnotations {
            read_only: true,
            destructive: false,
            idempotent: false,
            open_world: false,
        };
        let definition = Definition::new()
            .required::<String>("name", Some("Whom."))
            .optional::<i64>("age", None)
            .with_default("excited", None, false)
            .finish("greet", "Greets.", annotations);
        assert_eq!(
            definition.input_schema,
            r#"{"type":"object","properties":{"name":{"type":"string","description":"Whom."},"age":{"type":"integer"},"excited":{"type":"boolean","default":false}},"required":["name"],"additionalProperties":false}"#
        );
        assert_eq!(definition.output_schema, None);
    }
}
