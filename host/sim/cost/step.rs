//! The time of one step, from the work in it. The one place where time is computed.
//!
//! Only + − × ÷ and the square root are used, which IEEE 754 makes the same on every platform.

use timeslip_timeline::time::Span;

use super::term::{Binds, Part, StepTime, Term};
use super::work::{GroupWork, Work};

/// What a pool's group of chips needs for the steps of one model.
#[derive(Clone, Debug)]
pub struct StepCost {
    pub(crate) groups: Vec<GroupCost>,
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
    pub(crate) decode_flops_per_pair: f64,
    pub(crate) prefill_flops_per_pair: f64,
    /// KV bytes of a token in one layer on one chip that takes part in attention.
    pub(crate) kv_bytes_per_token: f64,
    pub(crate) experts: Option<ExpertCost>,
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

    /// The experts of one layer on so many chips, for one of so many parts of `tokens`.
    pub(crate) fn layer(self, rates: &Rates, chips: f64, tokens: u64, parts: u64) -> Term {
        // Where the tokens do not divide, some parts have one more than others: their mean.
        let larger = (tokens % parts) as f64 / parts as f64;
        let hit = self.hit(tokens / parts) * (1.0 - larger) + self.hit(tokens / parts + 1) * larger;
        let tokens = tokens as f64 / parts as f64;
        let flops = 2.0 * tokens * self.per_token * self.parameters / chips;
        let bytes = self.parameters * rates.bytes_per_weight * hit / chips;
        // Experts differ in load, so arithmetic and reads overlap in part only.
        let (compute, memory) = (flops / rates.flops, bytes / rates.bytes);
        let seconds = (compute * compute + memory * memory).sqrt();
        rates.term(Part::Experts, flops, bytes, seconds)
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
    pub(crate) fn term(&self, part: Part, flops: f64, bytes: f64, seconds: f64) -> Term {
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

    pub(crate) fn time(&self, flops: f64, bytes: f64) -> StepTime {
        StepTime {
            seconds: self.roofline(flops, bytes),
            compute_seconds: flops / self.peak_flops,
            memory_seconds: bytes / self.peak_bytes,
            ..StepTime::default()
        }
    }

    /// Arithmetic and reads overlap: the slower of the two.
    pub(crate) fn roofline(&self, flops: f64, bytes: f64) -> f64 {
        (flops / self.flops).max(bytes / self.bytes)
    }
}

/// How the chips of a group combine their parts of a layer, twice per layer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Exchanges {
    /// One chip has nothing to combine.
    None,
    /// Ring all-reduces among GPUs.
    AllReduce { chips: f64, fixed_seconds: f64, bytes_per_second: f64 },
}

/// Bytes of one value that passes between chips.
pub(crate) const ACTIVATION_BYTES: f64 = 2.0;

impl Exchanges {
    /// All exchanges of a step in this many layers, when `tokens` of this width pass them.
    pub(crate) fn term(&self, layers: f64, hidden: f64, tokens: f64) -> Term {
        let message = tokens * hidden * ACTIVATION_BYTES;
        let (fixed, bytes, bytes_per_second) = match *self {
            Exchanges::None => (0.0, 0.0, 1.0),
            Exchanges::AllReduce { chips, fixed_seconds, bytes_per_second } => {
                let sent = 2.0 * (chips - 1.0) / chips * message;
                (2.0 * fixed_seconds, 2.0 * sent, bytes_per_second)
            }
        };
        let moving = bytes / bytes_per_second;
        Term {
            binds: if moving > fixed { Binds::Link } else { Binds::Latency },
            bytes: layers * bytes,
            ..Term::fixed(Part::Exchange, layers * (fixed + moving))
        }
    }

    /// One of both exchanges of one layer.
    pub(crate) fn half_layer_term(&self, hidden: f64, tokens: f64) -> Term {
        self.term(0.5, hidden, tokens)
    }
}

/// The time of a step on the clock: at least a nanosecond, since one of none would stall it.
pub(crate) fn step_span(seconds: f64) -> Span {
    Span::from_seconds_f64(seconds).max(Span::from_nanos(1))
}

impl StepCost {
    /// The step's time: what attention takes, and all else.
    pub(crate) fn time(&self, work: &Work) -> StepTime {
        let mut attention = StepTime::default();
        for (group, pairs) in self.groups.iter().zip(&work.groups) {
            attention += self.decode_pair(group) * pairs.decode_pairs as f64;
            if pairs.drafted_pairs > 0 {
                attention += self.drafted_attention(group, pairs);
            }
            if pairs.prefill_pairs > 0 {
                attention += self.prefill_attention(group, pairs);
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

    /// The time of each pair of a reply's token and one that it looks back at, per group of layers:
    /// reads and arithmetic both grow with the pairs, so the slower of the two is the same for any
    /// number of them.
    pub(crate) fn decode_pairs(&self) -> impl Iterator<Item = StepTime> {
        self.groups.iter().map(|group| self.decode_pair(group))
    }

    /// Hands each part of the step's time to `sink`; their sum is the step's.
    pub fn terms(&self, work: &Work, sink: &mut impl FnMut(Term)) {
        sink(self.linear_term(self.linear_parameters(), work.tokens as f64));
        let groups: Vec<_> = self.groups.iter().zip(&work.groups).collect();
        sink(self.attention_of(&groups, 1.0));
        self.terms_after_attention(work, sink);
    }

    fn terms_after_attention(&self, work: &Work, sink: &mut impl FnMut(Term)) {
        let tokens = work.tokens as f64;
        if let Some(rates) = &self.experts {
            sink(self.expert_term(rates, work.tokens));
        }
        if !matches!(self.exchange, Exchanges::None) {
            sink(self.exchange.term(self.layers(), self.hidden, tokens));
        }
        let fixed =
            self.layers() * self.layer_seconds + self.expert_layers() * self.expert_layer_seconds;
        sink(Term::fixed(Part::Layers, fixed));
        sink(self.head_term(work.outputs as f64));
        if self.host_step_seconds > 0.0 {
            let host = self.host_step_seconds * (work.calls as f64).sqrt();
            sink(Term::fixed(Part::Host, host));
        }
    }

    pub(crate) fn layers(&self) -> f64 {
        self.groups.iter().map(|group| group.count).sum()
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

    fn decode_pair(&self, group: &GroupCost) -> StepTime {
        let flops = group.count * group.decode_flops_per_pair / self.attention_chips;
        let bytes = group.count * group.kv_bytes_per_token;
        self.attention.time(flops, bytes)
    }

    fn prefill_attention(&self, group: &GroupCost, pairs: &GroupWork) -> StepTime {
        let flops = group.count * pairs.prefill_pairs as f64 * group.prefill_flops_per_pair
            / self.attention_chips;
        let bytes = group.count * pairs.prefill_context as f64 * group.kv_bytes_per_token;
        self.attention.time(flops, bytes)
    }

    /// The tokens of a chat that are checked at once read its KV once.
    fn drafted_attention(&self, group: &GroupCost, pairs: &GroupWork) -> StepTime {
        let flops = group.count * pairs.drafted_pairs as f64 * group.decode_flops_per_pair
            / self.attention_chips;
        let bytes = group.count * pairs.drafted_context as f64 * group.kv_bytes_per_token;
        self.attention.time(flops, bytes)
    }

    /// A part of the attention of groups of layers. Replies and prompts run as separate operations,
    /// one after the other.
    pub(crate) fn attention_of(&self, groups: &[(&GroupCost, &GroupWork)], part: f64) -> Term {
        let mut time = StepTime::default();
        for (group, pairs) in groups {
            time += self.decode_pair(group) * pairs.decode_pairs as f64;
            time += self.drafted_attention(group, pairs);
            time += self.prefill_attention(group, pairs);
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
        experts.layer(rates, self.weight_chips, tokens, parts)
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
