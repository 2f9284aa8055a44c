//! The object of `/v1/responses`, whole or under way.

use serde_json::{Value, json};
use timeslip_timeline::conversation::{FinishReason, ToolCall, Usage};

use super::Told;

/// What the response's members are unless the request says otherwise.
fn frame(told: &Told, status: &str, output: Vec<Value>) -> Value {
    let mut response = json!({
        "id": told.id("resp_"),
        "object": "response",
        "created_at": told.created,
        "status": status,
        "error": null,
        "incomplete_details": null,
        "instructions": null,
        "max_output_tokens": null,
        "metadata": {},
        "model": told.model,
        "output": output,
        "parallel_tool_calls": true,
        "previous_response_id": null,
        "reasoning": {"effort": null, "summary": null},
        "store": false,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": null,
        "user": null,
    });
    for (name, value) in told.echoed.iter().filter(|(_, value)| !value.is_null()) {
        response[name] = value.clone();
    }
    response
}

/// A response that has begun.
pub(super) fn begun(told: &Told) -> Value {
    frame(told, "in_progress", Vec::new())
}

/// A response that is over.
pub(super) fn completed(told: &Told, usage: &Usage) -> Value {
    let reason = match told.finish_reason {
        FinishReason::Length => Some("max_output_tokens"),
        FinishReason::ContentFilter => Some("content_filter"),
        FinishReason::Stop | FinishReason::ToolCalls => None,
    };
    let status = if reason.is_some() { "incomplete" } else { "completed" };
    let mut output: Vec<Value> = Vec::new();
    if has_text(told) {
        output.push(message_item(told, status, Some(&told.message.content)));
    }
    let calls = told.message.tool_calls.iter().enumerate();
    output.extend(calls.map(|(place, call)| call_item(told, place, call, Some(&call.arguments))));
    let mut response = frame(told, status, output);
    if let Some(reason) = reason {
        response["incomplete_details"] = json!({"reason": reason});
    }
    response["usage"] = json!({
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_input_tokens},
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    });
    response
}

/// Whether there is an item for text: always, but in a reply of tool calls alone.
pub(super) fn has_text(told: &Told) -> bool {
    !told.message.content.is_empty() || told.message.tool_calls.is_empty()
}

/// The identifier of the text's item.
pub(super) fn message_id(told: &Told) -> String {
    told.id("msg_")
}

/// The identifier of a tool call's item.
pub(super) fn call_item_id(told: &Told, place: usize) -> String {
    format!("{}_{place}", told.id("fc_"))
}

/// A text's part.
pub(super) fn text_part(text: &str) -> Value {
    json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
}

/// The item of the text; without content where it has only begun.
pub(super) fn message_item(told: &Told, status: &str, text: Option<&str>) -> Value {
    json!({
        "id": message_id(told),
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": text.map(text_part).into_iter().collect::<Vec<Value>>(),
    })
}

/// The item of a tool call; without arguments where it has only begun.
pub(super) fn call_item(
    told: &Told,
    place: usize,
    call: &ToolCall,
    arguments: Option<&str>,
) -> Value {
    json!({
        "id": call_item_id(told, place),
        "type": "function_call",
        "status": if arguments.is_some() { "completed" } else { "in_progress" },
        "call_id": call.id,
        "name": call.name,
        "arguments": arguments.unwrap_or_default(),
    })
}
