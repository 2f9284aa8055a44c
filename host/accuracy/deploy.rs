//! A machine for a scenario, made in memory.

use timeslip_sim::catalogue::Catalogue;
use timeslip_sim::deployment::Deployment;
use timeslip_sim::error::MachineError;
use timeslip_sim::profile::{Figure, MachineProfile, Pool, Role};

use crate::layout::Layout;
use crate::scenario::{Groups, Scenario, Workers};

/// What rows do not state, with its sources.
const TEMPLATE: &str = include_str!("serving.toml");

/// Places a scenario's model on its chips.
///
/// # Errors
/// A short reason, the same for rows with the same chips and model.
pub fn deploy(catalogue: &Catalogue, scenario: &Scenario) -> Result<Deployment, String> {
    let machine = machine(scenario);
    let model = &scenario.serving.model;
    catalogue.deploy_profile(machine, model).map_err(|error| reason(scenario, error))
}

fn machine(scenario: &Scenario) -> MachineProfile {
    let mut machine: MachineProfile =
        toml::from_str(TEMPLATE).expect("the template is held by a test");
    let template = machine.pools.remove(0);
    let pool = |role, workers| pool(&template, &scenario.chip, role, workers);
    machine.pools = match scenario.groups {
        Groups::Together(layout) => {
            machine.link = None;
            vec![pool(Role::All, Workers { count: 1, layout })]
        }
        Groups::Apart { prefill, decode } => {
            vec![pool(Role::Prefill, prefill), pool(Role::Decode, decode)]
        }
    };
    machine.default_model.clone_from(&scenario.serving.model);
    machine.serves = vec![scenario.serving.clone()];
    machine
}

fn pool(template: &Pool, chip: &str, role: Role, workers: Workers) -> Pool {
    let stated =
        |figure: &Figure, value: u64| Figure { value: Some(value as f64), ..figure.clone() };
    let shared = Pool {
        role,
        chip: chip.to_owned(),
        chips: stated(&template.chips, workers.count * workers.layout.chips()),
        replicas: stated(&template.replicas, workers.count),
        ..template.clone()
    };
    laid_out(shared, workers.layout)
}

/// The pool with its groups laid out. A group is one tensor-parallel group of all its chips: copies
/// of attention, experts shared out and stages of layers are not told apart.
fn laid_out(pool: Pool, layout: Layout) -> Pool {
    let value = Some(layout.chips() as f64);
    let tensor_parallel = Figure { value, ..pool.tensor_parallel.clone() };
    Pool { tensor_parallel, ..pool }
}

/// Why a machine could not be made, so short that rows can be counted by it.
fn reason(scenario: &Scenario, error: MachineError) -> String {
    let (chip, model) = (&scenario.chip, &scenario.serving.model);
    match error {
        MachineError::DoesNotFit(what) => {
            format!("`{model}` does not fit {} × {chip} as the row holds it", what.parallel.chips())
        }
        MachineError::BeyondDomain { group, domain, .. } => {
            format!("a group of {group} {chip} is larger than the {domain} that one domain joins")
        }
        other => other.to_string(),
    }
}
