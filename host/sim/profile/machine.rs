//! A machine: pools of chips, the links between them, and the models it serves.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::figure::{Choice, Figure};
use super::helping::{DraftModel, FfnLink, Speculation};
use super::precision::Precision;
use super::role::Role;
use super::serving::{CostComponent, FixedStepTimes, KvTier, LayerProfile, Scheduler, Sending};
use super::speed::Speed;
use super::status::Status;

/// One file of `hardware-profiles/machines`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MachineProfile {
    /// The name on the command line; the file's name.
    pub name: String,
    /// For people.
    pub title: String,
    /// A machine of which this one is a variant: it has what this one does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inherits: Option<String>,
    /// What it is and how it serves, in a sentence or two.
    pub about: String,
    /// Whether it can be had; as its chips where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Choice<Status>>,
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
    /// How many times as fast its steps and transfers are as all this says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed: Option<Speed>,
    /// The chips of the platform, and the figures that each stands behind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<PlatformPart>,
    /// The models, and the formats they are held in.
    pub serves: Vec<Serving>,
    /// The formats of every model that `serves` does not name; no other is served where it is
    /// absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_models: Option<OtherModels>,
}

/// A chip of the platform, by the name that its maker gives it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlatformPart {
    /// Its name: `Spectrum-6`.
    pub name: String,
    /// What it does: `switches between racks`.
    pub does: String,
    /// How many the machine has.
    pub count: Figure,
    /// The figures of this file (`kv_tiers.1.latency_seconds`) and of the machine's chips
    /// (`rubin.scale_up.bandwidth_bytes_per_second`) that follow from it.
    pub figures: Vec<String>,
}

/// Equal chips that serve together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
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
    /// How alike the tokens of a step are routed to experts, as the concentration of a beta
    /// distribution of the experts' shares of tokens: the smaller it is, the more experts the
    /// tokens share. Each expert is as likely as another where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routing_concentration: Option<Figure>,
}

/// The formats of the models that a machine's file does not name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OtherModels {
    /// Weights that every token passes.
    pub linear: Precision,
    /// Experts; as `linear` where absent.
    pub experts: Option<Precision>,
    /// Embedding and output matrix.
    pub head: Precision,
    /// The KV cache.
    pub kv: Precision,
}

impl Serving {
    /// Of the experts' shares of tokens; `None` where these are taken to be even.
    pub(crate) fn concentration(&self) -> Option<f64> {
        self.routing_concentration.as_ref().and_then(|figure| figure.value)
    }
}

impl MachineProfile {
    /// The formats that a model is held in; `None` where the machine does not serve it.
    pub fn serving(&self, model: &str) -> Option<Serving> {
        if let Some(serving) = self.serves.iter().find(|serving| serving.model == model) {
            return Some(serving.clone());
        }
        self.other_models.as_ref().map(|formats| Serving {
            model: model.to_owned(),
            linear: formats.linear,
            experts: formats.experts,
            head: formats.head,
            kv: formats.kv,
            routing_concentration: None,
        })
    }

    /// The names of its chips, that of the host's last.
    pub fn chips(&self) -> impl Iterator<Item = &str> {
        let pools = self.pools.iter().map(|pool| &*pool.chip);
        pools.chain([&*self.host_cpu])
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
}
