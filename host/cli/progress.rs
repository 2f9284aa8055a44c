//! How far a run is, on a terminal's standard error. It stands outside everything that is timed.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant as WallInstant};

use timeslip_timeline::time::{Instant, Span};

/// How often the line is written again.
const EVERY: Duration = Duration::from_millis(100);

/// A line that is written over and over while a run goes on.
pub(crate) struct Progress {
    count: usize,
    last: WallInstant,
    shown: bool,
    is_terminal: bool,
}

impl Progress {
    /// Begins; nothing is shown before a tenth of a second has passed.
    pub(crate) fn new(count: usize) -> Progress {
        Progress {
            count,
            last: WallInstant::now(),
            shown: false,
            is_terminal: io::stderr().is_terminal(),
        }
    }

    /// Notes that so many sessions have ended, at this instant of the run's clock.
    pub(crate) fn session_ended(&mut self, ended: usize, now: Instant) {
        let clock: Span = now.since(Instant::ZERO);
        self.show(|count| format!("{ended} of {count} sessions, clock {clock}"));
    }

    /// Notes that so many things of another kind are done.
    pub(crate) fn done(&mut self, done: usize, things: &str) {
        self.show(|count| format!("{done} of {count} {things}"));
    }

    fn show(&mut self, line: impl FnOnce(usize) -> String) {
        if !self.is_terminal || self.last.elapsed() < EVERY {
            return;
        }
        self.last = WallInstant::now();
        self.shown = true;
        let line = format!("\r{}\x1b[K", line(self.count));
        // A terminal that is gone takes nothing from the run.
        let _ = io::stderr().write_all(line.as_bytes());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            let _ = io::stderr().write_all(b"\r\x1b[K");
        }
    }
}
