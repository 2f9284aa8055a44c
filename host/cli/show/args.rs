//! The commands that show results, as they are typed.

use std::path::PathBuf;

use clap::Args;

/// `timeslip report`.
#[derive(Args, Debug)]
#[command(after_help = REPORT_HELP)]
pub(crate) struct ReportFileArgs {
    /// Slips, as `timeslip run --slip FILE` writes them.
    #[arg(required = true, value_name = "SLIP")]
    pub(crate) slips: Vec<PathBuf>,
    /// The file to write.
    #[arg(long, short, value_name = "FILE", default_value = "timeslip-report.html")]
    pub(crate) output: PathBuf,
}

const REPORT_HELP: &str = "\
The file holds everything that it needs and loads nothing: a timeline of sessions and machines, the
waterfall of a session with its critical path, distributions, and several slips side by side. `run`,
`check`, `diff`, `compare`, `sweep` and `replay` write one by --report FILE.
Example:
  timeslip run --slip run.json
  timeslip report run.json -o run.html";

/// `timeslip export`.
#[derive(Args, Debug)]
#[command(after_help = EXPORT_HELP)]
pub(crate) struct ExportArgs {
    /// The slip.
    pub(crate) slip: PathBuf,
    #[command(flatten)]
    pub(crate) flags: ExportFlags,
}

/// What a slip is written as besides.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ExportFlags {
    /// Writes a trace to a file, for Perfetto (Chrome's trace event format).
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
    /// Sends OpenTelemetry spans to a collector (http://HOST:4318), or writes them to a file as JSON.
    #[arg(long, value_name = "URL|FILE")]
    pub(crate) otlp: Option<String>,
    /// Where the run's clock begins in those spans: a day (2026-01-31), or seconds since 1970.
    #[arg(long, value_name = "WHEN", requires = "otlp")]
    pub(crate) epoch: Option<String>,
    /// Writes the steps to a CSV file.
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
    /// Writes the steps to a Parquet file.
    #[arg(long, value_name = "FILE")]
    pub(crate) parquet: Option<PathBuf>,
    /// Writes the figures to a file in Prometheus' text format.
    #[arg(long, value_name = "FILE")]
    pub(crate) prometheus: Option<PathBuf>,
}

const EXPORT_HELP: &str = "\
Spans have OpenTelemetry's names for generative AI; energy, cost and what hardware did stand under
timeslip.*. One trace holds one session. `run` takes the same flags.
Examples:
  timeslip export run.json --trace run.trace.json
  timeslip export run.json --otlp http://127.0.0.1:4318 --epoch 2026-01-31
  timeslip export run.json --parquet steps.parquet
In Python: duckdb.sql(\"select tool, count(*), avg(e2e_ns) / 1e6 as ms from 'steps.parquet'
where kind = 'tool' group by tool order by ms desc\")";

/// `timeslip view`.
#[derive(Args, Debug)]
#[command(after_help = VIEW_HELP)]
pub(crate) struct ViewArgs {
    /// The slip.
    pub(crate) slip: PathBuf,
    /// The session, counted from 0; the only one if left out, or a list of all.
    #[arg(long, value_name = "N")]
    pub(crate) session: Option<usize>,
    /// One step of it, counted from 0, with every figure.
    #[arg(long, value_name = "N")]
    pub(crate) step: Option<usize>,
    /// The run's transcript, as `run --log FILE` writes it: what was said in each step.
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,
    /// Prints the session, or the step, as the slip has it, as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Draws in ASCII alone.
    #[arg(long)]
    pub(crate) ascii: bool,
}

const VIEW_HELP: &str = "\
On a terminal it goes on with a prompt: Enter for the next step, p for the one before, a number for that
step, `s 3` for session 3, l for the list of sessions, q to leave. A slip holds no words: with --log a
step shows messages, arguments and results.
Example:
  timeslip run --slip run.json --log run.jsonl
  timeslip view run.json --log run.jsonl";
