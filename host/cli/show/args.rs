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
