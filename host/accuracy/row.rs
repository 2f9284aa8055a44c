//! One measured row, as its file states it.

use serde::Serialize;

/// A row of a file of measurements.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its line in the file, counted from 1.
    pub line: u64,
    /// Its name in the file; `line N` where it has none.
    pub id: String,
    /// The system as the file names it: `h200_sxm`.
    pub system: String,
    /// The model as the file names it: `deepseek-ai/DeepSeek-R1`.
    pub model: String,
    /// The serving software: `vllm`.
    pub software: Option<String>,
    /// The formats of the weights.
    pub formats: StatedFormats,
    /// What was done.
    pub asked: Asked,
    /// What was measured, in milliseconds.
    pub measured: Vec<(Metric, f64)>,
}

/// Something that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Mean time to the first token.
    Ttft,
    /// Mean time per output token after the first.
    Tpot,
    /// The time of one step.
    Step,
}

impl Metric {
    /// All, in the order in which they are shown.
    pub const ALL: [Metric; 3] = [Metric::Ttft, Metric::Tpot, Metric::Step];

    /// The word that stands for it on screen.
    pub fn word(self) -> &'static str {
        match self {
            Metric::Ttft => "TTFT",
            Metric::Tpot => "TPOT",
            Metric::Step => "step",
        }
    }
}

/// The formats of the weights, as far as the file states them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatedFormats {
    /// Of the whole model: `fp8`.
    pub precision: Option<String>,
    /// Of the weights that every token passes: `fp8_block`.
    pub linear: Option<String>,
    /// Of the experts: `nvfp4`.
    pub experts: Option<String>,
}

/// What was done to measure a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// Chats were served.
    Serving(Box<StatedServing>),
    /// One step was timed.
    Step(StatedStep),
}

/// How chats were served.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StatedServing {
    /// `agg` or `disagg`.
    pub mode: Option<String>,
    /// The longest prompt, in tokens.
    pub input_tokens: Option<u64>,
    /// The longest reply, in tokens.
    pub output_tokens: Option<u64>,
    /// Chats at once.
    pub concurrency: Option<u64>,
    /// The day of the measurement: `2026-01-14`.
    pub measured_on: Option<String>,
    /// The group that both reads and writes.
    pub together: StatedLayout,
    /// The groups that read prompts.
    pub prefill: StatedLayout,
    /// The groups that write replies.
    pub decode: StatedLayout,
}

/// How the chips of a group share the model, as far as the file states it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatedLayout {
    /// How many groups.
    pub workers: Option<u64>,
    /// Ways in which attention and dense weights are split.
    pub tensor: Option<u64>,
    /// Stages of layers.
    pub pipeline: Option<u64>,
    /// Copies of attention, each for chats of its own.
    pub attention_data: Option<u64>,
    /// Ways in which each expert is split.
    pub expert_tensor: Option<u64>,
    /// Ways in which the experts are shared out.
    pub expert: Option<u64>,
}

/// One step that was timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatedStep {
    /// Whether it reads prompts or writes replies.
    pub phase: Phase,
    /// Chats in it.
    pub batch: u64,
    /// Tokens that each chat adds.
    pub new_tokens: u64,
    /// Tokens of each chat that are cached.
    pub past_tokens: u64,
    /// Chips that share the model.
    pub tensor: u64,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Reads prompts.
    Prefill,
    /// Writes replies.
    Decode,
}

impl Row {
    /// How chats were served, in the words of the figures: `agg`, `disagg`; of a step, its phase.
    pub fn mode(&self) -> &str {
        match &self.asked {
            Asked::Serving(serving) => serving.mode.as_deref().unwrap_or("mode not stated"),
            Asked::Step(step) => match step.phase {
                Phase::Prefill => "prefill step",
                Phase::Decode => "decode step",
            },
        }
    }
}
