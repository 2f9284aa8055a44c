//! What changed between two runs, and what each change costs.
//!
//! The two slips are laid over each other (`align`, `lay`), and each difference is found by
//! itself (`found`, `prompts`) and put with its like (`group`). Then the differences are undone
//! one after another, and each time the whole run is timed again (`retime`): what a change costs is
//! the time of all sessions before it was undone, less the time after. With all of them undone the
//! run is the one before, so the costs sum to the difference of the two runs, exactly.

use timeslip_timeline::backend::MachineFailure;

use crate::slip::{ComponentRole, Slip};
use crate::tolerance::{Judged, Tolerance};
use crate::verdict::{ChangeCost, ChangeKind, PricedChange};
use align::Moves;
use found::Subject;
use group::Group;
use journal::Journal;
use lay::{Laid, lay};
use mixed::Mixture;
use retime::{Retimed, retime};
use totals::Totals;

pub use critical::critical_steps;
pub use retime::NamedMachine;

mod align;
mod conditions;
mod critical;
mod found;
mod group;
pub mod journal;
mod lay;
mod mixed;
mod outcome;
mod prompts;
mod retime;
mod settle;
mod totals;
mod under_way;
mod waits;
pub(crate) mod words;

/// What changed between two runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribution {
    /// The changes: the most expensive first.
    pub changes: Vec<PricedChange>,
    /// End-to-end time of all sessions, now less before, in nanoseconds: the sum of the changes'
    /// `cost.time_ns`.
    pub time_difference_ns: i64,
    /// Whether the run of now, timed again, has exactly the times of its slip. Where it has not,
    /// the costs are those of a run that is only like it, and what is left over stands under
    /// [`ChangeKind::Conditions`].
    pub exact: bool,
    /// The failure of a machine on which the run was timed again: the costs are none then.
    pub failure: Option<MachineFailure>,
}

/// The journal of a run: who waited for whom in it, as far as its instants show that.
pub fn journal_of(slip: &Slip) -> Journal {
    Mixture::of(lay(slip, slip, Moves::Paired).run).journal()
}

/// Of how many parts of the end-to-end time one is nothing that anybody would notice.
const NEGLIGIBLE_PARTS: u128 = 1_000_000;

/// Finds what changed between two runs of a bench, and what each change costs.
///
/// `machines` makes the machines of `now`, idle, each time it is called: a run is timed again from
/// its beginning, once for each change. It is not called for two slips with the same sessions on
/// the same machines, of which `exact` is then taken for granted.
///
/// # Panics
/// When the costs do not sum to the difference of the two runs, which is a defect of this program.
pub fn attribute(
    before: &Slip,
    now: &Slip,
    machines: &mut dyn FnMut() -> Vec<NamedMachine>,
    tolerance: &Tolerance,
) -> Attribution {
    if before == now {
        let (changes, failure) = (Vec::new(), None);
        return Attribution { changes, time_difference_ns: 0, exact: true, failure };
    }
    let other_machines = conditions::machines(before, now);
    let mut priced = Priced::of(before, now, Moves::Paired, machines);
    // A pair of moved steps that leaves something unexplained is no pair.
    if other_machines.is_empty() && priced.prices.rest.time_ns != 0 && priced.laid.has_moved_steps()
    {
        priced = Priced::of(before, now, Moves::Apart, machines);
    }
    let Priced { laid, groups, prices } = priced;
    let judge = Judge::of(before, now, tolerance);
    let told = groups.iter().zip(&prices.groups).filter(|(group, cost)| match group.subject {
        Subject::Quiet => false,
        Subject::Words => cost.time_ns != 0 || cost.cached_input_tokens != 0,
        _ => true,
    });
    let mut changes: Vec<PricedChange> =
        told.map(|(group, cost)| change_of(group, *cost, &laid, &judge)).collect();
    let mut left = prices.conditions;
    match other_machines.is_empty() {
        true => left = totals::sum(left, prices.rest),
        false => changes.push(machine_change(&laid, other_machines, prices.rest, &judge)),
    }
    changes.extend(conditions_change(&laid, left, &prices, &changes, &judge));
    changes.sort_by_key(|change| (std::cmp::Reverse(change.cost.time_ns), change.kind));
    let difference = judge.total_now_ns - judge.total_before_ns;
    assert_sum(&changes, difference);
    Attribution {
        changes,
        time_difference_ns: totals::clamped(difference),
        exact: prices.exact,
        failure: prices.failure,
    }
}

/// The law of attribution: every nanosecond between two runs is some change's.
fn assert_sum(changes: &[PricedChange], difference: i128) {
    let costs = || changes.iter().map(|change| change.cost.time_ns);
    // A cost at the end of its range has lost its exact value: centuries, in no run of a clock.
    if costs().all(|cost| cost != i64::MIN && cost != i64::MAX) {
        let sum: i128 = costs().map(i128::from).sum();
        assert_eq!(sum, difference, "the costs of all changes sum to the difference of the runs");
    }
}

/// Two slips laid over each other, with their differences and what each costs.
struct Priced<'a> {
    laid: Laid<'a>,
    groups: Vec<Group>,
    prices: Prices,
}

impl<'a> Priced<'a> {
    fn of(
        before: &'a Slip,
        now: &'a Slip,
        moves: Moves,
        machines: &mut dyn FnMut() -> Vec<NamedMachine>,
    ) -> Priced<'a> {
        let laid = lay(before, now, moves);
        let total_before_ns = u128::try_from(Totals::recorded(before).time_ns).unwrap_or(0);
        let groups = group::group(found::find(&laid), total_before_ns / NEGLIGIBLE_PARTS);
        let same_machines = conditions::machines(before, now).is_empty();
        let prices = match before.sessions == now.sessions && same_machines {
            true => Prices::nothing(&groups),
            false => Prices::of(&laid, &groups, machines),
        };
        Priced { laid, groups, prices }
    }
}

/// What undoing each difference saves.
struct Prices {
    /// Of each group.
    groups: Vec<ChangeCost>,
    /// Of the times at which sessions start, and of what the timing of the run again gets wrong.
    conditions: ChangeCost,
    /// Of the machines: what remains when everything is undone.
    rest: ChangeCost,
    exact: bool,
    failure: Option<MachineFailure>,
}

impl Prices {
    fn nothing(groups: &[Group]) -> Prices {
        let zero = ChangeCost::default();
        Prices {
            groups: vec![zero; groups.len()],
            conditions: zero,
            rest: zero,
            exact: true,
            failure: None,
        }
    }

    fn of(
        laid: &Laid<'_>,
        groups: &[Group],
        machines: &mut dyn FnMut() -> Vec<NamedMachine>,
    ) -> Prices {
        let mut mixture = Mixture::of(laid.run.clone());
        let mut failure = None;
        let mut time = |mixture: &Mixture| {
            let journal = mixture.journal();
            let mut machines = machines();
            let times = retime(&journal, &mut machines);
            let failed = machines.iter().find_map(|machine| machine.backend.failure());
            failure = failure.take().or(failed);
            (Totals::of(&journal, &times), times)
        };
        let recorded = Totals::recorded(laid.slips.now);
        let (mut last, times) = time(&mixture);
        let exact = is_exact(laid.slips.now, &times);
        let mut conditions = recorded.less(&last);
        let mut costs = Vec::with_capacity(groups.len());
        for group in groups {
            mixture.undo(&group.undoings);
            let (after, _) = time(&mixture);
            let cost = last.less(&after);
            last = after;
            if group.subject == Subject::Quiet {
                conditions = totals::sum(conditions, cost);
            }
            costs.push(cost);
        }
        if laid.run.load_differs() {
            mixture.undo_load();
            let (after, _) = time(&mixture);
            conditions = totals::sum(conditions, last.less(&after));
            last = after;
        }
        let rest = last.less(&Totals::recorded(laid.slips.before));
        Prices { groups: costs, conditions, rest, exact, failure }
    }
}

/// Whether a run timed again has the times of its slip.
fn is_exact(slip: &Slip, times: &Retimed) -> bool {
    slip.sessions.len() == times.sessions.len()
        && slip.sessions.iter().zip(&times.sessions).all(|(session, times)| {
            let took = times.ended_at.as_nanos().checked_sub(times.began_at.as_nanos());
            (session.at_ns, Some(session.e2e_ns)) == (times.began_at.as_nanos(), took)
        })
}

/// Says of changes whether they fail.
struct Judge<'a> {
    tolerance: &'a Tolerance,
    total_before_ns: i128,
    total_now_ns: i128,
    model_calls: u64,
}

impl<'a> Judge<'a> {
    fn of(before: &Slip, now: &Slip, tolerance: &'a Tolerance) -> Judge<'a> {
        Judge {
            tolerance,
            total_before_ns: Totals::recorded(before).time_ns,
            total_now_ns: Totals::recorded(now).time_ns,
            model_calls: now.summary.model_calls,
        }
    }

    fn judged(&self, change: PricedChange, became_failure: bool) -> PricedChange {
        let (fails, reason) = self.tolerance.judge(Judged {
            kind: change.kind,
            cost: &change.cost,
            became_failure,
            total_before_ns: u64::try_from(self.total_before_ns).unwrap_or(u64::MAX),
            model_calls: self.model_calls,
        });
        PricedChange { fails, reason, ..change }
    }
}

fn change_of(group: &Group, cost: ChangeCost, laid: &Laid<'_>, judge: &Judge<'_>) -> PricedChange {
    let mut details = words::details(group, laid);
    let role = match group.kind {
        ChangeKind::Tool => Some(ComponentRole::Tool),
        ChangeKind::Computing => Some(ComponentRole::Agent),
        _ => None,
    };
    if let Some(role) = role {
        details.extend(conditions::fuel(laid, role));
        details.extend(conditions::components(&laid.slips, role));
    }
    let change = PricedChange {
        kind: group.kind,
        headline: words::headline(group),
        details,
        sessions: group.sessions.len() as u64,
        occurrences: group.occurrences,
        first_task: group.sessions.first().map_or("", |place| laid.task(*place)).to_owned(),
        cost,
        fails: false,
        reason: String::new(),
    };
    judge.judged(change, group.became_failure())
}

/// A change of the whole run.
fn change_of_run(
    laid: &Laid<'_>,
    kind: ChangeKind,
    headline: String,
    details: Vec<String>,
    cost: ChangeCost,
) -> PricedChange {
    PricedChange {
        kind,
        headline,
        details,
        sessions: laid.slips.now.sessions.len() as u64,
        occurrences: 1,
        first_task: String::new(),
        cost,
        fails: false,
        reason: String::new(),
    }
}

fn machine_change(
    laid: &Laid<'_>,
    details: Vec<String>,
    cost: ChangeCost,
    judge: &Judge<'_>,
) -> PricedChange {
    let headline = conditions::machines_in_short(&laid.slips);
    judge.judged(change_of_run(laid, ChangeKind::Machine, headline, details, cost), false)
}

/// What is left over, and what differs beside all that was found; `None` when nothing does.
fn conditions_change(
    laid: &Laid<'_>,
    cost: ChangeCost,
    prices: &Prices,
    told: &[PricedChange],
    judge: &Judge<'_>,
) -> Option<PricedChange> {
    let differing = conditions::conditions(laid);
    let mut details: Vec<String> = differing.values().cloned().collect();
    let mut names: Vec<&str> = differing.keys().copied().collect();
    let mut rebuilt = false;
    for (role, kind) in
        [(ComponentRole::Agent, ChangeKind::Computing), (ComponentRole::Tool, ChangeKind::Tool)]
    {
        let components = conditions::components(&laid.slips, role);
        if !components.is_empty() && told.iter().all(|change| change.kind != kind) {
            details.extend(components);
            rebuilt = true;
        }
    }
    if rebuilt {
        names.push("components");
    }
    if !prices.exact {
        details.push(
            "the run, timed again, has other times than its slip: the costs are those of a run \
             that is only like it"
                .to_owned(),
        );
    }
    let headline = match names.is_empty() {
        true => "what no other change explains".to_owned(),
        false => format!("conditions that differ: {}", names.join(", ")),
    };
    let is_told = !names.is_empty() || !prices.exact || cost.time_ns != 0;
    let change = change_of_run(laid, ChangeKind::Conditions, headline, details, cost);
    is_told.then(|| judge.judged(change, false))
}

#[cfg(test)]
mod driven;
#[cfg(test)]
mod hand_made;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod recorded;
#[cfg(test)]
mod retime_tests;
#[cfg(test)]
mod shown;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_runs;
