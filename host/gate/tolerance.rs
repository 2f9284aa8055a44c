//! How much worse a change may be.

use timeslip_timeline::time::Span;

use crate::attribute::words;
use crate::verdict::{ChangeCost, ChangeKind};

/// How much worse a change may be before it fails the gate.
///
/// A run repeats exactly, so whatever is worse by one nanosecond is worse for a cause, and fails.
/// The exception is computing: another version of a compiler moves a component's fuel by several
/// percent, with nobody's doing. An agent's computing is mostly less than a thousandth of a
/// session, which is spent waiting for machines; so one percent of the sessions' time lies far above
/// what a rebuild can do, and far below what a user of the agent would notice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// How much more time computing may take, of agents and inside tools, for each change: a share
    /// of the end-to-end time of all sessions before, from 0 to 1.
    pub computing_share: f64,
}

impl Default for Tolerance {
    fn default() -> Tolerance {
        Tolerance { computing_share: 0.01 }
    }
}

/// Dollars are written in billionths, so what is less than this for each chat is rounding.
const USD_NOISE_PER_CALL: f64 = 1e-9;

/// What a change is held against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judged<'a> {
    pub(crate) kind: ChangeKind,
    pub(crate) cost: &'a ChangeCost,
    /// Whether something that went well before fails now.
    pub(crate) became_failure: bool,
    /// End-to-end time of all sessions before.
    pub(crate) total_before_ns: u64,
    /// Chats of the run.
    pub(crate) model_calls: u64,
}

impl Tolerance {
    /// Whether a change fails, and the reason in one line.
    pub(crate) fn judge(&self, change: Judged<'_>) -> (bool, String) {
        let cost = change.cost;
        let mut worse = worse_in(cost, change.model_calls);
        if change.became_failure {
            worse.insert(0, "what succeeded before fails now".to_owned());
        }
        if worse.is_empty() {
            let better = cost.time_ns < 0;
            let reason = if better { "it saves time" } else { "it costs nothing" };
            return (false, reason.to_owned());
        }
        let is_computing = matches!(change.kind, ChangeKind::Computing | ChangeKind::Tool);
        if !is_computing {
            return (true, worse.join(", "));
        }
        let allowed = self.computing_share * change.total_before_ns as f64;
        let took = Span::from_nanos(cost.time_ns.max(0).unsigned_abs());
        let share = percent(took.as_nanos(), change.total_before_ns);
        let within = took.as_nanos() as f64 <= allowed;
        let stands = if within { "within" } else { "over" };
        let limit = self.computing_share * 100.0;
        let what = match change.kind {
            ChangeKind::Computing => "computing alone",
            _ => "a tool's time alone",
        };
        let reason =
            format!("{what}, {share} of the end-to-end time, {stands} the tolerance of {limit} %");
        (!within, reason)
    }
}

/// In what a change is worse, a few words each.
fn worse_in(cost: &ChangeCost, model_calls: u64) -> Vec<String> {
    let mut worse = Vec::new();
    if cost.time_ns > 0 {
        worse.push(format!("{} more time", Span::from_nanos(cost.time_ns.unsigned_abs())));
    }
    let counts = [
        (cost.model_calls, "model call"),
        (cost.tool_calls, "tool call"),
        (cost.input_tokens, "input token"),
        (cost.output_tokens, "output token"),
    ];
    for (count, what) in counts.into_iter().filter(|(count, _)| *count > 0) {
        worse.push(words::counted(count.unsigned_abs(), &format!("more {what}")));
    }
    let noise = USD_NOISE_PER_CALL * (model_calls + 1) as f64;
    if let Some(usd) = cost.usd.filter(|usd| *usd > noise) {
        worse.push(format!("{usd:.6} US dollars more"));
    }
    worse
}

/// A part of a whole as a person reads it.
fn percent(part: u64, whole: u64) -> String {
    if part == 0 {
        return "0 %".to_owned();
    }
    let percent = part as f64 / whole.max(1) as f64 * 100.0;
    match percent {
        small if small < 0.005 => "less than 0.01 %".to_owned(),
        large if large >= 99.5 => format!("{large:.0} %"),
        other => format!("{other:.2} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(kind: ChangeKind, cost: ChangeCost) -> (bool, String) {
        let judged = Judged {
            kind,
            cost: &cost,
            became_failure: false,
            total_before_ns: 1_000_000_000,
            model_calls: 10,
        };
        Tolerance::default().judge(judged)
    }

    #[test]
    fn whatever_is_worse_fails_and_says_in_what() {
        let cost = ChangeCost { time_ns: 1, model_calls: 1, ..ChangeCost::default() };
        let expected = (true, "1 ns more time, 1 more model call".to_owned());
        assert_eq!(judge(ChangeKind::StepAdded, cost), expected);
        let cost = ChangeCost { input_tokens: 500, time_ns: -3, ..ChangeCost::default() };
        assert_eq!(judge(ChangeKind::Prompt, cost), (true, "500 more input tokens".to_owned()));
        let cost = ChangeCost { time_ns: -3, ..ChangeCost::default() };
        assert_eq!(judge(ChangeKind::Reply, cost), (false, "it saves time".to_owned()));
        assert!(!judge(ChangeKind::Conditions, ChangeCost::default()).0);
    }

    #[test]
    fn dollars_fail_above_their_rounding() {
        let usd = |usd| ChangeCost { usd: Some(usd), ..ChangeCost::default() };
        assert!(!judge(ChangeKind::Order, usd(1.1e-8)).0);
        assert!(judge(ChangeKind::Order, usd(1.2e-8)).0);
    }

    #[test]
    fn computing_may_take_its_share_and_no_more() {
        let cost = |time_ns| ChangeCost { time_ns, ..ChangeCost::default() };
        let (fails, reason) = judge(ChangeKind::Computing, cost(200_000));
        assert!(!fails);
        let expected =
            "computing alone, 0.02 % of the end-to-end time, within the tolerance of 1 %";
        assert_eq!(reason, expected);
        assert!(!judge(ChangeKind::Tool, cost(10_000_000)).0);
        assert!(judge(ChangeKind::Tool, cost(10_000_001)).0);
        assert!(judge(ChangeKind::Waiting, cost(1)).0);
    }

    #[test]
    fn a_failure_fails_though_it_costs_nothing() {
        let judged = Judged {
            kind: ChangeKind::Outcome,
            cost: &ChangeCost::default(),
            became_failure: true,
            total_before_ns: 1,
            model_calls: 0,
        };
        let expected = (true, "what succeeded before fails now".to_owned());
        assert_eq!(Tolerance::default().judge(judged), expected);
    }
}
