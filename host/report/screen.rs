//! What `timeslip run` prints: timetables, failures, and the run in figures, to be read on a
//! terminal or pasted into a pull request.

use std::fmt;

use timeslip_gate::slip::{ComponentRole, Session, SessionStatus, Slip};
use timeslip_timeline::drive::RUN_ENDED;

use crate::figures::figures;
use crate::style::{Ink, Style};
use crate::text::{columns, count, counted, plain, shortened, without_commands, wrapped};
use crate::timetable::{machines_of, timetable};

/// What a run's screen shows besides the slip.
#[derive(Clone, Debug)]
pub struct RunScreen<'a> {
    /// The run.
    pub slip: &'a Slip,
    /// The agents' answers, one for each session, in order; `None` where there is none.
    pub answers: &'a [Option<String>],
    /// Where the words came from, say `script FILE: written by hand, no model replied`.
    pub words_note: &'a str,
    /// How the tools' outputs compare with recorded ones, where some are recorded.
    pub tool_outputs: Option<ToolOutputsNote>,
    /// For what terminal.
    pub style: Style,
}

/// How the outputs of a run's tools compare with the recorded ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolOutputsNote {
    /// Calls whose output is the recorded one.
    pub equal: usize,
    /// Calls whose output differs.
    pub different: usize,
    /// Calls that are not recorded.
    pub not_recorded: usize,
    /// Recorded calls that were not made.
    pub not_called: usize,
    /// The first calls that differ: which, and how; of one or more lines each.
    pub examples: Vec<String>,
}

/// Sessions up to which each has a timetable.
const TIMETABLES: usize = 3;

/// Failed sessions that are named.
const FAILURES: usize = 10;

/// Lines of an answer that are shown.
const ANSWER_LINES: usize = 12;

/// The text of a run's screen, with a newline at its end.
///
/// Without [`Style::colour`] it holds no escape sequence, whatever names and messages say, and no
/// line of it is a command to the log of a build service.
pub fn run_screen(screen: &RunScreen<'_>) -> String {
    let RunScreen { slip, style, .. } = *screen;
    let mut blocks = vec![heading(slip, style)];
    for index in with_timetable(&slip.sessions) {
        blocks.push(session_block(screen, index));
    }
    if slip.sessions.len() > TIMETABLES {
        blocks.push(failures(slip, style));
    }
    blocks.push(figures(slip, screen.words_note, style));
    if let Some(note) = &screen.tool_outputs {
        let text = note.to_string();
        blocks.push(wrapped(&text, style.columns()));
    }
    blocks.retain(|block| !block.is_empty());
    let blocks: Vec<String> = blocks.into_iter().map(|block| block.join("\n")).collect();
    without_commands(&(blocks.join("\n\n") + "\n"))
}

fn heading(slip: &Slip, style: Style) -> Vec<String> {
    let agents = slip.components.iter().filter(|part| part.role == ComponentRole::Agent);
    // An agent that is called as its bench needs no second mention.
    let agents = agents.filter(|agent| agent.name != slip.bench.name);
    let machines = slip.machines.iter().map(|machine| machine.name.as_str());
    let parts = [
        slip.bench.name.clone(),
        named("agent", agents.map(|agent| agent.name.as_str())),
        named("on", machines),
        format!("timeslip {}", slip.timeslip),
    ];
    let parts = parts.into_iter().filter(|part| !part.is_empty()).map(|part| plain(&part));
    let text = parts.collect::<Vec<_>>().join(style.sign(" · ", " | "));
    let lines = wrapped(&text, style.columns());
    lines.iter().map(|line| style.paint(Ink::Strong, line)).collect()
}

/// A word before some names; nothing where there are none.
fn named<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() { String::new() } else { format!("{word} {}", names.join(", ")) }
}

/// The sessions that have a timetable: all of a few, and the slowest of many.
fn with_timetable(sessions: &[Session]) -> Vec<usize> {
    if sessions.len() <= TIMETABLES {
        return (0..sessions.len()).collect();
    }
    // One that was stopped with the run says least; of equals, the first.
    let slowest = (0..sessions.len())
        .rev()
        .max_by_key(|index| (!ended_with_run(&sessions[*index]), sessions[*index].e2e_ns));
    slowest.into_iter().collect()
}

fn session_block(screen: &RunScreen<'_>, index: usize) -> Vec<String> {
    let RunScreen { slip, style, .. } = *screen;
    let session = &slip.sessions[index];
    let slowest = slip.sessions.len() > TIMETABLES;
    let place = slowest.then_some((index, ", the slowest"));
    let mut lines = session_heading(session, place, style);
    lines.extend(timetable(session, style));
    if let Some(Some(answer)) = screen.answers.get(index) {
        lines.extend(answer_lines(answer, style));
    }
    lines
}

/// A line that says how a session ended; with its place, and what that is, where one is given.
pub(crate) fn session_heading(
    session: &Session,
    place: Option<(usize, &str)>,
    style: Style,
) -> Vec<String> {
    let failed = session.status == SessionStatus::Failed;
    let mark = if failed { style.sign("✗", "x") } else { style.sign("✓", "ok") };
    let time = style.span(session.e2e_ns);
    let end = match &session.error {
        None => format!("answered in {time}"),
        Some(error) => format!("{} after {time}", plain(&error.kind)),
    };
    let place = place.map(|(index, what)| format!(" (session {}{what})", count(index as u64)));
    let started = match session.at_ns {
        0 => String::new(),
        at => format!(", started at {}", style.span(at)),
    };
    let machine = match machines_of(session).first() {
        Some(only) if machines_of(session).len() == 1 => format!(" on {}", plain(only)),
        _ => String::new(),
    };
    let rest = format!("{}: {end}{machine}{started}", place.unwrap_or_default());
    let room = style.columns().saturating_sub(columns(mark) + 1 + columns(&rest)).max(8);
    let task = shortened(&plain(&session.task), room, style.ellipsis());
    let line = format!("{mark} {task}{rest}");
    let line = shortened(&line, style.columns(), style.ellipsis());
    let ink = if failed { Ink::Bad } else { Ink::Good };
    let mut lines = vec![style.paint(ink, &line)];
    if let Some(error) = &session.error {
        let message = wrapped(&error.message, style.columns() - 2);
        lines.extend(indented(&message).map(|line| style.paint(Ink::Bad, &line)));
    }
    lines
}

fn answer_lines(answer: &str, style: Style) -> Vec<String> {
    let mut lines = wrapped(answer, style.columns() - 2);
    let more = lines.len().saturating_sub(ANSWER_LINES);
    lines.truncate(ANSWER_LINES);
    if more > 0 {
        lines.push(format!("{} {}", style.ellipsis(), counted(more as u64, "more line")));
    }
    let mut out = vec![style.paint(Ink::Faint, "  answer")];
    out.extend(indented(&lines));
    out
}

fn indented(lines: &[String]) -> impl Iterator<Item = String> + '_ {
    lines.iter().map(|line| format!("  {line}").trim_end().to_owned())
}

/// Whether a session was stopped since the run was over.
fn ended_with_run(session: &Session) -> bool {
    session.error.as_ref().is_some_and(|error| error.kind == RUN_ENDED)
}

/// A line for each of the first failed sessions, and the number of the others.
fn failures(slip: &Slip, style: Style) -> Vec<String> {
    let failed = slip.sessions.iter().enumerate().filter(|(_, one)| !ended_with_run(one));
    let failed =
        failed.filter_map(|(index, session)| Some((index, session, session.error.as_ref()?)));
    let mut lines: Vec<String> = failed
        .clone()
        .take(FAILURES)
        .map(|(index, session, error)| {
            let mark = style.sign("✗", "x");
            let task = shortened(&plain(&session.task), 24, style.ellipsis());
            let (number, time) = (count(index as u64), style.span(session.e2e_ns));
            let (kind, message) = (plain(&error.kind), plain(&error.message));
            let line = format!("{mark} {task} (session {number}): {kind} after {time}: {message}");
            style.paint(Ink::Bad, &shortened(&line, style.columns(), style.ellipsis()))
        })
        .collect();
    let more = failed.count().saturating_sub(FAILURES);
    if more > 0 {
        let text =
            format!("{} and {} failed", style.ellipsis(), counted(more as u64, "more session"));
        lines.push(style.paint(Ink::Bad, &text));
    }
    let stopped = slip.sessions.iter().filter(|one| ended_with_run(one)).count();
    if stopped > 0 {
        let text = format!(
            "{} {} stopped, since the run was over",
            style.ellipsis(),
            counted(stopped as u64, "session")
        );
        lines.push(style.paint(Ink::Faint, &text));
    }
    lines
}

/// Lines of text without escape sequences: the counts, then the examples.
impl fmt::Display for ToolOutputsNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = |value: usize| count(value as u64);
        write!(f, "tool outputs against the cassette: {} equal", n(self.equal))?;
        write!(f, ", {} different", n(self.different))?;
        write!(f, ", {} not recorded", n(self.not_recorded))?;
        write!(f, ", {} recorded but not called", n(self.not_called))?;
        for example in &self.examples {
            for line in example.lines() {
                write!(f, "\n  {}", plain(line))?;
            }
        }
        let untold = self.different.saturating_sub(self.examples.len());
        match untold {
            0 => Ok(()),
            untold => write!(f, "\n  and {} more that differ", n(untold)),
        }
    }
}

#[cfg(test)]
mod tests;
