//! From profiles to a step's cost: which rates apply where a model stands on a group of chips.

use super::exchange::Exchanges;
use super::step::{ExpertCost, GroupCost, Rates, ReachCost, StateCost, StepCost};
use crate::error::MachineError;
use crate::ledger::Ledger;
use crate::placement::Placement;
use crate::profile::{
    Achieved, Chip, ChipKind, Compute, Figure, LayerGroup, Memory, Model, Precision, Reach, Serving,
};

/// A chip's sections that serving needs, taken once its kind is checked.
struct Parts<'a> {
    chip: &'a Chip,
    compute: &'a Compute,
    memory: &'a Memory,
    achieved: &'a Achieved,
    ledger: &'a Ledger,
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
        let lpu = chip.kind == ChipKind::Lpu;
        let kv_chips = placement.attention_chips as f64;
        let (groups, reaches) = groups_and_reaches(model, |layers| match lpu {
            // Sequences are spread over the chips that hold KV.
            true => (layers.reaches(1), serving.kv.bytes() / kv_chips),
            false => (layers.reaches(placement.chips), serving.kv.bytes()),
        });
        let formats = &placement.formats;
        let (layer_seconds, expert_layer_seconds) =
            parts.layer_seconds(formats.experts.is_some())?;
        Ok(StepCost {
            groups,
            reaches,
            head_parameters: model.head_parameters() as f64,
            hidden: model.hidden as f64,
            weight_chips: placement.weight_chips as f64,
            attention_chips: kv_chips,
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

/// The groups of layers, and what all of them look back at. `reaches` says how far one layer of a
/// group does, and the bytes of a value that is read.
fn groups_and_reaches(
    model: &Model,
    reaches: impl Fn(&LayerGroup) -> (Vec<Reach>, f64),
) -> (Vec<GroupCost>, Vec<ReachCost>) {
    let (mut groups, mut all) = (Vec::new(), Vec::new());
    for layers in &model.layers {
        let count = layers.count as f64;
        let (own, value_bytes) = reaches(layers);
        let first = all.len();
        all.extend(own.into_iter().map(|reach| ReachCost {
            count,
            decode_flops_per_pair: reach.decode_flops_per_pair,
            prefill_flops_per_pair: reach.prefill_flops_per_pair,
            kv_bytes_per_token: value_bytes * reach.values,
        }));
        groups.push(GroupCost {
            count,
            linear_parameters: layers.linear_parameters(model.hidden) as f64,
            reaches: first..all.len(),
            state: layers.state().map(|state| StateCost {
                bytes: state.bytes() as f64,
                flops_per_token: state.flops_per_token() as f64,
            }),
            mixes_tokens: layers.mixes_tokens(),
            feeds_forward: layers.feeds_forward(),
            experts: layers.experts.as_ref().map(|experts| ExpertCost {
                count: experts.count as f64,
                per_token: experts.per_token as f64,
                parameters: layers.expert_parameters(model.hidden) as f64,
            }),
        });
    }
    (groups, all)
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
    fn of(chip: &'a Chip, ledger: &'a Ledger) -> Result<Parts<'a>, MachineError> {
        match (&chip.compute, &chip.memory, &chip.achieved) {
            (Some(compute), Some(memory), Some(achieved)) => {
                Ok(Parts { chip, compute, memory, achieved, ledger })
            }
            _ => Err(MachineError::ServesNothing { chip: chip.name.clone() }),
        }
    }

    fn need(&self, figure: &Figure, name: &str) -> Result<f64, MachineError> {
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

    fn dense(&self, format: Precision) -> Result<Rates, MachineError> {
        let read = &self.achieved.weight_read_fraction;
        self.matmul(format, (read, "achieved.weight_read_fraction"))
    }

    fn experts(&self, format: Precision) -> Result<Rates, MachineError> {
        let read = &self.achieved.expert_read_fraction;
        let rates = self.matmul(format, (read, "achieved.expert_read_fraction"))?;
        let fraction = self.need(&self.achieved.expert_fraction, "achieved.expert_fraction")?;
        Ok(Rates { flops: rates.peak_flops * fraction, ..rates })
    }

    /// Attention computes in 16 bits where the chip has them.
    fn attention(&self, kv: Precision) -> Result<Rates, MachineError> {
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
        if let Some(exchange) = &self.chip.exchange {
            let sync = self.need(&exchange.layer_sync_seconds, "exchange.layer_sync_seconds")?;
            return Ok((sync, 0.0));
        }
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
        let peak =
            self.need(&link.bandwidth_bytes_per_second, "scale_up.bandwidth_bytes_per_second")?;
        let fraction = self.need(&link.achieved_fraction, "scale_up.achieved_fraction")?;
        let bytes_per_second = peak * fraction;
        if let Some(exchange) = &self.chip.exchange {
            let capacity = self.need(&self.memory.capacity_bytes, "memory.capacity_bytes")?;
            let hop_seconds = self.need(&exchange.hop_seconds, "exchange.hop_seconds")?;
            let reach = &exchange.reach_seconds_by_bytes;
            self.ledger.rest_on(
                reach.confidence,
                &self.chip.name,
                "exchange.reach_seconds_by_bytes",
            );
            return Ok(Exchanges::Reach {
                attention_seconds: reach.at(chips * capacity).max(hop_seconds),
                feed_forward_seconds: reach
                    .at(placement.weight_chips as f64 * capacity)
                    .max(hop_seconds),
                bytes_per_second,
            });
        }
        let fixed_seconds = self.need(&link.collective_seconds, "scale_up.collective_seconds")?;
        Ok(Exchanges::AllReduce { chips, fixed_seconds, bytes_per_second })
    }
}
