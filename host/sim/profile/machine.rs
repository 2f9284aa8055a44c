//! A machine: pools of chips, the links between them, and the models it serves.

use serde::{Deserialize, Serialize};

use super::figure::{Figure, Switch};
use super::precision::Precision;

/// What a pool does with a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads prompts.
    Prefill,
    /// Writes replies.
    Decode,
    /// Does both, in the same steps.
    All,
}

impl Role {
    /// The word that stands for it in files and on screen.
    pub fn word(self) -> &'static str {
        match self {
            Role::Prefill => "prefill",
            Role::Decode => "decode",
            Role::All => "all",
        }
    }

    /// A pool of this role in a sentence; a machine of one pool has no need to say which.
    pub(crate) fn pool(self) -> &'static str {
        match self {
            Role::Prefill => "prefill pool",
            Role::Decode => "decode pool",
            Role::All => "pool",
        }
    }
}

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
    /// From the request's arrival to the scheduler: parsing, tokenising, dispatch.
    pub front_end_seconds: Figure,
    /// How batches are formed.
    pub scheduler: Scheduler,
    /// The pools, one of role `all`, or one `prefill` and one `decode`.
    pub pools: Vec<Pool>,
    /// From the prefill pool to the decode pool.
    pub link: Option<Link>,
    /// The models, and the formats they are held in.
    pub serves: Vec<Serving>,
}

/// How batches are formed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheduler {
    /// The most tokens of one step.
    pub tokens_per_step: Figure,
    /// The most chats of one step.
    pub calls_per_step: Figure,
    /// Whether the beginnings of prompts stay in memory after their chats, so that a later prompt
    /// that begins the same way is not read from its first token again. On where it is absent, as
    /// serving software has it.
    pub prefix_cache: Option<Switch>,
}

impl Scheduler {
    /// Whether the beginnings of prompts are kept.
    pub fn keeps_prefixes(&self) -> bool {
        self.prefix_cache.as_ref().is_none_or(|switch| switch.value)
    }
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
    /// How many of them hold one copy of the model.
    pub tensor_parallel: Figure,
    /// How many copies there are.
    pub replicas: Figure,
    /// Host work per step, multiplied by the square root of the number of chats in it.
    pub host_step_seconds: Figure,
}

/// From the prefill pool to the decode pool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// One direction, shared by all transfers.
    pub bandwidth_bytes_per_second: Figure,
    /// Fixed time of one transfer.
    pub latency_seconds: Figure,
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
        match roles.as_slice() {
            [Role::All] if self.link.is_some() => {
                return bad("one pool of role `all` has no [link]; remove it".to_owned());
            }
            [Role::All] => {}
            [Role::Prefill, Role::Decode] if self.link.is_none() => {
                return bad("a prefill and a decode pool need a [link] between them".to_owned());
            }
            [Role::Prefill, Role::Decode] => {}
            _ => {
                return bad(
                    "[[pools]] must be one of role `all`, or one `prefill` and then one `decode`"
                        .to_owned(),
                );
            }
        }
        for pool in &self.pools {
            pool.validate().or_else(&bad)?;
        }
        for (name, figure) in [
            ("`scheduler.tokens_per_step`", &self.scheduler.tokens_per_step),
            ("`scheduler.calls_per_step`", &self.scheduler.calls_per_step),
        ] {
            whole(name, figure).map(drop).or_else(&bad)?;
        }
        let rate = self.link.as_ref().and_then(|link| link.bandwidth_bytes_per_second.value);
        if rate == Some(0.0) {
            return bad("`link.bandwidth_bytes_per_second` must be over 0".to_owned());
        }
        if self.scheduler.calls_per_step.value > self.scheduler.tokens_per_step.value {
            return bad(
                "`scheduler.calls_per_step` must be at most `tokens_per_step`: each chat of a step \
                 passes at least one token"
                    .to_owned(),
            );
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

impl Pool {
    fn validate(&self) -> Result<(), String> {
        let pool = self.role.pool();
        let count = |name: &str, figure| whole(&format!("the {pool}'s `{name}`"), figure);
        let chips = count("chips", &self.chips)?;
        let used =
            count("tensor_parallel", &self.tensor_parallel)? * count("replicas", &self.replicas)?;
        match used <= chips {
            true => Ok(()),
            false => Err(format!(
                "the {pool} has {chips} chips, but tensor_parallel × replicas = {used}"
            )),
        }
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
