//! Pools that work for the pool that writes: feed-forward parts on chips of their own, and drafts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::figure::{Distribution, Figure};
use super::flaw::{Flaw, counted, positive};
use super::machine::{MachineProfile, Pool, Serving};
use super::precision::Precision;
use super::role::Role;

/// Between the attention pool and the ffn pool: each layer's activations cross it and come back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FfnLink {
    /// One direction between one attention group and its ffn group.
    pub bandwidth_bytes_per_second: Figure,
    /// Fixed time of one crossing.
    pub latency_seconds: Figure,
    /// Parts into which the chats of a step are divided where that makes it shorter, so that one
    /// group computes for one part while the other computes for another; 1 for none.
    pub micro_batches: Figure,
    /// Of the fixed time of a layer on a gpu, the part that stays where attention is; the rest goes
    /// where the feed-forward part is.
    pub attention_fixed_fraction: Figure,
}

/// A model that proposes tokens for one that the machine serves, and the formats it is held in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftModel {
    /// The model that it proposes tokens for.
    pub target: String,
    /// The model that proposes.
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

impl DraftModel {
    /// The model and the formats it is held in.
    pub fn serving(&self) -> Serving {
        Serving {
            model: self.model.clone(),
            linear: self.linear,
            experts: self.experts,
            head: self.head,
            kv: self.kv,
            routing_concentration: None,
        }
    }
}

/// Speculative decoding: tokens are proposed cheaply, and one pass of the model keeps those that it
/// would have written itself, and writes one more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Speculation {
    /// Tokens that are proposed for each chat of a step.
    pub proposed_tokens: Figure,
    /// The chances that 0, 1, … of them are accepted.
    pub accepted_tokens: Distribution,
    /// Layers like the model's last ones that make each proposal, on the chips that write; needed
    /// where there is no pool of role `draft`.
    pub draft_layers: Option<Figure>,
    /// Fixed time of a step in which proposals reach the group that writes and what was accepted
    /// reaches the draft group; none where it is absent.
    pub crossing_seconds: Option<Figure>,
}

/// The most tokens that are proposed, far beyond what pays.
const PROPOSED_TOKENS_MAX: u64 = 64;

impl MachineProfile {
    /// What the draft pool holds for a model, where there is one.
    pub fn draft_for(&self, model: &str) -> Option<&DraftModel> {
        let mut drafts = self.pools.iter().flat_map(|pool| &pool.drafts);
        drafts.find(|draft| draft.target == model)
    }

    /// What is wrong with pools that help.
    pub(super) fn helping_flaws(&self) -> Vec<Flaw> {
        let has = |role| self.pools.iter().any(|pool| pool.role == role);
        let mut flaws = self.ffn_link_flaws(has(Role::Ffn));
        flaws.extend(self.group_flaw());
        match &self.speculation {
            None if has(Role::Draft) => flaws
                .push(Flaw::new("pools", "a pool of role `draft` needs a [speculation]; add it")),
            None => {}
            Some(speculation) => {
                flaws.extend(self.speculation_flaws(speculation, has(Role::Draft)));
            }
        }
        for (index, pool) in self.pools.iter().enumerate() {
            flaws.extend(self.helper_flaw(&format!("pools.{index}"), pool));
        }
        flaws
    }

    fn ffn_link_flaws(&self, has_ffn: bool) -> Vec<Flaw> {
        match (&self.ffn_link, has_ffn) {
            (None, true) => {
                let message = "an attention and an ffn pool need an [ffn_link] between them";
                vec![Flaw::new("pools", message)]
            }
            (Some(_), false) => {
                let message = "[ffn_link] joins an `attention` and an `ffn` pool, which are not \
                               there; remove it";
                vec![Flaw::new("ffn_link", message)]
            }
            (None, false) => Vec::new(),
            (Some(link), true) => {
                let rate = &link.bandwidth_bytes_per_second;
                let rate = positive("ffn_link.bandwidth_bytes_per_second", rate).err();
                let batches = counted("ffn_link.micro_batches", &link.micro_batches).err();
                let key = "ffn_link.attention_fixed_fraction";
                let part = link.attention_fixed_fraction.value.is_some_and(|part| part > 1.0);
                let part = part.then(|| Flaw::new(key, format!("`{key}` must be at most 1")));
                rate.into_iter().chain(batches).chain(part).collect()
            }
        }
    }

    /// A draft group works for one group that writes, and an ffn group for one or several.
    fn group_flaw(&self) -> Option<Flaw> {
        let index = self.pools.iter().position(|pool| pool.role.helps())?;
        let helper = &self.pools[index];
        let writer = self.pools.iter().find(|pool| pool.role.writes())?;
        let replicas = |pool: &Pool| pool.replicas.value.unwrap_or_default();
        let (helpers, writers) = (replicas(helper), replicas(writer));
        let (fits, fix) = match helper.role {
            Role::Ffn => (
                writers % helpers == 0.0,
                "make the one a multiple of the other, since an ffn group works for the same \
                 number of attention groups as any other",
            ),
            _ => (
                writers == helpers,
                "make them equal, since one draft group works for one group that writes",
            ),
        };
        let message = format!(
            "the {} has {helpers} `replicas` and the {} {writers}; {fix}",
            helper.role.pool(),
            writer.role.pool(),
        );
        (!fits).then(|| Flaw::new(format!("pools.{index}.replicas"), message))
    }

    fn speculation_flaws(&self, given: &Speculation, has_draft: bool) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        let key = "speculation.proposed_tokens";
        let chances = given.accepted_tokens.probabilities.len() as u64;
        match counted(key, &given.proposed_tokens) {
            Err(flaw) => flaws.push(flaw),
            Ok(proposed) if proposed > PROPOSED_TOKENS_MAX => {
                let message = format!("`{key}` must be at most {PROPOSED_TOKENS_MAX}");
                flaws.push(Flaw::new(key, message));
            }
            Ok(proposed) if chances != proposed + 1 => {
                let message = format!(
                    "`speculation.accepted_tokens` has {chances} probabilities; with {proposed} \
                     proposed tokens it needs {}, for 0 to {proposed} that are accepted",
                    proposed + 1
                );
                flaws.push(Flaw::new("speculation.accepted_tokens", message));
            }
            Ok(_) => {}
        }
        let key = "speculation.draft_layers";
        match &given.draft_layers {
            Some(_) if has_draft => {
                let message = "`speculation.draft_layers` is for machines without a pool of role \
                               `draft`; remove one of the two";
                flaws.push(Flaw::new(key, message));
            }
            Some(layers) => flaws.extend(counted(key, layers).err()),
            None if has_draft => {}
            None => {
                let message = "[speculation] needs a pool of role `draft`, or `draft_layers` where \
                               the model proposes tokens itself";
                flaws.push(Flaw::new("speculation", message));
            }
        }
        if given.crossing_seconds.is_some() && !has_draft {
            let message = "`speculation.crossing_seconds` is of a way to a pool of role `draft`, \
                           which is not there; remove it";
            flaws.push(Flaw::new("speculation.crossing_seconds", message));
        }
        for pool in self.pools.iter().filter(|pool| pool.role.writes()) {
            if let [key @ ("layer_profile" | "cost_component")] = pool.stated_times()[..] {
                let message = format!(
                    "a `{key}` holds no times of proposed tokens; remove it or [speculation]"
                );
                flaws.push(Flaw::new("speculation", message));
            }
        }
        flaws
    }

    fn helper_flaw(&self, at: &str, pool: &Pool) -> Option<Flaw> {
        let name = pool.role.pool();
        let is_stated = !pool.stated_times().is_empty();
        if is_stated && !matches!(pool.role, Role::Prefill | Role::Decode | Role::All) {
            let message = format!(
                "the {name} has `fixed_steps`, a `layer_profile` or a `cost_component`, which a \
                 part of a machine's step has not; remove it"
            );
            return Some(Flaw::new(at, message));
        }
        if pool.role != Role::Draft {
            let message = format!("the {name} has [[pools.drafts]], which only a draft pool has");
            return (!pool.drafts.is_empty()).then(|| Flaw::new(format!("{at}.drafts"), message));
        }
        let has_no_draft = |model: &str| !pool.drafts.iter().any(|draft| draft.target == model);
        let missing = self.serves.iter().find(|serving| has_no_draft(&serving.model))?;
        let message = format!(
            "the draft pool has no [[pools.drafts]] with target = \"{}\"; add it, or remove the \
             model from [[serves]]",
            missing.model
        );
        Some(Flaw::new(at, message))
    }
}
