//! A model's architecture: enough of it to count operations, weights and cached bytes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::figure::Confidence;
use super::layers::{Experts, LayerGroup};

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

impl Model {
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
