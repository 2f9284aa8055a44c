//! The time of one step, from the work in it. The one place where time is computed.
//!
//! Only + − × ÷ and the square root are used, which IEEE 754 makes the same on every platform. All
//! that does not depend on the work is computed once.

use std::ops::Range;

use timeslip_timeline::time::Span;

use super::exchange::{Exchanges, Passage};
use super::experts::ExpertLayer;
use super::host::HostWork;
use super::rates::{PairTimes, Product, Rates, Tokens};
use super::term::{Binds, Part, StepTime, Term};
use super::work::{ReachWork, Work};
use crate::profile::LayerGroup;

/// What a pool's group of chips needs for the steps of one model.
///
/// A group is divided into data ranks, each with its share of the chats, and into stages, each with
/// its share of the layers. A step's work is divided into as many micro-batches as there are stages,
/// so that all of them compute at once: a step takes what one micro-batch takes for the whole model,
/// and the ways from stage to stage.
#[derive(Clone, Debug)]
pub struct StepCost {
    pub(crate) groups: Vec<GroupCost>,
    /// Those of all groups, one after the other, as in a step's [`Work`].
    pub(crate) reaches: Vec<ReachCost>,
    /// Width of the residual stream.
    pub(crate) hidden: f64,
    /// Chips that share what every token passes.
    pub(crate) weight_chips: f64,
    /// Chips that share attention, all ranks and stages together.
    pub(crate) attention_chips: f64,
    /// Data ranks.
    pub(crate) ranks: f64,
    /// Stages, and so micro-batches.
    pub(crate) stages: u64,
    /// Of weights that every token passes.
    pub(crate) linear: Rates,
    pub(crate) attention: Rates,
    pub(crate) decode_attention: Rates,
    /// All parameters that every token passes, and the output matrix.
    pub(crate) products: [Product; 2],
    pub(crate) exchange: Exchanges,
    /// Everything that passes between chips, in the order of its terms.
    pub(crate) passages: Vec<Passage>,
    /// Fixed time of every layer with attention or a state.
    pub(crate) layer_seconds: f64,
    /// All fixed times of a step's layers.
    pub(crate) fixed: Term,
    /// Of the kernels of a step that reads prompts, beside [`StepCost::fixed`].
    pub(crate) prefill_kernel_seconds: f64,
    /// How much longer the arithmetic of a prompt's token takes than that of a reply's.
    pub(crate) prefill_excess: f64,
    pub(crate) host: HostWork,
}

/// One group of equal layers.
#[derive(Clone, Debug)]
pub(crate) struct GroupCost {
    pub(crate) count: f64,
    pub(crate) linear_parameters: f64,
    /// Which of all reaches are its own.
    pub(crate) reaches: Range<usize>,
    pub(crate) state: Option<StateCost>,
    pub(crate) mixes_tokens: bool,
    pub(crate) feeds_forward: bool,
    pub(crate) experts: Option<ExpertLayer>,
    /// Fixed times of one layer's kernels, those of its experts left out.
    pub(crate) kernel_seconds: f64,
    /// Fixed time of one layer's experts.
    pub(crate) expert_seconds: f64,
    /// Fixed times of one layer's kernels in a step that reads prompts, besides.
    pub(crate) prefill_seconds: f64,
}

/// What all layers of a group look back at, of one kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReachCost {
    /// Of each pair of a reply's token and one that it looks back at.
    pub(crate) pair: StepTime,
    /// Of tokens that are checked at once.
    pub(crate) drafted: PairTimes,
    /// Of a prompt.
    pub(crate) prefill: PairTimes,
}

/// The state that one layer keeps of a chat, over all chips that take part in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StateCost {
    pub(crate) bytes: f64,
    pub(crate) flops_per_token: f64,
}

impl StateCost {
    pub(crate) fn of(layers: &LayerGroup) -> Option<StateCost> {
        layers.state().map(|state| StateCost {
            bytes: state.bytes() as f64,
            flops_per_token: state.flops_per_token() as f64,
        })
    }
}

/// The time of a step on the clock: at least a nanosecond, since one of none would stall it.
pub(crate) fn step_span(seconds: f64) -> Span {
    Span::from_seconds_f64(seconds).max(Span::from_nanos(1))
}

impl StepCost {
    /// The step's time: what attention takes, and all else.
    pub(crate) fn time(&self, work: &Work) -> StepTime {
        let mut attention = self.states(work);
        for (reach, pairs) in self.reaches.iter().zip(&work.reaches) {
            attention += reach.pair * pairs.decode_pairs as f64;
            if pairs.drafted_pairs > 0 {
                attention += reach.drafted_attention(pairs);
            }
            if pairs.prefill_pairs > 0 {
                attention += reach.prefill_attention(pairs);
            }
        }
        self.all_but_attention(work) + attention
    }

    /// The time of a step's parts that do not depend on how far its tokens look back.
    pub(crate) fn all_but_attention(&self, work: &Work) -> StepTime {
        let mut time = StepTime::of(&self.products[0].term(self.tokens(work)));
        self.terms_after_attention(work, &mut |term| time += StepTime::of(&term));
        time
    }

    /// The time of each pair of a reply's token and one that it looks back at, per reach: reads and
    /// arithmetic both grow with the pairs, so that their time does too.
    pub(crate) fn decode_pairs(&self) -> impl Iterator<Item = StepTime> {
        self.reaches.iter().map(|reach| reach.pair)
    }

    /// Hands each part of the step's time to `sink`; their sum is the step's.
    pub fn terms(&self, work: &Work, sink: &mut impl FnMut(Term)) {
        sink(self.products[0].term(self.tokens(work)));
        sink(self.attention_of(0..self.reaches.len(), self.states(work), work, 1.0));
        self.terms_after_attention(work, sink);
    }

    fn terms_after_attention(&self, work: &Work, sink: &mut impl FnMut(Term)) {
        if let Some(experts) = self.expert_term(work) {
            sink(experts);
        }
        for passage in &self.passages {
            sink(passage.term(work.tokens as f64));
        }
        sink(self.kernels_term(work));
        sink(self.head_term(work.outputs as f64));
        if !self.host.is_none() {
            sink(Term::fixed(Part::Host, self.host_seconds(work.calls as f64)));
        }
    }

    /// The fixed times of a step's kernels.
    fn kernels_term(&self, work: &Work) -> Term {
        match work.prefill_tokens {
            0 => self.fixed,
            _ => Term { seconds: self.fixed.seconds + self.prefill_kernel_seconds, ..self.fixed },
        }
    }

    /// Layers with attention or a state, on each of which the fixed time of a layer is spent. A
    /// layer of experts alone has their fixed time.
    pub(crate) fn mixing_layers(&self) -> f64 {
        self.layers_with(|group| group.mixes_tokens)
    }

    /// Layers with a feed-forward part.
    pub(crate) fn feeding_layers(&self) -> f64 {
        self.layers_with(|group| group.feeds_forward)
    }

    /// Layers by their exchanges: one that lacks attention and states, or a feed-forward part, has
    /// half of them.
    pub(crate) fn exchanging_layers(&self) -> f64 {
        0.5 * (self.mixing_layers() + self.feeding_layers())
    }

    pub(crate) fn expert_layers(&self) -> f64 {
        self.layers_with(|group| group.experts.is_some())
    }

    fn layers_with(&self, has: impl Fn(&GroupCost) -> bool) -> f64 {
        self.groups.iter().filter(|group| has(group)).map(|group| group.count).sum()
    }

    /// All fixed times of the experts of a step.
    pub(crate) fn expert_seconds(&self) -> f64 {
        self.groups.iter().map(|group| group.count * group.expert_seconds).sum()
    }

    /// The tokens of a step, those of prompts counted for what their arithmetic takes.
    #[inline]
    pub(crate) fn tokens(&self, work: &Work) -> Tokens {
        let passing = work.tokens as f64;
        Tokens { passing, timed: passing + self.prefill_excess * work.prefill_tokens as f64 }
    }

    /// So many parameters that every token passes.
    pub(crate) fn linear_term(&self, parameters: f64, tokens: Tokens) -> Term {
        let parts = self.ranks * self.stages as f64;
        let chips = self.weight_chips;
        Product::new(Part::Linear, &self.linear, parameters, chips, parts).term(tokens)
    }

    /// The time of all states: nothing that depends on how far a step's tokens look back.
    pub(crate) fn states(&self, work: &Work) -> StepTime {
        let mut time = StepTime::default();
        for group in &self.groups {
            if let Some(state) = group.state {
                time += self.time_of_states(group.count, state, work);
            }
        }
        time
    }

    /// Each chat's state is read and written once in a step, however many tokens of it pass.
    fn time_of_states(&self, layers: f64, state: StateCost, work: &Work) -> StepTime {
        let flops = layers * state.flops_per_token * work.tokens as f64;
        let bytes = layers * 2.0 * state.bytes * work.calls as f64;
        self.attention.time(flops / self.attention_chips, bytes / self.attention_chips)
    }

    pub(crate) fn state_of(&self, group: &GroupCost, work: &Work) -> StepTime {
        let state = group.state.map(|state| self.time_of_states(group.count, state, work));
        state.unwrap_or_default()
    }

    /// A part of the attention of these reaches, and of states. Replies and prompts run as separate
    /// operations, one after the other.
    pub(crate) fn attention_of(
        &self,
        reaches: Range<usize>,
        states: StepTime,
        work: &Work,
        part: f64,
    ) -> Term {
        let mut time = states;
        for (reach, pairs) in self.reaches[reaches.clone()].iter().zip(&work.reaches[reaches]) {
            time += reach.pair * pairs.decode_pairs as f64;
            time += reach.drafted_attention(pairs);
            time += reach.prefill_attention(pairs);
        }
        let time = time * part;
        let rates = if work.prefill_tokens > 0 { &self.attention } else { &self.decode_attention };
        let flops = time.compute_seconds * rates.peak_flops;
        let bytes = time.memory_seconds * rates.peak_bytes;
        rates.term(Part::Attention, flops, bytes, time.seconds)
    }

    fn expert_term(&self, work: &Work) -> Option<Term> {
        let tokens = self.tokens(work).divided_by(self.stages as f64);
        let mut sum: Option<Term> = None;
        for group in &self.groups {
            let Some(layer) = &group.experts else {
                continue;
            };
            let hit = layer.experts.hit_in_part(work.tokens, self.stages);
            let term = layer.term(group.count, tokens, hit);
            sum = Some(match sum {
                None => term,
                Some(before) => before.and(term),
            });
        }
        sum
    }

    #[inline]
    pub(crate) fn head_term(&self, outputs: f64) -> Term {
        match outputs > 0.0 {
            true => self.products[1].term(Tokens::of(outputs)),
            false => Term { binds: Binds::Compute, ..Term::fixed(Part::Head, 0.0) },
        }
    }

    /// The host serves each rank by itself, and all of them at once.
    pub(crate) fn host_seconds(&self, calls: f64) -> f64 {
        self.host.seconds(calls / self.ranks)
    }
}

impl ReachCost {
    #[inline]
    fn prefill_attention(&self, pairs: &ReachWork) -> StepTime {
        self.prefill.time(pairs.prefill_pairs as f64, pairs.prefill_context as f64)
    }

    /// The tokens of a chat that are checked at once read its KV once.
    #[inline]
    fn drafted_attention(&self, pairs: &ReachWork) -> StepTime {
        self.drafted.time(pairs.drafted_pairs as f64, pairs.drafted_context as f64)
    }
}
