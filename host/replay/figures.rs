//! What a replay leaves behind: the figures of a run, as a slip's summary defines them, and those
//! that a load is judged by.
//!
//! Distributions are exact: each metric keeps one number a call, 8 bytes, and is sorted once.

mod outcome;

use timeslip_gate::slip::TimeShareNs;
use timeslip_gate::step::AfterFirstToken;
use timeslip_gate::summary::{
    Band, DOLLAR_STEPS, Distribution, ErrorFactors, JOULE_STEPS, Summary, to_grid,
};
use timeslip_timeline::backend::{CallId, ChatTiming, MachineTotals, Served};
use timeslip_timeline::conversation::ModelError;
use timeslip_timeline::time::{Instant, Span};

use crate::drive::{ReplayOptions, UnderWay};

pub use outcome::{CallCounts, CallEnd, CallRow, LoadFigures, Objectives, ReplayOutcome};

/// The figures of a replay under way.
#[derive(Debug)]
pub(crate) struct Figures {
    objectives: Objectives,
    target_tokens_per_second: u32,
    errors: Vec<ErrorFactors>,
    counts: CallCounts,
    calls_at_once_max: u64,
    good: u64,
    at_target: u64,
    tool_calls: u64,
    input_tokens: u64,
    cached_input_tokens: u64,
    output_tokens: u64,
    queue_ns: Vec<u64>,
    first_token_ns: Vec<u64>,
    inter_token_ns: Vec<u64>,
    tokens_per_second: Vec<f64>,
    call_ns: Vec<u64>,
    session_ns: Vec<u64>,
    succeeded: u64,
    failed: u64,
    began_at: Option<Instant>,
    ended_at: Instant,
    shares: TimeShareNs,
    energy: Total,
    cost: Total,
    /// By the numbers of the calls; `None` where they are not kept.
    rows: Option<Vec<CallRow>>,
}

impl Figures {
    pub(crate) fn new(options: &ReplayOptions, errors: Vec<ErrorFactors>) -> Figures {
        Figures {
            objectives: options.objectives,
            target_tokens_per_second: options.target_tokens_per_second,
            errors,
            counts: CallCounts::default(),
            calls_at_once_max: 0,
            good: 0,
            at_target: 0,
            tool_calls: 0,
            input_tokens: 0,
            cached_input_tokens: 0,
            output_tokens: 0,
            queue_ns: Vec::new(),
            first_token_ns: Vec::new(),
            inter_token_ns: Vec::new(),
            tokens_per_second: Vec::new(),
            call_ns: Vec::new(),
            session_ns: Vec::new(),
            succeeded: 0,
            failed: 0,
            began_at: None,
            ended_at: Instant::ZERO,
            shares: TimeShareNs::default(),
            energy: Total::default(),
            cost: Total::default(),
            rows: options.keep_rows.then(Vec::new),
        }
    }

    pub(crate) fn session_began(&mut self, at: Instant) {
        self.began_at.get_or_insert(at);
    }

    pub(crate) fn session_ended(&mut self, began_at: Instant, at: Instant, succeeded: bool) {
        *(if succeeded { &mut self.succeeded } else { &mut self.failed }) += 1;
        self.session_ns.push(at.since(began_at).as_nanos());
        self.ended_at = self.ended_at.max(at);
    }

    pub(crate) fn tool_called(&mut self) {
        self.tool_calls += 1;
    }

    /// Time that a session waits for what no machine serves.
    pub(crate) fn add_wait(&mut self, span: Span) {
        add(&mut self.shares.sleep, span.as_nanos());
    }

    /// Time of a chat that its session waited for.
    pub(crate) fn add_timing(&mut self, timing: &ChatTiming) {
        add(&mut self.shares.queue, timing.queue.as_nanos());
        add(&mut self.shares.prefill, timing.prefill.as_nanos());
        add(&mut self.shares.transfer, timing.transfer.as_nanos());
        add(&mut self.shares.decode, timing.decode.as_nanos());
    }

    pub(crate) fn add_shares(&mut self, shares: &TimeShareNs) {
        let own = &mut self.shares;
        add(&mut own.queue, shares.queue);
        add(&mut own.prefill, shares.prefill);
        add(&mut own.transfer, shares.transfer);
        add(&mut own.decode, shares.decode);
        add(&mut own.tool, shares.tool);
        add(&mut own.agent, shares.agent);
        add(&mut own.user, shares.user);
        add(&mut own.sleep, shares.sleep);
    }

    pub(crate) fn submitted(&mut self, call: &UnderWay, input_tokens: u64, under_way: u64) {
        self.counts.submitted += 1;
        self.calls_at_once_max = self.calls_at_once_max.max(under_way);
        if let Some(rows) = &mut self.rows {
            rows.push(CallRow {
                session: call.session.number,
                place: call.place,
                machine: call.machine,
                at: call.at,
                input_tokens,
                cached_input_tokens: 0,
                output_tokens: 0,
                timing: ChatTiming::default(),
                end: CallEnd::Unfinished,
                energy_j: None,
                cost_usd: None,
            });
        }
    }

    pub(crate) fn served(&mut self, id: CallId, call: &UnderWay, served: &Served) {
        self.counts.completed += 1;
        let (usage, timing) = (served.usage, served.timing);
        add(&mut self.input_tokens, usage.input_tokens);
        add(&mut self.cached_input_tokens, usage.cached_input_tokens);
        add(&mut self.output_tokens, usage.output_tokens);
        let first_token = timing.time_to_first_token.as_nanos();
        let whole = timing.end_to_end().as_nanos();
        self.queue_ns.push(timing.queue.as_nanos());
        self.first_token_ns.push(first_token);
        self.call_ns.push(whole);
        let after = AfterFirstToken::of(whole, first_token, usage.output_tokens);
        if let Some(after) = after {
            let rate = after.tokens_per_second();
            self.at_target += u64::from(rate >= f64::from(self.target_tokens_per_second));
            self.inter_token_ns.push(after.inter_token_latency_ns());
            self.tokens_per_second.push(rate);
        }
        let inter_token = after.map(AfterFirstToken::inter_token_latency_ns);
        self.good += u64::from(self.objectives.are_met_by(first_token, inter_token, whole));
        let errors = &self.errors[call.machine as usize];
        let joules = served.energy_j.map(|joules| to_grid(joules, JOULE_STEPS));
        let dollars = served.cost_usd.map(|dollars| to_grid(dollars, DOLLAR_STEPS));
        self.energy.add(joules, errors.energy);
        self.cost.add(dollars, errors.cost);
        if let Some(row) = self.row(id) {
            row.input_tokens = usage.input_tokens;
            row.cached_input_tokens = usage.cached_input_tokens;
            row.output_tokens = usage.output_tokens;
            row.timing = timing;
            row.end = CallEnd::Completed;
            row.energy_j = joules;
            row.cost_usd = dollars;
        }
    }

    /// A machine answered a call with an error.
    pub(crate) fn failed(&mut self, id: CallId, call: &UnderWay, now: Instant, why: &ModelError) {
        let end = match why {
            ModelError::Unavailable(_) => CallEnd::Rejected,
            _ => CallEnd::Failed,
        };
        *self.counts.errors.entry(kind(why)).or_insert(0) += 1;
        self.ended(id, call, now, end);
    }

    /// A call ended without a reply.
    pub(crate) fn ended(&mut self, id: CallId, call: &UnderWay, now: Instant, end: CallEnd) {
        let count = match end {
            CallEnd::Rejected => &mut self.counts.rejected,
            CallEnd::TimedOut => &mut self.counts.timed_out,
            CallEnd::GivenUp => &mut self.counts.given_up,
            CallEnd::Completed | CallEnd::Failed | CallEnd::Unfinished => &mut self.counts.failed,
        };
        *count += 1;
        if let Some(row) = self.row(id) {
            let waited = now.since(call.at);
            let timing = ChatTiming { queue: waited, ..ChatTiming::default() };
            row.timing = ChatTiming { time_to_first_token: waited, ..timing };
            row.end = end;
        }
    }

    fn row(&mut self, id: CallId) -> Option<&mut CallRow> {
        self.rows.as_mut()?.get_mut(usize::try_from(id.0).ok()?)
    }

    /// Takes the figures of the whole replay.
    pub(crate) fn finish(
        mut self,
        unfinished_sessions: u64,
        unfinished_calls: u64,
        machines: Vec<MachineTotals>,
        mut notes: Vec<String>,
    ) -> ReplayOutcome {
        self.counts.unfinished = unfinished_calls;
        self.failed += unfinished_sessions;
        if unfinished_sessions > 0 {
            notes.push(format!(
                "{unfinished_sessions} sessions had not ended when nothing more was due, or the \
                 clock's end was reached; they count as failed"
            ));
        }
        let began_at = self.began_at.unwrap_or_default();
        let makespan = self.ended_at.max(began_at).since(began_at);
        let rows = self.rows.take().unwrap_or_default();
        let load = self.load_figures(makespan);
        let summary = self.summary(makespan, load.calls.submitted);
        ReplayOutcome { summary, load, machines, notes, rows }
    }

    fn load_figures(&mut self, makespan: Span) -> LoadFigures {
        let seconds = makespan.as_seconds_f64();
        let per_second = |count: u64| (seconds > 0.0).then(|| count as f64 / seconds);
        let cached = self.cached_input_tokens as f64 / self.input_tokens as f64;
        LoadFigures {
            requests_per_second: per_second(self.counts.completed),
            output_tokens_per_second: per_second(self.output_tokens),
            good_requests: (!self.objectives.is_empty()).then_some(self.good),
            goodput_per_second: per_second(self.good).filter(|_| !self.objectives.is_empty()),
            cached_share: (self.input_tokens > 0).then_some(cached),
            calls_at_once_max: self.calls_at_once_max,
            queue_ns: Distribution::of(std::mem::take(&mut self.queue_ns)),
            request_e2e_ns: Distribution::of(std::mem::take(&mut self.call_ns)),
            calls: std::mem::take(&mut self.counts),
        }
    }

    fn summary(self, makespan: Span, model_calls: u64) -> Summary {
        let has_rates = !self.tokens_per_second.is_empty();
        Summary {
            sessions: self.succeeded + self.failed,
            succeeded: self.succeeded,
            failed: self.failed,
            model_calls,
            tool_calls: self.tool_calls,
            input_tokens: self.input_tokens,
            cached_input_tokens: self.cached_input_tokens,
            output_tokens: self.output_tokens,
            makespan_ns: makespan.as_nanos(),
            session_e2e_ns: Distribution::of(self.session_ns),
            time_to_first_token_ns: Distribution::of(self.first_token_ns),
            inter_token_latency_ns: Distribution::of(self.inter_token_ns),
            output_token_throughput_per_user: Distribution::of_rates(self.tokens_per_second),
            target_tokens_per_second: self.target_tokens_per_second,
            model_calls_at_target: has_rates.then_some(self.at_target),
            time_share_ns: self.shares,
            energy_j: self.energy.value(JOULE_STEPS),
            energy_j_band: self.energy.band(JOULE_STEPS),
            cost_usd: self.cost.value(DOLLAR_STEPS),
            cost_usd_band: self.cost.band(DOLLAR_STEPS),
        }
    }
}

/// Adds without passing the largest number: 584 years, or as many tokens as nobody will see.
fn add(sum: &mut u64, more: u64) {
    *sum = sum.saturating_add(more);
}

/// One word for an error, as the contracts name it.
fn kind(error: &ModelError) -> &'static str {
    match error {
        ModelError::Refused(_) => "refused",
        ModelError::UnknownModel(_) => "unknown_model",
        ModelError::ContextTooLong(_) => "context_too_long",
        ModelError::OverBudget(_) => "over_budget",
        ModelError::InvalidRequest(_) => "invalid_request",
        ModelError::Unavailable(_) => "unavailable",
    }
}

/// A sum over replies, and its ends when every machine's error is known.
#[derive(Clone, Copy, Debug, Default)]
struct Total {
    value: f64,
    low: f64,
    high: f64,
    is_unknown: bool,
    has_no_band: bool,
}

impl Total {
    fn add(&mut self, part: Option<f64>, factors: Option<Band>) {
        let Some(part) = part else {
            self.is_unknown = true;
            return;
        };
        self.value += part;
        match factors {
            Some(factors) => {
                self.low += part * factors.low;
                self.high += part * factors.high;
            }
            None => self.has_no_band = true,
        }
    }

    fn value(&self, steps: f64) -> Option<f64> {
        (!self.is_unknown).then(|| to_grid(self.value, steps))
    }

    fn band(&self, steps: f64) -> Option<Band> {
        let is_known = !self.is_unknown && !self.has_no_band;
        is_known.then(|| Band { low: to_grid(self.low, steps), high: to_grid(self.high, steps) })
    }
}
