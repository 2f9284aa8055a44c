//! A machine with one model placed on it: what the engine runs and `explain` explains.

use std::sync::Arc;

use timeslip_timeline::time::Span;

use crate::cost::{PowerDraw, StepCost};
use crate::placement::Placement;
use crate::profile::{Chip, Model, Role, Serving};

/// A machine with one model placed on it.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// The machine's name.
    pub machine: String,
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

impl Deployment {
    /// Bytes that a prompt's KV has on the link.
    pub fn transfer_bytes(&self, tokens: u64) -> f64 {
        // What is sent is one copy of the KV, however many the pools hold of it.
        let values = |layers: &crate::profile::LayerGroup| {
            let tokens = layers.window().map_or(tokens, |window| tokens.min(window));
            layers.count as f64 * layers.cached_values(1) * tokens as f64
        };
        self.model.layers.iter().map(values).sum::<f64>() * self.serving.kv.bytes()
    }
}
