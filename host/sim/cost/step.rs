//! The time of one step, from the work in it. The one place where time is computed.
//!
//! Only + − × ÷ and the square root are used, which IEEE 754 makes the same on every platform.

use std::ops::Range;

use timeslip_timeline::time::Span;

use super::exchange::Exchanges;
use super::term::{Binds, Part, StepTime, Term};
use super::work::{ReachWork, Work};

/// What a pool's group of chips needs for the steps of one model.
#[derive(Clone, Debug)]
pub struct StepCost {
    pub(crate) groups: Vec<GroupCost>,
    /// Those of all groups, one after the other, as in a step's [`Work`].
    pub(crate) reaches: Vec<ReachCost>,
    /// Parameters of the output matrix.
    pub(crate) head_parameters: f64,
    /// Width of the residual stream.
    pub(crate) hidden: f64,
    /// Chips that share the weights.
    pub(crate) weight_chips: f64,
    /// Chips that share attention.
    pub(crate) attention_chips: f64,
    /// Per matrix: rates and bytes per weight.
    pub(crate) linear: Rates,
    /// Absent where no layer has experts.
    pub(crate) experts: Option<Rates>,
    pub(crate) head: Rates,
    pub(crate) attention: Rates,
    pub(crate) exchange: Exchanges,
    /// Fixed time per layer.
    pub(crate) layer_seconds: f64,
    /// Fixed time per layer with experts, besides.
    pub(crate) expert_layer_seconds: f64,
    /// Host time per step, multiplied by √(chats).
    pub(crate) host_step_seconds: f64,
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
    pub(crate) experts: Option<ExpertCost>,
}

/// What all layers of a group look back at, of one kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReachCost {
    /// Layers.
    pub(crate) count: f64,
    pub(crate) decode_flops_per_pair: f64,
    pub(crate) prefill_flops_per_pair: f64,
    /// KV bytes read for each token that is looked back at, in one layer on one chip that takes
    /// part in attention.
    pub(crate) kv_bytes_per_token: f64,
}

/// The state that one layer keeps of a chat, over all chips that take part in attention.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StateCost {
    pub(crate) bytes: f64,
    pub(crate) flops_per_token: f64,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct ExpertCost {
    pub(crate) count: f64,
    pub(crate) per_token: f64,
    pub(crate) parameters: f64,
}

impl ExpertCost {
    /// How many experts any of these tokens is routed to.
    fn hit(self, tokens: u64) -> f64 {
        let missed = power(1.0 - self.per_token / self.count, tokens);
        self.count * (1.0 - missed)
    }
}

/// Peak and reached rates of one kind of operation on one chip.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rates {
    pub(crate) peak_flops: f64,
    pub(crate) flops: f64,
    pub(crate) peak_bytes: f64,
    pub(crate) bytes: f64,
    pub(crate) bytes_per_weight: f64,
}

impl Rates {
    fn term(&self, part: Part, flops: f64, bytes: f64, seconds: f64) -> Term {
        let memory = bytes / self.bytes > flops / self.flops;
        Term {
            part,
            seconds,
            binds: if memory { Binds::Memory } else { Binds::Compute },
            flops,
            bytes,
            peak_compute_seconds: flops / self.peak_flops,
            peak_memory_seconds: bytes / self.peak_bytes,
        }
    }

    fn time(&self, flops: f64, bytes: f64) -> StepTime {
        StepTime {
            seconds: self.roofline(flops, bytes),
            compute_seconds: flops / self.peak_flops,
            memory_seconds: bytes / self.peak_bytes,
            ..StepTime::default()
        }
    }

    /// Arithmetic and reads overlap: the slower of the two.
    fn roofline(&self, flops: f64, bytes: f64) -> f64 {
        (flops / self.flops).max(bytes / self.bytes)
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
            attention += self.decode_pair(reach) * pairs.decode_pairs as f64;
            if pairs.drafted_pairs > 0 {
                attention += self.drafted_attention(reach, pairs);
            }
            if pairs.prefill_pairs > 0 {
                attention += self.prefill_attention(reach, pairs);
            }
        }
        self.all_but_attention(work) + attention
    }

    /// The time of a step's parts that do not depend on how far its tokens look back.
    pub(crate) fn all_but_attention(&self, work: &Work) -> StepTime {
        let linear = self.linear_term(self.linear_parameters(), work.tokens as f64);
        let mut time = StepTime::of(&linear);
        self.terms_after_attention(work, &mut |term| time += StepTime::of(&term));
        time
    }

    /// The time of each pair of a reply's token and one that it looks back at, per reach:
    /// reads and arithmetic both grow with the pairs, so the slower of the two is the same for any
    /// number of them.
    pub(crate) fn decode_pairs(&self) -> impl Iterator<Item = StepTime> {
        self.reaches.iter().map(|reach| self.decode_pair(reach))
    }

    /// Hands each part of the step's time to `sink`; their sum is the step's.
    pub fn terms(&self, work: &Work, sink: &mut impl FnMut(Term)) {
        sink(self.linear_term(self.linear_parameters(), work.tokens as f64));
        sink(self.attention_of(0..self.reaches.len(), self.states(work), work, 1.0));
        self.terms_after_attention(work, sink);
    }

    fn terms_after_attention(&self, work: &Work, sink: &mut impl FnMut(Term)) {
        let tokens = work.tokens as f64;
        if let Some(rates) = &self.experts {
            sink(self.expert_term(rates, work.tokens));
        }
        if !matches!(self.exchange, Exchanges::None) {
            sink(self.exchange.term(self.exchanging_layers(), self.hidden, tokens));
        }
        let fixed = self.mixing_layers() * self.layer_seconds
            + self.expert_layers() * self.expert_layer_seconds;
        sink(Term::fixed(Part::Layers, fixed));
        sink(self.head_term(work.outputs as f64));
        if self.host_step_seconds > 0.0 {
            let host = self.host_step_seconds * (work.calls as f64).sqrt();
            sink(Term::fixed(Part::Host, host));
        }
    }

    /// Layers with attention or a state, on each of which the fixed time of a layer is spent. A
    /// layer of experts alone has their fixed time.
    pub(crate) fn mixing_layers(&self) -> f64 {
        self.groups.iter().filter(|group| group.mixes_tokens).map(|group| group.count).sum()
    }

    /// Layers with a feed-forward part.
    pub(crate) fn feeding_layers(&self) -> f64 {
        self.groups.iter().filter(|group| group.feeds_forward).map(|group| group.count).sum()
    }

    /// Layers by their exchanges: one that lacks attention and states, or a feed-forward part, has
    /// half of them.
    pub(crate) fn exchanging_layers(&self) -> f64 {
        let halves = |group: &GroupCost| {
            let parts = [group.mixes_tokens, group.feeds_forward];
            0.5 * parts.into_iter().filter(|has_part| *has_part).count() as f64
        };
        self.groups.iter().map(|group| halves(group) * group.count).sum()
    }

    pub(crate) fn expert_layers(&self) -> f64 {
        let with_experts = self.groups.iter().filter(|group| group.experts.is_some());
        with_experts.map(|group| group.count).sum()
    }

    fn linear_parameters(&self) -> f64 {
        self.groups.iter().map(|group| group.count * group.linear_parameters).sum()
    }

    /// So many parameters that every token passes.
    pub(crate) fn linear_term(&self, parameters: f64, tokens: f64) -> Term {
        let flops = 2.0 * tokens * parameters / self.weight_chips;
        let bytes = parameters * self.linear.bytes_per_weight / self.weight_chips;
        self.linear.term(Part::Linear, flops, bytes, self.linear.roofline(flops, bytes))
    }

    fn decode_pair(&self, reach: &ReachCost) -> StepTime {
        let flops = reach.count * reach.decode_flops_per_pair / self.attention_chips;
        let bytes = reach.count * reach.kv_bytes_per_token;
        self.attention.time(flops, bytes)
    }

    fn prefill_attention(&self, reach: &ReachCost, pairs: &ReachWork) -> StepTime {
        let flops = reach.count * pairs.prefill_pairs as f64 * reach.prefill_flops_per_pair
            / self.attention_chips;
        let bytes = reach.count * pairs.prefill_context as f64 * reach.kv_bytes_per_token;
        self.attention.time(flops, bytes)
    }

    /// The tokens of a chat that are checked at once read its KV once.
    fn drafted_attention(&self, reach: &ReachCost, pairs: &ReachWork) -> StepTime {
        let flops = reach.count * pairs.drafted_pairs as f64 * reach.decode_flops_per_pair
            / self.attention_chips;
        let bytes = reach.count * pairs.drafted_context as f64 * reach.kv_bytes_per_token;
        self.attention.time(flops, bytes)
    }

    /// The time of all states: nothing that depends on how far a step's tokens look back.
    pub(crate) fn states(&self, work: &Work) -> StepTime {
        let mut time = StepTime::default();
        for group in &self.groups {
            time += self.state_of(group, work);
        }
        time
    }

    /// Each chat's state is read and written once in a step, however many tokens of it pass.
    pub(crate) fn state_of(&self, group: &GroupCost, work: &Work) -> StepTime {
        let Some(state) = group.state else {
            return StepTime::default();
        };
        let flops = group.count * state.flops_per_token * work.tokens as f64;
        let bytes = group.count * 2.0 * state.bytes * work.calls as f64;
        self.attention.time(flops / self.attention_chips, bytes / self.attention_chips)
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
            time += self.decode_pair(reach) * pairs.decode_pairs as f64;
            time += self.drafted_attention(reach, pairs);
            time += self.prefill_attention(reach, pairs);
        }
        let time = time * part;
        let flops = time.compute_seconds * self.attention.peak_flops;
        let bytes = time.memory_seconds * self.attention.peak_bytes;
        self.attention.term(Part::Attention, flops, bytes, time.seconds)
    }

    fn expert_term(&self, rates: &Rates, tokens: u64) -> Term {
        let (mut flops, mut bytes, mut seconds) = (0.0, 0.0, 0.0);
        for group in &self.groups {
            let Some(experts) = group.experts else {
                continue;
            };
            let layer = self.expert_layer(rates, experts, tokens, 1);
            seconds += group.count * layer.seconds;
            flops += group.count * layer.flops;
            bytes += group.count * layer.bytes;
        }
        rates.term(Part::Experts, flops, bytes, seconds)
    }

    /// The experts of one layer, for one of so many parts of `tokens`.
    pub(crate) fn expert_layer(
        &self,
        rates: &Rates,
        experts: ExpertCost,
        tokens: u64,
        parts: u64,
    ) -> Term {
        // Where the tokens do not divide, some parts have one more than others: their mean.
        let larger = (tokens % parts) as f64 / parts as f64;
        let hit =
            experts.hit(tokens / parts) * (1.0 - larger) + experts.hit(tokens / parts + 1) * larger;
        let tokens = tokens as f64 / parts as f64;
        let flops = 2.0 * tokens * experts.per_token * experts.parameters / self.weight_chips;
        let bytes = experts.parameters * rates.bytes_per_weight * hit / self.weight_chips;
        // Experts differ in load, so arithmetic and reads overlap in part only.
        let (compute, memory) = (flops / rates.flops, bytes / rates.bytes);
        let seconds = (compute * compute + memory * memory).sqrt();
        rates.term(Part::Experts, flops, bytes, seconds)
    }

    pub(crate) fn head_term(&self, outputs: f64) -> Term {
        let flops = 2.0 * outputs * self.head_parameters / self.weight_chips;
        let read = if outputs > 0.0 { self.head_parameters } else { 0.0 };
        let bytes = read * self.head.bytes_per_weight / self.weight_chips;
        self.head.term(Part::Head, flops, bytes, self.head.roofline(flops, bytes))
    }
}

/// `base` to the `exponent`, by multiplications alone.
fn power(mut base: f64, mut exponent: u64) -> f64 {
    let mut product = 1.0;
    while exponent > 0 {
        if exponent & 1 == 1 {
            product *= base;
        }
        base *= base;
        exponent >>= 1;
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_right() {
        assert_eq!(power(0.5, 0), 1.0);
        assert_eq!(power(0.5, 10), 1.0 / 1024.0);
        assert!((power(0.96875, 100) - 0.0417).abs() < 1e-4);
    }
}
