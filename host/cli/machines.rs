//! The machines of a run: modelled ones, real servers, and recordings that keep their own time.

use timeslip_gate::compose::MachineFacts;
use timeslip_gate::slip;
use timeslip_gate::summary::ErrorFactors;
use timeslip_live::LiveRun;
use timeslip_sim::deployment::Deployment;

use crate::bands::machine_bands;
use crate::bench::{Bench, DEFAULT_MACHINE, LoadedWords, MachineChoice, RecordedWords};
use crate::exit::Failure;
use crate::live::endpoints::LiveMachine;

/// What `machines` and `--on` call the time that was recorded.
pub(crate) const RECORDED: &str = "recorded";

/// A machine that is ready to run.
pub(crate) enum PlacedMachine {
    /// Modelled hardware, with the model placed on it.
    Modelled(Box<Deployment>),
    /// A real server.
    Live(Box<LiveMachine>),
    /// The recorded words in their recorded time, and the model they are of.
    Recorded(String),
}

impl PlacedMachine {
    /// The name in the slip.
    pub(crate) fn name(&self) -> &str {
        match self {
            PlacedMachine::Modelled(deployment) => &deployment.machine,
            PlacedMachine::Live(machine) => &machine.plan.name,
            PlacedMachine::Recorded(_) => RECORDED,
        }
    }

    /// The model.
    pub(crate) fn model(&self) -> &str {
        match self {
            PlacedMachine::Modelled(deployment) => &deployment.model.name,
            PlacedMachine::Live(machine) => &machine.model,
            PlacedMachine::Recorded(model) => model,
        }
    }

    /// Whether what a chat costs on it is known.
    pub(crate) fn is_priced(&self) -> bool {
        match self {
            PlacedMachine::Modelled(deployment) => {
                deployment.pools.iter().all(|pool| pool.usd_per_hour.is_some())
            }
            PlacedMachine::Live(machine) => machine.plan.price.is_some(),
            PlacedMachine::Recorded(_) => false,
        }
    }

    /// What a slip says of it. No profile states an error of its joules and dollars yet, so no band
    /// is claimed.
    pub(crate) fn facts(&self) -> MachineFacts {
        let machine = match self {
            PlacedMachine::Modelled(deployment) => slip::Machine {
                name: deployment.machine.clone(),
                digest: Some(deployment.digest.clone()),
                model: deployment.model.name.clone(),
                estimated: deployment.estimated(),
                bands: Some(machine_bands(deployment)),
                endpoint: None,
            },
            measured => slip::Machine {
                name: measured.name().to_owned(),
                digest: None,
                model: measured.model().to_owned(),
                estimated: false,
                bands: None,
                endpoint: match measured {
                    PlacedMachine::Live(machine) => Some(machine.client.server().to_owned()),
                    _ => None,
                },
            },
        };
        MachineFacts { machine, error: ErrorFactors::default() }
    }
}

/// The nanoseconds that a unit of fuel takes on the host processor of a run: that of its first
/// modelled machine, and beside measured ones that of the default machine.
pub(crate) fn ns_per_fuel(bench: &Bench, machines: &[PlacedMachine]) -> Result<f64, Failure> {
    let modelled = machines.iter().find_map(|machine| match machine {
        PlacedMachine::Modelled(deployment) => Some(deployment.ns_per_fuel),
        _ => None,
    });
    match modelled {
        Some(ns_per_fuel) => Ok(ns_per_fuel),
        None => {
            let default = bench.catalogue.deploy(DEFAULT_MACHINE, None).map_err(Failure::usage)?;
            Ok(default.ns_per_fuel)
        }
    }
}

/// Makes the machines of a run ready, in their order.
///
/// # Errors
/// When one of them cannot be used, or not beside the others.
pub(crate) fn place(
    bench: &Bench,
    choices: &[MachineChoice],
    live: &mut Option<LiveRun>,
) -> Result<Vec<PlacedMachine>, Failure> {
    let mut machines: Vec<PlacedMachine> = Vec::new();
    for choice in choices {
        let machine = place_one(bench, choice, live)?;
        check_beside(bench, choice, &machine, &machines)?;
        machines.push(machine);
    }
    Ok(machines)
}

fn place_one(
    bench: &Bench,
    choice: &MachineChoice,
    live: &mut Option<LiveRun>,
) -> Result<PlacedMachine, Failure> {
    let model = choice.model.as_deref();
    if let Some(plan) = bench.endpoints.iter().find(|plan| plan.name == choice.machine) {
        let run = match live.take() {
            Some(run) => run,
            None => LiveRun::start().map_err(Failure::run)?,
        };
        let run = live.insert(run);
        let machine = LiveMachine::prepare(plan, model, run)?;
        return Ok(PlacedMachine::Live(Box::new(machine)));
    }
    if choice.machine == RECORDED {
        return recorded(bench, choice);
    }
    let deployment = bench
        .catalogue
        .deploy(&choice.machine, model)
        .map_err(|error| Failure::usage(format!("{}: {error}", choice.place)))?;
    Ok(PlacedMachine::Modelled(Box::new(deployment)))
}

fn recorded(bench: &Bench, choice: &MachineChoice) -> Result<PlacedMachine, Failure> {
    let LoadedWords::Cassette(RecordedWords { cassettes, .. }) = &bench.words else {
        return Err(Failure::usage(format!(
            "{}: `{RECORDED}` is the time of recorded words, and the words of this bench are not \
             recorded\n  fix: `timeslip record` makes a recording of it",
            choice.place
        )));
    };
    let of_header = || cassettes.iter().find_map(|one| one.header().recorded_model.clone());
    let model = choice.model.clone().or_else(of_header).unwrap_or_else(|| RECORDED.to_owned());
    Ok(PlacedMachine::Recorded(model))
}

/// Whether a machine can stand beside those before it, and hold the sessions' budget.
fn check_beside(
    bench: &Bench,
    choice: &MachineChoice,
    machine: &PlacedMachine,
    before: &[PlacedMachine],
) -> Result<(), Failure> {
    let (place, name, model) = (&choice.place, machine.name(), machine.model());
    let same_model = before.iter().find(|other| other.model() == model);
    let is_live = |machine: &PlacedMachine| matches!(machine, PlacedMachine::Live(_));
    if let Some(other) = same_model {
        if !bench.routing.chooses() {
            return Err(Failure::usage(format!(
                "{place}: `{}` and `{name}` both serve `{model}`, and a request goes to the \
                 machine that serves its model\n  fix: give one another model, as MACHINE:MODEL, \
                 or say which of them serves by `policy` under [routing]",
                other.name()
            )));
        }
        if is_live(machine) != is_live(other) {
            return Err(Failure::usage(format!(
                "{place}: `{}` and `{name}` both serve `{model}`, one really and one as modelled, \
                 and where its words come from would be open\n  fix: give one another model, as \
                 MACHINE:MODEL",
                other.name()
            )));
        }
    }
    if before.iter().any(|other| other.model() == model && other.name() == name) {
        return Err(Failure::usage(format!(
            "{place}: `{name}` serves `{model}` twice, and a slip could not tell which\n  fix: \
             name it once"
        )));
    }
    let priced =
        machine.is_priced() || bench.routing.tier_of(name).is_some_and(|tier| tier.price.is_some());
    if bench.budget_usd.is_some() && !priced {
        return Err(Failure::usage(format!(
            "{place}: what a chat costs on `{name}` is unknown, so `cost_usd` under [limits] \
             cannot be held\n  fix: give its chips a price, or put it in a [[routing.tier]] that \
             has one"
        )));
    }
    if bench.run_budget_usd.is_some() && is_live(machine) && !machine.is_priced() {
        return Err(Failure::usage(format!(
            "{place}: what a chat costs on `{name}` is unknown, so the run's budget cannot be \
             held\n  fix: give the [[endpoint]] its three prices, `usd_per_million_input_tokens`, \
             `usd_per_million_cached_input_tokens` and `usd_per_million_output_tokens`"
        )));
    }
    Ok(())
}
