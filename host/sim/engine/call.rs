//! One chat inside a modelled machine.

use timeslip_timeline::backend::{CallId, ChatTiming, ReplyLength, ReplyPart};
use timeslip_timeline::conversation::ModelError;
use timeslip_timeline::time::{Instant, Span};

use super::chain::Chain;
use super::memory::Held;
use super::used::Used;

/// What a chat's time is being spent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Queue,
    Prefill,
    Transfer,
    Decode,
}

/// Where a chat stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the machine's front end.
    FrontEnd,
    /// Ready, but no group that could read it is up.
    Stranded,
    /// In the queue of its first group.
    Waiting,
    /// In no batch while KV of its prompt comes back from a tier to its first group.
    Loading,
    /// In the batch of its first group.
    Running,
    /// Read, its KV in the first group, waiting for memory in the decode group.
    Parked,
    /// Its KV on the way to the decode group, from the first group or from a tier.
    Moving,
    /// In the batch of the decode group.
    Writing,
}

/// One chat.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) id: CallId,
    pub(crate) input_tokens: u64,
    /// What a cache may know of its prompt, and once it is served of its reply; empty where the
    /// machine has no cache, or nothing is known of the prompt.
    pub(crate) chain: Chain,
    pub(crate) reply_part: Option<ReplyPart>,
    /// Tokens of the prompt that were cached when it first came to be read.
    pub(crate) cached_tokens: Option<u64>,
    pub(crate) reply: ReplyLength,
    pub(crate) stream: bool,
    /// Why it can never be served, if so.
    pub(crate) refusal: Option<ModelError>,
    /// Given up: nothing more may come out.
    pub(crate) muted: bool,
    /// Reply tokens so far.
    pub(crate) written: u64,
    /// Tokens of the prompt, and of a reply that lost its KV, that are not cached yet.
    pub(crate) unread: u64,
    /// Tokens whose KV was swapped out to a tier, to come back with the next admission.
    pub(crate) swapped: u64,
    /// When it came to the queue of its first group, the last time.
    pub(crate) queued_at: Instant,
    /// When its prompt began to be read, and when it was read, the last time.
    pub(crate) read_since: Instant,
    pub(crate) parked_at: Instant,
    /// Whether it ever was in a batch.
    pub(crate) was_admitted: bool,
    pub(crate) place: Place,
    /// How often it came to a queue or left one.
    pub(crate) moves: u64,
    /// The group that reads, and in a pool of role `all` also writes.
    pub(crate) first_group: usize,
    /// Whether it waits for or uses that group.
    pub(crate) is_in_first: bool,
    pub(crate) first_held: Held,
    /// The group that writes, where pools are split.
    pub(crate) decode_group: Option<usize>,
    pub(crate) decode_held: Held,
    /// Numbers its transfers, since one that was overtaken by a preemption counts for nothing.
    pub(crate) transfer: u64,
    pub(crate) used: Used,
    pub(crate) submitted_at: Instant,
    phase: Phase,
    phase_since: Instant,
    timing: ChatTiming,
    first_token: bool,
}

impl Call {
    pub(crate) fn new(
        id: CallId,
        at: Instant,
        input_tokens: u64,
        reply: ReplyLength,
        stream: bool,
    ) -> Call {
        Call {
            id,
            input_tokens,
            chain: Chain::default(),
            reply_part: None,
            cached_tokens: None,
            reply,
            stream,
            refusal: None,
            muted: false,
            written: 0,
            unread: input_tokens,
            swapped: 0,
            queued_at: at,
            read_since: at,
            parked_at: at,
            was_admitted: false,
            place: Place::FrontEnd,
            moves: 0,
            first_group: 0,
            is_in_first: false,
            first_held: Held::default(),
            decode_group: None,
            decode_held: Held::default(),
            transfer: 0,
            used: Used::default(),
            submitted_at: at,
            phase: Phase::Prefill,
            phase_since: at,
            timing: ChatTiming::default(),
            first_token: false,
        }
    }

    /// Tokens of the prompt and of the reply so far.
    pub(crate) fn tokens(&self) -> u64 {
        self.input_tokens + self.written
    }

    /// Spends the time from `now` on `phase`. Once a token is out, all time is decoding: what
    /// happens between two tokens is a wait inside the reply.
    pub(crate) fn enter(&mut self, now: Instant, phase: Phase) {
        let spent = now.since(self.phase_since);
        match self.phase {
            Phase::Queue => self.timing.queue += spent,
            Phase::Prefill => self.timing.prefill += spent,
            Phase::Transfer => self.timing.transfer += spent,
            Phase::Decode => self.timing.decode += spent,
        }
        self.phase_since = now;
        self.phase = if self.first_token { Phase::Decode } else { phase };
    }

    /// Counts a token that is out at `now`.
    pub(crate) fn write_token(&mut self, now: Instant) {
        self.write_tokens(1, now, now);
    }

    /// Counts tokens of which the first is out at `first` and the last at `last`.
    pub(crate) fn write_tokens(&mut self, tokens: u64, first: Instant, last: Instant) {
        self.written += tokens;
        if !self.first_token {
            self.first_token = true;
            self.timing.time_to_first_token = first.since(self.submitted_at);
        }
        self.enter(last, Phase::Decode);
    }

    /// Where the time went until the last change of phase or token.
    ///
    /// # Panics
    /// When the parts do not sum to the time since the submission: a defect of this program.
    pub(crate) fn timing(&self) -> ChatTiming {
        let whole: Span = self.phase_since.since(self.submitted_at);
        assert_eq!(self.timing.end_to_end(), whole, "a chat's parts sum to its time");
        self.timing
    }
}
