//! Tools as requests offer them, and what replies must look like.

use serde_json::Value;
use timeslip_timeline::conversation::{ToolAnnotations, ToolChoice, ToolDefinition};

use super::fields::{Fields, wrong};
use crate::error::ApiError;

/// The tools of a request. `is_nested` says where a function's own members stand: below `function`,
/// or beside `type` as in the Responses API.
pub(super) fn tools_of(
    fields: &Fields<'_>,
    is_nested: bool,
) -> Result<Vec<ToolDefinition>, ApiError> {
    let mut tools = Vec::new();
    for (index, value) in fields.array("tools")?.into_iter().flatten().enumerate() {
        let path = format!("tools[{index}]");
        let tool = Fields::of(&path, value)?;
        let kind = tool.text("type")?.unwrap_or("function");
        if kind != "function" {
            let why = format!("tools of type `{kind}` are run by nobody here; offer functions");
            return Err(ApiError::unsupported(tool.path("type"), why));
        }
        let inner = tool.path("function");
        tools.push(match (is_nested, tool.get("function")) {
            (true, Some(function)) => definition(&Fields::of(&inner, function)?)?,
            (true, None) => return Err(ApiError::field(inner, "it is missing; give an object")),
            (false, _) => definition(&tool)?,
        });
    }
    Ok(tools)
}

fn definition(function: &Fields<'_>) -> Result<ToolDefinition, ApiError> {
    let schema = match function.get("parameters") {
        Some(Value::Object(schema)) => Value::Object(schema.clone()).to_string(),
        Some(other) => return Err(wrong(&function.path("parameters"), "an object", other)),
        None => r#"{"type":"object","properties":{}}"#.to_owned(),
    };
    Ok(ToolDefinition {
        name: function.needed_text("name")?.to_owned(),
        description: function.text("description")?.unwrap_or_default().to_owned(),
        input_schema: schema,
        output_schema: None,
        annotations: ToolAnnotations::default(),
    })
}

/// Whether tools may be called. Which one is named has to be offered.
pub(super) fn choice_of(
    fields: &Fields<'_>,
    offered: &[ToolDefinition],
    is_nested: bool,
) -> Result<ToolChoice, ApiError> {
    let path = fields.path("tool_choice");
    match fields.get("tool_choice") {
        None => Ok(ToolChoice::Auto),
        Some(Value::String(word)) => match word.as_str() {
            "auto" => Ok(ToolChoice::Auto),
            "none" => Ok(ToolChoice::None),
            "required" => Ok(ToolChoice::Required),
            _ => {
                let problem = format!("`{word}`; give auto, none, required or a function");
                Err(ApiError::field(path, problem))
            }
        },
        Some(value) => {
            let choice = Fields::of(&path, value)?;
            let kind = choice.text("type")?.unwrap_or("function");
            if kind != "function" {
                return Err(ApiError::unsupported(&*path, format!("`{kind}` cannot be chosen")));
            }
            let inner = choice.path("function");
            let name = match (is_nested, choice.get("function")) {
                (true, Some(function)) => Fields::of(&inner, function)?.needed_text("name")?,
                (true, None) => return Err(ApiError::field(inner, "it is missing")),
                (false, _) => choice.needed_text("name")?,
            };
            match offered.iter().any(|tool| tool.name == name) {
                true => Ok(ToolChoice::Named(name.to_owned())),
                false => Err(ApiError::field(&*path, format!("the tool `{name}` is not offered"))),
            }
        }
    }
}

/// The JSON Schema that the reply must obey, if a format says so. `is_nested` as in [`tools_of`].
pub(super) fn schema_of(
    path: &str,
    format: Option<&Value>,
    is_nested: bool,
) -> Result<Option<String>, ApiError> {
    let Some(value) = format else {
        return Ok(None);
    };
    let format = Fields::of(path, value)?;
    match format.text("type")?.unwrap_or("text") {
        "text" => Ok(None),
        "json_object" => Ok(Some(r#"{"type":"object"}"#.to_owned())),
        "json_schema" => {
            let inner = format.path("json_schema");
            let schema = match (is_nested, format.get("json_schema")) {
                (true, Some(inner_value)) => {
                    Fields::of(&inner, inner_value)?.get("schema").cloned()
                }
                (true, None) => return Err(ApiError::field(inner, "it is missing")),
                (false, _) => format.get("schema").cloned(),
            };
            Ok(Some(schema.map_or_else(|| "{}".to_owned(), |schema| schema.to_string())))
        }
        other => Err(ApiError::unsupported(path, format!("the format `{other}` is not known"))),
    }
}
