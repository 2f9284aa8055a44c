//! The command line, as it is typed.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::author::args::{BuildArgs, DevArgs, NewArgs};
use crate::bench::Overrides;
use crate::calibrate::CalibrateArgs;
use crate::cassette::CassetteCommand;
pub(crate) use crate::gate::args::{AcceptArgs, CheckArgs, DiffArgs, HistoryArgs, InitArgs};
use crate::hardware::args::HardwareCommand;
use crate::live::args::{LiveArgs, RecordArgs};
use crate::load::args::{CapacityArgs, CompareArgs, ReplayArgs, SweepArgs};
use crate::mcp::args::McpCommand;
use crate::plugin::args::PluginCommand;
use crate::serve::args::ServeArgs;
use crate::show::args::{ExportArgs, ExportFlags, ReportFileArgs, ViewArgs};
use crate::what_if::args::WhatIfArgs;

const EXIT_CODES: &str = "\
Exit codes: 0 pass, 1 the run failed, 2 usage (arguments, a bench, a component, a profile or words \
that cannot be used), 3 a budget or a regression failed, 4 no baseline, or inconclusive.";

/// Runs AI agents as WebAssembly components and times every step of their tasks on hardware of
/// one's choice.
#[derive(Debug, Parser)]
#[command(name = "timeslip", version, about, after_help = EXIT_CODES, propagate_version = true)]
pub(crate) struct Arguments {
    /// Says on standard error what the host itself does, with its wall-clock times.
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs a bench on modelled hardware and prints its timetable.
    Run(Box<RunArgs>),
    /// Runs a bench and fails when it became slower, longer or dearer than its baseline.
    Check(Box<CheckArgs>),
    /// Takes what `check --pending` wrote as the new baseline, after showing what changes.
    Accept(AcceptArgs),
    /// Says what changed between two slips, and what each change costs.
    Diff(DiffArgs),
    /// Draws a bench's figures over commits.
    History(HistoryArgs),
    /// Writes a commented bench to start from.
    Init(InitArgs),
    /// Writes a project for an agent or a tool plugin in a language of one's choice.
    New(NewArgs),
    /// Makes the components that a bench names of their sources.
    Build(BuildArgs),
    /// Builds and runs a bench whenever a file changes, and shows what that did.
    Dev(DevArgs),
    /// Runs a bench on a real server and records what it replies.
    Record(Box<RecordArgs>),
    /// Turns conversations recorded by other programs into a bench with cassettes.
    Import(ImportArgs),
    /// Shows, checks, compares and edits recordings.
    #[command(subcommand)]
    Cassette(CassetteCommand),
    /// Replays a trace, a made-up load or an earlier slip on machines, without any agent.
    Replay(Box<ReplayArgs>),
    /// Runs a workload on machines of several sizes under several loads.
    Sweep(Box<SweepArgs>),
    /// Runs a workload on several machines and shows them side by side.
    Compare(Box<CompareArgs>),
    /// Finds the most sessions that a machine holds under objectives.
    Capacity(Box<CapacityArgs>),
    /// Fits a machine's profile to what a real endpoint took for its requests.
    Calibrate(Box<CalibrateArgs>),
    /// Draws slips as one HTML file to be looked at.
    Report(ReportFileArgs),
    /// Runs a slip once more in virtual time with one thing faster or slower.
    WhatIf(Box<WhatIfArgs>),
    /// Walks through a slip: its sessions, their steps, and what was said in them.
    View(ViewArgs),
    /// Writes a slip for other programs: traces, spans, tables, metrics.
    Export(ExportArgs),
    /// Serves modelled machines as an OpenAI-compatible server, or agents as a server of tasks.
    Serve(Box<ServeArgs>),
    /// Offers tools to MCP clients.
    #[command(subcommand)]
    Mcp(McpCommand),
    /// Lists, shows, explains and checks hardware profiles.
    #[command(subcommand)]
    Hardware(HardwareCommand),
    /// Finds, installs and publishes agents and tool plugins.
    #[command(subcommand)]
    Plugin(PluginCommand),
}

/// `timeslip run`.
#[derive(Args, Clone, Debug)]
#[command(after_help = RUN_HELP)]
pub(crate) struct RunArgs {
    /// A bench file, a folder with a timeslip.toml, or an agent's .wasm file; if left out, the
    /// timeslip.toml of the current folder, and where there is none the built-in example.
    pub(crate) bench: Option<PathBuf>,
    /// The machine, in place of the bench's; MACHINE:MODEL for another model than its default. Give
    /// it again to put several machines under one run: a request goes to the one that serves its
    /// model, or that the bench's routing takes, and the first one's model is the run's own.
    #[arg(long, value_name = "MACHINE")]
    pub(crate) on: Vec<String>,
    /// A task in place of the bench's.
    #[arg(long, value_name = "TEXT")]
    pub(crate) task: Option<String>,
    /// The one of the bench's tasks that is done, by its name.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["task", "again"])]
    pub(crate) only: Option<String>,
    /// How many sessions to run; they take the bench's tasks in turn.
    #[arg(long, value_name = "N")]
    pub(crate) sessions: Option<usize>,
    /// The most sessions at once.
    #[arg(long, value_name = "N", conflicts_with = "rate")]
    pub(crate) at_once: Option<usize>,
    /// Seconds from the end of a session to the start of the next in its place.
    #[arg(long, value_name = "SECONDS", conflicts_with_all = ["rate", "arrivals"])]
    pub(crate) think: Option<f64>,
    /// Sessions that start per second on average, at random instants.
    #[arg(long, value_name = "R")]
    pub(crate) rate: Option<f64>,
    /// How evenly they start: the shape of the gamma distribution of the gaps. 1 is a Poisson
    /// process; below 1 they come in bursts.
    #[arg(long, value_name = "SHAPE", conflicts_with_all = ["at_once", "arrivals"])]
    pub(crate) burstiness: Option<f64>,
    /// A trace by whose instants sessions start, one each: a CSV file with a column arrival_s,
    /// arrival_ms or TIMESTAMP, or JSON lines with a `timestamp` in milliseconds.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["at_once", "rate"])]
    pub(crate) arrivals: Option<PathBuf>,
    /// The seed of all randomness.
    #[arg(long, value_name = "S")]
    pub(crate) seed: Option<u64>,
    /// Threads that run components; the result does not depend on them. All cores if left out.
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
    /// A folder of profiles that adds to those built in.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) profiles: Option<PathBuf>,
    /// A real server in place of the bench's machines.
    #[command(flatten)]
    pub(crate) live: LiveArgs,
    /// Prints the slip, as JSON, in place of the timetable.
    #[arg(long)]
    pub(crate) json: bool,
    /// Writes the slip to a file as well.
    #[arg(long, value_name = "FILE")]
    pub(crate) slip: Option<PathBuf>,
    /// Draws the run in an HTML file as well.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// In what other formats the slip is written.
    #[command(flatten)]
    pub(crate) exports: ExportFlags,
    /// Writes what each session changed in granted folders into FOLDER/NUMBER-TASK/.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) keep_files: Option<PathBuf>,
    /// Writes what the one session changed back into the granted folders, if it succeeded.
    #[arg(long)]
    pub(crate) save: bool,
    /// Draws the timetable in ASCII alone.
    #[arg(long)]
    pub(crate) ascii: bool,
    /// What helps to find a mistake.
    #[command(flatten)]
    pub(crate) debug: DebugArgs,
}

/// What helps to find a mistake.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct DebugArgs {
    /// Writes all that was said in the sessions to a file, as JSON Lines: prompts, replies, tool
    /// calls with their outputs, the journal, and how each session ended.
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,
    /// Ends the run at the first session that fails, and writes that session alone to the file of
    /// --log, or to timeslip-failed.jsonl.
    #[arg(long)]
    pub(crate) break_on_error: bool,
    /// Runs a session of an earlier run again, from the run's slip: with the same seed, machines and
    /// starts, up to its end.
    #[arg(long, value_name = "SLIP", conflicts_with_all = [
        "task", "sessions", "at_once", "think", "rate", "burstiness", "arrivals", "seed", "endpoint",
        "on_miss", "break_on_error",
    ])]
    pub(crate) again: Option<PathBuf>,
    /// The session of --again, counted from 0; the first that failed if left out.
    #[arg(long, value_name = "N", requires = "again")]
    pub(crate) session: Option<usize>,
}

const RUN_HELP: &str = "\
Figures (definitions as in NVIDIA AIPerf's metrics reference):
  TTFT            first token - request, with the KV transfer and the first decode step when
                  prefill and decode are apart
  inter-token     (end-to-end - TTFT) / (output tokens - 1)
  tokens/s/user   1 / inter-token
Time is virtual: the same bench and seed give the same slip, byte for byte, on every computer and
any number of threads. With --endpoint, chats take the time that they really took, network
included, measured at the socket: the first token is the first chunk with words, and the end is the
chunk with the finish reason, which is when the agent can go on. Agents and tools compute in modelled
time all the same.";

impl RunArgs {
    /// What the command line says in place of the bench.
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides {
            on: self.on.clone(),
            task: self.task.clone(),
            only: self.only.clone(),
            sessions: self.sessions,
            at_once: self.at_once,
            rate_per_second: self.rate,
            burstiness: self.burstiness,
            think_seconds: self.think,
            arrivals: self.arrivals.clone(),
            seed: self.seed,
            profiles: self.profiles.clone(),
            live: self.live.clone(),
            notes: None,
        }
    }
}

/// `timeslip import`.
#[derive(Args, Debug)]
#[command(after_help = IMPORT_HELP)]
pub(crate) struct ImportArgs {
    /// The recording's format.
    #[arg(value_enum)]
    pub(crate) format: ImportFormat,
    /// The recording.
    pub(crate) file: PathBuf,
    /// The folder for the bench and its cassettes; made if it is not there.
    #[arg(long, short, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// The agent's component.
    #[arg(long, value_name = "COMPONENT")]
    pub(crate) agent: PathBuf,
    /// A tool plugin's component, with `=FOLDER` the files it may read. Give it again for more.
    #[arg(long, value_name = "COMPONENT[=FOLDER]")]
    pub(crate) tool: Vec<String>,
    /// The machine that the bench runs on.
    #[arg(long, value_name = "MACHINE", default_value = "rubin-groq3")]
    pub(crate) on: String,
    /// The bench's name; the output folder's if left out.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The model that was recorded, for the cassettes' header.
    #[arg(long, value_name = "MODEL")]
    pub(crate) recorded_model: Option<String>,
    /// Where the recording comes from, for the cassettes' header; the file's name if left out.
    #[arg(long, value_name = "TEXT")]
    pub(crate) source: Option<String>,
    /// Replaces a text in the recorded outputs of one tool, and notes it in the cassettes.
    #[arg(long, value_name = "TOOL:FROM=>TO")]
    pub(crate) rewrite: Vec<String>,
    /// Prints what was written, as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

const IMPORT_HELP: &str = "\
Example, the airline conversations of tau-bench (TAU is a checkout's folder of recordings and data):
  timeslip import openai-messages TAU/trajectories.json -o airline \\
    --agent agents/prebuilt/airline-service.wasm \\
    --tool plugins/prebuilt/airline.wasm=TAU/data \\
    --recorded-model gpt-4o \\
    --rewrite 'get_user_details:\"province\": =>\"state\": '
  timeslip run airline
The rewrite is needed since the data's key was renamed after the recording.";

/// A format of recordings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ImportFormat {
    /// Message lists as OpenAI's chat API has them: a JSON array or JSON Lines of message lists, or
    /// of objects that hold `messages` or `traj`.
    OpenaiMessages,
}
