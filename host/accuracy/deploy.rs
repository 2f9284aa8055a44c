//! A machine for a scenario, made in memory.

use timeslip_sim::catalogue::{Catalogue, ProfileKind};
use timeslip_sim::deployment::Deployment;
use timeslip_sim::error::MachineError;
use timeslip_sim::profile::{Figure, MachineProfile, Pool, Role};

use crate::scenario::{Groups, Scenario, Workers};
use crate::settings::{intake_interval_steps, speculation, tokens_per_step};

/// What rows do not state, with its sources.
const TEMPLATE: &str = include_str!("serving.toml");

/// Places a scenario's model on its chips.
///
/// # Errors
/// A short reason, the same for rows with the same chips and model.
pub fn deploy(catalogue: &Catalogue, scenario: &Scenario) -> Result<Deployment, String> {
    let machine = machine(catalogue, scenario);
    let text = toml::to_string(&machine).expect("a machine's values are those of a file");
    let catalogue = catalogue.clone().with_text(ProfileKind::Machine, &machine.name, text);
    let deployed = catalogue.deploy(&machine.name, Some(&scenario.serving.model));
    deployed.map_err(|error| reason(scenario, error))
}

fn machine(catalogue: &Catalogue, scenario: &Scenario) -> MachineProfile {
    let mut machine: MachineProfile =
        toml::from_str(TEMPLATE).expect("the template is held by a test");
    let mut template = machine.pools.remove(0);
    let software = scenario.software.as_deref().and_then(|name| catalogue.software(name).ok());
    let calls = machine.scheduler.calls_per_step.take();
    if let Some(software) = &software {
        // What the template says is of any software, and this one says more.
        machine.software = Some(software.name.clone());
        machine.front_end_seconds = None;
        template.host_step_seconds = None;
        machine.scheduler.tokens_per_step.clone_from(&software.scheduler.tokens_per_step);
    }
    if let Some(tokens) = tokens_per_step(scenario) {
        machine.scheduler.tokens_per_step = Some(tokens);
    }
    machine.scheduler.calls_per_step = calls.map(|calls| {
        let tokens = machine.scheduler.tokens_per_step.as_ref();
        Figure { value: tokens.and_then(|tokens| tokens.value), ..calls }
    });
    machine.scheduler.intake_interval_steps = intake_interval_steps(scenario);
    machine.speculation = speculation(scenario);
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
    let Workers { count, layout } = workers;
    let stated = |value: u64| Figure { value: Some(value as f64), ..template.chips.clone() };
    Pool {
        role,
        chip: chip.to_owned(),
        chips: stated(count * layout.chips()),
        tensor_parallel: stated(layout.tensor),
        data_parallel: Some(stated(layout.data)),
        expert_parallel: Some(stated(layout.expert)),
        pipeline_parallel: Some(stated(layout.pipeline)),
        replicas: stated(count),
        ..template.clone()
    }
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
