//! Replies of `/v1/completions`.

use serde_json::{Value, json};
use timeslip_timeline::conversation::Usage;

use super::Told;
use super::events::write_json;
use super::frame::{self, Frame};
use super::pieces::{Piece, Pieces};

/// How identifiers begin.
const ID: &str = "cmpl-";

/// What a reply is, streamed or not.
const OBJECT: &str = "text_completion";

/// A whole reply.
pub(super) fn whole(told: &Told, usage: &Usage) -> Value {
    let choice = json!({"index": 0, "text": told.message.content});
    frame::whole(told, ID, OBJECT, choice, usage)
}

/// A streamed reply.
pub(crate) struct CompletionStream {
    pieces: Pieces,
    /// Around the text.
    frame: Frame,
}

impl CompletionStream {
    pub(super) fn new(told: &Told) -> CompletionStream {
        CompletionStream {
            pieces: Pieces::new(&told.message, told.output_tokens),
            frame: Frame::new(told, ID, OBJECT, "\"text\":", ""),
        }
    }

    pub(super) fn token(&mut self, tokens: u64, out: &mut Vec<u8>) {
        let is_last = self.pieces.is_last(tokens);
        self.frame.open(out);
        let pieces = self.pieces.token(tokens);
        let text = pieces.iter().find_map(|piece| match piece {
            Piece::Text(text) => Some(*text),
            Piece::Arguments { .. } => None,
        });
        write_json(text.unwrap_or_default(), out);
        self.frame.close(is_last, out);
    }

    pub(super) fn end(&self, usage: &Usage, out: &mut Vec<u8>) {
        self.frame.end(usage, out);
    }
}
