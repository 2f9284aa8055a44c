//! `timeslip diff`: what changed between two slips.

use timeslip_gate::slip::Slip;
use timeslip_gate::verdict::{Against, Level};
use timeslip_sim::deployment::Deployment;

use super::args::DiffArgs;
use super::baseline::read_slip;
use super::check::{exit_of, shown};
use super::judge::{Before, judge, verdict};
use super::reports;
use crate::bench::GateRules;
use crate::exit::{Exit, Failure};
use crate::hardware::catalogue;
use crate::show;

/// Compares two slips.
pub(crate) fn diff(args: &DiffArgs) -> Result<Exit, Failure> {
    show::report::check_place(args.reports.report.as_deref())?;
    let before = read_slip(&args.before)?;
    let now = read_slip(&args.now)?;
    let deployments = deploy(args, &now)?;
    let against = Against::Slip { file: shown(&args.before) };
    let on = now.machines.iter().map(|machine| machine.name.as_str()).collect::<Vec<_>>().join("+");
    let rules = GateRules {
        on: Vec::new(),
        baselines: String::new(),
        changes: Level::Error,
        computing_tolerance: None,
        budgets: Vec::new(),
        prices: Default::default(),
    };
    let before = Before { against, slip: before };
    let run = judge(&rules, on, Some(&before), &now, &deployments)?;
    let verdict = verdict(now.bench.name.clone(), None, vec![run]);
    reports::report(&args.reports, &verdict, &[&before.slip, &now])?;
    Ok(exit_of(verdict.answer))
}

/// The machines of a slip. Changes are priced on them, so each must be here as it was.
fn deploy(args: &DiffArgs, slip: &Slip) -> Result<Vec<Deployment>, Failure> {
    let catalogue = catalogue(args.profiles.as_deref())?;
    let deploy = |machine: &timeslip_gate::slip::Machine| {
        let place = |problem: String| {
            Failure::usage(format!(
                "{}: it was run on `{}`, which {problem}\n  fix: give its profiles by --profiles",
                shown(&args.now),
                machine.name
            ))
        };
        let deployment = catalogue
            .deploy(&machine.name, Some(&machine.model))
            .map_err(|error| place(format!("is not here: {error}")))?;
        match machine.digest.as_ref() == Some(&deployment.digest) {
            true => Ok(deployment),
            false => Err(place("has another profile here".to_owned())),
        }
    };
    slip.machines.iter().map(deploy).collect()
}
