//! The time of a step on chips that hold a model in SRAM, layer after layer.
//!
//! The layers of a model stand one after the other on the chips of a group: each has chips, or a
//! part of one, in proportion to the bytes of its weights, and its KV on these, and on more in
//! proportion to the bytes of that. A token passes all layers in turn, and while it is in one of
//! them, other tokens can be in others. So a chat that is alone waits for the sum of all layers,
//! and many chats for the slowest stage.
//!
//! A step's tokens go through the chain in pieces. In a layer a piece takes its reads and
//! arithmetic on the layer's chips, the exchanges between these, what each of them costs beside its
//! way, and the hop to the next layer.

use std::ops::Range;

use super::exchange::ACTIVATION_BYTES;
use super::experts::ExpertLayer;
use super::host::HostWork;
use super::rates::{Rates, Tokens};
use super::step::StateCost;
use super::term::{Binds, Part, StepTime, Term};
use super::work::Work;

/// What a chain of SRAM chips needs for the steps of one model.
#[derive(Clone, Debug)]
pub struct SramCost {
    /// Groups of equal layers, in the model's order.
    pub(crate) layers: Vec<ChainLayers>,
    /// Those of all groups, one after the other, as in a step's [`Work`].
    pub(crate) reaches: Vec<ChainReach>,
    pub(crate) head: ChainHead,
    pub(crate) hidden: f64,
    /// Chips of the group.
    pub(crate) chips: f64,
    /// Layers, or groups of layers that share a chip, that work at the same time.
    pub(crate) stages: u64,
    pub(crate) linear: Rates,
    /// Over a prompt.
    pub(crate) attention: Rates,
    /// Of replies.
    pub(crate) decode_attention: Rates,
    /// From one chip to the next.
    pub(crate) hop_seconds: f64,
    /// From the last chip of the chain to the first one, once for each piece of a step.
    pub(crate) return_seconds: f64,
    /// What an exchange costs beside its way.
    pub(crate) sync_seconds: f64,
    /// Of a chip's links, one direction.
    pub(crate) link_bytes_per_second: f64,
    pub(crate) host: HostWork,
}

/// Equal layers of a chain.
#[derive(Clone, Debug)]
pub(crate) struct ChainLayers {
    pub(crate) count: f64,
    /// Chips that hold one of them; less than one where several stand on parts of a chip.
    pub(crate) chips: f64,
    /// Chips that a token leaves in one of them: at most one.
    pub(crate) hops: f64,
    /// Chips over which the KV and the states of one of them are spread, and its attention with
    /// them: no fewer.
    pub(crate) kv_chips: f64,
    /// Exchanges among the chips of one of them.
    pub(crate) exchanges: f64,
    /// The ways of all these exchanges.
    pub(crate) reach_seconds: f64,
    pub(crate) linear_parameters: f64,
    /// Which of all reaches are its own.
    pub(crate) reaches: Range<usize>,
    pub(crate) state: Option<StateCost>,
    pub(crate) feeds_forward: bool,
    pub(crate) experts: Option<ExpertLayer>,
}

/// What one layer looks back at, of one kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChainReach {
    pub(crate) decode_flops_per_pair: f64,
    pub(crate) prefill_flops_per_pair: f64,
    /// Read of each token that is looked back at.
    pub(crate) bytes_per_token: f64,
}

impl ChainLayers {
    /// Chips of one layer that a part of it stands on.
    pub(crate) fn working_chips(&self, part: Part) -> f64 {
        if part == Part::Attention { self.kv_chips } else { self.chips }
    }
}

/// The output matrix, a stage of its own.
#[derive(Clone, Debug)]
pub(crate) struct ChainHead {
    pub(crate) parameters: f64,
    pub(crate) chips: f64,
    pub(crate) rates: Rates,
}

/// Pieces that follow one another through the chain.
struct Pieces {
    /// What one of them takes, part by part.
    terms: Vec<Term>,
    /// All of that.
    latency: f64,
    /// What it takes of that in the slowest stage.
    slowest: f64,
    count: f64,
}

impl Pieces {
    /// The last piece of a prompt comes after all others. Chats that write begin their next token
    /// when the one before has left the chain, at any time, so that nothing waits for a step's
    /// last.
    fn seconds(&self, reads: bool) -> f64 {
        match reads {
            true => self.latency + (self.count - 1.0) * self.slowest,
            false => self.latency.max(self.count * self.slowest),
        }
    }
}

impl SramCost {
    /// The step's time, and how far it uses the chips.
    pub(crate) fn time(&self, work: &Work) -> StepTime {
        let mut time = StepTime::default();
        self.terms(work, &mut |term| time += StepTime::of(&term));
        time
    }

    /// Hands each part of the step's time to `sink`; their sum is the step's.
    pub(crate) fn terms(&self, work: &Work, sink: &mut impl FnMut(Term)) {
        let reads = work.prefill_tokens > 0;
        let most = if reads { work.tokens } else { work.calls };
        let (whole, divided) = (self.pieces(work, 1), self.pieces(work, most.min(self.stages)));
        let pieces = match divided.seconds(reads) < whole.seconds(reads) {
            true => divided,
            false => whole,
        };
        let behind = pieces.seconds(reads) - pieces.latency;
        pieces.terms.into_iter().for_each(&mut *sink);
        if behind > 0.0 {
            sink(Term::fixed(Part::Pipeline, behind));
        }
        if !self.host.is_none() {
            sink(Term::fixed(Part::Host, self.host.seconds(work.calls as f64)));
        }
    }

    /// The parts of one layer of a group, for one of so many pieces: weights, attention, experts,
    /// exchanges and synchronisation. Operations and bytes are those of one of its chips.
    pub(crate) fn layer(&self, index: usize, work: &Work, pieces: u64) -> [Term; 5] {
        let layers = &self.layers[index];
        let tokens = work.tokens as f64 / pieces as f64;
        let flops = 2.0 * tokens * layers.linear_parameters / layers.chips;
        let bytes = layers.linear_parameters * self.linear.bytes_per_weight / layers.chips;
        let linear = product(Part::Linear, &self.linear, flops, bytes);
        let experts = match &layers.experts {
            Some(layer) => {
                let hit = layer.experts.hit_in_part(work.tokens, pieces);
                layer.term(1.0, Tokens::of(tokens), hit)
            }
            None => Term::fixed(Part::Experts, 0.0),
        };
        let sync = Term::fixed(Part::Layers, layers.exchanges * self.sync_seconds);
        let attention = self.attention(index, work, pieces as f64);
        [linear, attention, experts, self.exchange(layers, tokens), sync]
    }

    /// All layers.
    pub(crate) fn layer_count(&self) -> f64 {
        self.layers.iter().map(|layers| layers.count).sum()
    }

    /// Layers with a feed-forward part.
    pub(crate) fn feeding_layers(&self) -> f64 {
        let feeding = self.layers.iter().filter(|layers| layers.feeds_forward);
        feeding.map(|layers| layers.count).sum()
    }

    /// The exchanges of all layers.
    pub(crate) fn exchange_count(&self) -> f64 {
        self.layers.iter().map(|layers| layers.count * layers.exchanges).sum()
    }

    fn has_experts(&self) -> bool {
        self.layers.iter().any(|layers| layers.experts.is_some())
    }

    /// What one piece has in each part, all layers together.
    fn pieces(&self, work: &Work, count: u64) -> Pieces {
        let parts = [Part::Linear, Part::Attention, Part::Experts, Part::Exchange, Part::Layers];
        let mut sums = parts.map(|part| Term::fixed(part, 0.0));
        let mut slowest = 0.0f64;
        let layers_per_stage = self.layer_count() / self.stages as f64;
        for (index, layers) in self.layers.iter().enumerate() {
            let terms = self.layer(index, work, count);
            let seconds: f64 = terms.iter().map(|term| term.seconds).sum();
            slowest = slowest.max(layers_per_stage.max(1.0) * seconds);
            let times = layers.count / self.chips * count as f64;
            for (sum, term) in sums.iter_mut().zip(terms) {
                let chips = layers.working_chips(term.part);
                add(sum, &term, layers.count, times * chips);
            }
        }
        sums[3].seconds += self.return_seconds;
        let head = self.head_term(work.outputs as f64 / count as f64);
        let mut terms: Vec<Term> = sums.into();
        terms.retain(|term| term.part != Part::Experts || self.has_experts());
        let mut all = Term::fixed(Part::Head, 0.0);
        add(&mut all, &head, 1.0, self.head.chips / self.chips * count as f64);
        terms.push(all);
        // Of a prompt, the last piece alone passes the output matrix.
        if work.prefill_tokens == 0 {
            slowest = slowest.max(head.seconds);
        }
        let latency = terms.iter().map(|term| term.seconds).sum();
        Pieces { terms, latency, slowest, count: count as f64 }
    }

    fn attention(&self, index: usize, work: &Work, pieces: f64) -> Term {
        let layers = &self.layers[index];
        let chips = pieces * layers.kv_chips;
        let mut time = self.state(layers, work, pieces);
        let reaches = layers.reaches.clone();
        for (reach, pairs) in self.reaches[reaches.clone()].iter().zip(&work.reaches[reaches]) {
            let (reply, prompt) = (&self.decode_attention, &self.attention);
            let (decode, prefill) = (reach.decode_flops_per_pair, reach.prefill_flops_per_pair);
            for (rates, pairs, context, flops_per_pair) in [
                (reply, pairs.decode_pairs, pairs.decode_pairs, decode),
                (reply, pairs.drafted_pairs, pairs.drafted_context, decode),
                (prompt, pairs.prefill_pairs, pairs.prefill_context, prefill),
            ] {
                let flops = pairs as f64 * flops_per_pair / chips;
                let bytes = context as f64 * reach.bytes_per_token / chips;
                time += streamed(rates, flops, bytes);
            }
        }
        let rates = if work.prefill_tokens > 0 { &self.attention } else { &self.decode_attention };
        let flops = time.compute_seconds * rates.peak_flops;
        let bytes = time.memory_seconds * rates.peak_bytes;
        rates.term(Part::Attention, flops, bytes, time.seconds)
    }

    /// The states of one layer, for one of so many pieces: those of its chats, of which a prompt's
    /// pieces have one each, are read and written.
    fn state(&self, layers: &ChainLayers, work: &Work, pieces: f64) -> StepTime {
        let Some(state) = layers.state else {
            return StepTime::default();
        };
        let calls = work.calls as f64;
        let chats = (calls / pieces).max(calls.min(1.0));
        let flops = state.flops_per_token * work.tokens as f64 / pieces;
        let bytes = 2.0 * state.bytes * chats;
        streamed(&self.attention, flops / layers.kv_chips, bytes / layers.kv_chips)
    }

    /// The exchanges of one layer and the hop to the next.
    fn exchange(&self, layers: &ChainLayers, tokens: f64) -> Term {
        let message = tokens * self.hidden * ACTIVATION_BYTES;
        // Inside of a chip, activations do not use its links.
        let exchanged = if layers.chips > 1.0 { layers.exchanges } else { 0.0 };
        let bytes = (exchanged + layers.hops) * message;
        let moving = bytes / self.link_bytes_per_second;
        let fixed = layers.reach_seconds + layers.hops * self.hop_seconds;
        Term {
            binds: if moving > fixed { Binds::Link } else { Binds::Latency },
            bytes,
            ..Term::fixed(Part::Exchange, fixed + moving)
        }
    }

    fn head_term(&self, outputs: f64) -> Term {
        let head = &self.head;
        let flops = 2.0 * outputs * head.parameters / head.chips;
        let read = if outputs > 0.0 { head.parameters } else { 0.0 };
        let bytes = read * head.rates.bytes_per_weight / head.chips;
        product(Part::Head, &head.rates, flops, bytes)
    }
}

/// Arithmetic and reads of a chip with a schedule that is laid down before, which fetches what comes
/// next while it computes: the slower of the two.
fn streamed(rates: &Rates, flops: f64, bytes: f64) -> StepTime {
    StepTime {
        seconds: (flops / rates.flops).max(bytes / rates.bytes),
        compute_seconds: flops / rates.peak_flops,
        memory_seconds: bytes / rates.peak_bytes,
        ..StepTime::default()
    }
}

fn product(part: Part, rates: &Rates, flops: f64, bytes: f64) -> Term {
    rates.term(part, flops, bytes, streamed(rates, flops, bytes).seconds)
}

/// Adds equal layers: their time one after the other, and the mean over all chips of a group of
/// their operations, bytes and use.
fn add(sum: &mut Term, layer: &Term, layers: f64, busy: f64) {
    let seconds = layers * layer.seconds;
    if seconds > sum.seconds {
        sum.binds = layer.binds;
    }
    sum.seconds += seconds;
    sum.flops += busy * layer.flops;
    sum.bytes += busy * layer.bytes;
    sum.peak_compute_seconds += busy * layer.peak_compute_seconds;
    sum.peak_memory_seconds += busy * layer.peak_memory_seconds;
}

#[cfg(test)]
#[path = "sram_tests.rs"]
mod tests;
