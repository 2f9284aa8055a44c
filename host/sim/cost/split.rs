//! The time of a step whose attention and whose feed-forward parts are computed by two groups.
//!
//! In every layer the activations go from the attention group to the ffn group and back. The chats
//! of a step are divided into micro-batches, so that one group computes for one of them while the
//! other computes for another. A layer then takes the longer of two: what one micro-batch takes
//! alone, and what the busiest of the two groups and the link takes for all of them. A step is
//! divided where that makes it shorter.
//!
//! One ffn group may serve several attention groups, each with a step of its own and as much to do.
//! Its layers then stand apart, and it is busy with other layers of other groups at the same time;
//! a step takes no less than the ffn group does for all groups.

use super::exchange::ACTIVATION_BYTES;
use super::host::HostWork;
use super::sram::SramCost;
use super::step::StepCost;
use super::term::{Binds, Part, StepTime, Term};
use super::work::Work;

/// What an attention group and its ffn group need for the steps of one model.
#[derive(Clone, Debug)]
pub struct SplitCost {
    /// Attention, output matrix and the host.
    pub(crate) attention: StepCost,
    /// Feed-forward parts alone.
    pub(crate) ffn: SideCost,
    pub(crate) link: FfnCrossing,
    /// Of the fixed time that each layer on a gpu has beside its kernels' own, what the attention
    /// side has where a layer has both parts.
    pub(crate) attention_fixed_fraction: f64,
    /// Attention groups that one ffn group serves.
    pub(crate) attention_groups: f64,
}

/// What the feed-forward parts are computed with.
#[derive(Clone, Debug)]
pub(crate) enum SideCost {
    /// Chips with memory beside them.
    Roofline(Box<StepCost>),
    /// A chain of SRAM chips.
    Sram(Box<SramCost>),
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

impl Layers {
    fn seconds(&self) -> f64 {
        self.0.iter().map(|side| side.sum.seconds).sum()
    }
}

/// The layers of a step, and how long it waits besides for an ffn group that others use too.
struct DividedLayers {
    sides: Layers,
    waiting: f64,
}

impl DividedLayers {
    fn seconds(&self) -> f64 {
        self.sides.seconds() + self.waiting
    }
}

impl SideCost {
    /// Layers that it computes for different groups at the same time.
    fn stages(&self) -> f64 {
        match self {
            SideCost::Roofline(_) => 1.0,
            SideCost::Sram(cost) => cost.stages as f64,
        }
    }

    pub(crate) fn host(&self) -> HostWork {
        match self {
            SideCost::Roofline(cost) => cost.host,
            SideCost::Sram(cost) => cost.host,
        }
    }

    /// Data ranks, each of which the host serves by itself.
    pub(crate) fn ranks(&self) -> f64 {
        match self {
            SideCost::Roofline(cost) => cost.ranks,
            SideCost::Sram(_) => 1.0,
        }
    }

    /// Layers with a feed-forward part.
    pub(crate) fn feeding_layers(&self) -> f64 {
        match self {
            SideCost::Roofline(cost) => cost.feeding_layers(),
            SideCost::Sram(cost) => cost.feeding_layers(),
        }
    }

    fn feeds_forward(&self, index: usize) -> bool {
        match self {
            SideCost::Roofline(cost) => cost.groups[index].feeds_forward,
            SideCost::Sram(cost) => cost.layers[index].feeds_forward,
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
        let whole = self.layers(work, 1);
        let layers = match self.link.micro_batches.min(work.calls) {
            0 | 1 => whole,
            parts => {
                let divided = self.layers(work, parts);
                if divided.seconds() < whole.seconds() { divided } else { whole }
            }
        };
        layers.sides.0.into_iter().for_each(|side| sink(side.sum));
        sink(self.attention.head_term(work.outputs as f64));
        if layers.waiting > 0.0 {
            sink(Term::fixed(Part::Pipeline, layers.waiting));
        }
        let (attention, ffn) = (&self.attention.host, self.ffn.host());
        if !attention.is_none() || !ffn.is_none() {
            // One after the other.
            let calls = work.calls as f64;
            let ffn_seconds = ffn.seconds(calls / self.ffn.ranks());
            sink(Term::fixed(Part::Host, self.attention.host_seconds(calls) + ffn_seconds));
        }
    }

    /// All layers of a step in so many micro-batches.
    fn layers(&self, work: &Work, micro_batches: u64) -> DividedLayers {
        let sides = [Part::AttentionSide, Part::FfnSide, Part::Crossings];
        let mut sides = Layers(sides.map(Side::new));
        let mut ffn_seconds = 0.0;
        for index in 0..self.attention.groups.len() {
            let parts = self.parts(index, work, micro_batches);
            let count = self.attention.groups[index].count;
            ffn_seconds += count * micro_batches as f64 * parts[1].seconds;
            sides.add(count, micro_batches as f64, parts);
        }
        // What the ffn group does for all groups, less what passes meanwhile in this one.
        let busy = self.attention_groups * ffn_seconds / self.ffn.stages();
        let waiting = (busy - sides.seconds()).max(0.0);
        DividedLayers { sides, waiting }
    }

    /// What one layer of a group takes on each side and between them. Where it lacks a side's part,
    /// that takes none, and nothing crosses to a side without one.
    fn parts(&self, index: usize, work: &Work, micro_batches: u64) -> [Term; 3] {
        let none = [Part::AttentionSide, Part::FfnSide, Part::Crossings];
        let mut parts = none.map(|part| Term::fixed(part, 0.0));
        if self.attention.groups[index].mixes_tokens {
            parts[0] = self.attention_side(index, work, micro_batches);
        }
        if self.ffn.feeds_forward(index) {
            parts[1] = self.ffn_side(index, work, micro_batches);
            parts[2] = self.crossing(work, micro_batches);
        }
        parts
    }

    /// Fixed time of one layer on the attention side: all of it where the layer has no feed-forward
    /// part.
    fn attention_fixed(&self, index: usize) -> f64 {
        let cost = &self.attention;
        let part = if self.ffn.feeds_forward(index) { self.attention_fixed_fraction } else { 1.0 };
        part * cost.layer_seconds + cost.groups[index].kernel_seconds
    }

    /// Fixed time of one layer on an ffn side of `cost`: that of its kernels alone where the layer
    /// has nothing else.
    fn ffn_fixed(&self, cost: &StepCost, index: usize) -> f64 {
        let part = match self.attention.groups[index].mixes_tokens {
            true => 1.0 - self.attention_fixed_fraction,
            false => 0.0,
        };
        let group = &cost.groups[index];
        part * cost.layer_seconds + group.kernel_seconds + group.expert_seconds
    }

    /// Mean fixed time of the layers with an attention side.
    pub(crate) fn attention_fixed_seconds(&self) -> f64 {
        let groups = self.attention.groups.iter().enumerate();
        let mixing = groups.filter(|(_, group)| group.mixes_tokens);
        let all: f64 = mixing.map(|(index, group)| group.count * self.attention_fixed(index)).sum();
        all / self.attention.mixing_layers()
    }

    /// Mean fixed time of the layers with an ffn side.
    pub(crate) fn ffn_fixed_seconds(&self) -> f64 {
        let all = match &self.ffn {
            SideCost::Roofline(cost) => {
                let groups = cost.groups.iter().enumerate();
                let feeding = groups.filter(|(_, group)| group.feeds_forward);
                feeding.map(|(index, group)| group.count * self.ffn_fixed(cost, index)).sum()
            }
            SideCost::Sram(cost) => cost.sync_seconds * cost.exchange_count(),
        };
        all / self.ffn.feeding_layers()
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
        side.add(cost.exchange.half_layer_term(cost.hidden / cost.ranks, tokens.passing));
        side.add(Term::fixed(cost.fixed.part, self.attention_fixed(index)));
        side.sum
    }

    /// Dense parts, experts, exchanges and the fixed time of one layer.
    fn ffn_side(&self, index: usize, work: &Work, micro_batches: u64) -> Term {
        match &self.ffn {
            SideCost::Roofline(cost) => self.roofline_side(cost, index, work, micro_batches),
            SideCost::Sram(cost) => sram_side(cost, index, work, micro_batches),
        }
    }

    /// On chips with memory beside them.
    fn roofline_side(
        &self,
        cost: &StepCost,
        index: usize,
        work: &Work,
        micro_batches: u64,
    ) -> Term {
        let group = &cost.groups[index];
        let tokens = cost.tokens(work).divided_by(micro_batches as f64);
        let mut side = Side::new(Part::FfnSide);
        side.add(cost.linear_term(group.linear_parameters, tokens));
        if let Some(layer) = &group.experts {
            let hit = layer.experts.hit_in_part(work.tokens, micro_batches);
            side.add(layer.term(1.0, tokens, hit));
        }
        side.add(cost.exchange.half_layer_term(cost.hidden / cost.ranks, tokens.passing));
        side.add(Term::fixed(cost.fixed.part, self.ffn_fixed(cost, index)));
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

/// On a chain, of whose chips those of one layer work.
fn sram_side(cost: &SramCost, index: usize, work: &Work, micro_batches: u64) -> Term {
    let mut side = Side::new(Part::FfnSide);
    for term in cost.layer(index, work, micro_batches) {
        let used = cost.layers[index].working_chips(term.part) / cost.chips;
        side.add(Term {
            flops: used * term.flops,
            bytes: used * term.bytes,
            peak_compute_seconds: used * term.peak_compute_seconds,
            peak_memory_seconds: used * term.peak_memory_seconds,
            ..term
        });
    }
    side.sum
}

#[cfg(test)]
#[path = "split_tests.rs"]
mod tests;
