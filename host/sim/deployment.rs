//! A machine with one model placed on it: what the engine runs and `explain` explains.

use std::sync::Arc;

use timeslip_timeline::time::Span;

use crate::cost::{PowerDraw, StepCost};
use crate::error::MachineError;
use crate::ledger::Ledger;
use crate::placement::Placement;
use crate::profile::{Chip, LayerGroup, Link, MachineProfile, Model, Role, Serving, whole};

/// A machine with one model placed on it.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// The machine's name.
    pub machine: String,
    /// `sha256:` and 64 hexadecimal digits, over the machine's file and all chip and model files it
    /// rests on, wherever they stand.
    pub digest: String,
    /// The model.
    pub model: Arc<Model>,
    /// The formats asked for.
    pub serving: Serving,
    /// One pool of role `all`, or a prefill and a decode pool.
    pub pools: Vec<Arc<DeployedPool>>,
    /// Between the pools, if there are two.
    pub link: Option<DeployedLink>,
    /// From arrival to the scheduler.
    pub front_end: Span,
    /// The most tokens of one step.
    pub tokens_per_step: u64,
    /// The most chats of one step.
    pub calls_per_step: u64,
    /// Whether the groups that read prompts keep the beginnings of prompts in memory.
    pub prefix_cache: bool,
    /// The chip that agents and tools run on.
    pub host_cpu: String,
    /// Nanoseconds of that chip per unit of WebAssembly fuel.
    pub ns_per_fuel: f64,
    /// The figures with confidence `estimate` that this deployment rests on, by their full names
    /// (`h200.latency.layer_seconds`), sorted.
    pub estimates: Vec<String>,
}

/// Groups of chips, each with a copy of the model.
#[derive(Clone, Debug)]
pub struct DeployedPool {
    /// What the pool does.
    pub role: Role,
    /// Its chip.
    pub chip: Arc<Chip>,
    /// All its chips, also those in no group.
    pub chips: u64,
    /// How many groups there are.
    pub replicas: u64,
    /// The model in one group's memory.
    pub placement: Placement,
    /// The time of one group's steps.
    pub cost: StepCost,
    /// What a chip draws, if known.
    pub draw: Option<PowerDraw>,
    /// What a chip costs an hour, if known.
    pub usd_per_hour: Option<f64>,
}

/// The link between a prefill and a decode pool.
#[derive(Clone, Copy, Debug)]
pub struct DeployedLink {
    /// Shared by all transfers, one after the other.
    pub bytes_per_second: f64,
    /// Fixed time of one transfer.
    pub latency_seconds: f64,
}

impl DeployedLink {
    /// The time that a transfer of `bytes` holds the link, and the time until it has arrived.
    pub fn transfer_seconds(&self, bytes: f64) -> (f64, f64) {
        let moving = bytes / self.bytes_per_second;
        (moving, moving + self.latency_seconds)
    }
}

/// The profiles that make a deployment, read and checked.
pub(crate) struct Profiles {
    pub(crate) machine: MachineProfile,
    pub(crate) host_cpu: Arc<Chip>,
    /// One for each pool.
    pub(crate) chips: Vec<Arc<Chip>>,
    pub(crate) model: Arc<Model>,
    pub(crate) serving: Serving,
    pub(crate) digest: String,
}

impl Deployment {
    /// Places a model on a machine.
    ///
    /// # Errors
    /// When it does not fit, or time rests on a figure that is not published.
    pub(crate) fn new(profiles: Profiles) -> Result<Deployment, MachineError> {
        let ledger = Ledger::default();
        let machine = &profiles.machine;
        let name = &machine.name;
        let pools = (0..machine.pools.len())
            .map(|index| deploy_pool(&profiles, index, &ledger).map(Arc::new))
            .collect::<Result<Vec<_>, MachineError>>()?;
        let link =
            machine.link.as_ref().map(|link| deploy_link(name, link, &ledger)).transpose()?;
        let front_end = ledger.need(&machine.front_end_seconds, name, "front_end_seconds")?;
        let scheduler = &machine.scheduler;
        let tokens = ledger.need(&scheduler.tokens_per_step, name, "scheduler.tokens_per_step")?;
        let calls = ledger.need(&scheduler.calls_per_step, name, "scheduler.calls_per_step")?;
        if let Some(switch) = &scheduler.prefix_cache {
            ledger.rest_on(switch.confidence, name, "scheduler.prefix_cache");
        }
        let prefix_cache = scheduler.keeps_prefixes();
        let cpu = &profiles.host_cpu;
        let Some(host) = &cpu.host else {
            return Err(MachineError::RunsNothing {
                machine: name.clone(),
                chip: cpu.name.clone(),
            });
        };
        let ns_per_fuel = ledger.need(&host.ns_per_fuel, &cpu.name, "host.ns_per_fuel")?;
        Ok(Deployment {
            machine: name.clone(),
            digest: profiles.digest,
            model: profiles.model,
            serving: profiles.serving,
            pools,
            link,
            front_end: Span::from_seconds_f64(front_end),
            tokens_per_step: tokens as u64,
            calls_per_step: calls as u64,
            prefix_cache,
            host_cpu: cpu.name.clone(),
            ns_per_fuel,
            estimates: ledger.into_estimates(),
        })
    }

    /// Whether anything that this deployment says rests on an estimate.
    pub fn estimated(&self) -> bool {
        !self.estimates.is_empty()
    }

    /// Bytes that a prompt's KV has on the link.
    pub fn transfer_bytes(&self, tokens: u64) -> f64 {
        // What is sent is one copy of the KV, however many the pools hold of it.
        let values = |layers: &LayerGroup| {
            let tokens = layers.window().map_or(tokens, |window| tokens.min(window));
            layers.count as f64 * layers.cached_values(1) * tokens as f64
        };
        self.model.layers.iter().map(values).sum::<f64>() * self.serving.kv.bytes()
    }
}

fn deploy_pool(
    profiles: &Profiles,
    index: usize,
    ledger: &Ledger,
) -> Result<DeployedPool, MachineError> {
    let machine = &profiles.machine;
    let (pool, chip) = (&machine.pools[index], &profiles.chips[index]);
    let key = |key: &str| format!("pools.{index}.{key}");
    let count = |name: &str, figure| {
        ledger.known(figure, &machine.name, &key(name));
        whole(name, figure).expect("the machine's profile was checked")
    };
    let chips = count("chips", &pool.chips);
    let group = count("tensor_parallel", &pool.tensor_parallel);
    let replicas = count("replicas", &pool.replicas);
    let placement = Placement::new(
        &machine.name,
        pool.role.pool(),
        chip,
        group,
        &profiles.model,
        &profiles.serving,
        ledger,
    )?;
    check_domain(&machine.name, chip, group)?;
    let host = ledger.need(&pool.host_step_seconds, &machine.name, &key("host_step_seconds"))?;
    let cost = StepCost::new(chip, host, &profiles.model, &profiles.serving, &placement, ledger)?;
    Ok(DeployedPool {
        role: pool.role,
        chip: Arc::clone(chip),
        chips,
        replicas,
        placement,
        cost,
        draw: PowerDraw::of(chip, ledger),
        usd_per_hour: ledger.known(&chip.price.usd_per_hour, &chip.name, "price.usd_per_hour"),
    })
}

/// A group's chips are joined by their own links, which span one domain.
fn check_domain(machine: &str, chip: &Chip, group: u64) -> Result<(), MachineError> {
    let domain = chip.scale_up.as_ref().and_then(|link| link.domain_chips.value);
    match domain.filter(|domain| group as f64 > *domain) {
        None => Ok(()),
        Some(domain) => Err(MachineError::BeyondDomain {
            machine: machine.to_owned(),
            chip: chip.name.clone(),
            group,
            domain: domain as u64,
        }),
    }
}

fn deploy_link(machine: &str, link: &Link, ledger: &Ledger) -> Result<DeployedLink, MachineError> {
    let rate = &link.bandwidth_bytes_per_second;
    Ok(DeployedLink {
        bytes_per_second: ledger.need(rate, machine, "link.bandwidth_bytes_per_second")?,
        latency_seconds: ledger.need(&link.latency_seconds, machine, "link.latency_seconds")?,
    })
}
