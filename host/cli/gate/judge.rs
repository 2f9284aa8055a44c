//! From two slips and a bench's rules to a verdict on one run.

use timeslip_gate::attribute::{Attribution, NamedMachine, attribute};
use timeslip_gate::budget::evaluate::{evaluate, main_figures};
use timeslip_gate::slip::Slip;
use timeslip_gate::tolerance::Tolerance;
use timeslip_gate::verdict::{Against, Answer, Level, RunVerdict, SCHEMA, Verdict};
use timeslip_sim::deployment::Deployment;

use crate::bench::GateRules;
use crate::exit::Failure;
use crate::stage::modelled;

/// A run of before, and where it comes from.
pub(crate) struct Before {
    /// Where it comes from.
    pub(crate) against: Against,
    /// Its slip.
    pub(crate) slip: Slip,
}

/// Judges one run by a bench's rules.
///
/// # Errors
/// When a machine fails on which the run is timed again.
pub(crate) fn judge(
    rules: &GateRules,
    on: String,
    before: Option<&Before>,
    now: &Slip,
    deployments: &[Deployment],
) -> Result<RunVerdict, Failure> {
    let mut tolerance = Tolerance::default();
    if let Some(share) = rules.computing_tolerance {
        tolerance.computing_share = share;
    }
    let attribution = before.map(|before| {
        attribute(&before.slip, now, &mut || machines(rules, deployments), &tolerance)
    });
    if let Some(failure) = attribution.as_ref().and_then(|found| found.failure.as_ref()) {
        return Err(Failure::usage(failure));
    }
    let (mut changes, time_difference_ns) = attribution
        .map(|Attribution { changes, time_difference_ns, .. }| (changes, time_difference_ns))
        .unwrap_or_default();
    let worse = changes.iter().any(|change| change.fails);
    if rules.changes != Level::Error {
        changes.iter_mut().for_each(|change| change.fails = false);
    }
    let mut verdict = RunVerdict {
        on,
        answer: Answer::Pass,
        against: before.map(|before| before.against.clone()),
        metrics: main_figures(before.map(|before| &before.slip), now),
        changes,
        time_difference_ns,
        budgets: evaluate(&rules.budgets, before.map(|before| &before.slip), now),
    };
    let of_changes = match (rules.changes, before) {
        (Level::Off, _) => Answer::Pass,
        (_, None) => Answer::NoBaseline,
        (Level::Warn, _) if worse => Answer::Warn,
        _ => Answer::Pass,
    };
    verdict.answer = verdict.worst().max(of_changes);
    Ok(verdict)
}

/// Fresh machines, as the run had them.
fn machines(rules: &GateRules, deployments: &[Deployment]) -> Vec<NamedMachine> {
    let machine = |deployment: &Deployment| NamedMachine {
        name: deployment.machine.as_str().into(),
        model: deployment.model.name.as_str().into(),
        backend: modelled(deployment, rules.prices.get(&deployment.machine)),
    };
    deployments.iter().map(machine).collect()
}

/// The verdict on all runs.
pub(crate) fn verdict(bench: String, bench_file: Option<String>, runs: Vec<RunVerdict>) -> Verdict {
    Verdict {
        schema: SCHEMA.to_owned(),
        timeslip: env!("CARGO_PKG_VERSION").to_owned(),
        bench,
        bench_file,
        answer: runs.iter().map(|run| run.answer).max().unwrap_or(Answer::Pass),
        runs,
    }
}
