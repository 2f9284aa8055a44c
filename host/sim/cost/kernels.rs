//! The fixed times of a GPU's kernels, and what passes between its chips.

use super::build::{Bits, Parts};
use super::exchange::{Dispatch, Passage};
use super::experts::ExpertChips;
use super::host::SoftwareTimes;
use super::step::GroupCost;
use super::term::Part;
use crate::error::MachineError;
use crate::placement::Placement;
use crate::profile::{Figure, LayerGroup, Model, Precision};

/// The fixed times of one layer of a group.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LayerKernels {
    /// All but those of its experts.
    pub(super) kernel_seconds: f64,
    pub(super) expert_seconds: f64,
    /// Of a step that reads prompts, besides.
    pub(super) prefill_seconds: f64,
}

/// Matrix products of one layer: of what mixes its tokens, and of its feed-forward part, of which
/// the router is one. Those of the experts have times of their own.
fn matrix_products(layers: &LayerGroup) -> f64 {
    let grouped = if layers.grouped.is_some() { 2.0 } else { 0.0 };
    let latent = if has_latent(layers) { 5.0 } else { 0.0 };
    let recurrent = if layers.state().is_some() { 3.0 } else { 0.0 };
    let dense = if layers.dense_width > 0 { 2.0 } else { 0.0 };
    let routed = layers.experts.as_ref().map_or(0.0, |experts| match experts.shared {
        0 => 1.0,
        _ => 3.0,
    });
    grouped + latent + recurrent + dense + routed
}

/// What is cached is compressed, and is expanded or absorbed by more products.
fn has_latent(layers: &LayerGroup) -> bool {
    layers.latent.is_some() || layers.compressed.is_some()
}

fn has_index(layers: &LayerGroup) -> bool {
    let latent = layers.latent.as_ref().and_then(|latent| latent.index);
    let compressed = layers.compressed.as_ref().and_then(|compressed| compressed.index);
    latent.or(compressed).is_some()
}

impl Parts<'_> {
    /// A figure that is 0 where it is absent.
    fn unless_absent(&self, figure: Option<&Figure>, name: &str) -> Result<f64, MachineError> {
        figure.map_or(Ok(0.0), |figure| self.need(figure, name))
    }

    /// The fixed time of every layer with attention or a state.
    pub(super) fn layer_seconds(&self, software: &SoftwareTimes) -> Result<f64, MachineError> {
        let Some(latency) = &self.chip.latency else {
            return Ok(0.0);
        };
        let layer = self.need(&latency.layer_seconds, "latency.layer_seconds")?;
        Ok(layer * software.kernel_factor)
    }

    /// The fixed times of one layer's kernels, those of every layer left out.
    pub(super) fn layer_kernels(
        &self,
        layers: &LayerGroup,
        (linear, experts): (Precision, Option<Precision>),
        software: &SoftwareTimes,
    ) -> Result<LayerKernels, MachineError> {
        let Some(latency) = &self.chip.latency else {
            return Ok(LayerKernels::default());
        };
        let products = matrix_products(layers);
        let (product, key) = match self.computed_in(linear)?.0 {
            Bits::Four => (&latency.fp4_matmul_seconds, "latency.fp4_matmul_seconds"),
            Bits::Eight => (&latency.fp8_matmul_seconds, "latency.fp8_matmul_seconds"),
            Bits::Wide => (&latency.bf16_matmul_seconds, "latency.bf16_matmul_seconds"),
        };
        let parts = [
            (products, product, key),
            (once(layers.attends()), &latency.attention_seconds, "latency.attention_seconds"),
            (once(has_latent(layers)), &latency.latent_seconds, "latency.latent_seconds"),
            (
                once(layers.state().is_some()),
                &latency.recurrent_seconds,
                "latency.recurrent_seconds",
            ),
            (once(has_index(layers)), &latency.index_seconds, "latency.index_seconds"),
        ];
        let prefill_parts = [
            (
                once(has_latent(layers)),
                &latency.latent_prefill_seconds,
                "latency.latent_prefill_seconds",
            ),
            (
                once(layers.state().is_some()),
                &latency.recurrent_prefill_seconds,
                "latency.recurrent_prefill_seconds",
            ),
        ];
        let mut prefill_seconds = 0.0;
        for (times, figure, key) in prefill_parts.iter().filter(|(times, ..)| *times > 0.0) {
            prefill_seconds += times * self.unless_absent(figure.as_ref(), key)?;
        }
        let mut kernel_seconds = 0.0;
        for (times, figure, key) in parts.iter().filter(|(times, ..)| *times > 0.0) {
            kernel_seconds += times * self.unless_absent(figure.as_ref(), key)?;
        }
        let expert_seconds = match experts.filter(|_| layers.experts.is_some()) {
            Some(format) => self.expert_seconds(format)? * software.expert_factor,
            None => 0.0,
        };
        Ok(LayerKernels {
            kernel_seconds: kernel_seconds * software.kernel_factor,
            expert_seconds: expert_seconds * software.kernel_factor,
            prefill_seconds: prefill_seconds * software.kernel_factor,
        })
    }

    /// The fixed time of one layer's experts that are held in a format.
    fn expert_seconds(&self, format: Precision) -> Result<f64, MachineError> {
        let Some(latency) = &self.chip.latency else {
            return Ok(0.0);
        };
        let (own, key) = match format {
            Precision::Bf16 => (&latency.bf16_expert_seconds, "latency.bf16_expert_seconds"),
            Precision::Fp8 => (&latency.fp8_expert_seconds, "latency.fp8_expert_seconds"),
            Precision::Nvfp4 => (&latency.fp4_expert_seconds, "latency.fp4_expert_seconds"),
            Precision::Mxfp4 => (&latency.mxfp4_expert_seconds, "latency.mxfp4_expert_seconds"),
            Precision::Int4 => (&latency.int4_expert_seconds, "latency.int4_expert_seconds"),
        };
        match own {
            Some(own) => self.need(own, key),
            None => self.unless_absent(latency.expert_seconds.as_ref(), "latency.expert_seconds"),
        }
    }

    /// What the chips that share the experts take for them beside their rates.
    pub(super) fn expert_chips(
        &self,
        model: &Model,
        placement: &Placement,
    ) -> Result<ExpertChips, MachineError> {
        let parallel = placement.parallel;
        let latency = self.chip.latency.as_ref();
        let figure = |figure: Option<&Figure>, key| self.unless_absent(figure, key);
        Ok(ExpertChips {
            chips: parallel.stage_chips() as f64,
            parts: parallel.expert as f64,
            hit_seconds: figure(
                latency.and_then(|latency| latency.expert_hit_seconds.as_ref()),
                "latency.expert_hit_seconds",
            )?,
            activation_factor: figure(
                latency.and_then(|latency| latency.expert_activation_factor.as_ref()),
                "latency.expert_activation_factor",
            )?,
            hidden: model.hidden as f64,
        })
    }

    /// What passes between chips beside all-reduces: tokens on their way to experts, and activations
    /// on their way to the next stage.
    pub(super) fn passages(
        &self,
        model: &Model,
        groups: &[GroupCost],
        placement: &Placement,
    ) -> Result<Vec<Passage>, MachineError> {
        let parallel = placement.parallel;
        let rank_hidden = model.hidden as f64 / (parallel.data * parallel.pipeline) as f64;
        let mut passages = Vec::new();
        if parallel.data > 1 && groups.iter().any(|group| group.experts.is_some()) {
            let dispatch = self.dispatch(parallel.stage_chips())?;
            let with_experts =
                groups.iter().filter_map(|group| Some((group, group.experts.as_ref()?)));
            let each = with_experts.map(|(group, layer)| {
                dispatch.passage(group.count, layer.experts.per_token(), rank_hidden)
            });
            passages.extend(each.reduce(Passage::and));
        }
        if parallel.pipeline > 1 {
            passages.push(self.stages(parallel.pipeline, rank_hidden)?);
        }
        Ok(passages)
    }

    fn dispatch(&self, chips: u64) -> Result<Dispatch, MachineError> {
        let Some(link) = &self.chip.scale_up else {
            return Err(MachineError::ServesNothing { chip: self.chip.name.clone() });
        };
        let fixed_seconds = match &link.dispatch_seconds {
            Some(figure) => self.need(figure, "scale_up.dispatch_seconds")?,
            None => self.need(&link.collective_seconds, "scale_up.collective_seconds")?,
        };
        let bytes_per_second = match &link.dispatch_fraction {
            Some(figure) => {
                self.link_peak(link)? * self.need(figure, "scale_up.dispatch_fraction")?
            }
            None => self.link_rate(link)?,
        };
        Ok(Dispatch { chips: chips as f64, fixed_seconds, bytes_per_second })
    }

    /// From each stage to the next. The fixed time of one way is taken to be that of an all-reduce,
    /// which is at least one way.
    fn stages(&self, stages: u64, hidden: f64) -> Result<Passage, MachineError> {
        let Some(link) = &self.chip.scale_up else {
            return Err(MachineError::ServesNothing { chip: self.chip.name.clone() });
        };
        let ways = (stages - 1) as f64;
        let fixed = self.need(&link.collective_seconds, "scale_up.collective_seconds")?;
        let rate = self.link_rate(link)?;
        Ok(Passage::ways(Part::Stages, ways, fixed, hidden, rate))
    }
}

fn once(is_there: bool) -> f64 {
    if is_there { 1.0 } else { 0.0 }
}
