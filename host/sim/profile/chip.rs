//! A chip's figures: what it can do at most, what it reached, and what it draws.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::attention::HeadChips;
use super::figure::{Choice, Curve, Figure};
use super::flaw::{Flaw, counted, fraction, positive};
use super::precision::Precision;
use super::status::Status;
use crate::ledger::Ledger;

/// How a chip computes, which decides the equations its time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChipKind {
    /// Memory beside the chip: rooflines, collectives, and a fixed time per layer.
    Gpu,
    /// Weights in SRAM and a static schedule, on one chip or a whole wafer: the layers stand one
    /// after the other, each with hops and synchronisation.
    Lpu,
    /// Runs agents and tools only.
    Cpu,
    /// No chip: it stands where a machine states its step times.
    Stated,
}

/// One file of `hardware-profiles/chips`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Chip {
    /// The name that machines use; the file's name.
    pub name: String,
    /// For people.
    pub title: String,
    /// A chip whose figures this one has where it gives none of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inherits: Option<String>,
    /// How it computes.
    pub kind: ChipKind,
    /// Whether it can be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Choice<Status>>,
    /// Whether its chief figures are unpublished, so that all that rests on the chip is an estimate.
    #[serde(default)]
    pub estimated: bool,
    /// Dense peak rates.
    pub compute: Option<Compute>,
    /// Memory for weights and KV.
    pub memory: Option<Memory>,
    /// Fractions of the peaks that software reached.
    pub achieved: Option<Achieved>,
    /// Fixed times of a GPU.
    pub latency: Option<Latency>,
    /// Links to the other chips of a group.
    pub scale_up: Option<ScaleUp>,
    /// The way out of the domain. Groups stay inside it, so no step's time rests on this.
    pub scale_out: Option<ScaleOut>,
    /// Fixed times of an LPU.
    pub exchange: Option<Exchange>,
    /// What agents and tools cost on it.
    pub host: Option<Host>,
    /// What it draws.
    pub power: Power,
    /// What it costs.
    pub price: Price,
}

/// Dense peak rates in FLOP/s; a format the chip does not have is left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Compute {
    /// 16 bits.
    pub bf16_flops_per_second: Option<Figure>,
    /// 8 bits.
    pub fp8_flops_per_second: Option<Figure>,
    /// 4 bits.
    pub fp4_flops_per_second: Option<Figure>,
    /// Cores among which tensor parallelism divides the heads of attention, all of them together
    /// being the chip. Each has whole query heads, as many as the one with the most, and reads keys
    /// and values once for each of them. Where it is absent, a chip divides heads as one, and reads
    /// keys and values once for all query heads that share them.
    pub cores: Option<Figure>,
}

/// Memory for weights and KV, per chip.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// Bytes.
    pub capacity_bytes: Figure,
    /// Bytes that serving software keeps for itself.
    pub reserved_bytes: Figure,
    /// Peak rate.
    pub bandwidth_bytes_per_second: Figure,
    /// Formats it can hold weights in and compute from.
    pub formats: Vec<Precision>,
}

/// Fractions of the peaks, from fits to measurements.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Achieved {
    /// Of the 16-bit peak, in large matrix products.
    pub bf16_matmul_fraction: Option<Figure>,
    /// Of the 8-bit peak, likewise.
    pub fp8_matmul_fraction: Option<Figure>,
    /// Of the 4-bit peak, likewise.
    pub fp4_matmul_fraction: Option<Figure>,
    /// Of the 16-bit peak, in attention over a prompt.
    pub attention_fraction: Figure,
    /// Of the 16-bit peak, in attention of replies; as over a prompt where it is absent.
    pub decode_attention_fraction: Option<Figure>,
    /// Of the peak, in the experts' matrix products, in formats that have no fraction of their own.
    pub expert_fraction: Figure,
    /// Of the 16-bit peak, in those of experts that compute in 16 bits.
    pub bf16_expert_fraction: Option<Figure>,
    /// Of the 8-bit peak, likewise.
    pub fp8_expert_fraction: Option<Figure>,
    /// Of the 4-bit peak, likewise.
    pub fp4_expert_fraction: Option<Figure>,
    /// Of the memory rate, reading dense weights.
    pub weight_read_fraction: Figure,
    /// Of the memory rate, reading experts.
    pub expert_read_fraction: Figure,
    /// Of the memory rate, reading the KV cache.
    pub kv_read_fraction: Figure,
}

/// Fixed times of a GPU, beside its rooflines: what kernels take whatever passes them.
///
/// A chip of which only a time per layer is known has that alone; what is absent is 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// Norms, rotary embedding and other small operations of one layer.
    pub layer_seconds: Figure,
    /// One matrix product in 16 bits.
    pub bf16_matmul_seconds: Option<Figure>,
    /// One matrix product in 8 bits, the rounding of what passes it included.
    pub fp8_matmul_seconds: Option<Figure>,
    /// One matrix product in 4 bits, likewise.
    pub fp4_matmul_seconds: Option<Figure>,
    /// Attention of one layer.
    pub attention_seconds: Option<Figure>,
    /// What latent attention takes in one layer besides.
    pub latent_seconds: Option<Figure>,
    /// What latent attention takes in one layer of a step that reads prompts, whose kernels are
    /// launched one by one, besides.
    pub latent_prefill_seconds: Option<Figure>,
    /// The state of one recurrent layer.
    pub recurrent_seconds: Option<Figure>,
    /// The state of one recurrent layer in a step that reads prompts, besides.
    pub recurrent_prefill_seconds: Option<Figure>,
    /// What selects the tokens that one layer looks back at.
    pub index_seconds: Option<Figure>,
    /// Routing, sorting and the products of one layer's experts, in formats that have no time of
    /// their own.
    pub expert_seconds: Option<Figure>,
    /// The same of experts held in 16 bits.
    pub bf16_expert_seconds: Option<Figure>,
    /// In 8 bits.
    pub fp8_expert_seconds: Option<Figure>,
    /// In NVFP4.
    pub fp4_expert_seconds: Option<Figure>,
    /// In MXFP4.
    pub mxfp4_expert_seconds: Option<Figure>,
    /// In whole numbers of 4 bits.
    pub int4_expert_seconds: Option<Figure>,
    /// Each expert of one layer that tokens of a step are routed to, on the chip that holds it.
    pub expert_hit_seconds: Option<Figure>,
    /// How often the activations of the experts pass the memory, over four bytes of each value.
    pub expert_activation_factor: Option<Figure>,
}

/// Links to the other chips of a tensor-parallel group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScaleUp {
    /// Chips that one domain joins.
    pub domain_chips: Figure,
    /// Per chip, one direction.
    pub bandwidth_bytes_per_second: Figure,
    /// Of that, in collectives.
    pub achieved_fraction: Figure,
    /// Fixed time of one all-reduce.
    pub collective_seconds: Figure,
    /// Fixed time of sending tokens to the chips of their experts, and of sending them back; that of
    /// an all-reduce where it is absent.
    pub dispatch_seconds: Option<Figure>,
    /// Of the link's rate, in both; as in collectives where it is absent.
    pub dispatch_fraction: Option<Figure>,
}

/// The network between domains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScaleOut {
    /// Per chip, one direction.
    pub bandwidth_bytes_per_second: Figure,
    /// Fixed time of one transfer, switches included.
    pub latency_seconds: Figure,
}

/// How the chips that hold a model in SRAM pass activations on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// From the SRAM of one chip to that of the next.
    pub hop_seconds: Figure,
    /// Seconds to reach all of this many bytes of SRAM, within a chip or over several.
    pub reach_seconds_by_bytes: Curve,
    /// What each exchange of a layer costs beside its way: the one figure of a family of chips that
    /// is calibrated on a measurement. A dense layer has two exchanges, one with experts three.
    pub sync_seconds: Figure,
    /// Layers that a chip can hold in parts that work apart from each other: 1 for a chip that runs
    /// one program at a time.
    pub layers_per_chip: Figure,
}

/// What agents and tools cost on a CPU.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// Nanoseconds per unit of WebAssembly fuel.
    pub ns_per_fuel: Figure,
}

/// Power in watts: `min(idle + compute·MFU + memory·MBU, limit)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Power {
    /// Doing nothing.
    pub idle_watts: Figure,
    /// Added at full use of the compute peak.
    pub compute_watts: Figure,
    /// Added at full use of the memory rate.
    pub memory_watts: Figure,
    /// The most it draws.
    pub limit_watts: Figure,
}

/// What a chip costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Dollars for one chip for one hour.
    pub usd_per_hour: Figure,
}

impl Chip {
    /// So many of these chips, which share the heads of a layer.
    pub(crate) fn head_chips(&self, chips: u64, ledger: &Ledger) -> HeadChips {
        let cores = self.compute.as_ref().and_then(|compute| compute.cores.as_ref());
        let cores = cores.and_then(|cores| ledger.known(cores, &self.name, "compute.cores"));
        HeadChips { chips, cores: cores.map(|cores| cores as u64) }
    }

    /// What is wrong with its sections and rates.
    pub(crate) fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = self.missing_sections();
        flaws.extend(self.rates().into_iter().filter_map(|(key, rate)| positive(key, rate).err()));
        let achieved = self.achieved.iter().flat_map(Achieved::fractions);
        let links = self.scale_up.iter().flat_map(ScaleUp::fractions);
        let fractions = achieved.chain(links);
        flaws.extend(fractions.filter_map(|(key, figure)| fraction(key, figure).err()));
        let cores = self.compute.as_ref().and_then(|compute| compute.cores.as_ref());
        flaws.extend(cores.and_then(|cores| counted("compute.cores", cores).err()));
        if self.memory.as_ref().is_some_and(|memory| memory.formats.is_empty()) {
            flaws.push(Flaw::new(
                "memory.formats",
                "`memory.formats` is empty, so that the chip holds no weights; add those it holds",
            ));
        }
        flaws
    }

    /// The sections that its kind needs and that are not there.
    fn missing_sections(&self) -> Vec<Flaw> {
        let gpu_or_lpu = [
            (self.compute.is_some(), "compute"),
            (self.memory.is_some(), "memory"),
            (self.achieved.is_some(), "achieved"),
            (self.scale_up.is_some(), "scale_up"),
        ];
        let (kind, needed) = match self.kind {
            ChipKind::Gpu => {
                let own = (self.latency.is_some(), "latency");
                ("a gpu", [gpu_or_lpu.as_slice(), &[own]].concat())
            }
            ChipKind::Lpu => {
                let own = (self.exchange.is_some(), "exchange");
                ("an lpu", [gpu_or_lpu.as_slice(), &[own]].concat())
            }
            ChipKind::Cpu => ("a cpu", vec![(self.host.is_some(), "host")]),
            ChipKind::Stated => return Vec::new(),
        };
        let missing = needed.into_iter().filter(|(present, _)| !present);
        let flaw = |section: &str| {
            let name = &self.name;
            Flaw::new(
                "kind",
                format!("chip `{name}` is {kind}, which needs the section [{section}]"),
            )
        };
        missing.map(|(_, section)| flaw(section)).collect()
    }

    /// Time is a division by these, so a rate of 0 would be a step that never ends.
    fn rates(&self) -> Vec<(&'static str, &Figure)> {
        let mut rates = Vec::new();
        if let Some(compute) = &self.compute {
            let flops = [
                ("compute.bf16_flops_per_second", &compute.bf16_flops_per_second),
                ("compute.fp8_flops_per_second", &compute.fp8_flops_per_second),
                ("compute.fp4_flops_per_second", &compute.fp4_flops_per_second),
            ];
            rates.extend(flops.into_iter().filter_map(|(key, rate)| Some((key, rate.as_ref()?))));
        }
        if let Some(memory) = &self.memory {
            rates.push(("memory.bandwidth_bytes_per_second", &memory.bandwidth_bytes_per_second));
        }
        if let Some(link) = &self.scale_up {
            rates.push(("scale_up.bandwidth_bytes_per_second", &link.bandwidth_bytes_per_second));
        }
        if let Some(link) = &self.scale_out {
            rates.push(("scale_out.bandwidth_bytes_per_second", &link.bandwidth_bytes_per_second));
        }
        if let Some(exchange) = &self.exchange {
            rates.push(("exchange.layers_per_chip", &exchange.layers_per_chip));
        }
        rates
    }
}

impl ScaleUp {
    fn fractions(&self) -> impl Iterator<Item = (&'static str, &Figure)> {
        let dispatch = self.dispatch_fraction.as_ref();
        let dispatch = dispatch.map(|figure| ("scale_up.dispatch_fraction", figure));
        std::iter::once(("scale_up.achieved_fraction", &self.achieved_fraction)).chain(dispatch)
    }
}

impl Achieved {
    fn fractions(&self) -> impl Iterator<Item = (&'static str, &Figure)> {
        let optional = [
            ("achieved.bf16_matmul_fraction", &self.bf16_matmul_fraction),
            ("achieved.fp8_matmul_fraction", &self.fp8_matmul_fraction),
            ("achieved.fp4_matmul_fraction", &self.fp4_matmul_fraction),
            ("achieved.decode_attention_fraction", &self.decode_attention_fraction),
            ("achieved.bf16_expert_fraction", &self.bf16_expert_fraction),
            ("achieved.fp8_expert_fraction", &self.fp8_expert_fraction),
            ("achieved.fp4_expert_fraction", &self.fp4_expert_fraction),
        ];
        let others = [
            ("achieved.attention_fraction", &self.attention_fraction),
            ("achieved.expert_fraction", &self.expert_fraction),
            ("achieved.weight_read_fraction", &self.weight_read_fraction),
            ("achieved.expert_read_fraction", &self.expert_read_fraction),
            ("achieved.kv_read_fraction", &self.kv_read_fraction),
        ];
        let optional =
            optional.into_iter().filter_map(|(key, figure)| Some((key, figure.as_ref()?)));
        optional.chain(others)
    }
}
