//! How far a run is, and what it did last, on a terminal's standard error. It stands outside
//! everything that is timed.

use std::collections::VecDeque;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant as WallInstant};

use timeslip_report::text::{plain, shortened};
use timeslip_timeline::backend::SessionId;
use timeslip_timeline::record::{Step, StepKind};
use timeslip_timeline::time::{Instant, Span};

use crate::output;

/// How often the line is written again.
const EVERY: Duration = Duration::from_millis(100);

/// Steps that stand below the first line: those that ended last.
const STEPS_SHOWN: usize = 8;

/// Lines that are written over and over while a run goes on.
pub(crate) struct Progress {
    count: usize,
    line: String,
    steps: VecDeque<String>,
    last: WallInstant,
    /// Lines that stand on the terminal.
    shown: usize,
    is_terminal: bool,
}

impl Progress {
    /// Begins; nothing is shown before a tenth of a second has passed.
    pub(crate) fn new(count: usize) -> Progress {
        Progress {
            count,
            line: format!("0 of {count} sessions"),
            steps: VecDeque::new(),
            last: WallInstant::now(),
            shown: 0,
            is_terminal: io::stderr().is_terminal(),
        }
    }

    /// Notes that so many sessions have ended, at this instant of the run's clock.
    pub(crate) fn session_ended(&mut self, ended: usize, now: Instant) {
        if self.is_terminal {
            let clock: Span = now.since(Instant::ZERO);
            self.line = format!("{ended} of {} sessions, clock {clock}", self.count);
            self.show();
        }
    }

    /// Notes that so many things of another kind are done.
    pub(crate) fn done(&mut self, done: usize, things: &str) {
        if self.is_terminal {
            self.line = format!("{done} of {} {things}", self.count);
            self.show();
        }
    }

    /// Notes a step that ended.
    pub(crate) fn step_ended(&mut self, session: SessionId, step: &Step) {
        if !self.is_terminal {
            return;
        }
        self.steps.push_back(step_line(session, step));
        if self.steps.len() > STEPS_SHOWN {
            self.steps.pop_front();
        }
        self.show();
    }

    fn show(&mut self) {
        if self.last.elapsed() < EVERY {
            return;
        }
        self.last = WallInstant::now();
        let width = output::width().saturating_sub(1);
        let lines = std::iter::once(&self.line).chain(&self.steps);
        let lines: Vec<String> = lines.map(|line| shortened(line, width, "…")).collect();
        let text = format!("{}{}\x1b[J", self.to_the_first(), lines.join("\x1b[K\n"));
        self.shown = lines.len();
        // A terminal that is gone takes nothing from the run.
        let _ = io::stderr().write_all(text.as_bytes());
    }

    /// What brings the cursor to the beginning of the first line that stands there.
    fn to_the_first(&self) -> String {
        match self.shown {
            0 | 1 => "\r".to_owned(),
            lines => format!("\r\x1b[{}A", lines - 1),
        }
    }
}

/// A step as a line: when, whose, what, and how long.
fn step_line(session: SessionId, step: &Step) -> String {
    let what = match &step.kind {
        StepKind::Chat(chat) => format!("chat on {}", plain(&chat.machine)),
        StepKind::Tool(tool) => format!("tool {}", plain(&tool.tool)),
        StepKind::User(_) => "user".to_owned(),
        StepKind::Sleep => "sleep".to_owned(),
    };
    let at = step.asked_at.since(Instant::ZERO).to_string();
    format!("  {at:>9}  #{:<5} {what}, {}", session.0, step.end_to_end())
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown > 0 {
            let text = format!("{}\x1b[J", self.to_the_first());
            let _ = io::stderr().write_all(text.as_bytes());
        }
    }
}
