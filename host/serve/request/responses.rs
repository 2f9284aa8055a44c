//! Bodies of `/v1/responses`.

use serde_json::Value;
use timeslip_timeline::conversation::{ChatOptions, ChatRequest, Message, Role, ToolCall};

use super::Asked;
use super::content::{role_of, text_of};
use super::fields::{Fields, object, wrong};
use super::tools::{choice_of, schema_of, tools_of};
use crate::error::ApiError;

/// Members of a request that its response repeats.
const ECHOED: [&str; 9] = [
    "instructions",
    "max_output_tokens",
    "metadata",
    "parallel_tool_calls",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_p",
];

/// Reads a body.
pub(crate) fn read_response(body: &[u8]) -> Result<Asked, ApiError> {
    let map = object(body)?;
    let fields = Fields::new("", &map);
    let stores_none = "this server keeps no responses; send the whole conversation as `input`";
    fields.refuse("previous_response_id", stores_none)?;
    fields.refuse("conversation", stores_none)?;
    fields.refuse("background", "responses are not kept, so none can be fetched later")?;
    fields.refuse("prompt", "templates are not kept here; send the texts as `input`")?;
    fields.refuse_above("top_logprobs", 0, "modelled replies have no probabilities")?;
    let messages = messages(&fields)?;
    let tools = tools_of(&fields, false)?;
    let tool_choice = choice_of(&fields, &tools, false)?;
    let format = match fields.get("text") {
        Some(text) => Fields::of("text", text)?.get("format"),
        None => None,
    };
    let options = ChatOptions {
        max_output_tokens: fields.whole("max_output_tokens", 1)?,
        tool_choice,
        response_schema: schema_of("text.format", format, false)?,
        ..fields.options()?
    };
    let echoed = ECHOED
        .iter()
        .filter_map(|name| map.get(*name).map(|value| ((*name).to_owned(), value.clone())));
    Ok(Asked {
        model: fields.text("model")?.map(str::to_owned),
        chat: ChatRequest { model: None, messages, tools, options },
        stream: fields.flag("stream")?,
        include_usage: true,
        is_bare_text: false,
        echoed: echoed.collect(),
    })
}

fn messages(fields: &Fields<'_>) -> Result<Vec<Message>, ApiError> {
    let mut messages = Vec::new();
    if let Some(instructions) = fields.text("instructions")? {
        messages.push(Message::text(Role::System, instructions));
    }
    match fields.get("input") {
        Some(Value::String(text)) => messages.push(Message::text(Role::User, text.as_str())),
        Some(Value::Array(items)) => {
            for (index, value) in items.iter().enumerate() {
                let path = format!("input[{index}]");
                item(&Fields::of(&path, value)?, &mut messages)?;
            }
        }
        Some(other) => return Err(wrong("input", "a string or an array of items", other)),
        None => {}
    }
    match messages.is_empty() {
        true => Err(ApiError::field("input", "it is missing or empty; give a string or items")),
        false => Ok(messages),
    }
}

/// Adds what an item says. The calls of one turn are items of their own and belong to one message.
fn item(fields: &Fields<'_>, messages: &mut Vec<Message>) -> Result<(), ApiError> {
    match fields.text("type")?.unwrap_or("message") {
        "message" => {
            let content = text_of(&fields.path("content"), fields.get("content"))?;
            messages.push(Message::text(role_of(fields)?, content));
        }
        "function_call" => {
            let call = ToolCall {
                id: fields.needed_text("call_id")?.to_owned(),
                name: fields.needed_text("name")?.to_owned(),
                arguments: fields.text("arguments")?.unwrap_or("{}").to_owned(),
            };
            match messages.last_mut().filter(|last| last.role == Role::Assistant) {
                Some(last) => last.tool_calls.push(call),
                None => {
                    let mut message = Message::text(Role::Assistant, "");
                    message.tool_calls.push(call);
                    messages.push(message);
                }
            }
        }
        "function_call_output" => {
            let output = text_of(&fields.path("output"), fields.get("output"))?;
            let mut message = Message::text(Role::Tool, output);
            message.tool_call_id = Some(fields.needed_text("call_id")?.to_owned());
            messages.push(message);
        }
        // What a model thought is not a part of what was said.
        "reasoning" => {}
        other => {
            let why = format!("items of type `{other}` are not read");
            return Err(ApiError::unsupported(fields.path("type"), why));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_of_one_turn_are_one_message() {
        let body = r#"{"instructions": "Be brief.", "input": [
            {"role": "user", "content": "Hi"},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I look."}]},
            {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"},
            {"type": "function_call", "call_id": "c2", "name": "look", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "nothing"}
        ]}"#;
        let messages = read_response(body.as_bytes()).unwrap().chat.messages;
        assert_eq!(messages.len(), 4);
        assert_eq!((messages[2].content.as_str(), messages[2].tool_calls.len()), ("I look.", 2));
        assert_eq!(messages[3].tool_call_id.as_deref(), Some("c1"));
    }

    #[test]
    fn what_would_have_to_be_kept_is_refused() {
        let problem = |body: &str| read_response(body.as_bytes()).unwrap_err().message;
        insta::assert_snapshot!(problem(r#"{"input": "a", "previous_response_id": "resp_1"}"#), @"previous_response_id: this server keeps no responses; send the whole conversation as `input`");
        insta::assert_snapshot!(problem(r#"{"input": [{"type": "item_reference"}]}"#), @"input[0].type: items of type `item_reference` are not read");
        insta::assert_snapshot!(problem("{}"), @"input: it is missing or empty; give a string or items");
    }
}
