//! The time of a step from what its layers were measured to take.
//!
//! Every operation of a model is measured alone, at several sizes; a step takes the sum of those
//! it runs. What is not in the tables: the exchange between the chips of a group, which the chip's
//! links give, and the host's work. Power is not measured with it, so energy is unknown.

use super::exchange::{Exchanges, Passage};
use super::grid::Line;
use super::host::HostWork;
use super::layer_table::{self, AttentionTimes, TableFile};
use super::term::{Part, Term};
use super::work::Work;
use crate::profile::{Model, ProfileError};

/// What a step does, as far as measured times depend on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepShape {
    /// Tokens of prompts that are read.
    pub prefill_tokens: u64,
    /// Tokens before those, which are cached.
    pub prefill_past: u64,
    /// Chats whose prompts those are.
    pub prefill_chats: u64,
    /// Chats that write a token.
    pub decodes: u64,
    /// Tokens that those look back at, all together.
    pub decode_context_sum: u64,
}

impl StepShape {
    /// The shape of a step's work.
    pub fn of(work: &Work) -> StepShape {
        StepShape {
            prefill_tokens: work.prefill_tokens,
            prefill_past: work.prefill_past,
            prefill_chats: work.calls - work.decodes,
            decodes: work.decodes,
            decode_context_sum: work.decode_context,
        }
    }

    fn tokens(&self) -> f64 {
        (self.prefill_tokens + self.decodes) as f64
    }

    fn chats(&self) -> f64 {
        (self.prefill_chats + self.decodes) as f64
    }

    /// Of a step in which any chat writes.
    pub(crate) fn mean_context(&self) -> f64 {
        self.decode_context_sum as f64 / self.decodes as f64
    }
}

/// The measured times of one model on one group of chips.
#[derive(Clone, Debug)]
pub struct LayerProfileCost {
    /// All dense operations of a step, by its tokens.
    dense: Line,
    /// Output matrix and sampler, by the chats.
    per_sequence: Line,
    /// One layer's.
    attention: AttentionTimes,
    layers: f64,
    exchange: Option<Passage>,
    host: HostWork,
}

/// The tables of a layer profile.
#[derive(Clone, Debug)]
pub(crate) struct LayerTables {
    pub(crate) dense: TableFile,
    pub(crate) attention: TableFile,
    pub(crate) per_sequence: TableFile,
}

impl LayerTables {
    /// The tables, each with its key in a machine's profile.
    pub(crate) fn files(&self) -> [(&'static str, &TableFile); 3] {
        [
            ("dense", &self.dense),
            ("attention", &self.attention),
            ("per_sequence", &self.per_sequence),
        ]
    }
}

impl LayerProfileCost {
    /// The times of a model's steps on the chips it was measured on.
    ///
    /// # Errors
    /// When a table is not one, with its line and the fix.
    pub(crate) fn new(
        tables: &LayerTables,
        model: &Model,
        exchange: Exchanges,
        host: HostWork,
    ) -> Result<LayerProfileCost, ProfileError> {
        let layers = model.layer_count() as f64;
        Ok(LayerProfileCost {
            dense: layer_table::dense(&tables.dense, layers)?,
            per_sequence: layer_table::per_sequence(&tables.per_sequence)?,
            attention: layer_table::attention(&tables.attention)?,
            layers,
            exchange: exchange.passage(layers, model.hidden as f64),
            host,
        })
    }

    /// The step's time in seconds.
    pub fn seconds(&self, shape: &StepShape) -> f64 {
        self.all_but_attention(shape) + self.attention_seconds(shape)
    }

    /// The time of a step's parts that do not depend on how far its tokens look back.
    pub(crate) fn all_but_attention(&self, shape: &StepShape) -> f64 {
        let passage = self.exchange.map(|passage| passage.term(shape.tokens()).seconds);
        self.dense_seconds(shape)
            + passage.unwrap_or(0.0)
            + self.head_seconds(shape)
            + self.host.seconds(shape.chats())
    }

    /// Hands each part of the step's time to `sink`; their sum is the step's.
    pub(crate) fn terms(&self, shape: &StepShape, sink: &mut impl FnMut(Term)) {
        sink(Term::measured(Part::Linear, self.dense_seconds(shape)));
        sink(Term::measured(Part::Attention, self.attention_seconds(shape)));
        if let Some(passage) = &self.exchange {
            sink(passage.term(shape.tokens()));
        }
        sink(Term::measured(Part::Head, self.head_seconds(shape)));
        if !self.host.is_none() {
            sink(Term::fixed(Part::Host, self.host.seconds(shape.chats())));
        }
    }

    /// Gives the times of attention in one layer, of steps in which this many chats write and none
    /// reads, by the mean of the tokens that they look back at. Returns the number of layers.
    pub(crate) fn begin_writing(&self, decodes: u64, by_context: &mut Line) -> f64 {
        self.attention.writing.along_last([0.0, 0.0, decodes as f64], by_context);
        self.layers
    }

    fn dense_seconds(&self, shape: &StepShape) -> f64 {
        self.dense.at(shape.tokens()).max(0.0)
    }

    /// Serving software computes the output of every chat in a step, also of those whose prompt is
    /// not read to its end.
    fn head_seconds(&self, shape: &StepShape) -> f64 {
        self.per_sequence.at(shape.chats()).max(0.0)
    }

    /// A table has one prompt in a step. Of several, one is read beside what is written, and the
    /// others are added as if alone: together they look back at far less than one prompt of all
    /// their tokens would.
    fn attention_seconds(&self, shape: &StepShape) -> f64 {
        let decodes = shape.decodes as f64;
        let times = &self.attention;
        let seconds = match (shape.prefill_chats, shape.decodes) {
            (0, 0) => 0.0,
            (0, _) => times.writing.at([0.0, 0.0, decodes, shape.mean_context()]),
            (chats, _) => {
                let chats = chats as f64;
                let (chunk, past) =
                    (shape.prefill_tokens as f64 / chats, shape.prefill_past as f64 / chats);
                let alone = || times.reading.at([chunk, past, 0.0, 0.0]);
                let both = || times.both.at([chunk, past, decodes, shape.mean_context()]);
                match (shape.prefill_chats, shape.decodes) {
                    (_, 0) => chats * alone(),
                    // Most steps that read do so for one chat.
                    (1, _) => both(),
                    _ => (chats - 1.0) * alone() + both(),
                }
            }
        };
        self.layers * seconds.max(0.0)
    }
}
