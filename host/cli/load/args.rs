//! `timeslip replay`, `sweep`, `compare` and `capacity`, as they are typed.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// What is run: a bench with its agents, or sessions without any.
#[derive(Args, Clone, Debug)]
pub(crate) struct WorkloadArgs {
    /// A bench file, a folder with a timeslip.toml, or an agent's .wasm file; if left out, the
    /// timeslip.toml of the current folder, and where there is none the built-in example.
    #[arg(conflicts_with_all = ["replay", "generate"])]
    pub(crate) bench: Option<PathBuf>,
    /// A trace or an earlier slip, in place of a bench: sessions without their agents.
    #[arg(long, value_name = "FILE", conflicts_with = "generate")]
    pub(crate) replay: Option<PathBuf>,
    /// Made-up sessions in place of a bench, such as requests=2000,input=1024,output=200.
    #[arg(long, value_name = "SPEC")]
    pub(crate) generate: Option<String>,
    /// How many sessions of a trace or a bench; a slip's and a bench's begin again.
    #[arg(long, value_name = "N")]
    pub(crate) sessions: Option<usize>,
    /// The seed of all randomness.
    #[arg(long, value_name = "S")]
    pub(crate) seed: Option<u64>,
    /// A folder of profiles that adds to those built in.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) profiles: Option<PathBuf>,
}

/// `timeslip replay`.
#[derive(Args, Debug)]
#[command(after_help = REPLAY_HELP)]
pub(crate) struct ReplayArgs {
    /// A trace (Mooncake, Azure, CSV, a log of vLLM's requests) or an earlier slip.
    #[arg(required_unless_present = "generate", conflicts_with = "generate")]
    pub(crate) source: Option<PathBuf>,
    /// Makes a load up: requests=20000,input=1024,output=200,every=2ms, or sessions=1000,calls=10.
    #[arg(long, value_name = "SPEC")]
    pub(crate) generate: Option<String>,
    /// The trace's format, where its content does not say it.
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<String>,
    /// The machine; MACHINE:MODEL for another model than its default. Several take the sessions in
    /// turn.
    #[arg(long, value_name = "MACHINE", required = true)]
    pub(crate) on: Vec<String>,
    /// How many sessions: the first of a trace; of a slip over and over.
    #[arg(long, value_name = "N")]
    pub(crate) sessions: Option<u64>,
    /// How many times faster the trace's sessions arrive.
    #[arg(long, value_name = "X", conflicts_with_all = ["rate", "at_once", "every"])]
    pub(crate) speed: Option<f64>,
    /// Sessions that start per second on average, at random instants.
    #[arg(long, value_name = "R", conflicts_with_all = ["at_once", "every"])]
    pub(crate) rate: Option<f64>,
    /// How evenly they start: the shape of the gamma distribution of the gaps. 1 is a Poisson
    /// process; below 1 they come in bursts.
    #[arg(long, value_name = "SHAPE", requires = "rate")]
    pub(crate) burstiness: Option<f64>,
    /// One session after each such span: 2ms, 0.5s.
    #[arg(long, value_name = "SPAN", conflicts_with = "at_once")]
    pub(crate) every: Option<String>,
    /// The most sessions at once.
    #[arg(long, value_name = "N")]
    pub(crate) at_once: Option<u64>,
    /// From a session's end to the start of the next in its place.
    #[arg(long, value_name = "SPAN", requires = "at_once")]
    pub(crate) think: Option<String>,
    /// Gives a request up that has no complete reply after this span, and counts it.
    #[arg(long, value_name = "SPAN")]
    pub(crate) timeout: Option<String>,
    /// What a request must meet to count as good: ttft=500ms,inter_token=20ms,e2e=10s.
    #[arg(long, value_name = "OBJECTIVES")]
    pub(crate) slo: Option<String>,
    /// Has a group of chips fail: [MACHINE/]ROLE.NUMBER@FROM[+SPAN], as in all.0@10s+30s. Give it
    /// again for more.
    #[arg(long, value_name = "OUTAGE")]
    pub(crate) fail: Vec<String>,
    /// Draws it in an HTML file as well.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Writes what became of each request to a CSV file as well.
    #[arg(long, value_name = "FILE")]
    pub(crate) requests: Option<PathBuf>,
    /// The seed of all randomness.
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(crate) seed: u64,
    /// A folder of profiles that adds to those built in.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) profiles: Option<PathBuf>,
    /// Prints everything, as JSON.
    #[arg(long, conflicts_with = "screen")]
    pub(crate) json: bool,
    /// Prints the screen also where standard output is no terminal.
    #[arg(long)]
    pub(crate) screen: bool,
}

const REPLAY_HELP: &str = "\
On a terminal a screen is printed; into a file or a pipe, the slip's summary as JSON. How many
requests were replayed in a second of wall time stands on standard error.
Examples:
  timeslip replay conversation_trace.jsonl --on vera-rubin-nvl72
  timeslip replay run.slip.json --sessions 1000000 --at-once 500 --on rubin-groq3
  timeslip replay --generate requests=20000,input=1024,output=200,every=2ms --on fixed-step";

/// `timeslip sweep`.
#[derive(Args, Debug)]
#[command(after_help = SWEEP_HELP)]
pub(crate) struct SweepArgs {
    #[command(flatten)]
    pub(crate) workload: WorkloadArgs,
    /// The machine; MACHINE:MODEL for another model than its default. Give it again for more.
    #[arg(long, value_name = "MACHINE", required = true)]
    pub(crate) on: Vec<String>,
    /// Sessions at once, one point for each number.
    #[arg(long, value_name = "N,…", value_delimiter = ',', conflicts_with = "rate")]
    pub(crate) concurrency: Vec<u64>,
    /// Sessions that start per second on average, one point for each number.
    #[arg(long, value_name = "R,…", value_delimiter = ',')]
    pub(crate) rate: Vec<f64>,
    /// Copies of the machine's pools, one point for each number.
    #[arg(long, value_name = "N,…", value_delimiter = ',', conflicts_with = "prefill_decode")]
    pub(crate) racks: Vec<u64>,
    /// Copies of the prefill pool to copies of the decode pool, one point for each ratio.
    #[arg(long, value_name = "P:D,…", value_delimiter = ',')]
    pub(crate) prefill_decode: Vec<String>,
    /// A file of the finished points: written as they finish, and read again by a sweep that was
    /// cut off.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Draws it in an HTML file as well.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Threads, one point on each at a time; the result does not depend on them. All cores if left
    /// out.
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Prints JSON.
    #[arg(long, conflicts_with = "csv")]
    pub(crate) json: bool,
    /// Prints CSV.
    #[arg(long)]
    pub(crate) csv: bool,
}

const SWEEP_HELP: &str = "\
tokens/s/user  the median of 1 / inter-token latency
tokens/s/MW    output tokens per megajoule of the whole machine, idle chips included
$/M tokens     what the whole machine costs in that time, per million output tokens
Frontier: a point that no other beats in tokens/s/user without losing in tokens/s for a chip (C), in
tokens/s/MW (P) or in $/M tokens ($).
Example:
  timeslip sweep --generate requests=2000,input=4096~1024,output=300 --on rubin-groq3 \\
    --on vera-rubin-nvl72 --concurrency 1,8,64,512 -o sweep.jsonl";

/// `timeslip compare`.
#[derive(Args, Debug)]
pub(crate) struct CompareArgs {
    #[command(flatten)]
    pub(crate) workload: WorkloadArgs,
    /// The machine; MACHINE:MODEL for another model than its default. Give it at least twice; all
    /// are held against the first.
    #[arg(long, value_name = "MACHINE", required = true)]
    pub(crate) on: Vec<String>,
    /// The most sessions at once, in place of the workload's.
    #[arg(long, value_name = "N", conflicts_with = "rate")]
    pub(crate) at_once: Option<u64>,
    /// Sessions that start per second on average, in place of the workload's.
    #[arg(long, value_name = "R")]
    pub(crate) rate: Option<f64>,
    /// Draws it in an HTML file as well.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Threads; the result does not depend on them. All cores if left out.
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `timeslip capacity`.
#[derive(Args, Debug)]
#[command(after_help = CAPACITY_HELP)]
pub(crate) struct CapacityArgs {
    #[command(flatten)]
    pub(crate) workload: WorkloadArgs,
    /// The machine; MACHINE:MODEL for another model than its default. Give it again for more.
    #[arg(long, value_name = "MACHINE", required = true)]
    pub(crate) on: Vec<String>,
    /// What must hold: ttft=500ms,inter_token=20ms,e2e=10s,session=60s, each at most.
    #[arg(long, value_name = "OBJECTIVES", required = true)]
    pub(crate) slo: String,
    /// Of which requests and sessions it must hold.
    #[arg(long, value_enum, default_value_t = Percentile::P95)]
    pub(crate) at: Percentile,
    /// The most sessions at once that are tried.
    #[arg(long, value_name = "N", default_value_t = 4096)]
    pub(crate) most: u64,
    /// Threads, one machine on each at a time. All cores if left out.
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

const CAPACITY_HELP: &str = "\
The number of sessions at once is doubled while the objectives hold, and then narrowed down between
the last that holds and the first that does not; no session may fail. It is taken that with more
sessions nothing gets better. At least four sessions run for each that is there at once.";

/// A percentile of a slip's summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Percentile {
    /// Half of them.
    P50,
    /// 90 of 100.
    P90,
    /// 95 of 100.
    P95,
    /// 99 of 100.
    P99,
}
