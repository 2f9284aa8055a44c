//! A model's architecture: enough of it to count operations, weights and cached bytes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::figure::{Confidence, check_provenance};

/// Bounds that hold every product of a model's numbers inside 64 bits, far beyond any model.
const CONTEXT_TOKENS_MAX: u64 = 1_000_000_000;
const VOCABULARY_MAX: u64 = 1 << 26;
const WIDTH_MAX: u64 = 1 << 17;
const LAYERS_MAX: u64 = 1 << 10;

/// One file of `hardware-profiles/models`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// The name that benches and machines use; the file's name.
    pub name: String,
    /// For people.
    pub title: String,
    /// Where the architecture's numbers come from.
    pub provenance: Provenance,
    /// The longest prompt and reply together, in tokens.
    pub context_tokens: u64,
    /// Width of the residual stream.
    pub hidden: u64,
    /// Tokens of the vocabulary.
    pub vocabulary: u64,
    /// Whether the output matrix is the embedding itself.
    pub tied_embeddings: bool,
    /// The layers, in groups of equal ones.
    pub layers: Vec<LayerGroup>,
}

/// Where all numbers of one file come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Who says so.
    pub source: String,
    /// When.
    pub date: String,
    /// How far to trust it.
    pub confidence: Confidence,
    /// What a reader should know besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Layers that are all alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LayerGroup {
    /// How many.
    pub count: u64,
    /// Attention with heads that share keys and values.
    pub grouped: Option<Grouped>,
    /// Multi-head latent attention.
    pub latent: Option<Latent>,
    /// Width of a dense feed-forward part; 0 for none.
    #[serde(default)]
    pub dense_width: u64,
    /// Experts, if any.
    pub experts: Option<Experts>,
}

/// Grouped-query attention.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grouped {
    /// Query heads.
    pub heads: u64,
    /// Key and value heads.
    pub kv_heads: u64,
    /// Width of one head.
    pub head_width: u64,
    /// Tokens a token looks back at; absent for all of them.
    pub window: Option<u64>,
    /// Whether keys and values come from one matrix. They are cached apart even so, since only keys
    /// carry positions.
    #[serde(default)]
    pub shared_projection: bool,
}

/// Multi-head latent attention (DeepSeek).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Latent {
    /// Heads.
    pub heads: u64,
    /// Width of the compressed queries.
    pub query_rank: u64,
    /// Width of the compressed keys and values, which are what is cached.
    pub kv_rank: u64,
    /// Width of the part with positions, cached too.
    pub rope_width: u64,
    /// Width of a head's part without positions.
    pub nope_width: u64,
    /// Width of a head's value.
    pub value_width: u64,
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
    /// Experts of the same width that every token passes.
    #[serde(default)]
    pub shared: u64,
}

impl Model {
    /// Whether the numbers make sense together.
    ///
    /// # Errors
    /// A sentence that names what does not.
    pub fn validate(&self) -> Result<(), String> {
        check_provenance(&self.provenance.source, &self.provenance.date)?;
        let bad = |what: &str| Err(format!("model `{}`: {what}", self.name));
        if [self.context_tokens, self.hidden, self.vocabulary].contains(&0) {
            return bad("`context_tokens`, `hidden` and `vocabulary` must be at least 1");
        }
        if self.context_tokens > CONTEXT_TOKENS_MAX
            || self.hidden > WIDTH_MAX
            || self.vocabulary > VOCABULARY_MAX
        {
            return bad("`context_tokens`, `hidden` or `vocabulary` is beyond any model's");
        }
        if self.layer_count() > LAYERS_MAX {
            return bad("there are more than 1,024 layers");
        }
        if self.layers.is_empty() || self.layers.iter().any(|group| group.count == 0) {
            return bad("every [[layers]] needs a `count` of at least 1");
        }
        for group in &self.layers {
            if group.widths().any(|width| width > WIDTH_MAX) {
                return bad("a number of a [[layers]] is beyond any model's");
            }
            if group.grouped.is_some() == group.latent.is_some() {
                return bad("every [[layers]] has either `grouped` or `latent` attention");
            }
            if group.cached_values(1) <= 0.0 {
                return bad(
                    "`head_width`, or `kv_rank`, must be at least 1: a token caches something",
                );
            }
            let experts = group.experts.as_ref();
            if experts.is_some_and(|e| e.per_token == 0 || e.per_token > e.count || e.width == 0) {
                return bad("`experts.per_token` must be from 1 to `experts.count`");
            }
            let grouped = group.grouped.as_ref();
            if grouped
                .is_some_and(|g| g.kv_heads == 0 || g.heads < g.kv_heads || g.window == Some(0))
            {
                return bad(
                    "`grouped.kv_heads` must be from 1 to `heads`, and a `window` at least 1",
                );
            }
        }
        Ok(())
    }

    /// The part of the model that an attention group holds.
    pub(crate) fn attention_part(&self) -> Model {
        let part =
            |layers: &LayerGroup| LayerGroup { dense_width: 0, experts: None, ..layers.clone() };
        Model { layers: self.layers.iter().map(part).collect(), ..self.clone() }
    }

    /// The part of the model that an ffn group holds.
    pub(crate) fn feed_forward_part(&self) -> Model {
        let part =
            |layers: &LayerGroup| LayerGroup { grouped: None, latent: None, ..layers.clone() };
        Model { vocabulary: 0, layers: self.layers.iter().map(part).collect(), ..self.clone() }
    }

    /// The model with this many more of its last layers, which propose tokens.
    pub(crate) fn with_draft_layers(&self, count: u64) -> Model {
        let mut model = self.clone();
        model.layers.extend(self.draft_layers(count).layers);
        model
    }

    /// What proposes a token where this many layers like the last ones do.
    pub(crate) fn draft_layers(&self, count: u64) -> Model {
        let last = self.layers.last().expect("a model has layers");
        Model { layers: vec![LayerGroup { count, ..last.clone() }], ..self.clone() }
    }

    /// Number of layers.
    pub fn layer_count(&self) -> u64 {
        self.layers.iter().fold(0, |sum, group| sum.saturating_add(group.count))
    }

    /// Parameters of the output matrix.
    pub fn head_parameters(&self) -> u64 {
        self.hidden * self.vocabulary
    }

    /// Parameters of all layers outside the chosen experts.
    pub fn linear_parameters(&self) -> u64 {
        self.layers.iter().map(|group| group.count * group.linear_parameters(self.hidden)).sum()
    }

    /// Parameters of all experts that tokens are routed to.
    pub fn expert_parameters(&self) -> u64 {
        self.layers
            .iter()
            .filter_map(|group| Some((group, group.experts.as_ref()?)))
            .map(|(group, experts)| group.count * experts.count * 3 * self.hidden * experts.width)
            .sum()
    }

    /// All parameters, norms and biases left out.
    pub fn parameters(&self) -> u64 {
        let embeddings = if self.tied_embeddings { 1 } else { 2 } * self.head_parameters();
        embeddings + self.linear_parameters() + self.expert_parameters()
    }
}

impl LayerGroup {
    /// All numbers of the group but its count and its window.
    fn widths(&self) -> impl Iterator<Item = u64> {
        let grouped = self.grouped.iter().flat_map(|g| [g.heads, g.kv_heads, g.head_width]);
        let latent = self.latent.iter().flat_map(|l| {
            [l.heads, l.query_rank, l.kv_rank, l.rope_width, l.nope_width, l.value_width]
        });
        let experts = self.experts.iter().flat_map(|e| [e.count, e.per_token, e.width, e.shared]);
        std::iter::once(self.dense_width).chain(grouped).chain(latent).chain(experts)
    }

    /// Parameters of one layer that every token passes: attention, dense or shared feed-forward
    /// parts, and the router.
    pub fn linear_parameters(&self, hidden: u64) -> u64 {
        let feed_forward = 3 * hidden * self.dense_width;
        let routed = self.experts.as_ref().map_or(0, |experts| {
            hidden * experts.count + 3 * hidden * experts.width * experts.shared
        });
        self.attention_parameters(hidden) + feed_forward + routed
    }

    fn attention_parameters(&self, hidden: u64) -> u64 {
        let grouped = self.grouped.as_ref().map_or(0, |g| {
            let projections = if g.shared_projection { 1 } else { 2 };
            hidden * g.head_width * (2 * g.heads + projections * g.kv_heads)
        });
        let latent = self.latent.as_ref().map_or(0, |l| {
            hidden * l.query_rank
                + l.query_rank * l.heads * (l.nope_width + l.rope_width)
                + hidden * (l.kv_rank + l.rope_width)
                + l.kv_rank * l.heads * (l.nope_width + l.value_width)
                + l.heads * l.value_width * hidden
        });
        grouped + latent
    }

    /// Tokens a token looks back at, at most.
    pub fn window(&self) -> Option<u64> {
        self.grouped.as_ref().and_then(|grouped| grouped.window)
    }

    /// Values cached per token in one layer, on one chip of `chips` that share the heads.
    ///
    /// Heads are split over the chips down to one per chip; a latent is whole on each of them.
    pub fn cached_values(&self, chips: u64) -> f64 {
        let grouped = self.grouped.as_ref().map_or(0.0, |g| {
            let heads = (g.kv_heads as f64 / chips as f64).max(1.0);
            2.0 * heads * g.head_width as f64
        });
        let latent = self.latent.as_ref().map_or(0.0, |l| (l.kv_rank + l.rope_width) as f64);
        grouped + latent
    }

    /// Operations per pair of a query and a cached token when a reply is written.
    pub fn decode_flops_per_pair(&self) -> f64 {
        let grouped = self.grouped.as_ref().map_or(0, |g| 4 * g.heads * g.head_width);
        let latent =
            self.latent.as_ref().map_or(0, |l| 2 * l.heads * (2 * l.kv_rank + l.rope_width));
        (grouped + latent) as f64
    }

    /// Operations per pair when a prompt is read: a latent is expanded there.
    pub fn prefill_flops_per_pair(&self) -> f64 {
        let grouped = self.grouped.as_ref().map_or(0, |g| 4 * g.heads * g.head_width);
        let latent = self
            .latent
            .as_ref()
            .map_or(0, |l| 2 * l.heads * (l.nope_width + l.rope_width + l.value_width));
        (grouped + latent) as f64
    }
}
