//! `timeslip check`: runs a bench, compares it with what was accepted, and says what changed.

use std::path::PathBuf;

use timeslip_gate::slip::Slip;
use timeslip_gate::verdict::{Against, Answer, RunVerdict, Verdict};

use super::args::CheckArgs;
use super::baseline::Baseline;
use super::judge::{Before, judge, verdict};
use super::revision::Revision;
use super::runs::{Ran, Setup, run_all, setups};
use super::{history, reports, wall};
use crate::bench::{Bench, bench_file};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::show;

/// Checks a bench.
pub(crate) fn check(args: &CheckArgs) -> Result<Exit, Failure> {
    show::report::check_place(args.reports.report.as_deref())?;
    let file = bench_file(&args.bench.bench)?;
    let bench = Bench::load(Some(&file), &args.bench.overrides())?;
    let setups = setups(&bench, &args.bench);
    let threads = args.bench.threads();
    if args.wall.wall {
        return wall::check_wall(args, &file, &bench, &setups);
    }
    let ran = run_all(&bench, &setups, threads)?;
    let before = befores(args, &file, &bench, &setups, threads)?;
    let runs = ran.iter().zip(&before).map(|(ran, before)| judged(&bench, ran, before.as_ref()));
    let runs = runs.collect::<Result<Vec<RunVerdict>, Failure>>()?;
    let verdict = verdict(bench.name.clone(), Some(shown(&file)), runs);
    if args.pending {
        return write_pending(args, &bench, &ran, &verdict);
    }
    if let Some(named) = &args.record {
        history::record(named.as_deref(), &file, &ran)?;
    }
    reports::report(&args.reports, &verdict, &slips_of(&ran))?;
    Ok(exit_of(verdict.answer))
}

fn slips_of(ran: &[Ran]) -> Vec<&Slip> {
    ran.iter().map(|ran| &ran.slip).collect()
}

/// The exit code of an answer.
pub(crate) fn exit_of(answer: Answer) -> Exit {
    match answer {
        Answer::Pass | Answer::Warn => Exit::Pass,
        Answer::Fail => Exit::Regression,
        Answer::NoBaseline | Answer::Inconclusive => Exit::NoAnswer,
    }
}

/// A path as reports have it, with `/` between its parts.
pub(crate) fn shown(path: &std::path::Path) -> String {
    crate::bench::tidy(path).display().to_string().replace('\\', "/")
}

fn judged(bench: &Bench, ran: &Ran, before: Option<&Before>) -> Result<RunVerdict, Failure> {
    judge(&bench.gate, ran.setup.name(), before, &ran.slip, &ran.deployments)
}

/// What each run is compared with: its baseline, or the bench at another revision.
fn befores(
    args: &CheckArgs,
    file: &std::path::Path,
    bench: &Bench,
    setups: &[Setup],
    threads: usize,
) -> Result<Vec<Option<Before>>, Failure> {
    let Some(name) = &args.against else {
        return setups.iter().map(|setup| baseline(bench, setup)).collect();
    };
    let revision = Revision::check_out(file, name)?;
    let then = revision.load(&args.bench.overrides())?;
    let against =
        Against::Revision { revision: name.clone(), commit: revision.commit().to_owned() };
    let ran = run_all(&then, setups, threads)?;
    let before = |ran: Ran| Some(Before { against: against.clone(), slip: ran.slip });
    Ok(ran.into_iter().map(before).collect())
}

fn baseline(bench: &Bench, setup: &Setup) -> Result<Option<Before>, Failure> {
    let baseline = Baseline::of(bench, setup)?;
    let against = Against::Baseline { file: shown(&baseline.file) };
    Ok(baseline.read()?.map(|slip| Before { against, slip }))
}

/// Writes what would change, shows it, and says how to take it.
fn write_pending(
    args: &CheckArgs,
    bench: &Bench,
    ran: &[Ran],
    verdict: &Verdict,
) -> Result<Exit, Failure> {
    let mut written: Vec<PathBuf> = Vec::new();
    for ran in ran {
        let baseline = Baseline::of(bench, &ran.setup)?;
        if baseline.write_pending(&ran.slip.to_json())? {
            written.push(baseline.pending);
        }
    }
    reports::report(&args.reports, verdict, &slips_of(ran))?;
    if args.reports.json {
        return Ok(Exit::Pass);
    }
    let bench_path = shown(&args.bench.bench);
    let text = match written.as_slice() {
        [] => "\nnothing would change: the baselines are what the bench gives now\n".to_owned(),
        files => {
            let list: Vec<String> =
                files.iter().map(|file| format!("  {}\n", shown(file))).collect();
            let place = if bench_path == "." { String::new() } else { format!(" {bench_path}") };
            format!("\nwritten, to be taken by `timeslip accept{place}`:\n{}", list.concat())
        }
    };
    output::print(&text)?;
    Ok(Exit::Pass)
}
