//! From profiles to a step's cost: which rates apply where a model stands on a group of chips.

use super::step::{Exchanges, ExpertCost, GroupCost, Rates, StepCost};
use crate::error::MachineError;
use crate::ledger::Ledger;
use crate::placement::Placement;
use crate::profile::{
    Achieved, Chip, Compute, Figure, LayerGroup, Memory, Model, Precision, ScaleUp, Serving,
};

/// A chip's sections that serving needs, taken once its kind is checked.
pub(super) struct Parts<'a> {
    pub(super) chip: &'a Chip,
    compute: &'a Compute,
    pub(super) memory: &'a Memory,
    achieved: &'a Achieved,
    pub(super) ledger: &'a Ledger,
}

impl StepCost {
    /// The cost of a model's steps on one group of chips, with the host's seconds per step.
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
    ) -> Result<StepCost, MachineError> {
        let parts = Parts::of(chip, ledger)?;
        let chips = placement.chips as f64;
        let groups = model
            .layers
            .iter()
            .map(|layers| GroupCost {
                count: layers.count as f64,
                linear_parameters: layers.linear_parameters(model.hidden) as f64,
                decode_flops_per_pair: layers.decode_flops_per_pair(),
                prefill_flops_per_pair: layers.prefill_flops_per_pair(),
                kv_bytes_per_token: serving.kv.bytes() * layers.cached_values(placement.chips),
                experts: ExpertCost::of(layers, model.hidden),
            })
            .collect();
        let formats = &placement.formats;
        let (layer_seconds, expert_layer_seconds) =
            parts.layer_seconds(formats.experts.is_some())?;
        Ok(StepCost {
            groups,
            head_parameters: model.head_parameters() as f64,
            hidden: model.hidden as f64,
            weight_chips: chips,
            attention_chips: chips,
            linear: parts.dense(formats.linear)?,
            experts: formats.experts.map(|format| parts.experts(format)).transpose()?,
            head: parts.dense(formats.head)?,
            attention: parts.attention(serving.kv)?,
            exchange: parts.exchanges(placement)?,
            layer_seconds,
            expert_layer_seconds,
            host_step_seconds,
        })
    }
}

impl ExpertCost {
    /// Of one layer, where it has experts.
    pub(super) fn of(layers: &LayerGroup, hidden: u64) -> Option<ExpertCost> {
        layers.experts.as_ref().map(|experts| ExpertCost {
            count: experts.count as f64,
            per_token: experts.per_token as f64,
            parameters: (3 * hidden * experts.width) as f64,
        })
    }
}

/// How the chips of a placement exchange what they compute.
///
/// # Errors
/// As for [`StepCost::new`].
pub(crate) fn exchanges(
    chip: &Chip,
    placement: &Placement,
    ledger: &Ledger,
) -> Result<Exchanges, MachineError> {
    match placement.chips {
        1 => Ok(Exchanges::None),
        _ => Parts::of(chip, ledger)?.exchanges(placement),
    }
}

impl<'a> Parts<'a> {
    pub(super) fn of(chip: &'a Chip, ledger: &'a Ledger) -> Result<Parts<'a>, MachineError> {
        match (&chip.compute, &chip.memory, &chip.achieved) {
            (Some(compute), Some(memory), Some(achieved)) => {
                Ok(Parts { chip, compute, memory, achieved, ledger })
            }
            _ => Err(MachineError::ServesNothing { chip: chip.name.clone() }),
        }
    }

    pub(super) fn need(&self, figure: &Figure, name: &str) -> Result<f64, MachineError> {
        self.ledger.need(figure, &self.chip.name, name)
    }

    fn bandwidth(&self) -> Result<f64, MachineError> {
        self.need(&self.memory.bandwidth_bytes_per_second, "memory.bandwidth_bytes_per_second")
    }

    /// The compute format for weights held in `format`: its own, or 16 bits, to which narrow
    /// weights are expanded on the way into the arithmetic. Gives the peak and what is reached.
    fn peak(&self, format: Precision) -> Result<(f64, f64), MachineError> {
        let (compute, achieved) = (self.compute, self.achieved);
        let four =
            (compute.fp4_flops_per_second.as_ref(), achieved.fp4_matmul_fraction.as_ref(), "fp4");
        let eight =
            (compute.fp8_flops_per_second.as_ref(), achieved.fp8_matmul_fraction.as_ref(), "fp8");
        let wide = (
            compute.bf16_flops_per_second.as_ref(),
            achieved.bf16_matmul_fraction.as_ref(),
            "bf16",
        );
        let own = match format {
            Precision::Bf16 => wide,
            Precision::Fp8 => eight,
            Precision::Mxfp4 | Precision::Nvfp4 => four,
        };
        for (peak, fraction, bits) in [own, wide] {
            let (Some(peak), Some(fraction)) = (peak, fraction) else {
                continue;
            };
            let peak = self.need(peak, &format!("compute.{bits}_flops_per_second"))?;
            let fraction = self.need(fraction, &format!("achieved.{bits}_matmul_fraction"))?;
            return Ok((peak, peak * fraction));
        }
        let figure = format!("{}.compute.{}_flops_per_second", self.chip.name, own.2);
        Err(MachineError::UnknownFigure { figure })
    }

    /// Rates of matrix products with weights in `format`, `read` of which is reached.
    fn matmul(&self, format: Precision, read: (&Figure, &str)) -> Result<Rates, MachineError> {
        let (peak_flops, flops) = self.peak(format)?;
        let peak_bytes = self.bandwidth()?;
        let bytes = peak_bytes * self.need(read.0, read.1)?;
        Ok(Rates { peak_flops, flops, peak_bytes, bytes, bytes_per_weight: format.bytes() })
    }

    pub(super) fn dense(&self, format: Precision) -> Result<Rates, MachineError> {
        let read = &self.achieved.weight_read_fraction;
        self.matmul(format, (read, "achieved.weight_read_fraction"))
    }

    pub(super) fn experts(&self, format: Precision) -> Result<Rates, MachineError> {
        let read = &self.achieved.expert_read_fraction;
        let rates = self.matmul(format, (read, "achieved.expert_read_fraction"))?;
        let fraction = self.need(&self.achieved.expert_fraction, "achieved.expert_fraction")?;
        Ok(Rates { flops: rates.peak_flops * fraction, ..rates })
    }

    /// Attention computes in 16 bits where the chip has them.
    pub(super) fn attention(&self, kv: Precision) -> Result<Rates, MachineError> {
        let achieved = self.achieved;
        let wide = (&self.compute.bf16_flops_per_second, "compute.bf16_flops_per_second");
        let eight = (&self.compute.fp8_flops_per_second, "compute.fp8_flops_per_second");
        let known = [wide, eight].into_iter().find_map(|(peak, key)| Some((peak.as_ref()?, key)));
        let Some((peak, key)) = known else {
            let figure = format!("{}.{}", self.chip.name, wide.1);
            return Err(MachineError::UnknownFigure { figure });
        };
        let peak_flops = self.need(peak, key)?;
        let peak_bytes = self.bandwidth()?;
        let compute = self.need(&achieved.attention_fraction, "achieved.attention_fraction")?;
        let read = self.need(&achieved.kv_read_fraction, "achieved.kv_read_fraction")?;
        Ok(Rates {
            peak_flops,
            flops: peak_flops * compute,
            peak_bytes,
            bytes: peak_bytes * read,
            bytes_per_weight: kv.bytes(),
        })
    }

    /// Fixed seconds of every layer, and of a layer with experts besides.
    fn layer_seconds(&self, has_experts: bool) -> Result<(f64, f64), MachineError> {
        let Some(latency) = &self.chip.latency else {
            return Ok((0.0, 0.0));
        };
        let layer = self.need(&latency.layer_seconds, "latency.layer_seconds")?;
        let expert = match has_experts {
            true => self.need(&latency.expert_layer_seconds, "latency.expert_layer_seconds")?,
            false => 0.0,
        };
        Ok((layer, expert))
    }

    fn exchanges(&self, placement: &Placement) -> Result<Exchanges, MachineError> {
        let chips = placement.chips as f64;
        let Some(link) = self.chip.scale_up.as_ref().filter(|_| placement.chips > 1) else {
            return Ok(Exchanges::None);
        };
        let bytes_per_second = self.link_rate(link)?;
        let fixed_seconds = self.need(&link.collective_seconds, "scale_up.collective_seconds")?;
        Ok(Exchanges::AllReduce { chips, fixed_seconds, bytes_per_second })
    }

    /// What is reached of a link, one direction.
    pub(super) fn link_rate(&self, link: &ScaleUp) -> Result<f64, MachineError> {
        let peak =
            self.need(&link.bandwidth_bytes_per_second, "scale_up.bandwidth_bytes_per_second")?;
        let fraction = self.need(&link.achieved_fraction, "scale_up.achieved_fraction")?;
        Ok(peak * fraction)
    }
}
