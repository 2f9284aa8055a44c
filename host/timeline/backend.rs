//! The two who answer a chat on a modelled machine: [`Backend`] says when, [`Words`] says what.

use std::sync::Arc;

use crate::conversation::{ChatRequest, FinishReason, Message, ModelError, PromptPart, Usage};
use crate::observed::{Observed, RecordedTiming};
use crate::time::{Instant, Span};
pub use crate::words::{CountedPrompt, Reply, Said, SessionWords, UserReply, Words, WordsError};

/// Numbers a session in the order in which sessions start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u32);

/// Numbers a chat in the order in which chats reach their machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// A machine that serves models.
///
/// The loop calls the methods with instants that never fall, and never submits before an instant
/// up to which it has already called [`Backend::next`].
pub trait Backend: Send {
    /// Accepts a call at `at`. Never blocks; the answer, a refusal included, comes out of
    /// [`Backend::next`].
    fn submit(&mut self, at: Instant, call: CallId, work: Submission);

    /// Gives up a call. Nothing more comes out for it. A call that is unknown, or done, is ignored:
    /// its completion and the cancellation may cross.
    fn cancel(&mut self, at: Instant, call: CallId);

    /// The earliest instant at which a completion could come out if nothing more were submitted; a
    /// lower bound is allowed, `None` means never, or that the run's [`Pace`](crate::pace::Pace)
    /// knows. Once [`Backend::next`] has said that nothing completes by an instant, it is later than
    /// that.
    ///
    /// With it the loop finds the next instant over several machines without letting any of them
    /// run past an instant at which a session may still submit.
    fn next_event_at(&self) -> Option<Instant>;

    /// Returns the next completion at or before `deadline`. `None` means that nothing completes by
    /// then. It must not look past the deadline, since a session woken there may join the next
    /// batch.
    fn next(&mut self, deadline: Option<Instant>) -> Option<Completion>;

    /// Energy, cost and use since the run began, up to `at`.
    fn totals(&self, at: Instant) -> MachineTotals;

    /// What the machine would make of a chat that came at `at`, as far as it knows by then; `None`
    /// from a machine that cannot say. The reply is taken to have `max_output_tokens`, since nobody
    /// knows its length before it is written.
    fn estimate(&self, _at: Instant, _work: &Submission) -> Option<Estimate> {
        None
    }

    /// Who waits and who is worked on, after all that came out of [`Backend::next`]; `None` from a
    /// machine that cannot say.
    fn occupancy(&self) -> Option<Occupancy> {
        None
    }

    /// Why nothing that the machine said can be used, if that is so. A run that has such a machine
    /// ends there, without a result.
    fn failure(&self) -> Option<MachineFailure> {
        None
    }
}

/// Why nothing that a machine said can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct MachineFailure {
    /// For a person: which machine, what failed in it, and what to do.
    pub message: String,
}

/// What a machine expects of a chat that it has not been given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// From the request to the first token.
    pub time_to_first_token: Span,
    /// Between two tokens of the reply.
    pub inter_token: Span,
    /// Dollars for the whole chat; unknown where the profile lacks a price.
    pub cost_usd: Option<f64>,
}

impl Estimate {
    /// From the request to the last of this many tokens.
    pub fn end_to_end(&self, output_tokens: u64) -> Span {
        let between = self.inter_token.as_nanos().saturating_mul(output_tokens.saturating_sub(1));
        self.time_to_first_token + Span::from_nanos(between)
    }
}

/// A chat on its way to a machine.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The session that asks; a machine may keep its sessions' prefixes together.
    pub session: SessionId,
    /// The model, resolved.
    pub model: Arc<str>,
    /// What was asked.
    pub request: Arc<ChatRequest>,
    /// Token counts of the modelled reply; absent where the machine has its own words.
    pub tokens: Option<PlannedTokens>,
    /// The tokens of the prompt, as the run's tokenizer counts them, where the machine has its own
    /// words and may count otherwise.
    pub counted_input_tokens: u64,
    /// How the chat went when it was recorded, where its words are recorded ones.
    pub recorded: Option<Arc<RecordedTiming>>,
    /// Whether the session wants each token as it comes.
    pub stream: bool,
}

impl Submission {
    /// A chat whose reply is planned, for a machine that is to time it.
    pub fn planned(
        session: SessionId,
        model: Arc<str>,
        request: Arc<ChatRequest>,
        tokens: PlannedTokens,
    ) -> Submission {
        Submission {
            session,
            model,
            request,
            counted_input_tokens: tokens.input_tokens,
            tokens: Some(tokens),
            recorded: None,
            stream: false,
        }
    }

    /// A chat that gets this reply from a machine that is to time it.
    pub fn of_reply(
        session: SessionId,
        model: Arc<str>,
        request: Arc<ChatRequest>,
        reply: &Reply,
        stream: bool,
    ) -> Submission {
        let length = ReplyLength::of(reply.output_tokens);
        let tokens = PlannedTokens {
            input_tokens: reply.input_tokens,
            prompt: reply.prompt.clone(),
            reply_part: reply.reply_part.map(|part| ReplyPart::of(part, length)),
            max_output_tokens: request.options.max_output_tokens.map(u64::from),
            reply: length,
        };
        let recorded = reply.recorded.clone();
        Submission { recorded, stream, ..Submission::planned(session, model, request, tokens) }
    }
}

/// How many tokens a modelled chat reads and writes.
#[derive(Clone, Debug)]
pub struct PlannedTokens {
    /// Tokens of the prompt.
    pub input_tokens: u64,
    /// The prompt's parts, in the order in which the model reads them; a machine that keeps the
    /// beginnings of prompts knows them again by these. Empty where nothing is known of them.
    pub prompt: Arc<[PromptPart]>,
    /// The reply as it will stand in a later prompt, where that is known.
    pub reply_part: Option<ReplyPart>,
    /// The most the reply may have, if the request says so.
    pub max_output_tokens: Option<u64>,
    /// When the reply is complete.
    pub reply: ReplyLength,
}

/// The length of a reply that is still to be written.
///
/// A scheduler does not know how long a reply will be, so it may not read it: it may ask whether
/// the reply is complete. Only the summing of equal steps asks more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyLength(u64);

impl ReplyLength {
    /// A reply of this many tokens, at least one: a machine always writes the token that ends it.
    pub fn of(tokens: u64) -> ReplyLength {
        ReplyLength(tokens.max(1))
    }

    /// Whether a reply with this many tokens written is complete.
    pub fn is_reached_by(self, written: u64) -> bool {
        written >= self.0
    }

    /// How many tokens a reply with this many written lacks, at least one.
    ///
    /// For summing the steps between two changes of a batch, the next of which may be the end of
    /// this reply. Who is admitted, and when, may not depend on it; a test changes what replies
    /// will be and holds that all before is the same.
    pub fn tokens_left(self, written: u64) -> u64 {
        self.0.saturating_sub(written).max(1)
    }
}

/// The part of a later prompt that a reply will be, which is known once the reply is complete.
///
/// Its tokens tell the length of the reply, so it is closed until then, as [`ReplyLength`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyPart {
    part: PromptPart,
    length: ReplyLength,
}

impl ReplyPart {
    /// The part that a reply of this length will be.
    pub fn of(part: PromptPart, length: ReplyLength) -> ReplyPart {
        ReplyPart { part, length }
    }

    /// The part, if a reply with this many tokens written is complete.
    pub fn once_complete(self, written: u64) -> Option<PromptPart> {
        self.length.is_reached_by(written).then_some(self.part)
    }
}

/// What comes out of a machine.
#[derive(Clone, Debug)]
pub struct Completion {
    /// When.
    pub at: Instant,
    /// For which call.
    pub call: CallId,
    /// What.
    pub event: CompletionEvent,
}

/// What happened to a call.
#[derive(Clone, Debug)]
pub enum CompletionEvent {
    /// A streamed reply has this many tokens now. Never sent for the last token.
    Progress {
        /// Output tokens so far.
        output_tokens: u64,
        /// Where the call's time went so far.
        timing: ChatTiming,
        /// What the reply's text has grown by, from a machine that has its own words.
        text: Option<String>,
    },
    /// The reply is complete.
    Served(Served),
    /// The machine cannot serve the call.
    Failed(FailedChat),
}

/// A chat without a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedChat {
    /// Why, as the agent gets it.
    pub error: ModelError,
    /// What was seen of it, where a real server failed.
    pub observed: Option<Arc<Observed>>,
}

impl From<ModelError> for FailedChat {
    fn from(error: ModelError) -> FailedChat {
        FailedChat { error, observed: None }
    }
}

/// A complete reply's figures.
#[derive(Clone, Debug)]
pub struct Served {
    /// Tokens.
    pub usage: Usage,
    /// Times.
    pub timing: ChatTiming,
    /// Joules spent on this call, its share of each batch; unknown where the profile lacks power.
    pub energy_j: Option<f64>,
    /// Dollars spent on this call, its share of each batch; unknown where the profile lacks a price.
    pub cost_usd: Option<f64>,
    /// The words, from a machine that has its own.
    pub words: Option<(Message, FinishReason)>,
    /// What was seen of it, where a real server replied.
    pub observed: Option<Arc<Observed>>,
}

/// Where the time of one chat went. The four parts sum to the end-to-end time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChatTiming {
    /// Waiting for the machine.
    pub queue: Span,
    /// Reading the prompt.
    pub prefill: Span,
    /// Moving the prompt's state to the decode pool.
    pub transfer: Span,
    /// Writing the reply, waits inside it included.
    pub decode: Span,
    /// From the request to the first token.
    pub time_to_first_token: Span,
}

impl ChatTiming {
    /// From the request to the last token.
    pub fn end_to_end(&self) -> Span {
        self.queue + self.prefill + self.transfer + self.decode
    }
}

/// What a machine used, whole.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MachineTotals {
    /// Joules; unknown where the profile lacks power.
    pub energy_j: Option<f64>,
    /// Dollars; unknown where the profile lacks a price.
    pub cost_usd: Option<f64>,
    /// Time during which at least one call was being worked on.
    pub busy: Span,
    /// What a machine under load did with calls beside serving them.
    pub incidents: Incidents,
}

/// The calls inside a machine.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Occupancy {
    /// Calls in a batch, or whose KV is on its way to one.
    pub running: u64,
    /// Calls that wait to be read.
    pub waiting: u64,
    /// The part of the memory for KV that calls hold; 0 to 1.
    pub kv_share: f64,
}

/// What a machine under load did with calls beside serving them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Incidents {
    /// Times that a call lost its memory because another had to grow.
    pub preempted: u64,
    /// Times that a call began again because a group of chips failed.
    pub requeued: u64,
    /// Calls that were turned away because too many waited already.
    pub rejected: u64,
    /// Calls that were turned away because they had waited as long as they may.
    pub expired: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::{PromptPartKind, Role};

    #[test]
    fn a_reply_says_which_part_it_will_be_once_it_is_complete() {
        let kind = PromptPartKind::Message(Role::Assistant);
        let part = PromptPart { kind, tokens: 7, digest: 1 };
        let reply = ReplyPart::of(part, ReplyLength::of(3));
        assert_eq!(reply.once_complete(2), None);
        assert_eq!(reply.once_complete(3), Some(part));
    }
}
