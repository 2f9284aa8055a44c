//! What was seen of a chat that a real server answered, and the playing back of it.

use std::sync::Arc;

use crate::backend::{ChatTiming, CompletionEvent, Served};
use crate::conversation::{ModelError, Usage};
use crate::time::Span;

/// What was seen of a chat with a real server, beside words, tokens and times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// Where it was seen.
    pub origin: Origin,
    /// Every request that was sent for the chat; the one that was answered is the last.
    pub attempts: Vec<ObservedAttempt>,
    /// From the chat's asking until each chunk with words came. A chunk may hold many tokens. Empty
    /// where the reply came in one piece.
    pub chunks: Vec<Span>,
    /// Of the output tokens, those of reasoning; unknown where the server does not say.
    pub reasoning_tokens: Option<u64>,
    /// Who counted the tokens.
    pub counted_by: CountedBy,
    /// The model, as the server names it.
    pub served_model: Option<String>,
}

/// Where a chat was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A server answered it in this run.
    Server,
    /// It was played back from a recording.
    Recording,
}

/// One request to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedAttempt {
    /// From the chat's asking until it was sent.
    pub at: Span,
    /// From sending it until its outcome was known.
    pub lasted: Span,
    /// Why it gave no reply; absent where it gave one.
    pub error: Option<String>,
}

/// Who counted the tokens of a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountedBy {
    /// The server, in its `usage`.
    Server,
    /// The run's own tokenizer, since the server gave no counts that can be used.
    Tokenizer,
}

/// When a recorded chat was answered: what a machine needs to let it go the same way again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedTiming {
    /// Tokens.
    pub usage: Usage,
    /// Times.
    pub timing: ChatTiming,
    /// What was seen beside them.
    pub observed: Arc<Observed>,
}

/// How a chat failed when it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedFailure {
    /// Why there was no reply.
    pub error: ModelError,
    /// From its asking until that was known.
    pub after: Span,
    /// What was seen of it.
    pub observed: Arc<Observed>,
}

impl RecordedTiming {
    /// What comes out of a machine for this chat, and how long after its asking, in order: with
    /// `stream` each chunk but the last, then the end. The words are those that were planned.
    pub fn events(&self, stream: bool) -> Vec<(Span, CompletionEvent)> {
        let end = self.timing.end_to_end();
        let chunks = self.observed.chunks.as_slice();
        let before_last = &chunks[..chunks.len().saturating_sub(1)];
        let all = chunks.len().max(1) as u128;
        let progress = before_last.iter().enumerate().filter(|_| stream).map(|(place, at)| {
            let share = u128::from(self.usage.output_tokens) * (place as u128 + 1) / all;
            let first = self.timing.time_to_first_token;
            let timing = ChatTiming { decode: at.saturating_sub(first), ..self.timing };
            // At most the output tokens, so it is a u64.
            let output_tokens = share as u64;
            (*at, CompletionEvent::Progress { output_tokens, timing, text: None })
        });
        let mut events: Vec<_> = progress.filter(|(at, _)| *at < end).collect();
        events.push((end, self.end()));
        events
    }

    fn end(&self) -> CompletionEvent {
        CompletionEvent::Served(Served {
            usage: self.usage,
            timing: self.timing,
            energy_j: None,
            cost_usd: None,
            words: None,
            observed: Some(self.observed.clone()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(chunks: &[u64]) -> RecordedTiming {
        let observed = Observed {
            origin: Origin::Recording,
            attempts: Vec::new(),
            chunks: chunks.iter().map(|nanos| Span::from_nanos(*nanos)).collect(),
            reasoning_tokens: None,
            counted_by: CountedBy::Server,
            served_model: None,
        };
        let timing = ChatTiming {
            queue: Span::from_nanos(2),
            prefill: Span::from_nanos(8),
            decode: Span::from_nanos(20),
            time_to_first_token: Span::from_nanos(10),
            ..ChatTiming::default()
        };
        let usage = Usage { input_tokens: 5, cached_input_tokens: 0, output_tokens: 6 };
        RecordedTiming { usage, timing, observed: Arc::new(observed) }
    }

    fn shape(events: &[(Span, CompletionEvent)]) -> Vec<(u64, Option<u64>)> {
        let tokens = |event: &CompletionEvent| match event {
            CompletionEvent::Progress { output_tokens, .. } => Some(*output_tokens),
            _ => None,
        };
        events.iter().map(|(at, event)| (at.as_nanos(), tokens(event))).collect()
    }

    #[test]
    fn a_recorded_chat_comes_out_in_its_own_time() {
        let chat = recorded(&[10, 20, 30]);
        assert_eq!(shape(&chat.events(true)), [(10, Some(2)), (20, Some(4)), (30, None)]);
        assert_eq!(shape(&chat.events(false)), [(30, None)]);
        assert_eq!(shape(&recorded(&[]).events(true)), [(30, None)]);
    }
}
