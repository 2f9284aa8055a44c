//! A machine of many chips for tests, whose every figure matters, and models of each kind.

use crate::catalogue::{Catalogue, ProfileKind};
use crate::deployment::Deployment;
use crate::error::MachineError;
use crate::examples::known;
use crate::profile::Parallelism;

/// The chip's figures: sections, keys and values. Rates are of the size of today's chips.
const FIGURES: [(&str, &[(&str, &str)]); 5] = [
    (
        "compute",
        &[
            ("bf16_flops_per_second", "1e15"),
            ("fp8_flops_per_second", "2e15"),
            ("fp4_flops_per_second", "4e15"),
        ],
    ),
    (
        "memory",
        &[
            ("capacity_bytes", "1.5e11"),
            ("reserved_bytes", "1e10"),
            ("bandwidth_bytes_per_second", "5e12"),
        ],
    ),
    (
        "achieved",
        &[
            ("bf16_matmul_fraction", "0.8"),
            ("fp8_matmul_fraction", "0.6"),
            ("fp4_matmul_fraction", "0.4"),
            ("attention_fraction", "0.5"),
            ("decode_attention_fraction", "0.2"),
            ("expert_fraction", "0.3"),
            ("fp8_expert_fraction", "0.35"),
            ("weight_read_fraction", "0.82"),
            ("expert_read_fraction", "0.7"),
            ("kv_read_fraction", "0.75"),
        ],
    ),
    (
        "latency",
        &[
            ("layer_seconds", "7e-6"),
            ("bf16_matmul_seconds", "2e-6"),
            ("fp8_matmul_seconds", "3e-6"),
            ("attention_seconds", "4e-6"),
            ("latent_seconds", "5e-6"),
            ("recurrent_seconds", "6e-6"),
            ("index_seconds", "8e-6"),
            ("expert_seconds", "9e-6"),
            ("bf16_expert_seconds", "10e-6"),
            ("expert_hit_seconds", "2e-7"),
            ("expert_activation_factor", "1.5"),
        ],
    ),
    (
        "scale_up",
        &[
            ("domain_chips", "64"),
            ("bandwidth_bytes_per_second", "9e11"),
            ("achieved_fraction", "0.7"),
            ("collective_seconds", "5e-6"),
            ("dispatch_seconds", "11e-6"),
            ("dispatch_fraction", "0.6"),
        ],
    ),
];

/// A dense model's layers.
pub(crate) const DENSE: &str = "count = 32\ndense_width = 14336\n\
     grouped = { heads = 32, kv_heads = 8, head_width = 128 }";
/// Layers with experts, one of which every token passes.
pub(crate) const EXPERTS: &str = "count = 24\n\
     grouped = { heads = 64, kv_heads = 8, head_width = 64, window = 128 }\n\
     experts = { count = 128, per_token = 4, width = 2880, shared = 1 }";
/// Layers with latent attention, and many experts.
pub(crate) const LATENT: &str = "count = 58\n\
     latent = { heads = 128, query_rank = 1536, kv_rank = 512, rope_width = 64, nope_width = 128, \
     value_width = 128 }\n\
     experts = { count = 256, per_token = 8, width = 2048, shared = 1 }";
/// Layers that keep a state.
pub(crate) const RECURRENT: &str = "count = 20\ndense_width = 8192\n\
     mamba = { heads = 64, head_width = 64, state_width = 128, groups = 8, convolution = 4 }";

/// What a test says of the machine of many chips.
#[derive(Clone, Debug)]
pub(crate) struct Many {
    pub(crate) parallel: Parallelism,
    /// Groups of layers.
    pub(crate) layers: Vec<&'static str>,
    /// The chip's figures that are otherwise.
    pub(crate) figures: Vec<(&'static str, &'static str)>,
    /// The format of all weights.
    pub(crate) format: &'static str,
    /// Whether counts of one stand in the machine's file.
    pub(crate) says_ones: bool,
}

impl Many {
    pub(crate) fn new(parallel: Parallelism, layers: &[&'static str]) -> Many {
        let (layers, figures) = (layers.to_vec(), Vec::new());
        Many { parallel, layers, figures, format: "fp8", says_ones: false }
    }

    /// Chips between which bytes take no time, and whose kernels and host take none.
    pub(crate) fn without_fixed_times(mut self) -> Many {
        let fixed = FIGURES.iter().flat_map(|(_, figures)| figures.iter());
        let fixed = fixed.filter(|(key, _)| key.ends_with("_seconds"));
        self.figures.extend(fixed.map(|(key, _)| (*key, "0")));
        self.figures.push(("expert_activation_factor", "0"));
        self
    }

    pub(crate) fn deployment(&self) -> Deployment {
        self.try_deployment().expect("the machine of many chips is right")
    }

    pub(crate) fn try_deployment(&self) -> Result<Deployment, MachineError> {
        Catalogue::built_in()
            .with_text(ProfileKind::Chip, "many-chip", self.chip())
            .with_text(ProfileKind::Model, "many-model", self.model())
            .with_text(ProfileKind::Machine, "many", self.machine())
            .deploy("many", None)
    }

    fn chip(&self) -> String {
        let unknown = "{ unknown = true, source = \"a test\", date = \"2026-11\" }";
        let mut text = "name = \"many-chip\"\ntitle = \"One of many\"\nkind = \"gpu\"\n".to_owned();
        for (section, figures) in FIGURES {
            text += &format!("[{section}]\n");
            for (key, value) in figures {
                let own = self.figures.iter().rev().find(|(own, _)| own == key);
                text += &format!("{key} = {}\n", known(own.map_or(*value, |(_, value)| *value)));
            }
            if section == "memory" {
                text += "formats = [\"bf16\", \"fp8\", \"mxfp4\", \"nvfp4\", \"int4\"]\n";
            }
        }
        text += "[power]\n";
        for name in ["idle", "compute", "memory", "limit"] {
            text += &format!("{name}_watts = {unknown}\n");
        }
        text + &format!("[price]\nusd_per_hour = {unknown}\n")
    }

    fn model(&self) -> String {
        let layers: String =
            self.layers.iter().map(|group| format!("[[layers]]\n{group}\n")).collect();
        format!(
            "name = \"many-model\"\ntitle = \"A model\"\ncontext_tokens = 200000\nhidden = 4096\n\
             vocabulary = 128000\ntied_embeddings = false\n\
             [provenance]\nsource = \"a test\"\ndate = \"2026-11\"\nconfidence = \"high\"\n{layers}"
        )
    }

    fn machine(&self) -> String {
        let parallel = self.parallel;
        let divided = [
            ("data_parallel", parallel.data),
            ("expert_parallel", parallel.expert),
            ("pipeline_parallel", parallel.pipeline),
        ];
        let divided: String = divided
            .into_iter()
            .filter(|(_, count)| self.says_ones || *count > 1)
            .map(|(key, count)| format!("{key} = {}\n", known(&count.to_string())))
            .collect();
        format!(
            "name = \"many\"\ntitle = \"Many\"\nabout = \"For tests.\"\nhost_cpu = \"vera-cpu\"\n\
             default_model = \"many-model\"\nfront_end_seconds = {none}\n\
             [scheduler]\ntokens_per_step = {tokens}\ncalls_per_step = {calls}\n\
             [[pools]]\nrole = \"all\"\nchip = \"many-chip\"\nchips = {chips}\n\
             tensor_parallel = {tensor}\n{divided}replicas = {one}\nhost_step_seconds = {host}\n\
             [[serves]]\nmodel = \"many-model\"\nlinear = \"{format}\"\nhead = \"bf16\"\n\
             kv = \"fp8\"\n",
            none = known("0"),
            one = known("1"),
            tokens = known("8192"),
            calls = known("512"),
            chips = known(&parallel.chips().to_string()),
            tensor = known(&parallel.tensor.to_string()),
            host = known(match self.figures.iter().any(|(key, _)| *key == "layer_seconds") {
                true => "0",
                false => "300e-6",
            }),
            format = self.format,
        )
    }
}

/// A group of so many chips of a rank's stage, ranks, parts of experts and stages.
pub(crate) fn shared(tensor: u64, data: u64, expert: u64, pipeline: u64) -> Parallelism {
    Parallelism { tensor, data, expert, pipeline }
}
