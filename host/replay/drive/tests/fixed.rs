//! Machines whose every answer is known.

use std::collections::BTreeSet;

use timeslip_timeline::backend::{
    Backend, CallId, ChatTiming, Completion, CompletionEvent, MachineTotals, Served, Submission,
};
use timeslip_timeline::conversation::{ModelError, Usage};
use timeslip_timeline::time::{Instant, Span};

/// A call takes so many milliseconds until its first token, less one token, and so many for each.
pub(super) struct FixedLatency {
    pub(super) first_ms: u64,
    pub(super) token_ms: u64,
    /// Beyond this many calls it turns away.
    pub(super) at_once_max: usize,
    /// Beyond this many tokens of a prompt it fails.
    pub(super) input_max: u64,
    pub(super) waiting: BTreeSet<(Instant, u64)>,
    pub(super) answers: std::collections::BTreeMap<u64, CompletionEvent>,
    /// Nothing may be submitted before it.
    pub(super) passed: Instant,
}

impl FixedLatency {
    pub(super) fn new(first_ms: u64, token_ms: u64) -> FixedLatency {
        FixedLatency {
            first_ms,
            token_ms,
            at_once_max: usize::MAX,
            input_max: u64::MAX,
            waiting: BTreeSet::new(),
            answers: Default::default(),
            passed: Instant::ZERO,
        }
    }
}

impl Backend for FixedLatency {
    fn submit(&mut self, at: Instant, call: CallId, work: Submission) {
        assert!(at >= self.passed, "{call:?} comes in the machine's past");
        let tokens = work.tokens.expect("a replay plans its tokens");
        let written = (1..).find(|written| tokens.reply.is_reached_by(*written)).expect("an end");
        let first = Span::from_millis(self.first_ms + self.token_ms);
        let decode = Span::from_millis(self.token_ms * (written - 1));
        let served = |usage| Served {
            usage,
            timing: ChatTiming {
                queue: Span::ZERO,
                prefill: first,
                transfer: Span::ZERO,
                decode,
                time_to_first_token: first,
            },
            energy_j: Some(1.0),
            cost_usd: None,
            words: None,
            observed: None,
        };
        let (ends, event) = match tokens.input_tokens {
            input if input > self.input_max => {
                (at, CompletionEvent::Failed(ModelError::ContextTooLong("long".to_owned()).into()))
            }
            _ if self.waiting.len() >= self.at_once_max => {
                (at, CompletionEvent::Failed(ModelError::Unavailable("full".to_owned()).into()))
            }
            input_tokens => {
                let usage = Usage { input_tokens, cached_input_tokens: 0, output_tokens: written };
                (at + first + decode, CompletionEvent::Served(served(usage)))
            }
        };
        self.waiting.insert((ends, call.0));
        let before = self.answers.insert(call.0, event);
        assert!(before.is_none(), "a call's number is used once");
    }

    fn cancel(&mut self, _: Instant, call: CallId) {
        self.waiting.retain(|(_, waiting)| *waiting != call.0);
        self.answers.remove(&call.0);
    }

    fn next_event_at(&self) -> Option<Instant> {
        self.waiting.first().map(|(at, _)| *at)
    }

    fn next(&mut self, deadline: Option<Instant>) -> Option<Completion> {
        let (at, call) = match self.waiting.first().copied() {
            Some((at, call)) if deadline.is_none_or(|deadline| at <= deadline) => (at, call),
            _ => {
                self.passed = self.passed.max(deadline.unwrap_or(self.passed));
                return None;
            }
        };
        self.waiting.pop_first();
        self.passed = self.passed.max(at);
        let event = self.answers.remove(&call).expect("one answer for each call");
        Some(Completion { at, call: CallId(call), event })
    }

    fn totals(&self, _: Instant) -> MachineTotals {
        MachineTotals::default()
    }
}

/// A machine that never answers.
pub(super) struct Silent;

impl Backend for Silent {
    fn submit(&mut self, _: Instant, _: CallId, _: Submission) {}

    fn cancel(&mut self, _: Instant, _: CallId) {}

    fn next_event_at(&self) -> Option<Instant> {
        None
    }

    fn next(&mut self, _: Option<Instant>) -> Option<Completion> {
        None
    }

    fn totals(&self, _: Instant) -> MachineTotals {
        MachineTotals::default()
    }
}

/// A machine that claims, up to an instant, that it might complete something at each millisecond.
pub(super) struct Ticking {
    pub(super) machine: FixedLatency,
    pub(super) until: Instant,
}

impl Backend for Ticking {
    fn submit(&mut self, at: Instant, call: CallId, work: Submission) {
        self.machine.submit(at, call, work);
    }

    fn cancel(&mut self, at: Instant, call: CallId) {
        self.machine.cancel(at, call);
    }

    fn next_event_at(&self) -> Option<Instant> {
        let tick = Some(self.machine.passed + Span::from_millis(1));
        let tick = tick.filter(|tick| *tick <= self.until);
        self.machine.next_event_at().into_iter().chain(tick).min()
    }

    fn next(&mut self, deadline: Option<Instant>) -> Option<Completion> {
        self.machine.next(deadline)
    }

    fn totals(&self, at: Instant) -> MachineTotals {
        self.machine.totals(at)
    }
}
