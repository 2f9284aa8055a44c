//! A workload on a machine, under a load.

use timeslip_gate::slip::Slip;
use timeslip_gate::step::Step;
use timeslip_gate::summary::{Distribution, ErrorFactors, Summary};
use timeslip_replay::arrivals::Load;
use timeslip_replay::drive::{ReplayMachine, ReplayOptions, replay};
use timeslip_replay::source::Source;
use timeslip_sim::deployment::Deployment;
use timeslip_sim::engine::ModelledMachine;
use timeslip_timeline::backend::MachineTotals;
use timeslip_timeline::drive;
use timeslip_timeline::time::Span;

use super::outages::PlannedOutage;
use super::workload::{Replayed, Workload};
use crate::bench::{Bench, MachineChoice, at_random};
use crate::exit::Failure;
use crate::stage::{Extent, run_deployed};

/// When the sessions of a run start, in place of what the workload says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum LoadChoice {
    /// As the workload says.
    AsItIs,
    /// So many at once.
    AtOnce(u64),
    /// At random, so many a second.
    Rate(f64),
}

/// What a run leaves for its figures.
pub(crate) struct Ran {
    /// The run in figures.
    pub(crate) summary: Summary,
    /// End-to-end times of requests, with a reply.
    pub(crate) request_e2e_ns: Option<Distribution<u64>>,
    /// What the machine used, idle chips included.
    pub(crate) totals: MachineTotals,
    /// Its slip, where a bench ran.
    pub(crate) slip: Option<Slip>,
}

/// Runs `sessions` sessions of a workload on one machine, on one thread.
///
/// # Errors
/// When the machine or a component of the bench cannot be used, or the machine fails.
pub(crate) fn run_once(
    workload: &Workload,
    deployment: &Deployment,
    sessions: u64,
    load: LoadChoice,
) -> Result<Ran, Failure> {
    match workload {
        Workload::Bench(bench) => run_bench_once(bench, deployment, sessions, load),
        Workload::Replay(replayed) => replay_once(replayed, deployment, sessions, load),
    }
}

fn run_bench_once(
    bench: &Bench,
    deployment: &Deployment,
    sessions: u64,
    load: LoadChoice,
) -> Result<Ran, Failure> {
    let count = usize::try_from(sessions).unwrap_or(usize::MAX);
    let load = match load {
        LoadChoice::AsItIs => bench.load.clone(),
        LoadChoice::AtOnce(at_once) => {
            drive::Load::at_once(usize::try_from(at_once).unwrap_or(usize::MAX))
        }
        LoadChoice::Rate(rate) => at_random(rate, 1.0, count, bench.seed),
    };
    let extent = Extent { sessions: count, load };
    let deployments = vec![deployment.clone()];
    let outcome = run_deployed(bench, deployments, &extent, 1, &mut |_, _| {})?;
    let steps = outcome.slip.sessions.iter().flat_map(|session| &session.steps);
    let chats = steps.filter_map(|step| match step {
        Step::Chat(chat) if chat.is_answered() => Some(chat.e2e_ns),
        _ => None,
    });
    Ok(Ran {
        request_e2e_ns: Distribution::of(chats.collect()),
        totals: outcome.record.machines[0],
        summary: outcome.slip.summary.clone(),
        slip: Some(outcome.slip),
    })
}

fn replay_once(
    replayed: &Replayed,
    deployment: &Deployment,
    sessions: u64,
    load: LoadChoice,
) -> Result<Ran, Failure> {
    let load = match load {
        LoadChoice::AsItIs => replayed.load,
        LoadChoice::AtOnce(sessions) => Load::AtOnce { sessions, think: Span::ZERO },
        LoadChoice::Rate(rate) => Load::Random { rate, shape: 1.0 },
    };
    let options = ReplayOptions { seed: replayed.seed, ..ReplayOptions::default() };
    let mut machines = [replay_machine(deployment, ModelledMachine::new(deployment.clone()))];
    let source: Source = replayed.source_of(sessions);
    let outcome = replay(&source, load, &mut machines, &options);
    check_machines(&machines)?;
    Ok(Ran {
        summary: outcome.summary,
        request_e2e_ns: outcome.load.request_e2e_ns,
        totals: outcome.machines[0],
        slip: None,
    })
}

/// Whether what a replay on these machines gave can be used.
///
/// # Errors
/// The failure of one of them.
pub(crate) fn check_machines(machines: &[ReplayMachine]) -> Result<(), Failure> {
    match machines.iter().find_map(|machine| machine.backend.failure()) {
        None => Ok(()),
        Some(failure) => Err(Failure::usage(failure)),
    }
}

/// A machine for a replay.
fn replay_machine(deployment: &Deployment, machine: ModelledMachine) -> ReplayMachine {
    ReplayMachine {
        name: deployment.machine.as_str().into(),
        model: deployment.model.name.as_str().into(),
        error: ErrorFactors::default(),
        backend: Box::new(machine),
    }
}

/// The machines of a replay, with their outages planned.
///
/// # Errors
/// When an outage names no machine, or a group that is not there.
pub(crate) fn replay_machines(
    deployments: &[Deployment],
    outages: &[PlannedOutage],
) -> Result<Vec<ReplayMachine>, Failure> {
    for outage in outages {
        if !deployments.iter().any(|deployment| outage.is_of(&deployment.machine)) {
            return Err(outage.of_no_machine());
        }
    }
    let machine = |deployment: &Deployment| {
        let mut machine = ModelledMachine::new(deployment.clone());
        for outage in outages.iter().filter(|outage| outage.is_of(&deployment.machine)) {
            outage.plan(&mut machine)?;
        }
        Ok(replay_machine(deployment, machine))
    };
    deployments.iter().map(machine).collect()
}

/// The machines that `--on` names, each with the model placed on it.
///
/// # Errors
/// When one is not there, or does not serve the model.
pub(crate) fn deploy_each(
    catalogue: &timeslip_sim::catalogue::Catalogue,
    on: &[String],
) -> Result<Vec<Deployment>, Failure> {
    let deploy = |text: &String| {
        let choice = MachineChoice::parse(text, "--on".to_owned());
        catalogue
            .deploy(&choice.machine, choice.model.as_deref())
            .map_err(|error| Failure::usage(format!("--on {text}: {error}")))
    };
    on.iter().map(deploy).collect()
}
