//! Replies that arrive in pieces.

use crate::contract::timeslip::agent::types::{ChatChunk, ChatReply};
use crate::error::ModelError;
use crate::host::model;

/// A reply that arrives in pieces. Dropping it cancels the chat; the tokens made until then are
/// counted.
///
/// ```ignore
/// let mut stream = chat.stream();
/// while let Some(piece) = stream.next().await? {
///     text.push_str(&piece.content);
/// }
/// let reply = stream.finish().await?;
/// ```
#[derive(Debug)]
pub struct ChatStream {
    stream: model::ChatStream,
}

impl ChatStream {
    pub(crate) fn new(stream: model::ChatStream) -> ChatStream {
        ChatStream { stream }
    }

    /// Waits for the next piece; `None` after the last one.
    ///
    /// # Errors
    /// Those of a chat; after one, `None`.
    pub async fn next(&mut self) -> Result<Option<ChatChunk>, ModelError> {
        Ok(self.stream.next().await?)
    }

    /// Waits for the end and gives the whole reply, pieces already taken included.
    ///
    /// # Errors
    /// Those of a chat.
    pub async fn finish(self) -> Result<ChatReply, ModelError> {
        Ok(self.stream.finish().await?)
    }

    /// Ends the chat now, as dropping does.
    pub fn cancel(self) {
        drop(self);
    }
}
