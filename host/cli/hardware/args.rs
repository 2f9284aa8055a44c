//! `timeslip hardware`, as it is typed.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use timeslip_sim::explain::TARGET_TOKENS_PER_SECOND;

/// `timeslip hardware`.
#[derive(Debug, Subcommand)]
pub(crate) enum HardwareCommand {
    /// Lists the machines, the models each serves, the chips, the models and the serving software.
    List(HardwareListArgs),
    /// Shows every figure of a machine, chip, model or serving software with its source, date and
    /// confidence.
    Show(HardwareShowArgs),
    /// Prints how each figure of a step arises: bytes, operations, exchanges, and what binds.
    Explain(HardwareExplainArgs),
    /// Checks profiles: their form, their sources, and what each machine says when it is to hold
    /// each model that it serves. Names every problem with its file and line.
    Validate(HardwareValidateArgs),
    /// Prints the JSON Schema of a kind of profile, for editors.
    Schema(HardwareSchemaArgs),
    /// Says up to which batch each machine gives every user a speed, or what keeps it from that.
    Reach(HardwareReachArgs),
    /// Predicts measured rows and prints how far off the predictions are.
    Accuracy(HardwareAccuracyArgs),
    /// Fits figures of chips and of serving software to published rows of many machines; `timeslip
    /// calibrate` fits one machine to requests of one's own.
    Calibrate(HardwareCalibrateArgs),
    /// Prints the profile of a model from the config.json that comes with its weights.
    Model(HardwareModelArgs),
}

/// `timeslip hardware calibrate`.
#[derive(Args, Debug)]
pub(crate) struct HardwareCalibrateArgs {
    /// A CSV file of measured serving rows, as `timeslip hardware accuracy` reads them.
    pub(crate) file: PathBuf,
    /// A folder of profiles that adds to those built in.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) profiles: Option<PathBuf>,
    /// Writes the fitted figures into the chips and the software of this folder of profiles.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) write: Option<PathBuf>,
    /// Writes all fits to a JSON file, those included that leave out a model.
    #[arg(long, value_name = "FILE")]
    pub(crate) leave_one_out: Option<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Threads that fit; the result does not depend on them. All cores if left out.
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
}

/// `timeslip hardware model`.
#[derive(Args, Debug)]
pub(crate) struct HardwareModelArgs {
    /// The model's config.json. What is printed belongs in a file models/NAME.toml of a folder of
    /// profiles.
    pub(crate) file: PathBuf,
    /// The name of the profile; the folder's that the file is in, in lower case, if left out.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
}

/// `timeslip hardware list`.
#[derive(Args, Debug)]
pub(crate) struct HardwareListArgs {
    /// A folder of profiles that adds to those built in.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) profiles: Option<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `timeslip hardware show`.
#[derive(Args, Debug)]
pub(crate) struct HardwareShowArgs {
    /// A machine, chip, model or serving software.
    pub(crate) name: String,
    /// A folder of profiles that adds to those built in.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) profiles: Option<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `timeslip hardware explain`.
#[derive(Args, Debug)]
pub(crate) struct HardwareExplainArgs {
    /// The machine.
    pub(crate) machine: String,
    /// The model; the machine's default if left out.
    #[arg(long)]
    pub(crate) model: Option<String>,
    /// Tokens of the prompt that is read.
    #[arg(long, value_name = "N", default_value_t = 2_048)]
    pub(crate) input_tokens: u64,
    /// Tokens that each reply looks back at.
    #[arg(long, value_name = "N", default_value_t = 2_048)]
    pub(crate) context_tokens: u64,
    /// Replies that are written in one step.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) batch: u64,
    /// A folder of profiles that adds to those built in.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) profiles: Option<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `timeslip hardware reach`.
#[derive(Args, Debug)]
pub(crate) struct HardwareReachArgs {
    /// Tokens per second that every user is to get.
    #[arg(long, value_name = "TOKENS_PER_SECOND", default_value_t = TARGET_TOKENS_PER_SECOND)]
    pub(crate) target: f64,
    /// One machine; all if left out.
    #[arg(long, value_name = "NAME")]
    pub(crate) machine: Option<String>,
    /// One model; all that a machine serves if left out.
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// A folder of profiles that adds to those built in.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) profiles: Option<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Writes the tables to a Markdown file as well.
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<PathBuf>,
}

/// `timeslip hardware validate`.
#[derive(Args, Debug)]
pub(crate) struct HardwareValidateArgs {
    /// Folders of profiles, and single profiles, that add to those built in.
    pub(crate) paths: Vec<PathBuf>,
    /// A folder of profiles that adds to those built in.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) profiles: Option<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `timeslip hardware schema`.
#[derive(Args, Debug)]
pub(crate) struct HardwareSchemaArgs {
    /// The kind of profile.
    pub(crate) kind: SchemaKind,
}

/// A kind of profile, as it is typed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SchemaKind {
    /// A chip's figures.
    Chip,
    /// A model's architecture.
    Model,
    /// What serves models on chips.
    Software,
    /// Pools of chips that serve models.
    Machine,
}

/// `timeslip hardware accuracy`.
#[derive(Args, Debug)]
#[command(after_help = ACCURACY_HELP)]
pub(crate) struct HardwareAccuracyArgs {
    /// A CSV file of measured rows; its header tells which format it has.
    pub(crate) file: PathBuf,
    /// A folder of profiles that adds to those built in.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) profiles: Option<PathBuf>,
    /// Prints a line for each row as well.
    #[arg(long)]
    pub(crate) rows: bool,
    /// Prints JSON, each row included.
    #[arg(long)]
    pub(crate) json: bool,
    /// Predicts each model's rows by the fit without them, of `calibrate --leave-one-out`'s file.
    #[arg(long, value_name = "FILE")]
    pub(crate) leave_one_out: Option<PathBuf>,
    /// Writes the figures to a Markdown file; with --leave-one-out, those by the profiles too.
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<PathBuf>,
    /// Writes what was predicted for each line to a CSV file as well.
    #[arg(long, value_name = "FILE")]
    pub(crate) predictions: Option<PathBuf>,
    /// Writes the bands around predictions to a TOML file, such as hardware-profiles/bands.toml.
    #[arg(long, value_name = "FILE")]
    pub(crate) bands: Option<PathBuf>,
    /// Threads that predict; the result does not depend on them. All cores if left out.
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
}

const ACCURACY_HELP: &str = "\
Formats:
  measured serving, as AIConfigurator publishes it: model_path, system, isl, osl, silicon_ttft_ms,
    silicon_tpot_ms; and mode, backend, precision, tp_size, prefill_tp_size and so on. Each row is
    served with its chats at once, prompts and replies of four fifths to all of its lengths.
  measured steps: phase, batch, new_tokens_per_req, past_kv_per_req, measured_ms.
A row that cannot be predicted is counted with the reason. An error is predicted / measured - 1.";
