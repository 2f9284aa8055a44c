//! The parts of a cassette's `chat` line that say how a real server answered.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use timeslip_timeline::backend::ChatTiming;
use timeslip_timeline::conversation::ModelError;
use timeslip_timeline::observed::{CountedBy, Observed, ObservedAttempt, Origin};
use timeslip_timeline::time::{Instant, Span};

use super::lines::{UsageLine, is_zero};

/// Why a chat gave no reply.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ErrorLine {
    pub(super) kind: ErrorKind,
    pub(super) message: String,
}

/// The kind of a [`ModelError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ErrorKind {
    Refused,
    UnknownModel,
    ContextTooLong,
    OverBudget,
    InvalidRequest,
    Unavailable,
}

/// When a chat was asked, on the clock of its recording, and where its time went.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TimingLine {
    pub(super) asked_at_ns: u64,
    pub(super) queue_ns: u64,
    pub(super) prefill_ns: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) transfer_ns: u64,
    pub(super) decode_ns: u64,
    pub(super) ttft_ns: u64,
}

/// A request that was sent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AttemptLine {
    pub(super) at_ns: u64,
    pub(super) lasted_ns: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

impl From<&ModelError> for ErrorLine {
    fn from(error: &ModelError) -> ErrorLine {
        let (kind, message) = match error {
            ModelError::Refused(text) => (ErrorKind::Refused, text),
            ModelError::UnknownModel(text) => (ErrorKind::UnknownModel, text),
            ModelError::ContextTooLong(text) => (ErrorKind::ContextTooLong, text),
            ModelError::OverBudget(text) => (ErrorKind::OverBudget, text),
            ModelError::InvalidRequest(text) => (ErrorKind::InvalidRequest, text),
            ModelError::Unavailable(text) => (ErrorKind::Unavailable, text),
        };
        ErrorLine { kind, message: message.clone() }
    }
}

impl From<ErrorLine> for ModelError {
    fn from(line: ErrorLine) -> ModelError {
        match line.kind {
            ErrorKind::Refused => ModelError::Refused(line.message),
            ErrorKind::UnknownModel => ModelError::UnknownModel(line.message),
            ErrorKind::ContextTooLong => ModelError::ContextTooLong(line.message),
            ErrorKind::OverBudget => ModelError::OverBudget(line.message),
            ErrorKind::InvalidRequest => ModelError::InvalidRequest(line.message),
            ErrorKind::Unavailable => ModelError::Unavailable(line.message),
        }
    }
}

impl TimingLine {
    pub(super) fn new(asked_at: Instant, timing: &ChatTiming) -> TimingLine {
        TimingLine {
            asked_at_ns: asked_at.as_nanos(),
            queue_ns: timing.queue.as_nanos(),
            prefill_ns: timing.prefill.as_nanos(),
            transfer_ns: timing.transfer.as_nanos(),
            decode_ns: timing.decode.as_nanos(),
            ttft_ns: timing.time_to_first_token.as_nanos(),
        }
    }

    pub(super) fn asked_at(&self) -> Instant {
        Instant::from_nanos(self.asked_at_ns)
    }

    /// The times; a first token that does not lie in the chat is a mistake of the file.
    pub(super) fn timing(&self) -> Option<ChatTiming> {
        let timing = ChatTiming {
            queue: Span::from_nanos(self.queue_ns),
            prefill: Span::from_nanos(self.prefill_ns),
            transfer: Span::from_nanos(self.transfer_ns),
            decode: Span::from_nanos(self.decode_ns),
            time_to_first_token: Span::from_nanos(self.ttft_ns),
        };
        (timing.time_to_first_token <= timing.end_to_end()).then_some(timing)
    }
}

impl From<&ObservedAttempt> for AttemptLine {
    fn from(attempt: &ObservedAttempt) -> AttemptLine {
        AttemptLine {
            at_ns: attempt.at.as_nanos(),
            lasted_ns: attempt.lasted.as_nanos(),
            error: attempt.error.clone(),
        }
    }
}

impl From<AttemptLine> for ObservedAttempt {
    fn from(line: AttemptLine) -> ObservedAttempt {
        ObservedAttempt {
            at: Span::from_nanos(line.at_ns),
            lasted: Span::from_nanos(line.lasted_ns),
            error: line.error,
        }
    }
}

/// What a line says was seen of its chat.
pub(super) fn observed(
    chunks_ns: Option<Vec<u64>>,
    attempts: Vec<AttemptLine>,
    usage: Option<&UsageLine>,
    served_model: Option<String>,
) -> Arc<Observed> {
    let counted = usage.is_none_or(|usage| usage.counted);
    Arc::new(Observed {
        origin: Origin::Recording,
        attempts: attempts.into_iter().map(ObservedAttempt::from).collect(),
        chunks: chunks_ns.unwrap_or_default().into_iter().map(Span::from_nanos).collect(),
        reasoning_tokens: usage.and_then(|usage| usage.reasoning_tokens),
        counted_by: match counted {
            true => CountedBy::Tokenizer,
            false => CountedBy::Server,
        },
        served_model,
    })
}
