//! How a machine's serving software behaves: batches, order, routing, memory, limits.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::figure::{Choice, Confidence, Figure, Switch};
use super::flaw::{Flaw, counted};

/// How batches are formed, and what happens to chats that wait.
///
/// What a machine's file leaves out is as its software's file says. What that leaves out too is as
/// serving software has it by default: first come, first served; the group with the fewest chats;
/// blocks of 16 tokens; KV that lacks memory is read again; no limits. The most tokens and chats of
/// a step have no default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scheduler {
    /// The most tokens of one step.
    pub tokens_per_step: Option<Figure>,
    /// The most chats of one step.
    pub calls_per_step: Option<Figure>,
    /// Whether the beginnings of prompts stay in memory after their chats, so that a later prompt
    /// that begins the same way is not read from its first token again. On where it is absent, as
    /// serving software has it.
    pub prefix_cache: Option<Switch>,
    /// Which waiting chat is read next.
    pub policy: Option<Choice<Policy>>,
    /// The time to the first token that is aimed at; needed by the policy `slo_aware`.
    pub first_token_objective_seconds: Option<Figure>,
    /// Which group a chat goes to.
    pub routing: Option<Choice<Routing>>,
    /// Whether the batch of a step is decided when the step before it begins, so that the host's
    /// work hides behind the chips': asynchronous scheduling. A chat that comes meanwhile waits one
    /// step more. Off where it is absent.
    pub plans_ahead: Option<Switch>,
    /// The scheduler takes in new chats once in so many steps, so that one that comes while steps
    /// go on waits half as many on average; at once where it is absent.
    pub intake_interval_steps: Option<Figure>,
    /// What becomes of the KV of a chat whose memory another needs.
    pub preemption: Option<Choice<Preemption>>,
    /// Tokens of one block of KV.
    pub block_tokens: Option<Figure>,
    /// The most chats that wait to be read; further ones are rejected.
    pub waiting_calls_max: Option<Figure>,
    /// The longest that a chat waits to be read before it is rejected.
    pub waiting_seconds_max: Option<Figure>,
}

impl Scheduler {
    /// Whether the beginnings of prompts are kept.
    pub fn keeps_prefixes(&self) -> bool {
        self.prefix_cache.as_ref().is_none_or(|switch| switch.value)
    }

    /// What does not go together in it, as far as it is there; the keys begin with `scheduler`.
    pub(super) fn flaws(&self) -> Vec<Flaw> {
        let counts = [
            ("scheduler.tokens_per_step", &self.tokens_per_step),
            ("scheduler.calls_per_step", &self.calls_per_step),
            ("scheduler.block_tokens", &self.block_tokens),
            ("scheduler.waiting_calls_max", &self.waiting_calls_max),
        ];
        let counts =
            counts.into_iter().filter_map(|(key, figure)| counted(key, figure.as_ref()?).err());
        let mut flaws: Vec<Flaw> = counts.collect();
        match (&self.calls_per_step, &self.tokens_per_step) {
            (Some(calls), Some(tokens)) if calls.value > tokens.value => flaws.push(Flaw::new(
                "scheduler.calls_per_step",
                "`scheduler.calls_per_step` must be at most `tokens_per_step`: each chat of a step \
                 passes at least one token",
            )),
            _ => {}
        }
        let policy = self.policy.as_ref().map(|policy| policy.value);
        if policy == Some(Policy::SloAware) && self.first_token_objective_seconds.is_none() {
            flaws.push(Flaw::new(
                "scheduler.policy",
                "`scheduler.policy` is `slo_aware`, which needs an objective; add \
                 `scheduler.first_token_objective_seconds`",
            ));
        }
        flaws
    }
}

/// Which waiting chat is read next. Chats that lost their memory come before all others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// The one that came first.
    #[default]
    Fcfs,
    /// The one with the shortest prompt.
    ShortestPrompt,
    /// The one that must begin first to meet the objective of the first token. Those that no longer
    /// can come after those that still can, in the order in which they came.
    SloAware,
}

impl Policy {
    /// The word that stands for it in files and on screen.
    pub fn word(self) -> &'static str {
        match self {
            Policy::Fcfs => "fcfs",
            Policy::ShortestPrompt => "shortest_prompt",
            Policy::SloAware => "slo_aware",
        }
    }
}

/// Which group of a pool a chat goes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Routing {
    /// Each in turn.
    RoundRobin,
    /// The one with the fewest chats.
    #[default]
    LeastOutstanding,
    /// The one with the least to do: tokens of this prompt that it does not have in memory, and
    /// tokens of the prompts of all chats it has, much as NVIDIA Dynamo's router weighs them.
    PrefixAffinity,
}

impl Routing {
    /// The word that stands for it in files and on screen.
    pub fn word(self) -> &'static str {
        match self {
            Routing::RoundRobin => "round_robin",
            Routing::LeastOutstanding => "least_outstanding",
            Routing::PrefixAffinity => "prefix_affinity",
        }
    }
}

/// What becomes of the KV of a chat whose memory another needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Preemption {
    /// It is given up and computed again.
    #[default]
    Recompute,
    /// It moves to the first of the machine's KV tiers, and back when there is room.
    Swap,
}

impl Preemption {
    /// The word that stands for it in files and on screen.
    pub fn word(self) -> &'static str {
        match self {
            Preemption::Recompute => "recompute",
            Preemption::Swap => "swap",
        }
    }
}

/// When a prompt's KV leaves for the decode pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sending {
    /// Once the whole prompt is read.
    #[default]
    AtEnd,
    /// Layer by layer while the prompt is read; what is left after it is one layer, or what the
    /// link could not move meanwhile.
    PerLayer,
}

impl Sending {
    /// The word that stands for it in files and on screen.
    pub fn word(self) -> &'static str {
        match self {
            Sending::AtEnd => "at_end",
            Sending::PerLayer => "per_layer",
        }
    }
}

/// Who shares a KV tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TierScope {
    /// Each group has its own.
    Group,
    /// All groups that read prompts have one together.
    Machine,
}

impl TierScope {
    /// The word that stands for it in files and on screen.
    pub fn word(self) -> &'static str {
        match self {
            TierScope::Group => "group",
            TierScope::Machine => "machine",
        }
    }
}

/// Memory behind the chips' own, where the KV of earlier prompts is kept: host memory, or storage
/// behind a BlueField DPU.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KvTier {
    /// For people: `host memory`.
    pub name: String,
    /// Who shares it.
    pub scope: TierScope,
    /// Its size, of one scope.
    pub capacity_bytes: Figure,
    /// Reads, of one scope, shared by all that are under way.
    pub bandwidth_bytes_per_second: Figure,
    /// Fixed time of one read.
    pub latency_seconds: Figure,
}

/// Step times that a profile states in place of those that follow from the chips.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixedStepTimes {
    /// A step that reads any token of a prompt.
    pub prefill_seconds: Figure,
    /// A step that only writes.
    pub decode_seconds: Figure,
    /// Blocks of KV in each group.
    pub kv_blocks: Figure,
}

/// Step times that were measured layer by layer, in place of those that follow from the chips. They
/// hold for one model on one kind of group.
///
/// The tables are comma-separated, with times in microseconds, as LLMServingSim's profiler writes
/// them; their paths start at the machine's file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LayerProfile {
    /// Operations by the tokens of a step: `layer,tokens,time_us`.
    pub dense: PathBuf,
    /// Attention in one layer: `prefill_chunk,kv_prefill,n_decode,kv_decode,time_us`. The first two
    /// are sums over the prompts of a step, the last is the mean over the replies.
    pub attention: PathBuf,
    /// Operations by the chats of a step: `layer,sequences,time_us`.
    pub per_sequence: PathBuf,
    /// Blocks of KV in each group as the serving software counts them; what is left beside the
    /// weights where it is absent.
    pub kv_blocks: Option<Figure>,
    /// Who measured the tables.
    pub source: String,
    /// When, as `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    pub date: String,
    /// How far to trust them.
    pub confidence: Confidence,
    /// What a reader should know besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl LayerProfile {
    /// The paths of the tables, each with its key.
    pub fn tables(&self) -> [(&'static str, &Path); 3] {
        [
            ("dense", &self.dense),
            ("attention", &self.attention),
            ("per_sequence", &self.per_sequence),
        ]
    }
}

/// A WebAssembly component of world `timeslip:hardware` that times steps, in place of the equations
/// that go with the chips.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CostComponent {
    /// The component; its path starts at the machine's file.
    pub file: PathBuf,
    /// Blocks of KV in each group; what the chips' memory has left where it is absent.
    pub kv_blocks: Option<Figure>,
    /// What the component's equations rest on, by names that it knows.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub figures: BTreeMap<String, Figure>,
    /// Who says that the component times this machine.
    pub source: String,
    /// When, as `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    pub date: String,
    /// How far to trust it.
    pub confidence: Confidence,
    /// What a reader should know besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}
