//! `timeslip history`, and what `check --record` adds to one.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;
use timeslip_gate::slip::Slip;
use timeslip_history::{
    BenchHistory, Entry, History, Origin, Series, history_html, history_screen, metric_screen,
    moment,
};
use timeslip_report::Style;
use timeslip_runtime::engine::component_digest;
use timeslip_timeline::conversation::nearest;

use super::args::HistoryArgs;
use super::baseline::read_slip;
use super::git::git;
use super::runs::Ran;
use crate::exit::{Exit, Failure};
use crate::output;

/// A bench's history, beside it.
const HISTORY: &str = "timeslip-history.sqlite";

/// Adds runs to a history: the named one, or the one beside the bench.
pub(super) fn record(named: Option<&Path>, bench: &Path, ran: &[Ran]) -> Result<(), Failure> {
    let folder = bench.parent().unwrap_or(Path::new(""));
    let file = named.map_or_else(|| folder.join(HISTORY), Path::to_owned);
    let mut history = History::open(&file).map_err(Failure::usage)?;
    let commit = Commit::of(if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    for ran in ran {
        let entry = Entry::of_slip(&ran.slip, commit.origin(&ran.slip));
        history.record(&entry).map_err(Failure::run)?;
    }
    Ok(())
}

/// Draws a history, after adding what is to be imported.
pub(crate) fn history(args: &HistoryArgs) -> Result<Exit, Failure> {
    if !args.import.is_empty() {
        import(args)?;
    }
    let history = History::open_for_reading(&args.file).map_err(Failure::usage)?;
    let benches = wanted(args, &history)?;
    if let Some(file) = &args.html {
        output::write_file(file, history_html(&benches).as_bytes())?;
    }
    if args.json {
        output::print(&(as_json(&benches).to_string() + "\n"))?;
        return Ok(Exit::Pass);
    }
    let style = Style { width: output::width(), colour: output::is_coloured(), ascii: args.ascii };
    let mut screens = Vec::new();
    for bench in &benches {
        match &args.metric {
            None => screens.push(history_screen(bench, style)),
            Some(name) => screens.push(metric_screen(bench, metric(bench, name)?, style)),
        }
    }
    output::print(&screens.join("\n"))?;
    Ok(Exit::Pass)
}

/// Adds slips in the order in which they are named. They say nothing of commits.
fn import(args: &HistoryArgs) -> Result<(), Failure> {
    let slips: Result<Vec<Slip>, Failure> =
        args.import.iter().map(|file| read_slip(file)).collect();
    let slips = slips?;
    let mut history = History::open(&args.file).map_err(Failure::usage)?;
    let nowhere = Commit::default();
    for slip in &slips {
        let entry = Entry::of_slip(slip, nowhere.origin(slip));
        history.record(&entry).map_err(Failure::run)?;
    }
    Ok(())
}

/// The benches that are asked for.
fn wanted(args: &HistoryArgs, history: &History) -> Result<Vec<BenchHistory>, Failure> {
    let known = history.benches().map_err(Failure::usage)?;
    let wanted =
        known.iter().filter(|one| args.bench.as_ref().is_none_or(|name| *name == one.bench));
    let found: Result<Vec<BenchHistory>, _> =
        wanted.map(|one| history.of_bench(&one.bench, &one.on)).collect();
    let found = found.map_err(Failure::usage)?;
    match &args.bench {
        Some(name) if found.is_empty() => {
            let near = nearest(name, known.iter().map(|one| one.bench.as_str()));
            let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            Err(Failure::usage(format!("{} has no bench `{name}`{hint}", args.file.display())))
        }
        _ => Ok(found),
    }
}

fn metric<'b>(bench: &'b BenchHistory, name: &str) -> Result<&'b Series, Failure> {
    bench.series.iter().find(|series| series.metric == name).ok_or_else(|| {
        let names = || bench.series.iter().map(|series| series.metric.as_str());
        let hint = match nearest(name, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known are {}", names().collect::<Vec<_>>().join(", ")),
        };
        Failure::usage(format!("the history has no metric `{name}`; {hint}"))
    })
}

fn as_json(benches: &[BenchHistory]) -> serde_json::Value {
    let point = |point: &timeslip_history::Point| {
        json!({
            "commit": point.commit,
            "recorded_at": point.recorded_at,
            "value": point.value,
        })
    };
    let series = |series: &Series| {
        json!({
            "metric": series.metric,
            "unit": series.unit,
            "points": series.points.iter().map(point).collect::<Vec<_>>(),
        })
    };
    let bench = |bench: &BenchHistory| {
        json!({
            "bench": bench.bench,
            "on": bench.on,
            "series": bench.series.iter().map(series).collect::<Vec<_>>(),
        })
    };
    benches.iter().map(bench).collect()
}

/// The commit that a run is of, where git knows one.
#[derive(Default)]
struct Commit {
    commit: Option<String>,
    branch: Option<String>,
    time: Option<String>,
}

impl Commit {
    fn of(folder: &Path) -> Commit {
        let ask = |arguments: &[&str]| git(folder, arguments).ok().filter(|text| !text.is_empty());
        let seconds = ask(&["log", "-1", "--format=%ct"]).and_then(|text| text.parse().ok());
        Commit {
            commit: ask(&["rev-parse", "HEAD"]),
            branch: ask(&["symbolic-ref", "--short", "--quiet", "HEAD"]),
            time: seconds.map(moment::utc),
        }
    }

    fn origin(&self, slip: &Slip) -> Origin {
        Origin {
            recorded_at: now(),
            commit: self.commit.clone(),
            branch: self.branch.clone(),
            commit_time: self.time.clone(),
            slip_digest: component_digest(slip.to_json().as_bytes()),
        }
    }
}

/// The present instant. No result depends on it; a history says when it was written.
fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    moment::utc(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
