//! From profiles to a step's cost: which rates apply where a model stands on a group of chips.

use super::step::{Exchanges, ExpertCost, GroupCost, Rates, StepCost};
use crate::error::MachineError;
use crate::placement::Placement;
use crate::profile::{Chip, ChipKind, Figure, Model, Pool, Precision, Serving};

/// A chip's sections that serving needs, taken once its kind is checked.
struct Parts<'a> {
    chip: &'a Chip,
    compute: &'a crate::profile::Compute,
    memory: &'a crate::profile::Memory,
    achieved: &'a crate::profile::Achieved,
}

impl StepCost {
    /// The cost of a model's steps on one group of a pool.
    ///
    /// # Errors
    /// [`MachineError::UnknownFigure`] when a figure that time rests on is not published.
    pub fn new(
        chip: &Chip,
        pool: &Pool,
        model: &Model,
        serving: &Serving,
        placement: &Placement,
    ) -> Result<StepCost, MachineError> {
        let parts = Parts::of(chip)?;
        let lpu = chip.kind == ChipKind::Lpu;
        let kv_chips = placement.attention_chips as f64;
        let groups = model
            .layers
            .iter()
            .map(|layers| GroupCost {
                count: layers.count as f64,
                linear_parameters: layers.linear_parameters(model.hidden) as f64,
                decode_flops_per_pair: layers.decode_flops_per_pair(),
                prefill_flops_per_pair: layers.prefill_flops_per_pair(),
                kv_bytes_per_token: serving.kv.bytes()
                    * match lpu {
                        // Sequences are spread over the chips that hold KV.
                        true => layers.cached_values(1) / kv_chips,
                        false => layers.cached_values(placement.chips),
                    },
                experts: layers.experts.as_ref().map(|experts| ExpertCost {
                    count: experts.count as f64,
                    per_token: experts.per_token as f64,
                    parameters: (3 * model.hidden * experts.width) as f64,
                }),
            })
            .collect();
        let formats = &placement.formats;
        let achieved = parts.achieved;
        let (layer_seconds, expert_layer_seconds) = parts.layer_seconds()?;
        Ok(StepCost {
            groups,
            head_parameters: model.head_parameters() as f64,
            hidden: model.hidden as f64,
            weight_chips: placement.weight_chips as f64,
            attention_chips: kv_chips,
            linear: parts.matmul(formats.linear, &achieved.weight_read_fraction)?,
            experts: parts.experts(formats.experts)?,
            head: parts.matmul(formats.head, &achieved.weight_read_fraction)?,
            attention: parts.attention(serving.kv)?,
            exchange: parts.exchanges(placement)?,
            layer_seconds,
            expert_layer_seconds,
            host_step_seconds: need(&pool.host_step_seconds, "pool", "host_step_seconds")?,
        })
    }
}

impl<'a> Parts<'a> {
    fn of(chip: &'a Chip) -> Result<Parts<'a>, MachineError> {
        match (&chip.compute, &chip.memory, &chip.achieved) {
            (Some(compute), Some(memory), Some(achieved)) => {
                Ok(Parts { chip, compute, memory, achieved })
            }
            _ => Err(MachineError::ServesNothing { chip: chip.name.clone() }),
        }
    }

    fn need(&self, figure: &Figure, name: &str) -> Result<f64, MachineError> {
        need(figure, &self.chip.name, name)
    }

    fn bandwidth(&self) -> Result<f64, MachineError> {
        self.need(&self.memory.bandwidth_bytes_per_second, "memory.bandwidth_bytes_per_second")
    }

    /// The compute format for weights held in `format`: its own, or 16 bits, to which narrow
    /// weights are expanded on the way into the arithmetic.
    fn peak(&self, format: Precision) -> Result<(f64, f64), MachineError> {
        let compute = self.compute;
        let achieved = self.achieved;
        let own = match format {
            Precision::Bf16 => None,
            Precision::Fp8 => {
                compute.fp8_flops_per_second.as_ref().zip(achieved.fp8_matmul_fraction.as_ref())
            }
            Precision::Mxfp4 | Precision::Nvfp4 => {
                compute.fp4_flops_per_second.as_ref().zip(achieved.fp4_matmul_fraction.as_ref())
            }
        };
        let wide = compute.bf16_flops_per_second.as_ref().zip(achieved.bf16_matmul_fraction.as_ref());
        let Some((peak, fraction)) = own.or(wide) else {
            return Err(MachineError::UnknownFigure {
                figure: format!("{}.compute.bf16_flops_per_second", self.chip.name),
            });
        };
        Ok((self.need(peak, "compute")?, self.need(fraction, "achieved")?))
    }

    fn matmul(&self, format: Precision, read: &Figure) -> Result<Rates, MachineError> {
        let (peak_flops, fraction) = self.peak(format)?;
        let peak_bytes = self.bandwidth()?;
        let bytes = peak_bytes * self.need(read, "achieved.weight_read_fraction")?;
        let flops = peak_flops * fraction;
        Ok(Rates { peak_flops, flops, peak_bytes, bytes, bytes_per_weight: format.bytes() })
    }

    fn experts(&self, format: Precision) -> Result<Rates, MachineError> {
        let rates = self.matmul(format, &self.achieved.expert_read_fraction)?;
        let fraction = self.need(&self.achieved.expert_fraction, "achieved.expert_fraction")?;
        Ok(Rates { flops: rates.peak_flops * fraction, ..rates })
    }

    /// Attention computes in 16 bits where the chip has them.
    fn attention(&self, kv: Precision) -> Result<Rates, MachineError> {
        let compute = self.compute;
        let wide = compute.bf16_flops_per_second.as_ref();
        let Some(peak) = wide.or(compute.fp8_flops_per_second.as_ref()) else {
            let figure = format!("{}.compute.bf16_flops_per_second", self.chip.name);
            return Err(MachineError::UnknownFigure { figure });
        };
        let achieved = self.achieved;
        let peak_flops = self.need(peak, "compute")?;
        let peak_bytes = self.bandwidth()?;
        Ok(Rates {
            peak_flops,
            flops: peak_flops * self.need(&achieved.attention_fraction, "achieved.attention_fraction")?,
            peak_bytes,
            bytes: peak_bytes * self.need(&achieved.kv_read_fraction, "achieved.kv_read_fraction")?,
            bytes_per_weight: kv.bytes(),
        })
    }

    fn layer_seconds(&self) -> Result<(f64, f64), MachineError> {
        if let Some(exchange) = &self.chip.exchange {
            let sync = self.need(&exchange.layer_sync_seconds, "exchange.layer_sync_seconds")?;
            return Ok((sync, 0.0));
        }
        let Some(latency) = &self.chip.latency else { return Ok((0.0, 0.0)) };
        Ok((
            self.need(&latency.layer_seconds, "latency.layer_seconds")?,
            self.need(&latency.expert_layer_seconds, "latency.expert_layer_seconds")?,
        ))
    }

    fn exchanges(&self, placement: &Placement) -> Result<Exchanges, MachineError> {
        let chips = placement.chips as f64;
        let Some(link) = self.chip.scale_up.as_ref().filter(|_| placement.chips > 1) else {
            return Ok(Exchanges::None);
        };
        let peak = self.need(&link.bandwidth_bytes_per_second, "scale_up.bandwidth_bytes_per_second")?;
        let fraction = self.need(&link.achieved_fraction, "scale_up.achieved_fraction")?;
        let bytes_per_second = peak * fraction;
        if let Some(exchange) = &self.chip.exchange {
            let capacity = self.need(&self.memory.capacity_bytes, "memory.capacity_bytes")?;
            let reach = &exchange.reach_seconds_by_bytes;
            return Ok(Exchanges::Reach {
                attention_seconds: reach.at(chips * capacity),
                feed_forward_seconds: reach.at(placement.weight_chips as f64 * capacity),
                bytes_per_second,
            });
        }
        let fixed_seconds = self.need(&link.collective_seconds, "scale_up.collective_seconds")?;
        Ok(Exchanges::AllReduce { chips, fixed_seconds, bytes_per_second })
    }
}

/// A figure's value, or the error that names it.
pub(crate) fn need(figure: &Figure, owner: &str, name: &str) -> Result<f64, MachineError> {
    figure
        .value
        .ok_or_else(|| MachineError::UnknownFigure { figure: format!("{owner}.{name}") })
}
