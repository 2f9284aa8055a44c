//! `timeslip run`: runs a bench, prints its timetable or its slip.

use std::borrow::Cow;
use std::cell::RefCell;
use std::io::Write;
use std::path::{Path, PathBuf};

use timeslip_gate::slip::SessionStatus;
use timeslip_live::LiveRun;
use timeslip_report::page::Page;
use timeslip_report::{RunScreen, Style, ToolOutputsNote, run_screen};
use timeslip_timeline::drive::{RUN_ENDED, RunUntil};
use timeslip_timeline::record::{RunRecord, SessionOutcome, SessionRecord, StepKind, ToolStep};
use timeslip_words::cassette::{CassetteWords, Matching, ObservedToolCall, ToolVerdict};

use crate::again::Again;
use crate::args::{DebugArgs, RunArgs};
use crate::bench::{Bench, LoadedWords, RecordedWords};
use crate::exit::{Exit, Failure};
use crate::live::args::OnMiss;
use crate::live::recorder::Recorders;
use crate::machines::{PlacedMachine, place};
use crate::output;
use crate::progress::Progress;
use crate::servers::{Servers, asks_servers};
use crate::session_files::FileWishes;
use crate::show;
use crate::stage::{self, Extent, Outcome, Setting, Watchers};
use crate::transcript;
use crate::words::{left_to_servers, words, words_note};

/// Differing outputs that are shown.
const EXAMPLES_MAX: usize = 3;

/// The file of the session that failed, unless another is named.
const FAILED_LOG: &str = "timeslip-failed.jsonl";

/// Runs a bench and reports it.
pub(crate) fn run(args: &RunArgs) -> Result<Exit, Failure> {
    #[cfg(feature = "local")]
    let (args, _server) = &with_local_server(args)?;
    let debug = &args.debug;
    let again = debug.again.as_deref().map(|slip| Again::read(slip, debug.session)).transpose()?;
    let (bench, overrides) = (args.bench.as_deref(), args.overrides());
    let bench = match &again {
        Some(again) => again.bench(bench, overrides)?,
        None => Bench::load(bench, &overrides)?,
    };
    perform(args, &bench, again.as_ref(), |bench, machines| {
        match args.live.on_miss.unwrap_or_default() {
            OnMiss::Fail => Ok(None),
            OnMiss::Record => Recording::going_on(bench, machines).map(Some),
        }
    })
}

/// Writes the transcripts that the command line asks for.
fn write_transcripts(debug: &DebugArgs, bench: &Bench, record: &RunRecord) -> Result<(), Failure> {
    let input = |task: usize| &*bench.tasks[task].input;
    if !debug.break_on_error {
        return match &debug.log {
            Some(log) => transcript::write(log, record.sessions.iter(), input),
            None => Ok(()),
        };
    }
    let Some(session) = first_failure(record) else { return Ok(()) };
    let log = debug.log.as_deref().unwrap_or(Path::new(FAILED_LOG));
    transcript::write(log, std::iter::once(session), input)?;
    let (number, task, log) = (session.id.0, &session.task, log.display());
    tell(&format!("session {number} ({task}) failed; all that was said in it is in {log}"));
    Ok(())
}

/// The session that failed first; others were stopped at the same instant, since the run was over.
fn first_failure(record: &RunRecord) -> Option<&SessionRecord> {
    let failed = |session: &&SessionRecord| match &session.outcome {
        SessionOutcome::Answered(_) => false,
        SessionOutcome::GaveUp(_) => true,
        SessionOutcome::Stopped(cause) => cause.kind != RUN_ENDED,
    };
    record.sessions.iter().filter(failed).min_by_key(|session| session.ended_at)
}

/// Standard output carries the run alone.
fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// The arguments with the address of a server of the user's own file, which is there as long as the
/// second part.
#[cfg(feature = "local")]
pub(crate) fn with_local_server(
    args: &RunArgs,
) -> Result<(RunArgs, Option<crate::live::local::LocalServer>), Failure> {
    let mut args = args.clone();
    let server = match &args.live.gguf {
        Some(file) => Some(crate::live::local::LocalServer::start(file)?),
        None => None,
    };
    if let Some(server) = &server {
        args.live.endpoint = Some(server.url.clone());
    }
    Ok((args, server))
}

/// What is recorded while a bench runs.
pub(crate) struct Recording {
    /// Writes the cassettes.
    pub(crate) recorders: Recorders,
    /// What stands in them already.
    pub(crate) words: CassetteWords,
    /// What to tell at the end.
    pub(crate) told: String,
}

impl Recording {
    /// Goes on with the bench's own cassettes.
    fn going_on(bench: &Bench, machines: &[PlacedMachine]) -> Result<Recording, Failure> {
        let LoadedWords::Cassette(RecordedWords { cassettes, .. }) = &bench.words else {
            return Err(Failure::usage(
                "--on-miss record goes on with cassettes, and the words of this bench are none\n  \
                 fix: `timeslip record` makes a recording of it",
            ));
        };
        if !asks_servers(bench, machines) {
            return Err(Failure::usage(
                "--on-miss record asks a real server, and none is named\n  fix: add --endpoint URL",
            ));
        }
        if bench.sessions > cassettes.len() {
            return Err(Failure::usage(format!(
                "{} sessions cannot go on with {} cassettes: each is recorded into its own\n  fix: \
                 run at most {} sessions",
                bench.sessions,
                cassettes.len(),
                cassettes.len()
            )));
        }
        let files =
            cassettes.iter().map(|one| (PathBuf::from(one.file()), one.header().clone())).collect();
        let (recorders, cassettes) = Recorders::open(files)?;
        let (matching, tokenizer) = (Matching::Exact, bench.tokenizer.clone());
        let words = CassetteWords::new(cassettes, matching, tokenizer);
        Ok(Recording { recorders, words, told: "recorded into the bench's cassettes".to_owned() })
    }
}

/// Runs a bench, or one session of it once more, records it where `begin` says so, and reports it.
pub(crate) fn perform(
    args: &RunArgs,
    bench: &Bench,
    again: Option<&Again>,
    begin: impl FnOnce(&Bench, &[PlacedMachine]) -> Result<Option<Recording>, Failure>,
) -> Result<Exit, Failure> {
    let sessions = again.map_or(bench.sessions, |_| 1);
    let wishes = FileWishes::check(bench, sessions, args.keep_files.as_deref(), args.save)?;
    check_outputs(args)?;
    let Begun { setting, words_note, recorders, told } =
        begun(args, bench, again, wishes.any(), begin)?;
    let recorders = RefCell::new(recorders);
    let progress = RefCell::new(Progress::new(bench.sessions));
    let watchers = Watchers {
        on_step_end: &mut |session, step| {
            progress.borrow_mut().step_ended(session, step);
            if let Some(recorders) = recorders.borrow_mut().as_mut() {
                recorders.step(session, step);
            }
        },
        on_fetch_end: &mut |session, fetch| {
            if let Some(recorders) = recorders.borrow_mut().as_mut() {
                recorders.fetch(session, fetch);
            }
        },
        on_session_end: &mut |ended, now| progress.borrow_mut().session_ended(ended, now),
    };
    let outcome = stage::run(bench, setting, watchers)?;
    drop(progress);
    let outcome = match again {
        Some(again) => again.alone(outcome),
        None => outcome,
    };
    // A run on real servers has cost money, so its result is printed whatever cannot be written.
    let logged = write_transcripts(&args.debug, bench, &outcome.record);
    let exit = report(args, bench, &outcome, &words_note)?;
    logged?;
    wishes.fulfil(bench, &outcome, exit == Exit::Pass)?;
    if let Some(again) = again {
        tell(&again.told(&outcome.slip));
    }
    if let Some(recorders) = recorders.into_inner() {
        let steps = recorders.finish()?;
        tell(&format!("{steps} steps {}", told.unwrap_or_default()));
    }
    Ok(exit)
}

/// A run that is about to go.
struct Begun {
    setting: Setting,
    words_note: String,
    recorders: Option<Recorders>,
    /// What is told of the recording, where there is one.
    told: Option<String>,
}

/// Places the machines, begins the recording, if there is to be one, and starts the servers.
fn begun(
    args: &RunArgs,
    bench: &Bench,
    again: Option<&Again>,
    keeps_files: bool,
    begin: impl FnOnce(&Bench, &[PlacedMachine]) -> Result<Option<Recording>, Failure>,
) -> Result<Begun, Failure> {
    let mut live = None;
    let machines = place(bench, &bench.machines, &mut live)?;
    let recording = begin(bench, &machines)?;
    if recording.is_some() && live.is_none() && !bench.servers.is_empty() {
        live = Some(LiveRun::start().map_err(Failure::run)?);
    }
    let servers = Servers::of(bench, live.as_ref())?;
    let words_note = words_note(bench, &machines);
    let (recorders, recorded, told) = match recording {
        Some(Recording { mut recorders, words, told }) => {
            recorders.servers(servers.tools())?;
            (Some(recorders), Some(words), Some(told))
        }
        None => (None, None, None),
    };
    let failed = recorders.as_ref().map(Recorders::failed);
    let left_to = left_to_servers(&machines, live.is_some());
    let setting = Setting {
        words: words(bench, &machines, left_to, recorded, failed),
        machines,
        live,
        servers,
        extent: Extent::of(bench),
        until: match (again, args.debug.break_on_error) {
            (Some(again), _) => again.until(),
            (None, true) => RunUntil::FirstFailure,
            (None, false) => RunUntil::AllHaveEnded,
        },
        threads: args.threads.map_or_else(available_threads, usize::from),
        keeps_files,
    };
    Ok(Begun { setting, words_note, recorders, told })
}

/// Refuses, before anything runs, places that results cannot be written to.
fn check_outputs(args: &RunArgs) -> Result<(), Failure> {
    let files = [("--slip", &args.slip), ("--log", &args.debug.log), ("--report", &args.report)];
    let files: Vec<(&str, &Path)> =
        files.into_iter().filter_map(|(flag, file)| Some((flag, file.as_deref()?))).collect();
    for (index, (flag, path)) in files.iter().enumerate() {
        output::check_place(path)?;
        let same = files[..index].iter().find(|(_, other)| output::is_one_file(other, path));
        if let Some((other, _)) = same {
            return Err(Failure::usage(format!(
                "{other} and {flag} both write {}\n  fix: name a file for each",
                path.display()
            )));
        }
    }
    args.exports.check_places()
}

fn report(
    args: &RunArgs,
    bench: &Bench,
    outcome: &Outcome,
    words_note: &str,
) -> Result<Exit, Failure> {
    let json = outcome.slip.to_json();
    if let Some(path) = &args.slip {
        output::write_file(path, json.as_bytes())?;
    }
    if let Some(path) = &args.report {
        show::report::write(path, &Page::of_slips([&outcome.slip]))?;
    }
    args.exports.write(&outcome.slip)?;
    if args.json {
        output::print(&json)?;
        if let Some(note) = compare_tool_outputs(bench, &outcome.record) {
            tell(&note.to_string());
        }
    } else {
        let (width, colour) = (output::width(), output::is_coloured());
        let style = Style { width, colour, ascii: args.ascii };
        output::print(&screen(bench, outcome, words_note, style))?;
    }
    let failed =
        outcome.slip.sessions.iter().any(|session| session.status == SessionStatus::Failed);
    Ok(if failed { Exit::RunFailed } else { Exit::Pass })
}

/// The timetable of a run.
pub(crate) fn screen(bench: &Bench, outcome: &Outcome, words_note: &str, style: Style) -> String {
    let answers: Vec<Option<String>> =
        outcome.record.sessions.iter().map(|session| answer_of(&session.outcome)).collect();
    run_screen(&RunScreen {
        slip: &outcome.slip,
        answers: &answers,
        words_note,
        tool_outputs: compare_tool_outputs(bench, &outcome.record),
        style,
    })
}

/// The cores that there are.
pub(crate) fn available_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn answer_of(outcome: &SessionOutcome) -> Option<String> {
    match outcome {
        SessionOutcome::Answered(answer) => Some(answer.clone()),
        SessionOutcome::GaveUp(_) | SessionOutcome::Stopped(_) => None,
    }
}

/// Holds what the plugins gave in this run against what the cassettes recorded.
fn compare_tool_outputs(bench: &Bench, record: &RunRecord) -> Option<ToolOutputsNote> {
    bench.words.cassette(0)?;
    let mut note = ToolOutputsNote::default();
    for session in &record.sessions {
        let Some(cassette) = bench.words.cassette(session.task_index) else {
            continue;
        };
        let outputs = tool_outputs(session);
        let observed: Vec<ObservedToolCall<'_>> = outputs
            .iter()
            .map(|(tool, output)| ObservedToolCall {
                name: &tool.tool,
                arguments: &tool.arguments,
                output,
            })
            .collect();
        let report = cassette.compare_tool_outputs(&observed);
        note.equal += report.equal;
        note.different += report.different;
        note.not_recorded += report.not_recorded;
        note.not_called += report.not_called.len();
        for call in report.calls {
            if let ToolVerdict::Different(difference) = call.verdict
                && note.examples.len() < EXAMPLES_MAX
            {
                note.examples.push(format!("{}, {}: {difference}", session.task, call.name));
            }
        }
    }
    Some(note)
}

/// The tool calls of a session that brought an output or an error, each with its text.
fn tool_outputs(session: &SessionRecord) -> Vec<(&ToolStep, Cow<'_, str>)> {
    let tools = session.steps.iter().filter_map(|step| match &step.kind {
        StepKind::Tool(tool) => Some(&**tool),
        _ => None,
    });
    tools
        .filter_map(|tool| {
            let text = match tool.output.as_ref()? {
                Ok(output) => Cow::Borrowed(&**output),
                Err(error) => Cow::Owned(error.to_string()),
            };
            Some((tool, text))
        })
        .collect()
}
