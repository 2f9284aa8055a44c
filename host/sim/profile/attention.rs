//! The kinds of attention: their parameters, what a token looks back at, and what is cached for it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    /// Whether the output is multiplied by a gate, which has a matrix as large as the queries'.
    #[serde(default)]
    pub gated: bool,
}

/// Multi-head latent attention (DeepSeek).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Latent {
    /// Heads.
    pub heads: u64,
    /// Width of the compressed queries; 0 where they are not compressed.
    pub query_rank: u64,
    /// Width of the compressed keys and values, which are what is cached.
    pub kv_rank: u64,
    /// Width of the part with positions, cached too.
    pub rope_width: u64,
    /// Width of a head's part without positions.
    pub nope_width: u64,
    /// Width of a head's value.
    pub value_width: u64,
    /// Whether the output is multiplied by a gate, which has a matrix of its own.
    #[serde(default)]
    pub gated: bool,
    /// What selects the tokens to look back at; absent where all are looked at.
    pub index: Option<Index>,
}

/// Attention to what whole spans of tokens are compressed to, beside a window (DeepSeek V4). All
/// heads share one vector, which is key and value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Compressed {
    /// Heads.
    pub heads: u64,
    /// Width of one head, and of what is cached.
    pub head_width: u64,
    /// Width of the compressed queries.
    pub query_rank: u64,
    /// Groups of heads whose outputs are compressed together.
    pub output_groups: u64,
    /// Width of the compressed output of one group.
    pub output_rank: u64,
    /// Last tokens that are looked at one by one.
    pub window: u64,
    /// Tokens of a span; absent in layers with a window alone.
    pub ratio: Option<u64>,
    /// Whether spans overlap, which doubles the matrices that compress them.
    #[serde(default)]
    pub overlaps: bool,
    /// What selects the spans to look back at; absent where all are looked at.
    pub index: Option<Index>,
}

/// A small attention of its own that selects what the layer looks back at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// Heads.
    pub heads: u64,
    /// Width of a head, and of the key that is cached.
    pub width: u64,
    /// How many tokens, or spans of them, it selects.
    pub top_k: u64,
    /// Whether the layer goes by what a layer before it selected, and has no index of its own.
    #[serde(default)]
    pub shared: bool,
}

/// The chips that share the heads of a layer.
#[derive(Clone, Copy, Debug)]
pub struct HeadChips {
    /// How many.
    pub chips: u64,
    /// Cores of each of them among which heads are divided; absent where a chip has its heads as
    /// one.
    pub cores: Option<u64>,
}

impl HeadChips {
    /// One chip that has all heads as one.
    pub const ONE: HeadChips = HeadChips { chips: 1, cores: None };

    /// Copies on each chip of what all heads share.
    pub(super) fn copies(self) -> f64 {
        self.cores.unwrap_or(1) as f64
    }
}

/// Tokens of one kind that a token of a layer looks back at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reach {
    /// So many at most; absent for all of them.
    pub limit: Option<u64>,
    /// Whether each token selects its own, so that tokens that are computed at once read more than
    /// one of them would.
    pub is_selected: bool,
    /// Operations per pair of a token and one that it looks back at, when a reply is written.
    pub decode_flops_per_pair: f64,
    /// Operations per pair when a prompt is read.
    pub prefill_flops_per_pair: f64,
    /// Cached values read for each token that is looked back at.
    pub values: f64,
}

/// What one layer caches of each token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cached {
    /// Of so many last tokens; absent for all of them.
    pub limit: Option<u64>,
    /// Values of a token.
    pub values: f64,
}

impl Grouped {
    pub(super) fn widths(&self) -> Vec<u64> {
        vec![self.heads, self.kv_heads, self.head_width]
    }

    pub(super) fn parameters(&self, hidden: u64) -> u64 {
        let projections = if self.shared_projection { 1 } else { 2 };
        let queries = if self.gated { 3 } else { 2 };
        hidden * self.head_width * (queries * self.heads + projections * self.kv_heads)
    }

    /// What a chip holds of a token. Heads are split down to one per chip, or per core.
    fn held(&self, on: HeadChips) -> f64 {
        let parts = on.chips as f64 * on.copies();
        let heads = on.copies() * (self.kv_heads as f64 / parts).max(1.0);
        2.0 * heads * self.head_width as f64
    }

    /// What a chip reads of it.
    fn read(&self, on: HeadChips) -> f64 {
        let Some(cores) = on.cores else {
            return self.held(on);
        };
        let heads = cores * self.heads.div_ceil(on.chips * cores);
        (2 * heads * self.head_width) as f64
    }

    pub(super) fn reaches(&self, on: HeadChips) -> Vec<Reach> {
        let flops = (4 * self.heads * self.head_width) as f64;
        vec![Reach {
            limit: self.window,
            is_selected: false,
            decode_flops_per_pair: flops,
            prefill_flops_per_pair: flops,
            values: self.read(on),
        }]
    }

    pub(super) fn cached(&self, on: HeadChips) -> Vec<Cached> {
        vec![Cached { limit: self.window, values: self.held(on) }]
    }
}

impl Latent {
    pub(super) fn widths(&self) -> Vec<u64> {
        let index = self.index.iter().flat_map(|index| index.widths());
        [self.heads, self.query_rank, self.kv_rank, self.rope_width]
            .into_iter()
            .chain([self.nope_width, self.value_width])
            .chain(index)
            .collect()
    }

    pub(super) fn parameters(&self, hidden: u64) -> u64 {
        let query_width = self.heads * (self.nope_width + self.rope_width);
        let queries = match self.query_rank {
            0 => hidden * query_width,
            rank => hidden * rank + rank * query_width,
        };
        let outputs = if self.gated { 2 } else { 1 };
        let index = self.own_index().map_or(0, |index| {
            index.query_parameters(hidden, self.query_rank) + hidden * index.width
        });
        queries
            + hidden * (self.kv_rank + self.rope_width)
            + self.kv_rank * self.heads * (self.nope_width + self.value_width)
            + outputs * self.heads * self.value_width * hidden
            + index
    }

    fn own_index(&self) -> Option<Index> {
        self.index.filter(|index| !index.shared)
    }

    fn values(&self) -> f64 {
        (self.kv_rank + self.rope_width) as f64
    }

    /// A latent is expanded when a prompt is read, unless each token selects what it looks back at:
    /// then none is used often enough.
    pub(super) fn reaches(&self) -> Vec<Reach> {
        let latent = (2 * self.heads * (2 * self.kv_rank + self.rope_width)) as f64;
        let expanded =
            (2 * self.heads * (self.nope_width + self.rope_width + self.value_width)) as f64;
        let chosen = Reach {
            limit: self.index.map(|index| index.top_k),
            is_selected: self.index.is_some(),
            decode_flops_per_pair: latent,
            prefill_flops_per_pair: if self.index.is_some() { latent } else { expanded },
            values: self.values(),
        };
        std::iter::once(chosen).chain(self.own_index().map(|index| index.reach(1))).collect()
    }

    pub(super) fn cached(&self) -> Vec<Cached> {
        let index = self.own_index().map_or(0.0, |index| index.width as f64);
        vec![Cached { limit: None, values: self.values() + index }]
    }
}

impl Compressed {
    pub(super) fn widths(&self) -> Vec<u64> {
        let index = self.index.iter().flat_map(|index| index.widths());
        [self.heads, self.head_width, self.query_rank, self.output_groups, self.output_rank]
            .into_iter()
            .chain([self.window])
            .chain(self.ratio)
            .chain(index)
            .collect()
    }

    pub(super) fn parameters(&self, hidden: u64) -> u64 {
        let width = self.heads * self.head_width;
        let queries = hidden * self.query_rank + self.query_rank * width;
        let outputs = width * self.output_rank + self.output_groups * self.output_rank * hidden;
        let index = self.own_index().map_or(0, |index| {
            index.query_parameters(hidden, self.query_rank) + self.compressor(hidden, index.width)
        });
        let compressor = self.ratio.map_or(0, |_| self.compressor(hidden, self.head_width));
        queries + hidden * self.head_width + outputs + compressor + index
    }

    fn own_index(&self) -> Option<Index> {
        self.index.filter(|index| !index.shared)
    }

    /// What is to be compressed, and the weights of its sum.
    fn compressor(&self, hidden: u64, width: u64) -> u64 {
        2 * hidden * width * if self.overlaps { 2 } else { 1 }
    }

    pub(super) fn reaches(&self) -> Vec<Reach> {
        let flops = (4 * self.heads * self.head_width) as f64;
        let per_token = |limit, is_selected, tokens: f64| Reach {
            limit,
            is_selected,
            decode_flops_per_pair: flops / tokens,
            prefill_flops_per_pair: flops / tokens,
            values: self.head_width as f64 / tokens,
        };
        let mut reaches = vec![per_token(Some(self.window), false, 1.0)];
        if let Some(ratio) = self.ratio {
            let limit = self.index.map(|index| index.top_k * ratio);
            reaches.push(per_token(limit, self.index.is_some(), ratio as f64));
            reaches.extend(self.own_index().map(|index| index.reach(ratio)));
        }
        reaches
    }

    pub(super) fn cached(&self) -> Vec<Cached> {
        let mut cached = vec![Cached { limit: Some(self.window), values: self.head_width as f64 }];
        if let Some(ratio) = self.ratio {
            let width = self.head_width + self.own_index().map_or(0, |index| index.width);
            cached.push(Cached { limit: None, values: width as f64 / ratio as f64 });
        }
        cached
    }
}

impl Index {
    fn widths(self) -> [u64; 3] {
        [self.heads, self.width, self.top_k]
    }

    /// Of its queries, which come from compressed ones, and of the weights of its heads.
    fn query_parameters(self, hidden: u64, query_rank: u64) -> u64 {
        query_rank * self.heads * self.width + hidden * self.heads
    }

    /// It looks at a key of every `ratio` tokens.
    fn reach(self, ratio: u64) -> Reach {
        let flops = (2 * self.heads * self.width) as f64 / ratio as f64;
        Reach {
            limit: None,
            is_selected: false,
            decode_flops_per_pair: flops,
            prefill_flops_per_pair: flops,
            values: self.width as f64 / ratio as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADS: Grouped = Grouped {
        heads: 32,
        kv_heads: 8,
        head_width: 128,
        window: None,
        shared_projection: false,
        gated: false,
    };

    fn heads_on(chips: u64, cores: Option<u64>) -> [f64; 2] {
        let on = HeadChips { chips, cores };
        let (reach, cached) = (HEADS.reaches(on)[0].values, HEADS.cached(on)[0].values);
        [reach / 256.0, cached / 256.0]
    }

    #[test]
    fn a_chip_reads_what_it_holds_of_its_heads() {
        assert_eq!([1, 4, 12].map(|chips| heads_on(chips, None)), [[8.0; 2], [2.0; 2], [1.0; 2]]);
    }

    #[test]
    fn each_core_reads_the_keys_of_each_of_its_query_heads_and_holds_them_once() {
        assert_eq!(heads_on(16, Some(2)), [2.0, 2.0], "a query head on each of 32 cores");
        assert_eq!(heads_on(12, Some(2)), [4.0, 2.0], "two where 24 cores do not divide 32");
        assert_eq!(heads_on(1, Some(2)), [32.0, 8.0]);
    }
}
