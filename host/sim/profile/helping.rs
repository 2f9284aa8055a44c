//! Pools that work for the pool that writes: feed-forward parts on chips of their own, and drafts.

use serde::{Deserialize, Serialize};

use super::figure::{Distribution, Figure};
use super::machine::{MachineProfile, Pool, Serving, positive, whole};
use super::precision::Precision;
use super::role::Role;

/// Between the attention pool and the ffn pool: each layer's activations cross it and come back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FfnLink {
    /// One direction between one attention group and its ffn group.
    pub bandwidth_bytes_per_second: Figure,
    /// Fixed time of one crossing.
    pub latency_seconds: Figure,
    /// Parts into which the chats of a step are divided, so that one group computes for one part
    /// while the other computes for another; 1 for none.
    pub micro_batches: Figure,
}

/// A model that proposes tokens for one that the machine serves, and the formats it is held in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
        }
    }
}

/// Speculative decoding: tokens are proposed cheaply, and one pass of the model keeps those that it
/// would have written itself, and writes one more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

    /// What pools that help must hold.
    pub(super) fn validate_helping(&self) -> Result<(), String> {
        let has = |role| self.pools.iter().any(|pool| pool.role == role);
        match &self.ffn_link {
            None if has(Role::Ffn) => {
                return Err(
                    "an attention and an ffn pool need an [ffn_link] between them".to_owned()
                );
            }
            Some(_) if !has(Role::Ffn) => {
                return Err("[ffn_link] joins an `attention` and an `ffn` pool, which are not \
                            there; remove it"
                    .to_owned());
            }
            None => {}
            Some(link) => {
                positive("ffn_link.bandwidth_bytes_per_second", &link.bandwidth_bytes_per_second)?;
                whole("`ffn_link.micro_batches`", &link.micro_batches)?;
            }
        }
        self.validate_groups()?;
        match &self.speculation {
            None if has(Role::Draft) => {
                Err("a pool of role `draft` needs a [speculation]; add it".to_owned())
            }
            None => Ok(()),
            Some(speculation) => self.validate_speculation(speculation, has(Role::Draft)),
        }?;
        self.pools.iter().try_for_each(|pool| self.validate_helper(pool))
    }

    /// A group that helps works for one group that writes.
    fn validate_groups(&self) -> Result<(), String> {
        let helper = self.pools.iter().find(|pool| pool.role.helps());
        let writer = self.pools.iter().find(|pool| pool.role.writes());
        let (Some(helper), Some(writer)) = (helper, writer) else {
            return Ok(());
        };
        if helper.replicas.value == writer.replicas.value {
            return Ok(());
        }
        let replicas = |pool: &Pool| pool.replicas.value.unwrap_or_default();
        Err(format!(
            "the {} has {} `replicas` and the {} {}; make them equal, since one {} group works for \
             one {} group",
            helper.role.pool(),
            replicas(helper),
            writer.role.pool(),
            replicas(writer),
            helper.role.word(),
            writer.role.word()
        ))
    }

    fn validate_speculation(&self, given: &Speculation, has_draft: bool) -> Result<(), String> {
        let proposed = whole("`speculation.proposed_tokens`", &given.proposed_tokens)?;
        let chances = given.accepted_tokens.probabilities.len() as u64;
        if proposed > PROPOSED_TOKENS_MAX {
            return Err(format!(
                "`speculation.proposed_tokens` must be at most {PROPOSED_TOKENS_MAX}"
            ));
        }
        if chances != proposed + 1 {
            return Err(format!(
                "`speculation.accepted_tokens` has {chances} probabilities; with {proposed} \
                 proposed tokens it needs {}, for 0 to {proposed} that are accepted",
                proposed + 1
            ));
        }
        match &given.draft_layers {
            Some(_) if has_draft => {
                return Err("`speculation.draft_layers` is for machines without a pool of role \
                            `draft`; remove one of the two"
                    .to_owned());
            }
            None if !has_draft => {
                return Err("[speculation] needs a pool of role `draft`, or `draft_layers` where \
                            the model proposes tokens itself"
                    .to_owned());
            }
            layers => {
                layers.as_ref().map(|n| whole("`speculation.draft_layers`", n)).transpose()?
            }
        };
        if given.crossing_seconds.is_some() && !has_draft {
            return Err(
                "`speculation.crossing_seconds` is of a way to a pool of role `draft`, which \
                        is not there; remove it"
                    .to_owned(),
            );
        }
        for pool in self.pools.iter().filter(|pool| pool.role.writes()) {
            if let [key @ ("layer_profile" | "cost_component")] = pool.stated_times()[..] {
                return Err(format!(
                    "a `{key}` holds no times of proposed tokens; remove it or [speculation]"
                ));
            }
        }
        Ok(())
    }

    fn validate_helper(&self, pool: &Pool) -> Result<(), String> {
        let name = pool.role.pool();
        let is_stated = !pool.stated_times().is_empty();
        if is_stated && !matches!(pool.role, Role::Prefill | Role::Decode | Role::All) {
            return Err(format!(
                "the {name} has `fixed_steps`, a `layer_profile` or a `cost_component`, which a \
                 part of a machine's step has not; remove it"
            ));
        }
        if pool.role != Role::Draft {
            return match pool.drafts.is_empty() {
                true => Ok(()),
                false => {
                    Err(format!("the {name} has [[pools.drafts]], which only a draft pool has"))
                }
            };
        }
        for serving in &self.serves {
            if !pool.drafts.iter().any(|draft| draft.target == serving.model) {
                return Err(format!(
                    "the draft pool has no [[pools.drafts]] with target = \"{}\"; add it, or \
                     remove the model from [[serves]]",
                    serving.model
                ));
            }
        }
        Ok(())
    }
}
