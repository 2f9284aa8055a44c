//! One chat inside a modelled machine.

use timeslip_timeline::backend::{ChatTiming, ReplyLength, ReplyPart};
use timeslip_timeline::conversation::ModelError;
use timeslip_timeline::time::{Instant, Span};

use super::chain::Chain;
use super::memory::Held;

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
    /// In the queue of its first group.
    Waiting,
    /// In the batch of its first group.
    Running,
    /// Read, its KV in the first group, waiting for memory in the decode group.
    Parked,
    /// Its KV on the link.
    Moving,
    /// In the batch of the decode group.
    Writing,
}

/// One chat.
#[derive(Clone, Debug)]
pub(crate) struct Call {
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
    pub(crate) place: Place,
    /// The group that reads, and in a pool of role `all` also writes.
    pub(crate) first_group: usize,
    pub(crate) first_held: Held,
    /// The group that writes, where pools are split.
    pub(crate) decode_group: Option<usize>,
    pub(crate) decode_held: Held,
    /// Numbers its transfers, since one that was overtaken by a preemption counts for nothing.
    pub(crate) transfer: u64,
    pub(crate) energy_j: f64,
    pub(crate) cost_usd: f64,
    submitted_at: Instant,
    phase: Phase,
    phase_since: Instant,
    timing: ChatTiming,
    first_token: bool,
}

impl Call {
    pub(crate) fn new(at: Instant, input_tokens: u64, reply: ReplyLength, stream: bool) -> Call {
        Call {
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
            place: Place::FrontEnd,
            first_group: 0,
            first_held: Held::default(),
            decode_group: None,
            decode_held: Held::default(),
            transfer: 0,
            energy_j: 0.0,
            cost_usd: 0.0,
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
        self.written += 1;
        if !self.first_token {
            self.first_token = true;
            self.timing.time_to_first_token = now.since(self.submitted_at);
        }
        self.enter(now, Phase::Decode);
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
