//! The gate's part of the command line, as it is typed.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use crate::bench::Overrides;

/// What says which bench is run, and on what.
#[derive(Args, Debug)]
pub(crate) struct BenchArgs {
    /// A bench file, or a folder with a timeslip.toml; this folder if left out.
    #[arg(default_value = ".")]
    pub(crate) bench: PathBuf,
    /// A machine in place of the bench's `[check] on`: MACHINE, MACHINE:MODEL, or several under one
    /// run, joined by `+`. Give it again for another run.
    #[arg(long, value_name = "MACHINE")]
    pub(crate) on: Vec<String>,
    /// How many sessions to run; they take the bench's tasks in turn.
    #[arg(long, value_name = "N")]
    pub(crate) sessions: Option<usize>,
    /// The seed of all randomness.
    #[arg(long, value_name = "S")]
    pub(crate) seed: Option<u64>,
    /// Threads in all; the result does not depend on them. All cores if left out.
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
    /// A folder of profiles that adds to those built in.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) profiles: Option<PathBuf>,
}

impl BenchArgs {
    /// What the command line says in place of the bench.
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides {
            sessions: self.sessions,
            seed: self.seed,
            profiles: self.profiles.clone(),
            ..Overrides::default()
        }
    }

    /// How many threads there are.
    pub(crate) fn threads(&self) -> usize {
        self.threads.map_or_else(crate::run::available_threads, usize::from)
    }
}

/// `timeslip check`.
#[derive(Args, Debug)]
#[command(after_help = CHECK_HELP)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) bench: BenchArgs,
    /// Compares with the bench at another git revision, run in a worktree of its own, and with no
    /// baseline.
    #[arg(long, value_name = "REV")]
    pub(crate) against: Option<String>,
    /// Writes what would change beside the baselines, to be looked at and taken by `accept`.
    #[arg(long, conflicts_with = "against")]
    pub(crate) pending: bool,
    /// Adds the run's figures to a history; `timeslip-history.sqlite` beside the bench if no file is
    /// given.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    pub(crate) record: Option<Option<PathBuf>>,
    #[command(flatten)]
    pub(crate) reports: ReportArgs,
    #[command(flatten)]
    pub(crate) wall: WallArgs,
}

/// What a verdict is written as, besides the screen.
#[derive(Args, Debug, Default)]
pub(crate) struct ReportArgs {
    /// Prints the verdict, as JSON, in place of the screen.
    #[arg(long)]
    pub(crate) json: bool,
    /// Prints GitHub's annotations after the screen, and adds the Markdown to the job's summary.
    #[arg(long)]
    pub(crate) github: bool,
    /// Writes Markdown to a file.
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<PathBuf>,
    /// Writes JUnit XML to a file.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Writes SARIF to a file.
    #[arg(long, value_name = "FILE")]
    pub(crate) sarif: Option<PathBuf>,
    /// Writes Bencher Metric Format to a file.
    #[arg(long, value_name = "FILE")]
    pub(crate) bencher: Option<PathBuf>,
    /// Writes what github-action-benchmark reads (`customSmallerIsBetter`) to a file.
    #[arg(long, value_name = "FILE")]
    pub(crate) benchmark_action: Option<PathBuf>,
    /// Draws the verdict and its runs in an HTML file.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Draws in ASCII alone.
    #[arg(long)]
    pub(crate) ascii: bool,
}

/// Measuring the wall clock.
#[derive(Args, Debug)]
pub(crate) struct WallArgs {
    /// Measures the wall-clock time of whole runs too, in interleaved pairs; with --against or
    /// --with.
    #[arg(long)]
    pub(crate) wall: bool,
    /// Pairs of runs that are measured.
    #[arg(long, value_name = "N", default_value = "20", requires = "wall")]
    pub(crate) pairs: NonZeroUsize,
    /// The slowdown from which it matters, in percent.
    #[arg(long, value_name = "PERCENT", default_value = "5", requires = "wall")]
    pub(crate) practical: f64,
    /// Compares with a measurement that --save wrote, on the same testbed only.
    #[arg(long, value_name = "FILE", requires = "wall", conflicts_with = "against")]
    pub(crate) with: Option<PathBuf>,
    /// Writes the measurement to a file.
    #[arg(long, value_name = "FILE", requires = "wall")]
    pub(crate) save: Option<PathBuf>,
}

const CHECK_HELP: &str = "\\
In virtual time there is no noise: what differs from the baseline has changed. Every change is priced \\
by running it in virtual time again with the change undone, so the parts sum to the whole.
  timeslip check --pending   writes the first baselines, or what would change in them, to be reviewed
  timeslip accept            takes them
A change fails when it adds time, calls, tokens or dollars. What changes computing alone may add up \\
to [check] computing_tolerance (1 % of the end-to-end time unless the bench says otherwise): another \\
compiler moves an agent's computing by some percent, which is far below a thousandth of a session.";

/// `timeslip accept`.
#[derive(Args, Debug)]
pub(crate) struct AcceptArgs {
    #[command(flatten)]
    pub(crate) bench: BenchArgs,
    /// Prints the verdict, as JSON, in place of the screen.
    #[arg(long)]
    pub(crate) json: bool,
    /// Draws in ASCII alone.
    #[arg(long)]
    pub(crate) ascii: bool,
}

/// `timeslip diff`.
#[derive(Args, Debug)]
pub(crate) struct DiffArgs {
    /// The slip of before.
    pub(crate) before: PathBuf,
    /// The slip of now.
    pub(crate) now: PathBuf,
    /// A folder of profiles that adds to those built in.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) profiles: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) reports: ReportArgs,
}

/// `timeslip history`.
#[derive(Args, Debug)]
pub(crate) struct HistoryArgs {
    /// The history's file.
    #[arg(default_value = "timeslip-history.sqlite")]
    pub(crate) file: PathBuf,
    /// The bench; all if left out.
    #[arg(long, value_name = "NAME")]
    pub(crate) bench: Option<String>,
    /// The metric, drawn large; all in a line each if left out.
    #[arg(long, value_name = "NAME")]
    pub(crate) metric: Option<String>,
    /// Writes charts to a file that needs nothing else.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Adds earlier slips, in this order.
    #[arg(long, value_name = "SLIP", num_args = 1..)]
    pub(crate) import: Vec<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Draws in ASCII alone.
    #[arg(long)]
    pub(crate) ascii: bool,
}

/// `timeslip init`.
#[derive(Args, Debug)]
pub(crate) struct InitArgs {
    /// The folder for timeslip.toml; made if it is not there.
    #[arg(default_value = ".")]
    pub(crate) folder: PathBuf,
}
