//! The sums of a run, recorded or re-timed, and what lies between two of them.

use timeslip_timeline::time::Instant;

use super::journal::{Journal, Work};
use super::retime::{Became, Retimed};
use crate::slip::Slip;
use crate::step::Step;
use crate::summary::{DOLLAR_STEPS, JOULE_STEPS, to_grid};
use crate::verdict::ChangeCost;

/// The sums of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Totals {
    /// End-to-end time of all sessions.
    pub(super) time_ns: i128,
    model_calls: i64,
    tool_calls: i64,
    input_tokens: u64,
    cached_input_tokens: u64,
    output_tokens: u64,
    /// `None` as soon as one reply's are unknown, as in a slip's summary.
    usd: Sum,
    joules: Sum,
}

/// A sum that is unknown when a part of it is.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Sum(Option<f64>);

impl Default for Sum {
    fn default() -> Sum {
        Sum(Some(0.0))
    }
}

impl Sum {
    fn add(&mut self, part: Option<f64>, is_needed: bool) {
        self.0 = match (self.0, part) {
            (Some(sum), Some(part)) => Some(sum + part),
            (sum, None) if !is_needed => sum,
            _ => None,
        };
    }

    fn less(self, other: Sum, steps: f64) -> Option<f64> {
        self.0.zip(other.0).map(|(more, less)| to_grid(more - less, steps))
    }
}

impl Totals {
    /// The sums that a slip records.
    pub(super) fn recorded(slip: &Slip) -> Totals {
        let mut totals = Totals::default();
        for session in &slip.sessions {
            // No run lasts longer than its clock, whatever a file says.
            totals.time_ns += i128::from(session.e2e_ns.min(Instant::END.as_nanos()));
            for step in &session.steps {
                match step {
                    Step::Chat(chat) => {
                        totals.model_calls += 1;
                        let tokens =
                            [chat.input_tokens, chat.cached_input_tokens, chat.output_tokens];
                        totals.add_tokens(tokens);
                        totals.usd.add(chat.cost_usd, chat.is_answered());
                        totals.joules.add(chat.energy_j, chat.is_answered());
                    }
                    Step::Tool(_) => totals.tool_calls += 1,
                    Step::User(_) | Step::Sleep(_) => {}
                }
            }
        }
        totals
    }

    /// The sums of a journal with its times.
    pub(super) fn of(journal: &Journal, times: &Retimed) -> Totals {
        let mut totals = Totals::default();
        for (session, times) in journal.sessions.iter().zip(&times.sessions) {
            totals.time_ns += i128::from(times.ended_at.since(times.began_at).as_nanos());
            for (step, became) in session.steps.iter().zip(&times.steps) {
                let recorded = &step.recorded;
                if !matches!(became, Became::Nothing) {
                    totals.model_calls += recorded.model_calls;
                    totals.tool_calls += recorded.tool_calls;
                }
                match became {
                    Became::Nothing => {}
                    // A reply that never came has no figures, whatever it had in its own run.
                    Became::Begun if matches!(step.work, Work::Chat(_)) => {}
                    Became::Begun => {
                        totals.add_tokens([
                            recorded.input_tokens,
                            recorded.cached_input_tokens,
                            recorded.output_tokens,
                        ]);
                        totals.usd.add(recorded.usd, false);
                        totals.joules.add(recorded.joules, false);
                    }
                    Became::Served(served) => {
                        let usage = &served.usage;
                        totals.add_tokens([
                            usage.input_tokens,
                            usage.cached_input_tokens,
                            usage.output_tokens,
                        ]);
                        // As a slip writes them, so that a run timed again has the sums of its slip.
                        totals.usd.add(served.cost_usd.map(|usd| to_grid(usd, DOLLAR_STEPS)), true);
                        totals
                            .joules
                            .add(served.energy_j.map(|joules| to_grid(joules, JOULE_STEPS)), true);
                    }
                }
            }
        }
        totals
    }

    fn add_tokens(&mut self, [input, cached, output]: [u64; 3]) {
        self.input_tokens = self.input_tokens.saturating_add(input);
        self.cached_input_tokens = self.cached_input_tokens.saturating_add(cached);
        self.output_tokens = self.output_tokens.saturating_add(output);
    }

    /// What this has more than `other`.
    pub(super) fn less(&self, other: &Totals) -> ChangeCost {
        let tokens = |more: u64, less: u64| more.wrapping_sub(less) as i64;
        ChangeCost {
            time_ns: clamped(self.time_ns - other.time_ns),
            model_calls: self.model_calls - other.model_calls,
            tool_calls: self.tool_calls - other.tool_calls,
            input_tokens: tokens(self.input_tokens, other.input_tokens),
            cached_input_tokens: tokens(self.cached_input_tokens, other.cached_input_tokens),
            output_tokens: tokens(self.output_tokens, other.output_tokens),
            usd: self.usd.less(other.usd, DOLLAR_STEPS),
            joules: self.joules.less(other.joules, JOULE_STEPS),
        }
    }
}

/// The sum of two costs; a figure that one lacks is the other's.
pub(super) fn sum(first: ChangeCost, second: ChangeCost) -> ChangeCost {
    let known = |first: Option<f64>, second: Option<f64>, steps: f64| match (first, second) {
        (Some(first), Some(second)) => Some(to_grid(first + second, steps)),
        (first, second) => first.or(second),
    };
    ChangeCost {
        time_ns: first.time_ns.saturating_add(second.time_ns),
        model_calls: first.model_calls + second.model_calls,
        tool_calls: first.tool_calls + second.tool_calls,
        input_tokens: first.input_tokens.wrapping_add(second.input_tokens),
        cached_input_tokens: first.cached_input_tokens.wrapping_add(second.cached_input_tokens),
        output_tokens: first.output_tokens.wrapping_add(second.output_tokens),
        usd: known(first.usd, second.usd, DOLLAR_STEPS),
        joules: known(first.joules, second.joules, JOULE_STEPS),
    }
}

/// A difference of times as a verdict writes it: 292 years at the most.
pub(super) fn clamped(nanos: i128) -> i64 {
    i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
}
