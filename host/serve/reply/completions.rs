//! Replies of `/v1/completions`.

use serde_json::{Value, json};
use timeslip_timeline::conversation::Usage;

use super::events::{DONE, write_data, write_json};
use super::pieces::{Piece, Pieces};
use super::{Told, reason_of, usage_of};

/// A whole reply.
pub(super) fn whole(told: &Told, usage: &Usage) -> Value {
    json!({
        "id": told.id("cmpl-"),
        "object": "text_completion",
        "created": told.created,
        "model": told.model,
        "choices": [{
            "index": 0,
            "text": told.message.content,
            "logprobs": null,
            "finish_reason": reason_of(told.finish_reason),
        }],
        "usage": usage_of(usage),
    })
}

/// A streamed reply.
pub(crate) struct CompletionStream {
    pieces: Pieces,
    /// Up to the text.
    before: Vec<u8>,
    after: Vec<u8>,
    after_last: Vec<u8>,
    told: Told,
}

impl CompletionStream {
    pub(super) fn new(told: Told) -> CompletionStream {
        let mut before = b"data: ".to_vec();
        let head = json!({
            "id": told.id("cmpl-"),
            "object": "text_completion",
            "created": told.created,
            "model": told.model,
        });
        write_json(&head, &mut before);
        before.pop();
        before.extend_from_slice(b",\"choices\":[{\"index\":0,\"text\":");
        let usage = if told.include_usage { ",\"usage\":null" } else { "" };
        let after = |reason: &str| {
            format!(",\"logprobs\":null,\"finish_reason\":{reason}}}]{usage}}}\n\n").into_bytes()
        };
        CompletionStream {
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
        let pieces = self.pieces.token(tokens);
        let text = pieces.iter().find_map(|piece| match piece {
            Piece::Text(text) => Some(*text),
            Piece::Arguments { .. } => None,
        });
        write_json(text.unwrap_or_default(), out);
        out.extend_from_slice(if is_last { &self.after_last } else { &self.after });
    }

    pub(super) fn end(&mut self, usage: &Usage, out: &mut Vec<u8>) {
        if self.told.include_usage {
            let event = json!({
                "id": self.told.id("cmpl-"),
                "object": "text_completion",
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
