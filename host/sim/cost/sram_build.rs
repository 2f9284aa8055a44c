//! From profiles to the cost of a chain: which layer stands on how many chips, and how far its
//! exchanges reach.

use std::ops::Range;

use super::build::Parts;
use super::experts::{ExpertChips, ExpertCost, ExpertLayer};
use super::host::HostWork;
use super::rates::Rates;
use super::sram::{ChainHead, ChainLayers, ChainReach, SramCost};
use super::step::StateCost;
use crate::error::MachineError;
use crate::ledger::Ledger;
use crate::placement::{Formats, Placement};
use crate::profile::{
    Chip, Confidence, Exchange, HeadChips, LayerGroup, Model, Precision, Serving,
};

impl SramCost {
    /// The cost of a model's steps on one chain of chips, with the host's work for them. What
    /// serving software makes of a GPU's kernels is nothing here.
    ///
    /// # Errors
    /// [`MachineError::UnknownFigure`] when a figure that time rests on is not published.
    pub(crate) fn new(
        chip: &Chip,
        host: HostWork,
        model: &Model,
        serving: &Serving,
        placement: &Placement,
        ledger: &Ledger,
    ) -> Result<SramCost, MachineError> {
        let parts = Parts::of(chip, ledger)?;
        let chain = Chain::of(&parts, placement)?;
        let formats = &placement.formats;
        let (layers, reaches) = chain.layers(model, serving)?;
        let (attention, decode_attention) = parts.attention(serving.kv)?;
        let link = match &chip.scale_up {
            Some(link) => parts.link_rate(link)?,
            None => return Err(MachineError::ServesNothing { chip: chip.name.clone() }),
        };
        let head_bytes = model.head_parameters() as f64 * formats.head.bytes();
        Ok(SramCost {
            layers,
            reaches,
            head: ChainHead {
                parameters: model.head_parameters() as f64,
                chips: chain.chips_of(head_bytes),
                rates: parts.dense(formats.head)?,
            },
            hidden: model.hidden as f64,
            chips: chain.chips,
            stages: chain.stages(model.layer_count()),
            linear: parts.dense(formats.linear)?,
            attention,
            decode_attention,
            hop_seconds: chain.hop_seconds,
            return_seconds: match placement.chips {
                1 => 0.0,
                _ => chain.reach_seconds(chain.chips),
            },
            sync_seconds: chain.sync_seconds,
            link_bytes_per_second: link,
            host,
        })
    }
}

/// The chips of a group and the figures of their exchanges.
struct Chain<'a> {
    parts: &'a Parts<'a>,
    exchange: &'a Exchange,
    formats: Formats,
    chips: f64,
    /// Of one chip.
    capacity_bytes: f64,
    /// Of all of a model's weights.
    weights_bytes: f64,
    /// For which there is memory.
    kv_tokens: u64,
    hop_seconds: f64,
    sync_seconds: f64,
    layers_per_chip: f64,
}

impl<'a> Chain<'a> {
    fn of(parts: &'a Parts<'a>, placement: &Placement) -> Result<Chain<'a>, MachineError> {
        let Some(exchange) = &parts.chip.exchange else {
            return Err(MachineError::ServesNothing { chip: parts.chip.name.clone() });
        };
        let reach = &exchange.reach_seconds_by_bytes;
        let key = "exchange.reach_seconds_by_bytes";
        parts.ledger.rest_on(reach.confidence, &parts.chip.name, key);
        let capacity = parts.need(&parts.memory.capacity_bytes, "memory.capacity_bytes")?;
        Ok(Chain {
            parts,
            exchange,
            formats: placement.formats,
            chips: placement.chips as f64,
            capacity_bytes: capacity,
            weights_bytes: placement.weights_bytes,
            kv_tokens: placement.blocks * placement.block_tokens,
            hop_seconds: parts.need(&exchange.hop_seconds, "exchange.hop_seconds")?,
            sync_seconds: parts.need(&exchange.sync_seconds, "exchange.sync_seconds")?,
            layers_per_chip: parts.need(&exchange.layers_per_chip, "exchange.layers_per_chip")?,
        })
    }

    /// The groups of layers of a model, or of a part of one, and what all of them look back at.
    fn layers(
        &self,
        model: &Model,
        serving: &Serving,
    ) -> Result<(Vec<ChainLayers>, Vec<ChainReach>), MachineError> {
        let (mut chain, mut reaches) = (Vec::new(), Vec::new());
        let rates = self.formats.experts.map(|format| self.parts.experts(format)).transpose()?;
        for layers in &model.layers {
            let first = reaches.len();
            reaches.extend(layers.reaches(HeadChips::ONE).iter().map(|reach| ChainReach {
                decode_flops_per_pair: reach.decode_flops_per_pair,
                prefill_flops_per_pair: reach.prefill_flops_per_pair,
                bytes_per_token: serving.kv.bytes() * reach.values,
            }));
            let own = first..reaches.len();
            chain.push(self.layer(layers, model, serving, own, rates.as_ref()));
        }
        Ok((chain, reaches))
    }

    /// Equal layers.
    fn layer(
        &self,
        layers: &LayerGroup,
        model: &Model,
        serving: &Serving,
        reaches: Range<usize>,
        rates: Option<&Rates>,
    ) -> ChainLayers {
        let linear = layers.linear_parameters(model.hidden) as f64;
        let experts = layers.experts.as_ref().map_or(0, |experts| experts.count)
            * layers.expert_parameters(model.hidden);
        let format = |format: Option<Precision>| format.map_or(0.0, Precision::bytes);
        let bytes =
            linear * self.formats.linear.bytes() + experts as f64 * format(self.formats.experts);
        let chips = self.chips_of(bytes);
        let kv_chips = self.kv_chips(layers, model, serving).max(chips);
        ChainLayers {
            count: layers.count as f64,
            chips,
            kv_chips,
            hops: match self.chips > 1.0 {
                true => self.share(bytes).min(1.0),
                false => 0.0,
            },
            exchanges: mixing_exchanges(layers) + feed_forward_exchanges(layers),
            reach_seconds: mixing_exchanges(layers) * self.reach_seconds(kv_chips)
                + feed_forward_exchanges(layers) * self.reach_seconds(chips),
            linear_parameters: linear,
            reaches,
            state: StateCost::of(layers),
            feeds_forward: layers.feeds_forward(),
            experts: rates.and_then(|rates| {
                expert_layer(layers, model, serving.concentration(), rates, chips)
            }),
        }
    }

    /// Chips' worth of the group that holds weights of this many bytes.
    fn share(&self, bytes: f64) -> f64 {
        self.chips * bytes / self.weights_bytes
    }

    /// The chips, or the part of one, that work on weights of this many bytes.
    fn chips_of(&self, bytes: f64) -> f64 {
        self.share(bytes).max(1.0 / self.layers_per_chip)
    }

    /// The chips over which the KV and the states of a layer are spread, when the longest chat that
    /// fits is as long as the model allows: layers that look back at all of it have nearly all of
    /// the KV. The others attend on the chips of their weights.
    fn kv_chips(&self, layers: &LayerGroup, model: &Model, serving: &Serving) -> f64 {
        let tokens = self.kv_tokens.min(model.context_tokens);
        let kept = |layers: &LayerGroup| {
            let cached = layers
                .cached(HeadChips::ONE)
                .into_iter()
                .map(|cached| cached.values * cached.limit.unwrap_or(tokens).min(tokens) as f64);
            let state = layers.state().map_or(0.0, |state| state.bytes() as f64);
            cached.sum::<f64>() * serving.kv.bytes() + state
        };
        let all: f64 = model.layers.iter().map(|layers| layers.count as f64 * kept(layers)).sum();
        let share = if all > 0.0 { kept(layers) / all } else { 0.0 };
        self.chips * share
    }

    fn stages(&self, layers: u64) -> u64 {
        ((self.chips * self.layers_per_chip) as u64).min(layers).max(1)
    }

    /// The time to reach all SRAM of this many chips. Beyond the curve's last point its last slope
    /// goes on, which nobody measured.
    fn reach_seconds(&self, chips: f64) -> f64 {
        // A chip that is not divided has nothing to exchange with itself.
        if chips * self.layers_per_chip <= 1.0 {
            return 0.0;
        }
        let reach = &self.exchange.reach_seconds_by_bytes;
        let bytes = chips * self.capacity_bytes;
        let (last, _) = *reach.points.last().expect("a curve has points");
        if bytes > last {
            let key = "exchange.reach_seconds_by_bytes beyond its last point";
            self.parts.ledger.rest_on(Confidence::Estimate, &self.parts.chip.name, key);
        }
        reach.at(bytes)
    }
}

/// The experts of one layer on its chips, for which these take nothing beside their rates.
fn expert_layer(
    layers: &LayerGroup,
    model: &Model,
    concentration: Option<f64>,
    rates: &Rates,
    chips: f64,
) -> Option<ExpertLayer> {
    let experts = ExpertCost::of(layers, model.hidden, concentration)?;
    let on = ExpertChips {
        chips,
        parts: 1.0,
        hit_seconds: 0.0,
        activation_factor: 0.0,
        hidden: model.hidden as f64,
    };
    Some(ExpertLayer::new(experts, rates, &on))
}

/// Exchanges among the chips of one layer for attention or a state: one, after it.
fn mixing_exchanges(layers: &LayerGroup) -> f64 {
    if layers.mixes_tokens() { 1.0 } else { 0.0 }
}

/// Exchanges for the feed-forward part: one after a dense one; with experts, one brings tokens to
/// them and one brings back what they made of them.
fn feed_forward_exchanges(layers: &LayerGroup) -> f64 {
    match (&layers.experts, layers.dense_width) {
        (Some(_), _) => 2.0,
        (None, 0) => 0.0,
        (None, _) => 1.0,
    }
}
