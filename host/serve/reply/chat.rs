//! Replies of `/v1/chat/completions`.
//!
//! A stream has one event for each token, the last of which says why the reply ends; what the events
//! have in common is written once.

use serde_json::{Value, json};
use timeslip_timeline::conversation::{ToolCall, Usage};

use super::Told;
use super::events::write_json;
use super::frame::{self, Frame};
use super::pieces::{Piece, Pieces};

/// How identifiers begin.
const ID: &str = "chatcmpl-";

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
    let choice = json!({"index": 0, "message": written});
    frame::whole(told, ID, "chat.completion", choice, usage)
}

/// A streamed reply.
pub(crate) struct ChatStream {
    pieces: Pieces,
    /// Around the members of `delta`.
    frame: Frame,
    tool_calls: Vec<ToolCall>,
}

impl ChatStream {
    pub(super) fn new(told: Told) -> ChatStream {
        ChatStream {
            pieces: Pieces::new(&told.message, told.output_tokens),
            frame: Frame::new(&told, ID, "chat.completion.chunk", "\"delta\":{", "}"),
            tool_calls: told.message.tool_calls,
        }
    }

    pub(super) fn token(&mut self, tokens: u64, out: &mut Vec<u8>) {
        let is_last = self.pieces.is_last(tokens);
        self.frame.open(out);
        if tokens == 1 {
            out.extend_from_slice(b"\"role\":\"assistant\",");
        }
        let has_calls = !self.tool_calls.is_empty();
        let (mut text, mut calls) = ("", Vec::new());
        for piece in self.pieces.token(tokens) {
            match piece {
                Piece::Text(piece) => text = piece,
                Piece::Arguments { call, begins, text } => {
                    let named = &self.tool_calls[call];
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
        self.frame.close(is_last, out);
    }

    pub(super) fn end(&self, usage: &Usage, out: &mut Vec<u8>) {
        self.frame.end(usage, out);
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
