//! The rules that a plugin's definitions and outputs must obey.

use std::collections::BTreeMap;

use serde_json::Value;
use timeslip_timeline::conversation::ToolDefinition;

/// Validators of the tools that declare an output schema.
pub(super) struct OutputRules {
    validators: BTreeMap<String, jsonschema::Validator>,
}

impl OutputRules {
    /// Checks the definitions and compiles their output schemas.
    pub(super) fn new(definitions: &[ToolDefinition]) -> Result<OutputRules, String> {
        let mut validators = BTreeMap::new();
        let mut names = std::collections::BTreeSet::new();
        for tool in definitions {
            let name = &tool.name;
            if let Some(problem) = name_problem(name) {
                return Err(format!("the tool name {name:?} {problem}"));
            }
            if !names.insert(name) {
                return Err(format!("the tool {name} is defined twice"));
            }
            compile(name, "input", &tool.input_schema)?;
            if let Some(schema) = &tool.output_schema {
                validators.insert(name.clone(), compile(name, "output", schema)?);
            }
        }
        Ok(OutputRules { validators })
    }

    /// What is wrong with an output, if anything.
    pub(super) fn problem(&self, tool: &str, output: &str) -> Option<String> {
        let validator = self.validators.get(tool)?;
        let value: Value = match serde_json::from_str(output) {
            Ok(value) => value,
            Err(error) => {
                return Some(format!(
                    "{tool} declares an output schema, so its output must be JSON: {error}"
                ));
            }
        };
        let error = validator.iter_errors(&value).next()?;
        let place = error.instance_path().to_string();
        let place = if place.is_empty() { "the top".to_owned() } else { place };
        Some(format!("{tool}'s output does not obey its own schema at {place}: {error}"))
    }
}

fn compile(tool: &str, which: &str, schema: &str) -> Result<jsonschema::Validator, String> {
    let value: Value = serde_json::from_str(schema)
        .map_err(|error| format!("the {which} schema of {tool} is not JSON: {error}"))?;
    jsonschema::draft202012::new(&value)
        .map_err(|error| format!("the {which} schema of {tool} is not a JSON Schema: {error}"))
}

fn name_problem(name: &str) -> Option<&'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || name.len() > 64 {
        Some("must have 1 to 64 characters")
    } else if !name.chars().all(allowed) {
        Some("may hold only a-z A-Z 0-9 _ and -")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(name: &str, input: &str, output: Option<&str>) -> ToolDefinition {
        ToolDefinition {
            name: name.to_owned(),
            description: String::new(),
            input_schema: input.to_owned(),
            output_schema: output.map(str::to_owned),
            annotations: Default::default(),
        }
    }

    #[test]
    fn definitions_that_a_model_could_not_be_offered_are_refused() {
        let problem = |tools: &[ToolDefinition]| OutputRules::new(tools).err().unwrap_or_default();
        assert!(problem(&[tool("a b", "{}", None)]).contains("a-z"));
        assert!(problem(&[tool("", "{}", None)]).contains("1 to 64"));
        assert!(problem(&[tool("a", "{}", None), tool("a", "{}", None)]).contains("twice"));
        assert!(problem(&[tool("a", "{", None)]).contains("input schema of a is not JSON"));
        let wrong_type = problem(&[tool("a", "{}", Some(r#"{"type": "objekt"}"#))]);
        assert!(wrong_type.contains("output schema of a is not a JSON Schema"), "{wrong_type}");
    }

    #[test]
    fn an_output_must_obey_the_schema_that_its_tool_declares() {
        let schema = r#"{"type": "object", "required": ["n"]}"#;
        let rules =
            OutputRules::new(&[tool("a", "{}", Some(schema)), tool("b", "{}", None)]).unwrap();
        assert_eq!(rules.problem("a", r#"{"n": 1}"#), None);
        assert!(rules.problem("a", r#"{"m": 1}"#).unwrap().contains("\"n\""));
        assert!(rules.problem("a", "plain").unwrap().contains("must be JSON"));
        assert_eq!(rules.problem("b", "plain"), None);
    }
}
