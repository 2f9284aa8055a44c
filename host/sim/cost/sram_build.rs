//! From profiles to the cost of a chain: which layer stands on how many chips, and how far its
//! exchanges reach.

use super::build::Parts;
use super::sram::{ChainHead, ChainLayers, SramCost};
use super::step::ExpertCost;
use crate::error::MachineError;
use crate::ledger::Ledger;
use crate::placement::{Formats, Placement};
use crate::profile::{Chip, Confidence, Exchange, LayerGroup, Model, Precision, Serving};

impl SramCost {
    /// The cost of a model's steps on one chain of chips, with the host's seconds per step.
    ///
    /// # Errors
    /// [`MachineError::UnknownFigure`] when a figure that time rests on is not published.
    pub(crate) fn new(
        chip: &Chip,
        host_step_seconds: f64,
        model: &Model,
        serving: &Serving,
        placement: &Placement,
        ledger: &Ledger,
    ) -> Result<SramCost, MachineError> {
        let parts = Parts::of(chip, ledger)?;
        let chain = Chain::of(&parts, placement)?;
        let formats = &placement.formats;
        let layers = model.layers.iter().map(|layers| chain.layers(layers, model, serving));
        let link = match &chip.scale_up {
            Some(link) => parts.link_rate(link)?,
            None => return Err(MachineError::ServesNothing { chip: chip.name.clone() }),
        };
        let head_bytes = model.head_parameters() as f64 * formats.head.bytes();
        Ok(SramCost {
            layers: layers.collect::<Vec<ChainLayers>>(),
            head: ChainHead {
                parameters: model.head_parameters() as f64,
                chips: chain.chips_of(head_bytes),
                rates: parts.dense(formats.head)?,
            },
            hidden: model.hidden as f64,
            chips: chain.chips,
            stages: chain.stages(model.layer_count()),
            linear: parts.dense(formats.linear)?,
            experts: formats.experts.map(|format| parts.experts(format)).transpose()?,
            attention: parts.attention(serving.kv)?,
            hop_seconds: chain.hop_seconds,
            return_seconds: match placement.chips {
                1 => 0.0,
                _ => chain.reach_seconds(chain.chips),
            },
            sync_seconds: chain.sync_seconds,
            link_bytes_per_second: link,
            host_step_seconds,
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

    /// Equal layers of a model, or of a part of one.
    fn layers(&self, layers: &LayerGroup, model: &Model, serving: &Serving) -> ChainLayers {
        let experts = ExpertCost::of(layers, model.hidden);
        let format = |format: Option<Precision>| format.map_or(0.0, Precision::bytes);
        let linear = layers.linear_parameters(model.hidden) as f64;
        let bytes = linear * self.formats.linear.bytes()
            + experts.map_or(0.0, |experts| experts.count * experts.parameters)
                * format(self.formats.experts);
        let chips = self.chips_of(bytes);
        let kv_chips = self.kv_chips(layers, model).max(chips);
        ChainLayers {
            count: layers.count as f64,
            chips,
            kv_chips,
            hops: match self.chips > 1.0 {
                true => self.share(bytes).min(1.0),
                false => 0.0,
            },
            exchanges: attention_exchanges(layers) + feed_forward_exchanges(layers),
            reach_seconds: attention_exchanges(layers) * self.reach_seconds(kv_chips)
                + feed_forward_exchanges(layers) * self.reach_seconds(chips),
            linear_parameters: linear,
            decode_flops_per_pair: layers.decode_flops_per_pair(),
            prefill_flops_per_pair: layers.prefill_flops_per_pair(),
            kv_bytes_per_token: serving.kv.bytes() * layers.cached_values(1),
            experts,
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

    /// The chips over which the KV of a layer is spread, when the longest chat that fits is as long
    /// as the model allows: layers that look back at all of it have nearly all of the KV. The
    /// others attend on the chips of their weights.
    fn kv_chips(&self, layers: &LayerGroup, model: &Model) -> f64 {
        let tokens = self.kv_tokens.min(model.context_tokens);
        let values = |layers: &LayerGroup| {
            layers.cached_values(1) * layers.window().unwrap_or(tokens).min(tokens) as f64
        };
        let all: f64 = model.layers.iter().map(|layers| layers.count as f64 * values(layers)).sum();
        let share = if all > 0.0 { values(layers) / all } else { 0.0 };
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

/// Exchanges among the chips of one layer for attention: one, after it.
fn attention_exchanges(layers: &LayerGroup) -> f64 {
    if layers.grouped.is_some() || layers.latent.is_some() { 1.0 } else { 0.0 }
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
