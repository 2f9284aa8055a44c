//! The time of a step whose attention and whose feed-forward parts are computed by two groups.
//!
//! In every layer the activations go from the attention group to the ffn group and back. The chats
//! of a step are divided into micro-batches, so that one group computes for one of them while the
//! other computes for another. A layer then takes the longer of two: what one micro-batch takes
//! alone, and what the busiest of the two groups and the link takes for all of them.

use super::exchange::ACTIVATION_BYTES;
use super::step::StepCost;
use super::term::{Binds, Part, StepTime, Term};
use super::work::Work;

/// What an attention group and its ffn group need for the steps of one model.
#[derive(Clone, Debug)]
pub struct SplitCost {
    /// Attention, output matrix and the host.
    pub(crate) attention: StepCost,
    /// Feed-forward parts alone.
    pub(crate) ffn: StepCost,
    pub(crate) link: FfnCrossing,
}

/// One crossing between the groups.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FfnCrossing {
    pub(crate) bytes_per_second: f64,
    pub(crate) latency_seconds: f64,
    /// The most micro-batches of a step.
    pub(crate) micro_batches: u64,
}

/// A part of one layer, for one micro-batch: the sum of its terms.
#[derive(Clone, Copy, Debug)]
struct Side {
    sum: Term,
    longest: f64,
}

impl Side {
    fn new(part: Part) -> Side {
        Side { sum: Term::fixed(part, 0.0), longest: 0.0 }
    }

    fn add(&mut self, term: Term) {
        if term.seconds > self.longest {
            self.longest = term.seconds;
            self.sum.binds = term.binds;
        }
        self.sum.seconds += term.seconds;
        self.sum.flops += term.flops;
        self.sum.bytes += term.bytes;
        self.sum.peak_compute_seconds += term.peak_compute_seconds;
        self.sum.peak_memory_seconds += term.peak_memory_seconds;
    }
}

/// The parts of a step that its layers have: attention, feed-forward, crossings.
struct Layers([Side; 3]);

impl Layers {
    /// Adds `count` equal layers: `parts` of one micro-batch in one of them, of which crossings
    /// stand for one way. What goes on at the same time as something longer takes no time.
    fn add(&mut self, count: f64, micro_batches: f64, parts: [Term; 3]) {
        let [attention, ffn, crossing] = parts.map(|part| part.seconds);
        let alone = [attention, ffn, 2.0 * crossing];
        let busiest = attention.max(ffn).max(crossing);
        let is_pipeline = micro_batches * busiest > alone.iter().sum::<f64>();
        let mut is_taken = false;
        for (index, mut part) in parts.into_iter().enumerate() {
            part.seconds = match is_pipeline {
                false => alone[index],
                true if !is_taken && part.seconds >= busiest => {
                    is_taken = true;
                    micro_batches * busiest
                }
                true => 0.0,
            };
            part.seconds *= count;
            let times = count * micro_batches;
            part.flops *= times;
            part.bytes *= times;
            part.peak_compute_seconds *= times;
            part.peak_memory_seconds *= times;
            self.0[index].add(part);
        }
    }
}

impl SplitCost {
    /// The step's time, and how far it uses the chips of both groups.
    pub(crate) fn time(&self, work: &Work) -> StepTime {
        let mut time = StepTime::default();
        self.terms(work, &mut |term| {
            let one = StepTime::of(&term);
            time += if term.part == Part::FfnSide { one.by_helper() } else { one };
        });
        time
    }

    /// Hands each part of the step's time to `sink`; their sum is the step's.
    pub(crate) fn terms(&self, work: &Work, sink: &mut impl FnMut(Term)) {
        let parts = [Part::AttentionSide, Part::FfnSide, Part::Crossings];
        let mut layers = Layers(parts.map(Side::new));
        let micro_batches = self.link.micro_batches.min(work.calls).max(1);
        for index in 0..self.attention.groups.len() {
            let parts = self.parts(index, work, micro_batches);
            layers.add(self.attention.groups[index].count, micro_batches as f64, parts);
        }
        layers.0.into_iter().for_each(|side| sink(side.sum));
        sink(self.attention.head_term(work.outputs as f64));
        let hosts = [&self.attention, &self.ffn];
        if hosts.iter().any(|side| !side.host.is_none()) {
            // One after the other.
            let host = hosts.map(|side| side.host_seconds(work.calls as f64));
            sink(Term::fixed(Part::Host, host[0] + host[1]));
        }
    }

    /// What one layer of a group takes on each side and between them. Where it lacks a side's part,
    /// that takes none, and nothing crosses to a side without one.
    fn parts(&self, index: usize, work: &Work, micro_batches: u64) -> [Term; 3] {
        let none = [Part::AttentionSide, Part::FfnSide, Part::Crossings];
        let mut parts = none.map(|part| Term::fixed(part, 0.0));
        if self.attention.groups[index].mixes_tokens {
            parts[0] = self.attention_side(index, work, micro_batches);
        }
        if self.ffn.groups[index].feeds_forward {
            parts[1] = self.ffn_side(index, work, micro_batches);
            parts[2] = self.crossing(work, micro_batches);
        }
        parts
    }

    /// Projections, attention, one exchange and the fixed time of one layer.
    fn attention_side(&self, index: usize, work: &Work, micro_batches: u64) -> Term {
        let cost = &self.attention;
        let group = &cost.groups[index];
        let parts = micro_batches as f64;
        let tokens = cost.tokens(work).divided_by(parts);
        let mut side = Side::new(Part::AttentionSide);
        side.add(cost.linear_term(group.linear_parameters, tokens));
        let (reaches, states) = (group.reaches.clone(), cost.state_of(group, work));
        side.add(cost.attention_of(reaches, states, work, 1.0 / (parts * group.count)));
        side.add(cost.exchange.attention_term(cost.hidden / cost.ranks, tokens.passing));
        side.add(Term::fixed(cost.fixed.part, cost.layer_seconds + group.kernel_seconds));
        side.sum
    }

    /// Dense parts, experts, one exchange and the fixed time of one layer.
    fn ffn_side(&self, index: usize, work: &Work, micro_batches: u64) -> Term {
        let cost = &self.ffn;
        let group = &cost.groups[index];
        let tokens = cost.tokens(work).divided_by(micro_batches as f64);
        let mut side = Side::new(Part::FfnSide);
        side.add(cost.linear_term(group.linear_parameters, tokens));
        if let Some(layer) = &group.experts {
            let hit = layer.experts.hit_in_part(work.tokens, micro_batches);
            side.add(layer.term(1.0, tokens, hit));
        }
        side.add(cost.exchange.feed_forward_term(cost.hidden / cost.ranks, tokens.passing));
        let fixed = cost.layer_seconds + group.kernel_seconds + group.expert_seconds;
        side.add(Term::fixed(cost.fixed.part, fixed));
        side.sum
    }

    /// The activations of a micro-batch on their way, once.
    fn crossing(&self, work: &Work, micro_batches: u64) -> Term {
        let tokens = work.tokens as f64 / micro_batches as f64;
        let bytes = tokens * self.attention.hidden * ACTIVATION_BYTES;
        let moving = bytes / self.link.bytes_per_second;
        let binds = if moving > self.link.latency_seconds { Binds::Link } else { Binds::Latency };
        let seconds = moving + self.link.latency_seconds;
        Term { binds, bytes: 2.0 * bytes, ..Term::fixed(Part::Crossings, seconds) }
    }
}

#[cfg(test)]
#[path = "split_tests.rs"]
mod tests;
