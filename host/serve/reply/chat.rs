//! Replies of `/v1/chat/completions`.
//!
//! A stream has one event for each token, the last of which says why the reply ends; what the events
//! have in common is written once.

use serde_json::{Value, json};
use timeslip_timeline::conversation::{ToolCall, Usage};

use super::events::{DONE, write_data, write_json};
use super::pieces::{Piece, Pieces};
use super::{Told, reason_of, usage_of};

/// A whole reply.
pub(super) fn whole(told: &Told, usage: &Usage) -> Value {
    let message = &told.message;
    // A reply of tool calls alone has no content.
    let content = match message.content.is_empty() && !message.tool_calls.is_empty() {
        true => Value::Null,
        false => Value::from(message.content.as_str()),
    };
    let mut written = json!({"role": "assistant", "content": content, "refusal": null});
    if !message.tool_calls.is_empty() {
        let call = |call: &ToolCall| {
            json!({
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            })
        };
        written["tool_calls"] = message.tool_calls.iter().map(call).collect();
    }
    json!({
        "id": told.id("chatcmpl-"),
        "object": "chat.completion",
        "created": told.created,
        "model": told.model,
        "choices": [{
            "index": 0,
            "message": written,
            "logprobs": null,
            "finish_reason": reason_of(told.finish_reason),
        }],
        "usage": usage_of(usage),
    })
}

/// A streamed reply.
pub(crate) struct ChatStream {
    pieces: Pieces,
    /// Up to the members of `delta`.
    before: Vec<u8>,
    /// After a token that is not the last, and after the last.
    after: Vec<u8>,
    after_last: Vec<u8>,
    told: Told,
}

impl ChatStream {
    pub(super) fn new(told: Told) -> ChatStream {
        let mut before = b"data: ".to_vec();
        let head = json!({
            "id": told.id("chatcmpl-"),
            "object": "chat.completion.chunk",
            "created": told.created,
            "model": told.model,
        });
        write_json(&head, &mut before);
        before.pop();
        before.extend_from_slice(b",\"choices\":[{\"index\":0,\"delta\":{");
        let usage = if told.include_usage { ",\"usage\":null" } else { "" };
        let after = |reason: &str| {
            format!("}},\"logprobs\":null,\"finish_reason\":{reason}}}]{usage}}}\n\n").into_bytes()
        };
        ChatStream {
            pieces: Pieces::new(&told.message, told.output_tokens),
            before,
            after: after("null"),
            after_last: after(&format!("\"{}\"", reason_of(told.finish_reason))),
            told,
        }
    }

    pub(super) fn token(&mut self, tokens: u64, out: &mut Vec<u8>) {
        let is_last = self.pieces.is_last(tokens);
        out.extend_from_slice(&self.before);
        if tokens == 1 {
            out.extend_from_slice(b"\"role\":\"assistant\",");
        }
        let has_calls = !self.told.message.tool_calls.is_empty();
        let (mut text, mut calls) = ("", Vec::new());
        for piece in self.pieces.token(tokens) {
            match piece {
                Piece::Text(piece) => text = piece,
                Piece::Arguments { call, begins, text } => {
                    let named = &self.told.message.tool_calls[call];
                    calls.push(call_delta(call, begins.then_some(named), text));
                }
            }
        }
        if !text.is_empty() || !has_calls {
            out.extend_from_slice(b"\"content\":");
            write_json(text, out);
        } else {
            out.extend_from_slice(b"\"content\":null");
        }
        if !calls.is_empty() {
            out.extend_from_slice(b",\"tool_calls\":");
            write_json(&calls, out);
        }
        out.extend_from_slice(if is_last { &self.after_last } else { &self.after });
    }

    pub(super) fn end(&mut self, usage: &Usage, out: &mut Vec<u8>) {
        if self.told.include_usage {
            let event = json!({
                "id": self.told.id("chatcmpl-"),
                "object": "chat.completion.chunk",
                "created": self.told.created,
                "model": self.told.model,
                "choices": [],
                "usage": usage_of(usage),
            });
            write_data(&event, out);
        }
        out.extend_from_slice(DONE);
    }
}

fn call_delta(index: usize, begins: Option<&ToolCall>, arguments: &str) -> Value {
    match begins {
        Some(call) => json!({
            "index": index,
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": arguments},
        }),
        None => json!({"index": index, "function": {"arguments": arguments}}),
    }
}
