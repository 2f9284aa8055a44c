//! A model's architecture: enough of it to count operations, weights and cached bytes.

use serde::{Deserialize, Serialize};

use super::figure::{Confidence, check_provenance};
use super::layers::{Experts, LayerGroup};

/// Bounds that hold every product of a model's numbers inside 64 bits, far beyond any model.
const CONTEXT_TOKENS_MAX: u64 = 1_000_000_000;
const VOCABULARY_MAX: u64 = 1 << 26;
const WIDTH_MAX: u64 = 1 << 16;
pub(crate) const LAYERS_MAX: u64 = 1 << 10;

/// One file of `hardware-profiles/models`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
        if !self.layers.iter().any(LayerGroup::attends) {
            return bad("a [[layers]] must have `grouped`, `latent` or `compressed` attention");
        }
        match self.layers.iter().find_map(wrong_numbers) {
            Some(what) => bad(what),
            None => Ok(()),
        }
    }

    /// The part of the model that an attention group holds.
    pub(crate) fn attention_part(&self) -> Model {
        let layers = self.layers.iter().map(LayerGroup::attention_part).collect();
        Model { layers, ..self.clone() }
    }

    /// The part of the model that an ffn group holds.
    pub(crate) fn feed_forward_part(&self) -> Model {
        let layers = self.layers.iter().map(LayerGroup::feed_forward_part).collect();
        Model { vocabulary: 0, layers, ..self.clone() }
    }

    /// The model with this many more of its last layers, which propose tokens.
    pub(crate) fn with_draft_layers(&self, count: u64) -> Model {
        let mut model = self.clone();
        model.layers.extend(self.draft_layers(count).layers);
        model
    }

    /// What proposes a token where this many layers like the last ones do: with the attention of the
    /// last layer that has any, and the feed-forward part of the last that has one.
    pub(crate) fn draft_layers(&self, count: u64) -> Model {
        let last_with = |has: fn(&LayerGroup) -> bool| {
            let found = self.layers.iter().rev().find(|layers| has(layers));
            found.or(self.layers.last()).expect("a model has layers")
        };
        let (attends, feeds) =
            (last_with(LayerGroup::attends), last_with(LayerGroup::feeds_forward));
        let layers = LayerGroup {
            count,
            dense_width: feeds.dense_width,
            experts: feeds.experts.clone(),
            matrices: feeds.matrices,
            ..attends.clone()
        };
        Model { layers: vec![layers], ..self.clone() }
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
        self.of_experts(|experts| experts.count)
    }

    fn of_experts(&self, number: fn(&Experts) -> u64) -> u64 {
        let experts = |group: &LayerGroup| {
            let number = group.experts.as_ref().map_or(0, number);
            group.count * number * group.expert_parameters(self.hidden)
        };
        self.layers.iter().map(experts).sum()
    }

    /// Bytes of the states that the layers keep of one chat.
    pub fn state_bytes(&self) -> u64 {
        let bytes =
            |group: &LayerGroup| group.count * group.state().map_or(0, |state| state.bytes());
        self.layers.iter().map(bytes).sum()
    }

    /// All parameters, norms and biases left out.
    pub fn parameters(&self) -> u64 {
        let embeddings = if self.tied_embeddings { 1 } else { 2 } * self.head_parameters();
        embeddings + self.linear_parameters() + self.expert_parameters()
    }
    /// Parameters that one token uses: all but the embedding, of which it reads one row, and the
    /// experts that it is not routed to.
    pub fn active_parameters(&self) -> u64 {
        let chosen = self.of_experts(|experts| experts.per_token);
        self.head_parameters() + self.linear_parameters() + chosen
    }
}

/// What is wrong with the numbers of a group of layers, if anything is.
fn wrong_numbers(group: &LayerGroup) -> Option<&'static str> {
    if group.widths().any(|width| width > WIDTH_MAX) {
        return Some("a number of a [[layers]] is beyond any model's");
    }
    if group.kinds() > 1 {
        return Some(
            "a [[layers]] has one of `grouped`, `latent`, `compressed`, `mamba` and \
             `linear_attention`",
        );
    }
    if !group.mixes_tokens() && !group.feeds_forward() {
        return Some("a [[layers]] needs attention, a state, a `dense_width` or `experts`");
    }
    if group.attends() && group.cached(1).iter().any(|cached| cached.values <= 0.0) {
        return Some("`head_width`, or `kv_rank`, must be at least 1: a token caches something");
    }
    if group.state().is_some_and(|state| state.values == 0) {
        return Some("the widths and heads of a `mamba` or `linear_attention` must be at least 1");
    }
    if ![2, 3].contains(&group.matrices) {
        return Some("`matrices` must be 3, or 2 where there is no gate");
    }
    let experts = group.experts.as_ref();
    if experts.is_some_and(|e| e.per_token == 0 || e.per_token > e.count || e.width == 0) {
        return Some("`experts.per_token` must be from 1 to `experts.count`");
    }
    if experts.is_some_and(|e| [e.shared_width, e.latent_width].contains(&Some(0))) {
        return Some("`experts.shared_width` and `latent_width` must be at least 1");
    }
    wrong_attention(group)
}

fn wrong_attention(group: &LayerGroup) -> Option<&'static str> {
    let grouped = group.grouped.as_ref();
    if grouped.is_some_and(|g| g.kv_heads == 0 || g.heads < g.kv_heads || g.window == Some(0)) {
        return Some("`grouped.kv_heads` must be from 1 to `heads`, and a `window` at least 1");
    }
    let compressed = group.compressed.as_ref();
    if compressed.is_some_and(|c| c.window == 0 || c.ratio == Some(0)) {
        return Some("`compressed.window` and `ratio` must be at least 1");
    }
    if compressed.is_some_and(|c| c.ratio.is_none() && (c.index.is_some() || c.overlaps)) {
        return Some("`compressed.index` and `overlaps` are of what has a `ratio`");
    }
    let indexes = [compressed.and_then(|c| c.index), group.latent.as_ref().and_then(|l| l.index)];
    if indexes.into_iter().flatten().any(|i| i.heads == 0 || i.width == 0 || i.top_k == 0) {
        return Some("`index.heads`, `width` and `top_k` must be at least 1");
    }
    None
}
