//! Which of several machines a chat goes to.
//!
//! A chat goes to a machine that serves its model. Where several do, a tier narrows them down, and
//! what the machines expect of the chat decides among the rest: its time, its cost, and what the
//! session's deadline and budget leave of both. A reply's true length plays no part, since nobody
//! knows it before it is written.

use std::sync::Arc;

use crate::time::Span;

/// How the chats of a run find their machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routing {
    /// What decides among machines that serve the same model.
    pub policy: RoutePolicy,
    /// The tier of chats whose request and task name none.
    pub default_tier: Option<Arc<str>>,
    /// Tokens that a reply is expected to have where the request sets no limit; at least 1.
    pub expected_output_tokens: u64,
}

impl Default for Routing {
    /// By the model's name alone.
    fn default() -> Routing {
        Routing {
            policy: RoutePolicy::ByModel,
            default_tier: None,
            expected_output_tokens: EXPECTED_OUTPUT_TOKENS,
        }
    }
}

/// Tokens that a reply is expected to have unless a run says otherwise: the median of an agent's
/// replies in Artificial Analysis' AgentPerf.
pub const EXPECTED_OUTPUT_TOKENS: u64 = 150;

/// What decides among machines that serve the same model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RoutePolicy {
    /// The first of them serves; tiers are not read.
    #[default]
    ByModel,
    /// The one of the chat's tier; among several, the one that is expected to be done first.
    ByTier,
    /// The cheapest that is expected to be done within the session's deadline; else the fastest
    /// whose expected cost is within the session's budget; else the cheapest.
    ByDeadlineAndBudget,
}

/// Why a chat went to its machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// The tier of the machine, if it stands in one.
    pub tier: Option<Arc<str>>,
    /// What decided.
    pub reason: RouteReason,
    /// The machines among which it was chosen, in the order of the run; empty where only one came
    /// into question.
    pub considered: Vec<Considered>,
}

/// What decided on a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteReason {
    /// It serves the model, in no tier; of several, it was expected to be done first.
    ByModel,
    /// It stands in the chat's tier; of several, it was expected to be done first.
    ByTier,
    /// It was the cheapest that was expected to be done within the session's deadline.
    CheapestInTime,
    /// None would have been done in time, and it was the fastest within the session's budget.
    FastestInBudget,
    /// None would have been done in time or within the budget, and it was the cheapest.
    Cheapest,
}

/// What a machine was expected to make of a chat.
#[derive(Clone, Debug, PartialEq)]
pub struct Considered {
    /// The machine.
    pub machine: Arc<str>,
    /// From the request to the last token; `None` when the machine cannot say.
    pub expected: Option<Span>,
    /// Dollars; `None` when the machine cannot say.
    pub expected_cost_usd: Option<f64>,
}

/// What a session has left; absent is unlimited.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Left {
    pub(crate) time: Option<Span>,
    pub(crate) usd: Option<f64>,
}

/// The place of the machine that is expected to be done first; of equals, the first. A machine that
/// cannot say comes last.
pub(crate) fn fastest(considered: &[Considered]) -> usize {
    fastest_of(considered, |_| true).unwrap_or(0)
}

/// The place of the machine that deadline and budget call for, and which of the rules did.
pub(crate) fn within(considered: &[Considered], left: Left) -> (usize, RouteReason) {
    let in_time = |one: &Considered| {
        left.time.is_none_or(|left| one.expected.is_some_and(|time| time <= left))
    };
    let in_budget = |one: &Considered| {
        left.usd.is_none_or(|left| one.expected_cost_usd.is_some_and(|usd| usd <= left))
    };
    if let Some(place) = cheapest_of(considered, in_time) {
        return (place, RouteReason::CheapestInTime);
    }
    if let Some(place) = fastest_of(considered, in_budget) {
        return (place, RouteReason::FastestInBudget);
    }
    (cheapest_of(considered, |_| true).unwrap_or(0), RouteReason::Cheapest)
}

fn fastest_of(considered: &[Considered], fits: impl Fn(&Considered) -> bool) -> Option<usize> {
    let time = |one: &Considered| one.expected.map_or(u64::MAX, Span::as_nanos);
    let fitting = considered.iter().enumerate().filter(|(_, one)| fits(one));
    fitting.min_by_key(|(_, one)| time(one)).map(|(place, _)| place)
}

fn cheapest_of(considered: &[Considered], fits: impl Fn(&Considered) -> bool) -> Option<usize> {
    let usd = |one: &Considered| one.expected_cost_usd.unwrap_or(f64::INFINITY);
    let fitting = considered.iter().enumerate().filter(|(_, one)| fits(one));
    fitting.min_by(|(_, a), (_, b)| usd(a).total_cmp(&usd(b))).map(|(place, _)| place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn considered(offers: &[(Option<u64>, Option<f64>)]) -> Vec<Considered> {
        let one = |(nanos, usd): &(Option<u64>, Option<f64>)| Considered {
            machine: "any".into(),
            expected: nanos.map(Span::from_nanos),
            expected_cost_usd: *usd,
        };
        offers.iter().map(one).collect()
    }

    fn left(nanos: Option<u64>, usd: Option<f64>) -> Left {
        Left { time: nanos.map(Span::from_nanos), usd }
    }

    #[test]
    fn deadline_then_budget_then_the_least_cost() {
        let offers =
            considered(&[(Some(10), Some(9.0)), (Some(50), Some(2.0)), (Some(90), Some(1.0))]);
        let chosen = |time, usd| within(&offers, left(time, usd));
        assert_eq!(chosen(None, None), (2, RouteReason::CheapestInTime));
        assert_eq!(chosen(Some(60), None), (1, RouteReason::CheapestInTime));
        assert_eq!(chosen(Some(20), Some(3.0)), (0, RouteReason::CheapestInTime));
        assert_eq!(chosen(Some(5), None), (0, RouteReason::FastestInBudget));
        assert_eq!(chosen(Some(5), Some(3.0)), (1, RouteReason::FastestInBudget));
        assert_eq!(chosen(Some(5), Some(0.5)), (2, RouteReason::Cheapest));
    }

    #[test]
    fn a_machine_that_cannot_say_comes_last_and_fits_no_limit() {
        let offers = considered(&[(None, None), (Some(90), Some(1.0))]);
        assert_eq!(fastest(&offers), 1);
        assert_eq!(within(&offers, left(None, None)).0, 1);
        let both_silent = considered(&[(None, None), (None, None)]);
        assert_eq!(fastest(&both_silent), 0);
        assert_eq!(within(&both_silent, left(Some(5), Some(1.0))), (0, RouteReason::Cheapest));
    }
}
