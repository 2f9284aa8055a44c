//! A group of equal layers: what mixes tokens, and the feed-forward part.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::attention::{Cached, Compressed, Grouped, HeadChips, Latent, Reach};
use super::recurrent::{LinearAttention, Mamba, State};

/// Layers that are all alike. A layer has one of the kinds of attention and of states or none, and
/// a feed-forward part or none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LayerGroup {
    /// How many.
    pub count: u64,
    /// Attention with heads that share keys and values.
    pub grouped: Option<Grouped>,
    /// Multi-head latent attention.
    pub latent: Option<Latent>,
    /// Attention to compressed spans of tokens.
    pub compressed: Option<Compressed>,
    /// A state space model.
    pub mamba: Option<Mamba>,
    /// Gated linear attention.
    pub linear_attention: Option<LinearAttention>,
    /// Width of a dense feed-forward part; 0 for none.
    #[serde(default)]
    pub dense_width: u64,
    /// Experts, if any.
    pub experts: Option<Experts>,
    /// Matrices of a feed-forward part and of an expert: 3 where it is gated, else 2.
    #[serde(default = "gated")]
    pub matrices: u64,
}

/// A gate, the way up and the way down.
fn gated() -> u64 {
    3
}

/// A mixture of experts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Experts {
    /// Experts to choose from.
    pub count: u64,
    /// Chosen per token.
    pub per_token: u64,
    /// Width of one expert.
    pub width: u64,
    /// Experts that every token passes.
    #[serde(default)]
    pub shared: u64,
    /// Width of one of those; absent where it is the others'.
    pub shared_width: Option<u64>,
    /// Width of the space that the chosen experts work in, with a matrix into it and one out of it;
    /// absent where that is the model's own.
    pub latent_width: Option<u64>,
}

impl Experts {
    fn widths(&self) -> impl Iterator<Item = u64> {
        let always = [self.count, self.per_token, self.width, self.shared];
        always.into_iter().chain(self.shared_width).chain(self.latent_width)
    }

    /// Of the router, the shared experts, and the ways into a narrower space and out of it.
    fn linear_parameters(&self, hidden: u64, matrices: u64) -> u64 {
        let shared_width = self.shared_width.unwrap_or(self.width);
        hidden * self.count
            + matrices * hidden * shared_width * self.shared
            + self.latent_width.map_or(0, |latent| 2 * hidden * latent)
    }
}

impl LayerGroup {
    /// All numbers of the group but its count and its window.
    pub(super) fn widths(&self) -> impl Iterator<Item = u64> {
        let kinds = [
            self.grouped.as_ref().map(Grouped::widths),
            self.latent.as_ref().map(Latent::widths),
            self.compressed.as_ref().map(Compressed::widths),
            self.mamba.as_ref().map(Mamba::widths),
            self.linear_attention.as_ref().map(LinearAttention::widths),
        ];
        let experts = self.experts.iter().flat_map(Experts::widths);
        std::iter::once(self.dense_width)
            .chain(kinds.into_iter().flatten().flatten())
            .chain(experts)
    }

    /// How many kinds of attention and of states it names.
    pub(super) fn kinds(&self) -> usize {
        let attentions = [self.grouped.is_some(), self.latent.is_some(), self.compressed.is_some()];
        let states = [self.mamba.is_some(), self.linear_attention.is_some()];
        attentions.into_iter().chain(states).filter(|is_named| *is_named).count()
    }

    /// Whether its tokens look back at others.
    pub fn attends(&self) -> bool {
        self.grouped.is_some() || self.latent.is_some() || self.compressed.is_some()
    }

    /// Whether it has attention or a state.
    pub fn mixes_tokens(&self) -> bool {
        self.attends() || self.state().is_some()
    }

    /// Whether it has a feed-forward part, dense or of experts.
    pub fn feeds_forward(&self) -> bool {
        self.dense_width > 0 || self.experts.is_some()
    }

    /// The same without its feed-forward part.
    pub(super) fn attention_part(&self) -> LayerGroup {
        LayerGroup { dense_width: 0, experts: None, ..self.clone() }
    }

    /// Its feed-forward part alone.
    pub(super) fn feed_forward_part(&self) -> LayerGroup {
        LayerGroup {
            grouped: None,
            latent: None,
            compressed: None,
            mamba: None,
            linear_attention: None,
            ..self.clone()
        }
    }

    /// Parameters of one layer that every token passes: attention, dense or shared feed-forward
    /// parts, and the router.
    pub fn linear_parameters(&self, hidden: u64) -> u64 {
        let feed_forward = self.matrices * hidden * self.dense_width;
        let routed = self.experts.as_ref();
        let routed = routed.map_or(0, |experts| experts.linear_parameters(hidden, self.matrices));
        self.mixing_parameters(hidden) + feed_forward + routed
    }

    /// Parameters of one expert that tokens are routed to; none where there are no experts.
    pub fn expert_parameters(&self, hidden: u64) -> u64 {
        self.experts.as_ref().map_or(0, |experts| {
            self.matrices * experts.latent_width.unwrap_or(hidden) * experts.width
        })
    }

    fn mixing_parameters(&self, hidden: u64) -> u64 {
        let kinds = [
            self.grouped.as_ref().map(|kind| kind.parameters(hidden)),
            self.latent.as_ref().map(|kind| kind.parameters(hidden)),
            self.compressed.as_ref().map(|kind| kind.parameters(hidden)),
            self.mamba.as_ref().map(|kind| kind.parameters(hidden)),
            self.linear_attention.as_ref().map(|kind| kind.parameters(hidden)),
        ];
        kinds.into_iter().flatten().sum()
    }

    /// What a token looks back at in one layer, with the values that one of the chips reads which
    /// share the heads.
    pub fn reaches(&self, on: HeadChips) -> Vec<Reach> {
        let grouped = self.grouped.iter().flat_map(|kind| kind.reaches(on));
        let latent = self.latent.iter().flat_map(Latent::reaches);
        let compressed = self.compressed.iter().flat_map(Compressed::reaches);
        let shared = latent.chain(compressed);
        let shared = shared.map(|reach| Reach { values: reach.values * on.copies(), ..reach });
        grouped.chain(shared).collect()
    }

    /// What one layer caches of a token on one of the chips that share the heads.
    ///
    /// Heads are split over the chips down to one per chip, or per core; what all heads share is
    /// whole on each.
    pub fn cached(&self, on: HeadChips) -> Vec<Cached> {
        let grouped = self.grouped.iter().flat_map(|kind| kind.cached(on));
        let latent = self.latent.iter().flat_map(Latent::cached);
        let compressed = self.compressed.iter().flat_map(Compressed::cached);
        let shared = latent.chain(compressed);
        let shared = shared.map(|cached| Cached { values: cached.values * on.copies(), ..cached });
        grouped.chain(shared).collect()
    }

    /// The state of a chat in one layer, over all chips, which share its heads.
    pub fn state(&self) -> Option<State> {
        let mamba = self.mamba.as_ref().map(Mamba::state);
        mamba.or_else(|| self.linear_attention.as_ref().map(LinearAttention::state))
    }
}
