//! What a model's file must hold beyond its form.

use super::attention::HeadChips;
use super::figure::check_provenance;
use super::flaw::Flaw;
use super::layers::{Experts, LayerGroup};
use super::model::Model;

/// Bounds that hold every product of a model's numbers inside 64 bits, far beyond any model.
const CONTEXT_TOKENS_MAX: u64 = 1_000_000_000;
const VOCABULARY_MAX: u64 = 1 << 26;
const WIDTH_MAX: u64 = 1 << 16;
pub(crate) const LAYERS_MAX: u64 = 1 << 10;

/// Whether something is wrong, the key in a group of layers where it stands, and the sentence.
type Check = (bool, &'static str, &'static str);

impl Model {
    /// All numbers that do not make sense together.
    pub(crate) fn flaws(&self) -> Vec<Flaw> {
        let provenance = check_provenance(&self.provenance.source, &self.provenance.date);
        let provenance = provenance.map_err(|message| Flaw::new("provenance", message));
        let mut flaws: Vec<Flaw> = provenance.err().into_iter().collect();
        for (key, value, most) in [
            ("context_tokens", self.context_tokens, CONTEXT_TOKENS_MAX),
            ("hidden", self.hidden, WIDTH_MAX),
            ("vocabulary", self.vocabulary, VOCABULARY_MAX),
        ] {
            if value == 0 {
                flaws.push(Flaw::new(key, format!("`{key}` must be at least 1")));
            } else if value > most {
                flaws.push(Flaw::new(key, format!("`{key}` is beyond any model's")));
            }
        }
        if self.layer_count() > LAYERS_MAX {
            flaws.push(Flaw::new("layers", "there are more than 1,024 layers"));
        }
        if !self.layers.iter().any(LayerGroup::attends) {
            let message = "a [[layers]] must have `grouped`, `latent` or `compressed` attention";
            flaws.push(Flaw::new("layers", message));
        }
        for (index, group) in self.layers.iter().enumerate() {
            flaws.extend(
                group.flaws().into_iter().map(|flaw| flaw.inside(&format!("layers.{index}"))),
            );
        }
        let subject = format!("model `{}`", self.name);
        flaws.into_iter().map(|flaw| flaw.about(&subject)).collect()
    }
}

impl LayerGroup {
    /// What is wrong with its numbers; the keys begin inside the group.
    fn flaws(&self) -> Vec<Flaw> {
        // Products of such numbers may be beyond 64 bits.
        if self.widths().any(|width| width > WIDTH_MAX) {
            return vec![Flaw::new("count", "a number of a [[layers]] is beyond any model's")];
        }
        let experts = self.experts.iter().flat_map(expert_checks);
        let checks = self.kind_checks().into_iter().chain(self.attention_checks()).chain(experts);
        let wrong = checks.filter(|(is_wrong, ..)| *is_wrong);
        wrong.map(|(_, key, message)| Flaw::new(key, message)).collect()
    }

    fn kind_checks(&self) -> [Check; 6] {
        let state = if self.mamba.is_some() { "mamba" } else { "linear_attention" };
        [
            (self.count == 0, "count", "every [[layers]] needs a `count` of at least 1"),
            (
                self.kinds() > 1,
                "count",
                "a [[layers]] has one of `grouped`, `latent`, `compressed`, `mamba` and \
                 `linear_attention`",
            ),
            (
                !self.mixes_tokens() && !self.feeds_forward(),
                "count",
                "a [[layers]] needs attention, a state, a `dense_width` or `experts`",
            ),
            (
                self.attends()
                    && self.cached(HeadChips::ONE).iter().any(|cached| cached.values <= 0.0),
                self.attention_key(),
                "`head_width`, or `kv_rank`, must be at least 1: a token caches something",
            ),
            (
                self.state().is_some_and(|state| state.values == 0),
                state,
                "the widths and heads of a `mamba` or `linear_attention` must be at least 1",
            ),
            (
                ![2, 3].contains(&self.matrices),
                "matrices",
                "`matrices` must be 3, or 2 where there is no gate",
            ),
        ]
    }

    /// The key of its attention.
    fn attention_key(&self) -> &'static str {
        match (&self.grouped, &self.latent) {
            (Some(_), _) => "grouped",
            (None, Some(_)) => "latent",
            (None, None) => "compressed",
        }
    }

    fn attention_checks(&self) -> [Check; 5] {
        let (grouped, compressed) = (self.grouped.as_ref(), self.compressed.as_ref());
        let indexes =
            [self.latent.as_ref().and_then(|l| l.index), compressed.and_then(|c| c.index)];
        let [latent_index, compressed_index] = indexes
            .map(|index| index.is_some_and(|i| i.heads == 0 || i.width == 0 || i.top_k == 0));
        let index = "`index.heads`, `width` and `top_k` must be at least 1";
        [
            (
                grouped.is_some_and(|g| {
                    g.kv_heads == 0 || g.heads < g.kv_heads || g.window == Some(0)
                }),
                "grouped",
                "`grouped.kv_heads` must be from 1 to `heads`, and a `window` at least 1",
            ),
            (
                compressed.is_some_and(|c| c.window == 0 || c.ratio == Some(0)),
                "compressed",
                "`compressed.window` and `ratio` must be at least 1",
            ),
            (
                compressed.is_some_and(|c| c.ratio.is_none() && (c.index.is_some() || c.overlaps)),
                "compressed",
                "`compressed.index` and `overlaps` are of what has a `ratio`",
            ),
            (latent_index, "latent.index", index),
            (compressed_index, "compressed.index", index),
        ]
    }
}

fn expert_checks(experts: &Experts) -> [Check; 2] {
    let chosen = 1..=experts.count;
    [
        (
            !chosen.contains(&experts.per_token) || experts.width == 0,
            "experts",
            "`experts.per_token` must be from 1 to `experts.count`, and `width` at least 1",
        ),
        (
            [experts.shared_width, experts.latent_width].contains(&Some(0)),
            "experts",
            "`experts.shared_width` and `latent_width` must be at least 1",
        ),
    ]
}
