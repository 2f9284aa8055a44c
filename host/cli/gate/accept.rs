//! `timeslip accept`: what waits becomes the baseline, after it was shown.

use timeslip_gate::verdict::Against;

use super::args::{AcceptArgs, ReportArgs};
use super::baseline::Baseline;
use super::check::shown;
use super::judge::{Before, judge, verdict};
use super::reports;
use super::runs::{run_all, setups};
use crate::bench::{Bench, bench_file};
use crate::exit::{Exit, Failure};
use crate::output;

/// Accepts the slips that wait.
///
/// The bench is run again, since what was reviewed must be what the bench gives: a slip that is not
/// the one that waits is refused, and nothing is taken.
pub(crate) fn accept(args: &AcceptArgs) -> Result<Exit, Failure> {
    let file = bench_file(&args.bench.bench)?;
    let bench = Bench::load(Some(&file), &args.bench.overrides())?;
    let mut waiting = Vec::new();
    for setup in setups(&bench, &args.bench) {
        let baseline = Baseline::of(&bench, &setup)?;
        if baseline.read_pending()?.is_some() {
            waiting.push((setup, baseline));
        }
    }
    if waiting.is_empty() {
        return Err(Failure {
            exit: Exit::NoAnswer,
            message: "nothing waits to be accepted\n  fix: `timeslip check --pending` writes what \
                      would change"
                .to_owned(),
        });
    }
    let on: Vec<_> = waiting.iter().map(|(setup, _)| setup.clone()).collect();
    let ran = run_all(&bench, &on, args.bench.threads())?;
    let mut runs = Vec::new();
    for (ran, (setup, baseline)) in ran.iter().zip(&waiting) {
        let pending = std::fs::read_to_string(&baseline.pending).unwrap_or_default();
        if pending != ran.slip.to_json() {
            return Err(Failure {
                exit: Exit::NoAnswer,
                message: format!(
                    "{} is not what the bench gives now, so nothing is accepted\n  fix: `timeslip \
                     check --pending` writes it again, to be reviewed",
                    shown(&baseline.pending)
                ),
            });
        }
        let against = Against::Baseline { file: shown(&baseline.file) };
        let before = baseline.read()?.map(|slip| Before { against, slip });
        let (slip, deployments) = (&ran.slip, &ran.deployments);
        runs.push(judge(&bench.gate, setup.name(), before.as_ref(), slip, deployments)?);
    }
    let verdict = verdict(bench.name.clone(), Some(shown(&file)), runs);
    let options = ReportArgs { json: args.json, ascii: args.ascii, ..ReportArgs::default() };
    reports::report(&options, &verdict, &[])?;
    for (_, baseline) in &waiting {
        baseline.accept()?;
        if !args.json {
            output::print(&format!("accepted: {}\n", shown(&baseline.file)))?;
        }
    }
    Ok(Exit::Pass)
}
