//! A machine: pools of chips, the links between them, and the models it serves.

use serde::{Deserialize, Serialize};

use super::figure::{Choice, Figure, check_provenance};
use super::helping::{DraftModel, FfnLink, Speculation};
use super::precision::Precision;
use super::role::{Role, check_roles};
use super::serving::{
    CostComponent, FixedStepTimes, KvTier, LayerProfile, Preemption, Scheduler, Sending,
};

/// One file of `hardware-profiles/machines`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MachineProfile {
    /// The name on the command line; the file's name.
    pub name: String,
    /// For people.
    pub title: String,
    /// What it is and how it serves, in a sentence or two.
    pub about: String,
    /// The chip that agents and tools run on.
    pub host_cpu: String,
    /// The model it serves when none is named.
    pub default_model: String,
    /// The serving software, whose figures stand in where this file gives none: `vllm`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software: Option<String>,
    /// From the request's arrival to the scheduler: parsing, tokenising, dispatch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub front_end_seconds: Option<Figure>,
    /// How batches are formed.
    #[serde(default)]
    pub scheduler: Scheduler,
    /// The pools: those that read prompts, those that write, and those that help to write.
    pub pools: Vec<Pool>,
    /// From the prefill pool to the pool that writes.
    pub link: Option<Link>,
    /// Between the attention and the ffn pool.
    pub ffn_link: Option<FfnLink>,
    /// Whether tokens are proposed and checked rather than written one by one.
    pub speculation: Option<Speculation>,
    /// Where KV is kept that does not fit the chips' memory, the nearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kv_tiers: Vec<KvTier>,
    /// The models, and the formats they are held in.
    pub serves: Vec<Serving>,
}

/// Equal chips that serve together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// What it does.
    pub role: Role,
    /// The chip's name.
    pub chip: String,
    /// How many.
    pub chips: Figure,
    /// How many of them share each matrix.
    pub tensor_parallel: Figure,
    /// How many such ranks of a group there are, each with chats and a copy of the attention of its
    /// own, while all of them share the experts; 1 where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_parallel: Option<Figure>,
    /// Into how many parts the experts are divided. The chips of a part share each of its experts;
    /// 1 where it is absent: all chips share every expert.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expert_parallel: Option<Figure>,
    /// Into how many stages the layers are divided, each on chips of its own; 1 where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipeline_parallel: Option<Figure>,
    /// How many groups there are, of tensor × data × pipeline chips.
    pub replicas: Figure,
    /// Host work per step, multiplied by the square root of the number of chats in it, or in each
    /// data rank; the software's where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_step_seconds: Option<Figure>,
    /// Step times and blocks that are stated, whatever the chip is.
    pub fixed_steps: Option<FixedStepTimes>,
    /// Step times that were measured layer by layer.
    pub layer_profile: Option<LayerProfile>,
    /// Step times that a component gives.
    pub cost_component: Option<CostComponent>,
    /// The models that a pool of role `draft` holds, one for each that the machine serves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drafts: Vec<DraftModel>,
}

/// From the prefill pool to the pool that writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// One direction of one path, for the transfers on it one after the other.
    pub bandwidth_bytes_per_second: Figure,
    /// Fixed time of one transfer.
    pub latency_seconds: Figure,
    /// How many transfers go at once, each at the whole bandwidth; 1 where it is absent.
    pub paths: Option<Figure>,
    /// When a prompt's KV leaves; at the end where it is absent.
    pub sends: Option<Choice<Sending>>,
}

/// A model, and the formats it is held in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Serving {
    /// The model's name.
    pub model: String,
    /// Weights that every token passes.
    pub linear: Precision,
    /// Experts; as `linear` where absent.
    pub experts: Option<Precision>,
    /// Embedding and output matrix.
    pub head: Precision,
    /// The KV cache.
    pub kv: Precision,
}

impl MachineProfile {
    /// Whether the pools make a machine.
    ///
    /// # Errors
    /// A sentence that names what is wrong.
    pub fn validate(&self) -> Result<(), String> {
        let bad = |what: String| Err(format!("machine `{}`: {what}", self.name));
        let roles: Vec<Role> = self.pools.iter().map(|pool| pool.role).collect();
        check_roles(&roles).or_else(&bad)?;
        match roles[0] {
            Role::Prefill if self.link.is_none() => {
                return bad(format!(
                    "a prefill and {} pool need a [link] between them",
                    if roles[1] == Role::Decode { "a decode" } else { "an attention" }
                ));
            }
            Role::Prefill => {}
            first if self.link.is_some() => {
                return bad(format!(
                    "a pool of role `{}` reads prompts itself and has no [link]; remove it",
                    first.word()
                ));
            }
            _ => {}
        }
        for pool in &self.pools {
            pool.validate().or_else(&bad)?;
        }
        self.validate_software().or_else(&bad)?;
        self.validate_serving().or_else(&bad)?;
        self.validate_helping().or_else(&bad)?;
        if self.pools.iter().any(|pool| pool.layer_profile.is_some()) && self.serves.len() > 1 {
            return bad("a `layer_profile` is of one model; keep one [[serves]]".to_owned());
        }
        match self.serves.iter().any(|serving| serving.model == self.default_model) {
            true => Ok(()),
            false => bad(format!(
                "`default_model` is `{}`, which no [[serves]] names",
                self.default_model
            )),
        }
    }
}

impl MachineProfile {
    /// What the optional parts of the scheduler, the link and the tiers must hold.
    fn validate_serving(&self) -> Result<(), String> {
        if let Some(link) = &self.link {
            positive("link.bandwidth_bytes_per_second", &link.bandwidth_bytes_per_second)?;
            link.paths.as_ref().map(|paths| whole("`link.paths`", paths)).transpose()?;
        }
        for (index, tier) in self.kv_tiers.iter().enumerate() {
            let name = |key: &str| format!("kv_tiers.{index}.{key}");
            let rate = &tier.bandwidth_bytes_per_second;
            positive(&name("bandwidth_bytes_per_second"), rate)?;
        }
        self.scheduler.validate()?;
        let preemption = self.scheduler.preemption.as_ref().map(|preemption| preemption.value);
        if preemption == Some(Preemption::Swap) && self.kv_tiers.is_empty() {
            return Err("`scheduler.preemption` is `swap`, which needs memory to swap to; add a \
                        [[kv_tiers]]"
                .to_owned());
        }
        Ok(())
    }

    /// What a machine must say itself that names no software.
    fn validate_software(&self) -> Result<(), String> {
        if self.software.is_some() {
            return Ok(());
        }
        let scheduler = &self.scheduler;
        let mut needed = vec![
            ("front_end_seconds", self.front_end_seconds.is_some()),
            ("scheduler.tokens_per_step", scheduler.tokens_per_step.is_some()),
            ("scheduler.calls_per_step", scheduler.calls_per_step.is_some()),
        ];
        let pools = self.pools.iter();
        needed.extend(pools.map(|pool| ("host_step_seconds", pool.host_step_seconds.is_some())));
        match needed.into_iter().find(|(_, is_there)| !is_there) {
            None => Ok(()),
            Some((key, _)) => Err(format!(
                "`{key}` is missing; add it, or name the serving software that has it: \
                 software = \"vllm\""
            )),
        }
    }
}

pub(super) fn positive(name: &str, figure: &Figure) -> Result<(), String> {
    match figure.value {
        Some(0.0) => Err(format!("`{name}` must be over 0")),
        _ => Ok(()),
    }
}

impl Pool {
    /// The keys by which the profile says what steps take, beside what follows from the chips.
    pub(super) fn stated_times(&self) -> Vec<&'static str> {
        let ways = [
            ("fixed_steps", self.fixed_steps.is_some()),
            ("layer_profile", self.layer_profile.is_some()),
            ("cost_component", self.cost_component.is_some()),
        ];
        ways.into_iter().filter(|(_, is_there)| *is_there).map(|(key, _)| key).collect()
    }

    fn validate(&self) -> Result<(), String> {
        let pool = self.role.pool();
        let count = |name: &str, figure| whole(&format!("the {pool}'s `{name}`"), figure);
        self.validate_parallelism()?;
        if let Some(fixed) = &self.fixed_steps {
            count("fixed_steps.kv_blocks", &fixed.kv_blocks)?;
        }
        if let Some(profile) = &self.layer_profile {
            check_provenance(&profile.source, &profile.date)?;
            let blocks = profile.kv_blocks.as_ref();
            blocks.map(|blocks| count("layer_profile.kv_blocks", blocks)).transpose()?;
        }
        if let Some(component) = &self.cost_component {
            check_provenance(&component.source, &component.date)?;
            let blocks = component.kv_blocks.as_ref();
            blocks.map(|blocks| count("cost_component.kv_blocks", blocks)).transpose()?;
        }
        if let [first, second, ..] = self.stated_times()[..] {
            return Err(format!("the {pool} has `{first}` and `{second}`; keep one of them"));
        }
        Ok(())
    }
}

/// The value of a figure that counts something.
pub(crate) fn whole(name: &str, figure: &Figure) -> Result<u64, String> {
    figure
        .value
        .filter(|value| *value >= 1.0 && *value == value.floor() && *value < 1e9)
        .map(|value| value as u64)
        .ok_or_else(|| format!("{name} must be a whole number of at least 1"))
}
