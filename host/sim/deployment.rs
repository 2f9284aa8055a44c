//! A machine with one model placed on it: what the engine runs and `explain` explains.

use std::collections::BTreeSet;
use std::sync::Arc;

use timeslip_timeline::backend::MachineFailure;
use timeslip_timeline::time::Span;

use crate::bands::PredictionBands;
use crate::catalogue::CostFile;
use crate::cost::{ComponentLoader, LayerTables, PowerDraw, StepModel};
use crate::error::MachineError;
use crate::front_end::FrontEnd;
use crate::joined::join;
use crate::ledger::Ledger;
use crate::pace::paced;
use crate::placement::Placement;
use crate::pool::deploy_pool;
use crate::profile::{
    Chip, HeadChips, KvTier, LayerGroup, Link, MachineProfile, MeasuredBands, Model, PlatformPart,
    Policy, Preemption, Role, Routing, Sending, Serving, Software, SoftwareOn, TierScope, whole,
};
use crate::settings::Settings;
pub use crate::speculation::DeployedSpeculation;

/// A machine with one model placed on it.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// The machine's name.
    pub machine: String,
    /// `sha256:` and 64 hexadecimal digits, over the machine's file and all chip, software and model
    /// files it rests on, those that they inherit from included, wherever they stand.
    pub digest: String,
    /// The model.
    pub model: Arc<Model>,
    /// The formats asked for.
    pub serving: Serving,
    /// The pools: those that read prompts, those that write, and those that help to write.
    pub pools: Vec<Arc<DeployedPool>>,
    /// From the prefill pool to the pool that writes, if they are two.
    pub link: Option<DeployedLink>,
    /// Whether tokens are proposed and checked rather than written one by one.
    pub speculation: Option<DeployedSpeculation>,
    /// Where KV is kept beyond the chips' memory, the nearest first.
    pub tiers: Vec<DeployedTier>,
    /// The serving software, where the machine names it.
    pub software: Option<String>,
    /// From arrival to the scheduler.
    pub front_end: FrontEnd,
    /// The most tokens of one step.
    pub tokens_per_step: u64,
    /// The most chats of one step.
    pub calls_per_step: u64,
    /// Whether the groups that read prompts keep the beginnings of prompts in memory.
    pub prefix_cache: bool,
    /// Tokens of one block of KV.
    pub block_tokens: u64,
    /// Which waiting chat is read next.
    pub policy: Policy,
    /// The time to the first token that is aimed at.
    pub first_token_objective: Option<Span>,
    /// Which group a chat goes to.
    pub routing: Routing,
    /// Whether the batch of a step is decided when the step before it begins.
    pub plans_ahead: bool,
    /// What becomes of the KV of a chat whose memory another needs.
    pub preemption: Preemption,
    /// The most chats that wait to be read.
    pub waiting_calls_max: Option<u64>,
    /// The longest that a chat waits to be read.
    pub waiting_max: Option<Span>,
    /// The chip that agents and tools run on.
    pub host_cpu: String,
    /// Nanoseconds of that chip per unit of WebAssembly fuel.
    pub ns_per_fuel: f64,
    /// The chips of the platform, and the figures that each stands behind.
    pub parts: Vec<PlatformPart>,
    /// What this deployment rests on and is an estimate: chips whose chief figures are unpublished
    /// (`ai200 (the whole chip)`), then the figures with confidence `estimate` by their full names
    /// (`h200.latency.layer_seconds`), sorted.
    pub estimates: Vec<String>,
    /// Where nine of ten measurements of its times would be.
    pub bands: PredictionBands,
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
    /// The time of one group's steps: those of a group that writes with all that helps it, those of
    /// one that helps by themselves.
    pub cost: StepModel,
    /// What a chip draws, if known.
    pub draw: Option<PowerDraw>,
    /// What a chip costs an hour, if known.
    pub usd_per_hour: Option<f64>,
}

/// The link between a prefill pool and the pool that writes.
#[derive(Clone, Copy, Debug)]
pub struct DeployedLink {
    /// Of one path, for the transfers on it one after the other.
    pub bytes_per_second: f64,
    /// Fixed time of one transfer.
    pub latency_seconds: f64,
    /// How many transfers go at once.
    pub paths: u64,
    /// When a prompt's KV leaves.
    pub sends: Sending,
}

impl DeployedLink {
    /// The time that a transfer of `bytes` holds its path, and the time until it has arrived.
    pub fn transfer_seconds(&self, bytes: f64) -> (f64, f64) {
        let moving = bytes / self.bytes_per_second;
        (moving, moving + self.latency_seconds)
    }

    /// The time that a transfer of `bytes` holds its path, and the time from then until it has
    /// arrived.
    pub(crate) fn transfer_spans(&self, bytes: f64) -> (Span, Span) {
        let (moving, arriving) = self.transfer_seconds(bytes);
        let [moving, arriving] = [moving, arriving].map(Span::from_seconds_f64);
        (moving, arriving.saturating_sub(moving))
    }
}

/// Memory behind the chips' own, for the KV of earlier prompts.
#[derive(Clone, Debug)]
pub struct DeployedTier {
    /// For people.
    pub name: String,
    /// Who shares it.
    pub scope: TierScope,
    /// Of one scope.
    pub capacity_bytes: f64,
    /// Reads, of one scope.
    pub bytes_per_second: f64,
    /// Fixed time of one read.
    pub latency_seconds: f64,
}

/// The profiles that make a deployment, read and checked.
pub(crate) struct Profiles {
    pub(crate) machine: MachineProfile,
    pub(crate) host_cpu: Arc<Chip>,
    /// One for each pool.
    pub(crate) chips: Vec<Arc<Chip>>,
    /// The name of each pool's chip and of those that it inherits from, the nearest first.
    pub(crate) chip_lineages: Vec<Vec<String>>,
    /// Of each pool that has a layer profile.
    pub(crate) tables: Vec<Option<LayerTables>>,
    pub(crate) software: Option<Arc<Software>>,
    /// Of each pool whose steps a component times.
    pub(crate) components: Vec<Option<CostFile>>,
    /// What loads those, if anything does.
    pub(crate) loader: Option<ComponentLoader>,
    pub(crate) model: Arc<Model>,
    pub(crate) serving: Serving,
    /// What the draft pool holds for this model, where there is one.
    pub(crate) draft: Option<(Arc<Model>, Serving)>,
    pub(crate) digest: String,
}

impl Profiles {
    /// The serving software on the chips of a pool.
    pub(crate) fn software_on(&self, pool: usize) -> Option<SoftwareOn<'_>> {
        self.software.as_ref().map(|software| software.on_chip(&self.chip_lineages[pool]))
    }

    /// Notes what the model's routing to experts rests on.
    fn note_routing(&self, ledger: &Ledger) {
        let serving = &self.serving;
        if let Some(figure) = &serving.routing_concentration {
            let key = format!("serves.{}.routing_concentration", serving.model);
            ledger.known(figure, &self.machine.name, &key);
        }
    }

    /// How many layers beside the model's own propose tokens; none where a draft pool does.
    pub(crate) fn draft_layers(&self, ledger: &Ledger) -> u64 {
        let key = "speculation.draft_layers";
        let given = self.machine.speculation.as_ref();
        let Some(layers) = given.and_then(|given| given.draft_layers.as_ref()) else {
            return 0;
        };
        ledger.known(layers, &self.machine.name, key);
        whole(key, layers).expect("the machine's profile was checked")
    }
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
        let settings = Settings::new(&profiles, &ledger);
        let block_tokens = settings.block_tokens();
        let mut pools = (0..machine.pools.len())
            .map(|index| deploy_pool(&profiles, index, block_tokens, &ledger))
            .collect::<Result<Vec<_>, MachineError>>()?;
        profiles.note_routing(&ledger);
        let speculation = join(&profiles, &mut pools, &ledger)?;
        let link = machine.link.as_ref().map(|link| deploy_link(name, link, &ledger));
        let link = paced(machine, &mut pools, link.transpose()?, &ledger);
        let tiers = machine.kv_tiers.iter().enumerate();
        let tiers = tiers
            .map(|(index, tier)| deploy_tier(name, index, tier, &ledger))
            .collect::<Result<Vec<_>, MachineError>>()?;
        let front_end = settings.front_end()?;
        let batches = settings.batches()?;
        let (policy, first_token_objective) = settings.policy();
        let prefix_cache =
            settings.switch("prefix_cache", true, |given| given.prefix_cache.as_ref());
        let plans_ahead = settings.switch("plans_ahead", false, |given| given.plans_ahead.as_ref());
        let routing = settings.choice("routing", |given| given.routing.as_ref());
        let preemption = settings.choice("preemption", |given| given.preemption.as_ref());
        let waiting_calls_max =
            settings.known("waiting_calls_max", |given| given.waiting_calls_max.as_ref());
        let waiting_max =
            settings.span("waiting_seconds_max", |given| given.waiting_seconds_max.as_ref());
        let cpu = &profiles.host_cpu;
        let Some(host) = &cpu.host else {
            return Err(MachineError::RunsNothing {
                machine: name.clone(),
                chip: cpu.name.clone(),
            });
        };
        let ns_per_fuel = ledger.need(&host.ns_per_fuel, &cpu.name, "host.ns_per_fuel")?;
        let bands = PredictionBands::of(machine, MeasuredBands::built_in());
        Ok(Deployment {
            machine: name.clone(),
            digest: profiles.digest,
            model: profiles.model,
            serving: profiles.serving,
            pools: pools.into_iter().map(Arc::new).collect(),
            link,
            speculation,
            tiers,
            software: machine.software.clone(),
            front_end,
            tokens_per_step: batches.tokens_per_step,
            calls_per_step: batches.calls_per_step,
            prefix_cache,
            block_tokens,
            policy,
            first_token_objective,
            routing,
            plans_ahead,
            preemption,
            waiting_calls_max: waiting_calls_max.map(|calls| calls as u64),
            waiting_max,
            host_cpu: cpu.name.clone(),
            ns_per_fuel,
            parts: profiles.machine.parts,
            estimates: estimated_chips(&profiles.chips, cpu)
                .chain(ledger.into_estimates())
                .collect(),
            bands,
        })
    }

    /// The same, with instances of its own of the components that time its steps.
    pub(crate) fn for_one_machine(mut self) -> Deployment {
        self.pools.iter_mut().for_each(DeployedPool::separate);
        self
    }

    /// Why no time that it gave can be used, if that is so: a component that times its steps failed.
    pub fn failure(&self) -> Option<MachineFailure> {
        let failure = self.pools.iter().find_map(|pool| pool.failure())?;
        Some(MachineFailure { message: format!("machine `{}`: {failure}", self.machine) })
    }

    /// The pool whose groups read prompts.
    pub fn reader(&self) -> &Arc<DeployedPool> {
        self.pools.first().expect("a machine has a pool")
    }

    /// The pool whose groups write replies, which may be the same.
    pub fn writer(&self) -> &Arc<DeployedPool> {
        self.pools.iter().find(|pool| pool.role.writes()).expect("a machine has a pool that writes")
    }

    /// The pool each of whose groups helps one that writes.
    pub fn helper(&self) -> Option<&Arc<DeployedPool>> {
        self.pools.iter().find(|pool| pool.role.helps())
    }

    /// The same with so many copies of each pool: of those that read prompts, and of those that write
    /// or help to. The link has as many paths more as the rarer of both kinds.
    ///
    /// # Errors
    /// When the numbers differ and the same pool does both.
    pub fn scaled(&self, prefill: u64, decode: u64) -> Result<Deployment, String> {
        let is_split = self.link.is_some();
        if !is_split && prefill != decode {
            return Err(format!(
                "`{}` has one pool that reads and writes, so there is no ratio between two",
                self.machine
            ));
        }
        let mut scaled = self.clone();
        for pool in &mut scaled.pools {
            let copies = if pool.role == Role::Prefill { prefill } else { decode };
            let mut copied = DeployedPool::clone(pool);
            copied.chips *= copies;
            copied.replicas *= copies;
            *pool = Arc::new(copied);
        }
        if let Some(link) = &mut scaled.link {
            link.paths *= prefill.min(decode);
        }
        Ok(scaled)
    }

    /// Whether anything that this deployment says rests on an estimate.
    pub fn estimated(&self) -> bool {
        !self.estimates.is_empty()
    }

    /// Of the time in which a prompt's KV moves, that of one layer.
    pub(crate) fn moving_of_a_layer(&self, moving: Span) -> Span {
        let layers: u64 = self.model.layers.iter().map(|layers| layers.count).sum();
        Span::from_nanos(moving.as_nanos() / layers.max(1))
    }

    /// Bytes that a prompt's KV, and a chat's state after it, have on the link.
    pub fn transfer_bytes(&self, tokens: u64) -> f64 {
        self.kv_bytes(tokens) + self.model.state_bytes() as f64
    }

    /// Bytes of a prompt's KV, without a state.
    pub(crate) fn kv_bytes(&self, tokens: u64) -> f64 {
        // What is sent is one copy of the KV, however many the pools hold of it.
        let values = |layers: &LayerGroup| {
            let reached = |limit: Option<u64>| limit.map_or(tokens, |limit| tokens.min(limit));
            let cached = layers.cached(HeadChips::ONE);
            let values = cached.iter().map(|cached| cached.values * reached(cached.limit) as f64);
            layers.count as f64 * values.sum::<f64>()
        };
        self.model.layers.iter().map(values).sum::<f64>() * self.serving.kv.bytes()
    }
}

/// The chips that are estimates as a whole, each once.
fn estimated_chips<'a>(
    chips: &'a [Arc<Chip>],
    host_cpu: &'a Arc<Chip>,
) -> impl Iterator<Item = String> + use<> {
    let estimated = chips.iter().chain([host_cpu]).filter(|chip| chip.estimated);
    let names: BTreeSet<String> = estimated.map(|chip| chip.name.clone()).collect();
    names.into_iter().map(|name| format!("{name} (the whole chip)"))
}

fn deploy_link(machine: &str, link: &Link, ledger: &Ledger) -> Result<DeployedLink, MachineError> {
    let rate = &link.bandwidth_bytes_per_second;
    let paths = link.paths.as_ref().and_then(|paths| ledger.known(paths, machine, "link.paths"));
    if let Some(sends) = &link.sends {
        ledger.rest_on(sends.confidence, machine, "link.sends");
    }
    Ok(DeployedLink {
        bytes_per_second: ledger.need(rate, machine, "link.bandwidth_bytes_per_second")?,
        latency_seconds: ledger.need(&link.latency_seconds, machine, "link.latency_seconds")?,
        paths: paths.unwrap_or(1.0) as u64,
        sends: link.sends.as_ref().map(|sends| sends.value).unwrap_or_default(),
    })
}

fn deploy_tier(
    machine: &str,
    index: usize,
    tier: &KvTier,
    ledger: &Ledger,
) -> Result<DeployedTier, MachineError> {
    let need = |figure, key: &str| ledger.need(figure, machine, &format!("kv_tiers.{index}.{key}"));
    Ok(DeployedTier {
        name: tier.name.clone(),
        scope: tier.scope,
        capacity_bytes: need(&tier.capacity_bytes, "capacity_bytes")?,
        bytes_per_second: need(&tier.bandwidth_bytes_per_second, "bandwidth_bytes_per_second")?,
        latency_seconds: need(&tier.latency_seconds, "latency_seconds")?,
    })
}
