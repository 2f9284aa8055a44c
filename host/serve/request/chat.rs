//! Bodies of `/v1/chat/completions`.

use serde_json::{Map, Value};
use timeslip_timeline::conversation::{ChatOptions, ChatRequest, Message, Role, ToolCall};

use super::Asked;
use super::content::{role_of, text_of};
use super::fields::{Fields, object, wrong};
use super::tools::{choice_of, schema_of, tools_of};
use crate::error::ApiError;

/// Reads a body.
pub(crate) fn read_chat(body: &[u8]) -> Result<Asked, ApiError> {
    let map = object(body)?;
    let fields = Fields::new("", &map);
    refuse_what_changes_the_answer(&fields)?;
    let messages = fields.array("messages")?;
    let missing =
        || ApiError::field("messages", "it is missing or empty; give at least one message");
    let messages = messages.filter(|list| !list.is_empty()).ok_or_else(missing)?;
    let messages = messages.iter().enumerate().map(|(index, value)| message(index, value));
    let messages = messages.collect::<Result<Vec<Message>, ApiError>>()?;
    let tools = tools_of(&fields, true)?;
    let tool_choice = choice_of(&fields, &tools, true)?;
    let limit = fields.whole("max_completion_tokens", 1)?;
    let options = ChatOptions {
        max_output_tokens: limit.or(fields.whole("max_tokens", 1)?),
        stop: stops(&fields)?,
        tool_choice,
        response_schema: schema_of("response_format", fields.get("response_format"), true)?,
        ..fields.options()?
    };
    Ok(Asked {
        model: fields.text("model")?.map(str::to_owned),
        chat: ChatRequest { model: None, messages, tools, options },
        stream: fields.flag("stream")?,
        include_usage: include_usage(&fields)?,
        is_bare_text: false,
        echoed: Map::new(),
    })
}

fn refuse_what_changes_the_answer(fields: &Fields<'_>) -> Result<(), ApiError> {
    fields.refuse_above("n", 1, "one choice is written; ask again for another")?;
    fields.refuse("logprobs", "modelled replies have no probabilities; leave it out")?;
    fields.refuse_above("top_logprobs", 0, "modelled replies have no probabilities")?;
    fields.refuse("logit_bias", "modelled replies have no probabilities to bias; leave it out")?;
    fields.refuse("functions", "give `tools` in place of the deprecated `functions`")?;
    fields.refuse("audio", "replies are texts alone; leave it out")?;
    fields.refuse("web_search_options", "nothing is searched here; leave it out")?;
    let modalities = fields.array("modalities")?.into_iter().flatten();
    match modalities.filter_map(Value::as_str).find(|name| *name != "text") {
        Some(other) => {
            Err(ApiError::unsupported("modalities", format!("`{other}`: replies are texts alone")))
        }
        None => Ok(()),
    }
}

/// Whether the stream's end tells the tokens.
pub(super) fn include_usage(fields: &Fields<'_>) -> Result<bool, ApiError> {
    match fields.get("stream_options") {
        Some(options) => Fields::of("stream_options", options)?.flag("include_usage"),
        None => Ok(false),
    }
}

/// The texts that end a reply.
pub(super) fn stops(fields: &Fields<'_>) -> Result<Vec<String>, ApiError> {
    match fields.get("stop") {
        None => Ok(Vec::new()),
        Some(Value::String(stop)) => Ok(vec![stop.clone()]),
        Some(Value::Array(stops)) => {
            let text = |(index, stop): (usize, &Value)| match stop {
                Value::String(stop) => Ok(stop.clone()),
                other => Err(wrong(&format!("stop[{index}]"), "a string", other)),
            };
            stops.iter().enumerate().map(text).collect()
        }
        Some(other) => Err(wrong("stop", "a string or an array of strings", other)),
    }
}

fn message(index: usize, value: &Value) -> Result<Message, ApiError> {
    let path = format!("messages[{index}]");
    let fields = Fields::of(&path, value)?;
    let role = role_of(&fields)?;
    let mut message = Message::text(role, text_of(&fields.path("content"), fields.get("content"))?);
    if role == Role::Assistant {
        for (place, call) in fields.array("tool_calls")?.into_iter().flatten().enumerate() {
            message.tool_calls.push(tool_call(&format!("{path}.tool_calls[{place}]"), call)?);
        }
    }
    if role == Role::Tool {
        message.tool_call_id = fields.text("tool_call_id")?.map(str::to_owned);
    }
    Ok(message)
}

fn tool_call(path: &str, value: &Value) -> Result<ToolCall, ApiError> {
    let call = Fields::of(path, value)?;
    let inner = call.path("function");
    let Some(function) = call.get("function") else {
        return Err(ApiError::field(inner, "it is missing; give an object"));
    };
    let function = Fields::of(&inner, function)?;
    Ok(ToolCall {
        id: call.text("id")?.unwrap_or_default().to_owned(),
        name: function.needed_text("name")?.to_owned(),
        arguments: function.text("arguments")?.unwrap_or("{}").to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(body: &str) -> String {
        read_chat(body.as_bytes()).expect_err("it is wrong").message
    }

    #[test]
    fn a_whole_conversation_is_read() {
        let body = r#"{
            "model": "m", "stream": true, "stream_options": {"include_usage": true},
            "messages": [
                {"role": "developer", "content": [{"type": "text", "text": "Be "}, {"type": "text", "text": "brief."}]},
                {"role": "assistant", "content": null, "tool_calls": [
                    {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}]},
                {"role": "tool", "tool_call_id": "call_1", "content": "nothing"}
            ],
            "tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}],
            "tool_choice": {"type": "function", "function": {"name": "look"}},
            "max_tokens": 5, "max_completion_tokens": 7, "stop": "x", "user": "ignored"
        }"#;
        let asked = read_chat(body.as_bytes()).unwrap();
        assert_eq!(asked.model.as_deref(), Some("m"));
        assert!(asked.stream && asked.include_usage);
        let messages = &asked.chat.messages;
        assert_eq!(messages[0], Message::text(Role::System, "Be brief."));
        assert_eq!(messages[1].tool_calls[0].name, "look");
        assert_eq!(messages[2].tool_call_id.as_deref(), Some("call_1"));
        assert_eq!(asked.chat.options.max_output_tokens, Some(7));
        assert_eq!(asked.chat.options.stop, ["x"]);
    }

    #[test]
    fn mistakes_name_their_field() {
        insta::assert_snapshot!(problem("[]"), @"the body is no JSON object: it is another kind of value");
        insta::assert_snapshot!(problem("{"), @"the body is no JSON object: EOF while parsing an object at line 1 column 1");
        insta::assert_snapshot!(problem(r#"{"messages": []}"#), @"messages: it is missing or empty; give at least one message");
        insta::assert_snapshot!(problem(r#"{"messages": [{"role": "robot"}]}"#), @"messages[0].role: `robot` is no role; give system, developer, user, assistant or tool");
        let hello = |rest: &str| {
            problem(&format!(r#"{{"messages": [{{"role": "user", "content": "Hi"}}], {rest}}}"#))
        };
        insta::assert_snapshot!(hello(r#""n": 2"#), @"n: one choice is written; ask again for another");
        insta::assert_snapshot!(hello(r#""logprobs": true"#), @"logprobs: modelled replies have no probabilities; leave it out");
        insta::assert_snapshot!(hello(r#""max_tokens": 0"#), @"max_tokens: give a whole number of at least 1; it is a number");
        insta::assert_snapshot!(hello(r#""tools": [{"type": "web_search"}]"#), @"tools[0].type: tools of type `web_search` are run by nobody here; offer functions");
        insta::assert_snapshot!(hello(r#""tool_choice": {"function": {"name": "x"}}"#), @"tool_choice: the tool `x` is not offered");
        let image = r#"{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}"#;
        insta::assert_snapshot!(problem(image), @"messages[0].content[0].type: parts of type `image_url` are not read; this server reads texts alone");
    }
}
