//! `timeslip run`: runs a bench, prints its timetable or its slip.

use std::borrow::Cow;
use std::io::Write;

use timeslip_gate::slip::SessionStatus;
use timeslip_report::{RunScreen, Style, ToolOutputsNote, run_screen};
use timeslip_timeline::record::{RunRecord, SessionOutcome, SessionRecord, StepKind, ToolStep};
use timeslip_words::cassette::{ObservedToolCall, ToolVerdict};

use crate::args::RunArgs;
use crate::bench::Bench;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::progress::Progress;
use crate::stage::run_bench;

/// Differing outputs that are shown.
const EXAMPLES_MAX: usize = 3;

/// Runs a bench and reports it.
pub(crate) fn run(args: &RunArgs) -> Result<Exit, Failure> {
    let bench = Bench::load(args.bench.as_deref(), &args.overrides())?;
    let threads = args.threads.map_or_else(available_threads, usize::from);
    let mut progress = Progress::new(bench.sessions);
    let outcome = run_bench(&bench, &bench.machines, threads, &mut |ended, now| {
        progress.session_ended(ended, now);
    })?;
    drop(progress);
    let json = outcome.slip.to_json();
    if let Some(path) = &args.slip {
        output::write_file(path, json.as_bytes())?;
    }
    let tool_outputs = compare_tool_outputs(&bench, &outcome.record);
    if args.json {
        output::print(&json)?;
        if let Some(note) = &tool_outputs {
            // Standard output carries the slip alone.
            let _ = writeln!(std::io::stderr(), "{note}");
        }
    } else {
        let answers: Vec<Option<String>> =
            outcome.record.sessions.iter().map(|session| answer_of(&session.outcome)).collect();
        output::print(&run_screen(&RunScreen {
            slip: &outcome.slip,
            answers: &answers,
            words_note: &bench.words.note(),
            tool_outputs,
            style: Style {
                width: output::width(),
                colour: output::is_coloured(),
                ascii: args.ascii,
            },
        }))?;
    }
    let failed =
        outcome.slip.sessions.iter().any(|session| session.status == SessionStatus::Failed);
    Ok(if failed { Exit::RunFailed } else { Exit::Pass })
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
