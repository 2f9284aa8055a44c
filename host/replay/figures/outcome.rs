//! The result of a replay.

use std::collections::BTreeMap;

use timeslip_gate::summary::{Distribution, Summary};
use timeslip_timeline::backend::{ChatTiming, MachineTotals};
use timeslip_timeline::time::{Instant, Span};

/// The result of a replay.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayOutcome {
    /// The figures of the run, as a slip's summary defines them. Of sessions that end in failure
    /// only the calls with a reply have tokens. Time in which a session of a trace, or a made-up
    /// one, waits for its next call stands under `sleep`, since nothing says what it does.
    pub summary: Summary,
    /// What a load is judged by besides.
    pub load: LoadFigures,
    /// The machines' totals, in their order.
    pub machines: Vec<MachineTotals>,
    /// What a person should know of the result.
    pub notes: Vec<String>,
    /// What became of each call, in the order in which they were made; none unless asked for.
    pub rows: Vec<CallRow>,
}

/// What a load is judged by besides a run's summary. Seconds are those of the virtual clock, from
/// the first session's start to the last one's end; a figure over no time is `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadFigures {
    /// What became of the calls.
    pub calls: CallCounts,
    /// Complete replies a second.
    pub requests_per_second: Option<f64>,
    /// Tokens of complete replies a second.
    pub output_tokens_per_second: Option<f64>,
    /// Replies that met all objectives; `None` without objectives.
    pub good_requests: Option<u64>,
    /// Replies a second that met all objectives; `None` without objectives.
    pub goodput_per_second: Option<f64>,
    /// The part of the prompts' tokens that a cache served, from 0 to 1.
    pub cached_share: Option<f64>,
    /// The most calls that were under way at one instant.
    pub calls_at_once_max: u64,
    /// Waiting for the machine, over the calls with a reply.
    pub queue_ns: Option<Distribution<u64>>,
    /// From the request to the last token, over the calls with a reply.
    pub request_e2e_ns: Option<Distribution<u64>>,
}

/// What became of the calls: submitted = completed + rejected + timed out + failed + given up +
/// unfinished.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallCounts {
    /// All that reached a machine.
    pub submitted: u64,
    /// Those with a complete reply.
    pub completed: u64,
    /// Those that a machine turned away because it is overloaded or broken.
    pub rejected: u64,
    /// Those that took longer than the timeout.
    pub timed_out: u64,
    /// Those that a machine cannot serve for another reason.
    pub failed: u64,
    /// Those that an agent no longer waited for, as in the slip, or because its session ended.
    pub given_up: u64,
    /// Those still under way when nothing more was due.
    pub unfinished: u64,
    /// Errors by their kind, of those rejected and failed: `unavailable`, `context_too_long`, …
    pub errors: BTreeMap<&'static str, u64>,
}

/// What a call must meet to count as good; what is absent asks for nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Objectives {
    /// The longest time to the first token.
    pub time_to_first_token: Option<Span>,
    /// The longest inter-token latency; a reply without a second token meets it.
    pub inter_token_latency: Option<Span>,
    /// The longest time to the last token.
    pub end_to_end: Option<Span>,
}

impl Objectives {
    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Objectives::default()
    }

    /// Whether a reply with these times in nanoseconds meets all of them.
    pub(super) fn are_met_by(&self, first_token: u64, inter_token: Option<u64>, all: u64) -> bool {
        let within = |limit: Option<Span>, nanos: u64| limit.is_none_or(|l| nanos <= l.as_nanos());
        within(self.time_to_first_token, first_token)
            && within(self.inter_token_latency, inter_token.unwrap_or(0))
            && within(self.end_to_end, all)
    }
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CallRow {
    /// The session, in the order in which they start.
    pub session: u32,
    /// The call's place in its session; in a slip's session the place of its step.
    pub place: u32,
    /// The machine's place among the machines.
    pub machine: u32,
    /// When it was made.
    pub at: Instant,
    /// Tokens of the prompt.
    pub input_tokens: u64,
    /// Of those, served by a cache.
    pub cached_input_tokens: u64,
    /// Tokens of the reply.
    pub output_tokens: u64,
    /// Where its time went; without a reply all of it is in `queue`.
    pub timing: ChatTiming,
    /// How it ended.
    pub end: CallEnd,
    /// Joules; unknown without a reply, or where the profile lacks power.
    pub energy_j: Option<f64>,
    /// Dollars; unknown without a reply, or where the profile lacks a price.
    pub cost_usd: Option<f64>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallEnd {
    /// With a complete reply.
    Completed,
    /// The machine turned it away.
    Rejected,
    /// It took too long.
    TimedOut,
    /// The machine cannot serve it.
    Failed,
    /// Nobody waited for it any more.
    GivenUp,
    /// It had not ended when nothing more was due.
    Unfinished,
}

impl CallEnd {
    /// The word that stands for it in results.
    pub fn word(self) -> &'static str {
        match self {
            CallEnd::Completed => "completed",
            CallEnd::Rejected => "rejected",
            CallEnd::TimedOut => "timed_out",
            CallEnd::Failed => "failed",
            CallEnd::GivenUp => "given_up",
            CallEnd::Unfinished => "unfinished",
        }
    }
}
