//! From profiles to a step's cost: which rates apply where a model stands on a group of chips.

use super::exchange::Exchanges;
use super::experts::{ExpertCost, ExpertLayer};
use super::host::SoftwareTimes;
use super::rates::{PairTimes, Product, Rates};
use super::step::{GroupCost, ReachCost, StateCost, StepCost};
use super::term::{Part, Term};
use crate::error::MachineError;
use crate::ledger::Ledger;
use crate::placement::Placement;
use crate::profile::{
    Achieved, Chip, Compute, Figure, HeadChips, Memory, Model, Precision, Reach, ScaleUp, Serving,
};

/// A chip's sections that serving needs, taken once its kind is checked.
pub(super) struct Parts<'a> {
    pub(super) chip: &'a Chip,
    compute: &'a Compute,
    pub(super) memory: &'a Memory,
    achieved: &'a Achieved,
    pub(super) ledger: &'a Ledger,
}

/// What a chip computes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bits {
    Four,
    Eight,
    Wide,
}

/// How fast a pool's chips attend, and how they share it.
struct Attention {
    prefill: Rates,
    decode: Rates,
    /// Chips that take part, all ranks and stages together.
    chips: f64,
    /// Chips of one rank and stage.
    head_chips: HeadChips,
    /// Bytes that a chip reads for each cached value of all chats.
    value_bytes: f64,
    prefill_factor: f64,
}

impl StepCost {
    /// The cost of a model's steps on one group of chips, with its serving software.
    ///
    /// # Errors
    /// [`MachineError::UnknownFigure`] when a figure that time rests on is not published.
    pub(crate) fn new(
        chip: &Chip,
        software: SoftwareTimes,
        model: &Model,
        serving: &Serving,
        placement: &Placement,
        ledger: &Ledger,
    ) -> Result<StepCost, MachineError> {
        let parts = Parts::of(chip, ledger)?;
        let parallel = placement.parallel;
        let attention = parts.attention_of(serving, placement, software.prefill_factor)?;
        let (groups, reaches) = parts.groups(model, serving, placement, &attention, &software)?;
        let formats = &placement.formats;
        let (linear, head) = (parts.dense(formats.linear)?, parts.dense(formats.head)?);
        let linear_parameters: f64 =
            groups.iter().map(|group| group.count * group.linear_parameters).sum();
        let weight_chips = parallel.tensor as f64;
        let shares = (parallel.data * parallel.pipeline) as f64;
        let product = |part, rates: &Rates, parameters| {
            Product::new(part, rates, parameters, weight_chips, shares)
        };
        let hidden = model.hidden as f64;
        let mut cost = StepCost {
            products: [
                product(Part::Linear, &linear, linear_parameters),
                product(Part::Head, &head, model.head_parameters() as f64),
            ],
            passages: Vec::new(),
            reaches,
            hidden,
            weight_chips,
            attention_chips: attention.chips,
            ranks: parallel.data as f64,
            stages: parallel.pipeline,
            linear,
            attention: attention.prefill,
            decode_attention: attention.decode,
            exchange: parts.exchanges(placement)?,
            layer_seconds: parts.layer_seconds(&software)?,
            fixed: Term::fixed(Part::Kernels, 0.0),
            prefill_kernel_seconds: 0.0,
            prefill_excess: software.prefill_factor - 1.0,
            host: software.host,
            groups,
        };
        let kernels = |group: &GroupCost| {
            group.count * group.kernel_seconds + group.count * group.expert_seconds
        };
        cost.fixed.seconds = cost.mixing_layers() * cost.layer_seconds
            + cost.groups.iter().map(kernels).sum::<f64>();
        let begun = cost.mixing_layers() * software.prefill_layer_seconds;
        let prefill = |group: &GroupCost| group.count * group.prefill_seconds;
        cost.prefill_kernel_seconds = begun + cost.groups.iter().map(prefill).sum::<f64>();
        let exchange = cost.exchange.passage(cost.exchanging_layers(), hidden / shares);
        cost.passages.extend(exchange);
        cost.passages.extend(parts.passages(model, &cost.groups, placement)?);
        Ok(cost)
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
    match placement.parallel.tensor {
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

    fn attention_of(
        &self,
        serving: &Serving,
        placement: &Placement,
        prefill_factor: f64,
    ) -> Result<Attention, MachineError> {
        let (prefill, decode) = self.attention(serving.kv)?;
        let parallel = placement.parallel;
        Ok(Attention {
            prefill,
            decode,
            chips: placement.chips as f64,
            head_chips: self.chip.head_chips(parallel.tensor, self.ledger),
            value_bytes: serving.kv.bytes() / (parallel.data * parallel.pipeline) as f64,
            prefill_factor,
        })
    }

    /// The groups of layers, and what all of them look back at.
    fn groups(
        &self,
        model: &Model,
        serving: &Serving,
        placement: &Placement,
        attention: &Attention,
        software: &SoftwareTimes,
    ) -> Result<(Vec<GroupCost>, Vec<ReachCost>), MachineError> {
        let formats = &placement.formats;
        let expert_rates = formats.experts.map(|format| self.experts(format)).transpose()?;
        let expert_chips = self.expert_chips(model, placement)?;
        let (mut groups, mut all) = (Vec::new(), Vec::new());
        for layers in &model.layers {
            let count = layers.count as f64;
            let first = all.len();
            let own = layers.reaches(attention.head_chips);
            all.extend(own.iter().map(|reach| attention.reach(count, reach)));
            let kernels =
                self.layer_kernels(layers, (formats.linear, formats.experts), software)?;
            let expert = |rates: &Rates| {
                let experts = ExpertCost::of(layers, model.hidden, serving.concentration())?;
                Some(ExpertLayer::new(experts, rates, &expert_chips))
            };
            groups.push(GroupCost {
                count,
                linear_parameters: layers.linear_parameters(model.hidden) as f64,
                reaches: first..all.len(),
                state: StateCost::of(layers),
                mixes_tokens: layers.mixes_tokens(),
                feeds_forward: layers.feeds_forward(),
                experts: expert_rates.as_ref().and_then(expert),
                kernel_seconds: kernels.kernel_seconds,
                expert_seconds: kernels.expert_seconds,
                prefill_seconds: kernels.prefill_seconds,
            });
        }
        Ok((groups, all))
    }

    fn bandwidth(&self) -> Result<f64, MachineError> {
        self.need(&self.memory.bandwidth_bytes_per_second, "memory.bandwidth_bytes_per_second")
    }

    /// What is computed in for weights held in `format`: its own, or 16 bits, to which narrow
    /// weights are expanded on the way into the arithmetic. Gives the peak too.
    pub(super) fn computed_in(&self, format: Precision) -> Result<(Bits, f64), MachineError> {
        let own = match format {
            Precision::Bf16 | Precision::Int4 => Bits::Wide,
            Precision::Fp8 => Bits::Eight,
            Precision::Mxfp4 | Precision::Nvfp4 => Bits::Four,
        };
        for bits in [own, Bits::Wide] {
            let (word, peak, fraction) = self.bits(bits);
            if let (Some(peak), Some(_)) = (peak, fraction) {
                let peak = self.need(peak, &format!("compute.{word}_flops_per_second"))?;
                return Ok((bits, peak));
            }
        }
        let figure = format!("{}.compute.{}_flops_per_second", self.chip.name, self.bits(own).0);
        Err(MachineError::UnknownFigure { figure })
    }

    /// The word for what is computed in, the peak, and what large matrix products reach of it.
    fn bits(&self, bits: Bits) -> (&'static str, Option<&Figure>, Option<&Figure>) {
        let (compute, achieved) = (self.compute, self.achieved);
        let (word, peak, fraction) = match bits {
            Bits::Four => ("fp4", &compute.fp4_flops_per_second, &achieved.fp4_matmul_fraction),
            Bits::Eight => ("fp8", &compute.fp8_flops_per_second, &achieved.fp8_matmul_fraction),
            Bits::Wide => ("bf16", &compute.bf16_flops_per_second, &achieved.bf16_matmul_fraction),
        };
        (word, peak.as_ref(), fraction.as_ref())
    }

    /// Rates of matrix products with weights in `format`, at what is reached of the peak and of the
    /// memory's rate.
    fn matmul(
        &self,
        format: Precision,
        peak: f64,
        [flops, read]: [f64; 2],
    ) -> Result<Rates, MachineError> {
        let peak_bytes = self.bandwidth()?;
        let (flops, bytes) = (peak * flops, peak_bytes * read);
        let bytes_per_weight = format.bytes();
        Ok(Rates { peak_flops: peak, flops, peak_bytes, bytes, bytes_per_weight })
    }

    pub(super) fn dense(&self, format: Precision) -> Result<Rates, MachineError> {
        let (bits, peak) = self.computed_in(format)?;
        let (word, _, fraction) = self.bits(bits);
        let fraction = fraction.expect("what is computed in has a fraction");
        let flops = self.need(fraction, &format!("achieved.{word}_matmul_fraction"))?;
        let read =
            self.need(&self.achieved.weight_read_fraction, "achieved.weight_read_fraction")?;
        self.matmul(format, peak, [flops, read])
    }

    pub(super) fn experts(&self, format: Precision) -> Result<Rates, MachineError> {
        let (bits, peak) = self.computed_in(format)?;
        let achieved = self.achieved;
        let (own, key) = match bits {
            Bits::Four => (&achieved.fp4_expert_fraction, "achieved.fp4_expert_fraction"),
            Bits::Eight => (&achieved.fp8_expert_fraction, "achieved.fp8_expert_fraction"),
            Bits::Wide => (&achieved.bf16_expert_fraction, "achieved.bf16_expert_fraction"),
        };
        let flops = match own {
            Some(own) => self.need(own, key)?,
            None => self.need(&achieved.expert_fraction, "achieved.expert_fraction")?,
        };
        let read = self.need(&achieved.expert_read_fraction, "achieved.expert_read_fraction")?;
        self.matmul(format, peak, [flops, read])
    }

    /// Attention computes in 16 bits where the chip has them. Gives the rates over a prompt, and of
    /// replies.
    pub(super) fn attention(&self, kv: Precision) -> Result<(Rates, Rates), MachineError> {
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
        let prefill = self.need(&achieved.attention_fraction, "achieved.attention_fraction")?;
        let decode = match &achieved.decode_attention_fraction {
            Some(figure) => self.need(figure, "achieved.decode_attention_fraction")?,
            None => prefill,
        };
        let read = self.need(&achieved.kv_read_fraction, "achieved.kv_read_fraction")?;
        let rates = |fraction| Rates {
            peak_flops,
            flops: peak_flops * fraction,
            peak_bytes,
            bytes: peak_bytes * read,
            bytes_per_weight: kv.bytes(),
        };
        Ok((rates(prefill), rates(decode)))
    }

    fn exchanges(&self, placement: &Placement) -> Result<Exchanges, MachineError> {
        let tensor = placement.parallel.tensor;
        let chips = tensor as f64;
        let Some(link) = self.chip.scale_up.as_ref().filter(|_| tensor > 1) else {
            return Ok(Exchanges::None);
        };
        let bytes_per_second = self.link_rate(link)?;
        let fixed_seconds = self.need(&link.collective_seconds, "scale_up.collective_seconds")?;
        Ok(Exchanges::AllReduce { chips, fixed_seconds, bytes_per_second })
    }

    /// A link's rate, one direction.
    pub(super) fn link_peak(&self, link: &ScaleUp) -> Result<f64, MachineError> {
        self.need(&link.bandwidth_bytes_per_second, "scale_up.bandwidth_bytes_per_second")
    }

    /// What collectives reach of it.
    pub(super) fn link_rate(&self, link: &ScaleUp) -> Result<f64, MachineError> {
        let fraction = self.need(&link.achieved_fraction, "scale_up.achieved_fraction")?;
        Ok(self.link_peak(link)? * fraction)
    }
}

impl Attention {
    /// What all layers of a group look back at, of one kind.
    fn reach(&self, count: f64, reach: &Reach) -> ReachCost {
        let bytes = count * self.value_bytes * reach.values;
        let flops = |per_pair: f64| count * per_pair / self.chips;
        let (decode, prefill) =
            (flops(reach.decode_flops_per_pair), flops(reach.prefill_flops_per_pair));
        ReachCost {
            pair: self.decode.time(decode, bytes),
            drafted: PairTimes::new(&self.decode, decode, bytes, 1.0),
            prefill: PairTimes::new(&self.prefill, prefill, bytes, self.prefill_factor),
        }
    }
}
