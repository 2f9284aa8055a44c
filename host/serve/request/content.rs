//! What messages hold: texts, alone or in parts.

use serde_json::Value;
use timeslip_timeline::conversation::Role;

use super::fields::{Fields, wrong};
use crate::error::ApiError;

/// The parts that are texts, in the three APIs.
const TEXT_PARTS: [&str; 4] = ["text", "input_text", "output_text", "refusal"];

/// A text: a string, an array of parts, or nothing.
pub(super) fn text_of(path: &str, value: Option<&Value>) -> Result<String, ApiError> {
    match value {
        None => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Array(parts)) => {
            let mut text = String::new();
            for (index, part) in parts.iter().enumerate() {
                text.push_str(part_text(&format!("{path}[{index}]"), part)?);
            }
            Ok(text)
        }
        Some(other) => Err(wrong(path, "a string or an array of parts", other)),
    }
}

fn part_text<'v>(path: &str, part: &'v Value) -> Result<&'v str, ApiError> {
    if let Value::String(text) = part {
        return Ok(text);
    }
    let part = match part {
        Value::Object(map) => map,
        other => return Err(wrong(path, "a part: an object with a `type`", other)),
    };
    let kind = part.get("type").and_then(Value::as_str).unwrap_or("text");
    if !TEXT_PARTS.contains(&kind) {
        let why = format!("parts of type `{kind}` are not read; this server reads texts alone");
        return Err(ApiError::unsupported(format!("{path}.type"), why));
    }
    let name = if kind == "refusal" { "refusal" } else { "text" };
    match part.get(name) {
        Some(Value::String(text)) => Ok(text),
        _ => Err(ApiError::field(format!("{path}.{name}"), "it is missing; give a string")),
    }
}

/// Who wrote a message.
pub(super) fn role_of(fields: &Fields<'_>) -> Result<Role, ApiError> {
    let name = fields.needed_text("role")?;
    Ok(match name {
        "system" | "developer" => Role::System,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "tool" | "function" => Role::Tool,
        _ => {
            let roles = "give system, developer, user, assistant or tool";
            return Err(ApiError::field(
                fields.path("role"),
                format!("`{name}` is no role; {roles}"),
            ));
        }
    })
}
