//! `timeslip run --again`: one session of an earlier run once more, from the run's slip.
//!
//! A slip holds no words, so the session is not read from it but done again: the same bench, seed and
//! machines, every session starting when it did, up to the end of the one that is looked for. What
//! comes out is held against the slip.

use std::path::Path;

use timeslip_gate::slip::{Component, Session, SessionStatus, Slip, WordsUsed};
use timeslip_gate::summary::{ErrorFactors, summarise};
use timeslip_timeline::backend::SessionId;
use timeslip_timeline::drive::{Load, RunUntil};
use timeslip_timeline::time::Instant;

use crate::bench::{Bench, Overrides};
use crate::exit::Failure;
use crate::stage::components_of;

/// A session that is run once more.
pub(crate) struct Again {
    file: String,
    slip: Slip,
    /// Its place among the run's sessions.
    pub(crate) session: usize,
}

impl Again {
    /// Reads the slip and chooses the session: the one asked for, or the first that failed.
    ///
    /// # Errors
    /// When the file is no slip, or has no such session.
    pub(crate) fn read(path: &Path, session: Option<usize>) -> Result<Again, Failure> {
        let file = path.display().to_string();
        let slip = Slip::read(path).map_err(Failure::usage)?;
        let count = slip.sessions.len();
        let failed = |session: &Session| session.status == SessionStatus::Failed;
        let session = match session {
            Some(session) if session < count => session,
            Some(session) => {
                return Err(Failure::usage(format!(
                    "{file} has no session {session}; it has {count}, counted from 0"
                )));
            }
            None => slip.sessions.iter().position(failed).ok_or_else(|| {
                Failure::usage(format!(
                    "no session of {file} failed\n  fix: name one by --session, from 0 to {}",
                    count.saturating_sub(1)
                ))
            })?,
        };
        Ok(Again { file, slip, session })
    }

    /// The command line, with the seed and, unless others are named, the machines of the slip.
    pub(crate) fn overrides(&self, mut overrides: Overrides) -> Overrides {
        overrides.seed = Some(self.slip.seed);
        if overrides.on.is_empty() {
            let machines = self.slip.machines.iter();
            overrides.on =
                machines.map(|machine| format!("{}:{}", machine.name, machine.model)).collect();
        }
        overrides
    }

    /// Gives the bench the sessions of the slip.
    ///
    /// # Errors
    /// When it is not the bench of the slip: other components, words or tasks.
    pub(crate) fn put(&self, bench: &mut Bench) -> Result<(), Failure> {
        self.check(bench)?;
        let starts = self.slip.sessions.iter().map(|session| Instant::from_nanos(session.at_ns));
        bench.sessions = self.slip.sessions.len();
        bench.load = Load::Arrivals(starts.collect());
        Ok(())
    }

    /// When the run is over.
    pub(crate) fn until(&self) -> RunUntil {
        RunUntil::EndOf(SessionId(u32::try_from(self.session).unwrap_or(u32::MAX)))
    }

    /// The slip of the session alone, and whether the session is what it was.
    pub(crate) fn alone(&self, slip: &Slip) -> (Slip, bool) {
        let session = slip.sessions[self.session].clone();
        let is_same = session == self.slip.sessions[self.session];
        let sessions = vec![session];
        let target = slip.summary.target_tokens_per_second;
        let summary = summarise(&sessions, target, |_| ErrorFactors::default());
        (Slip { sessions, summary, ..slip.clone() }, is_same)
    }

    fn check(&self, bench: &Bench) -> Result<(), Failure> {
        let other = |what: String| {
            Failure::usage(format!(
                "{} comes from another run: {what}\n  fix: check out what it was made with, or run \
                 the bench as it is with --break-on-error",
                self.file
            ))
        };
        for (was, is) in self.slip.components.iter().zip(components_of(bench)) {
            if *was != is {
                return Err(other(different_component(was, &is)));
            }
        }
        let words: WordsUsed = bench.words.used();
        if self.slip.words.digest.is_some() && self.slip.words != words {
            return Err(other("its words are others than the bench's".to_owned()));
        }
        for (place, session) in self.slip.sessions.iter().enumerate() {
            let task = &bench.tasks[place % bench.tasks.len()].name;
            if session.task != **task {
                let was = &session.task;
                return Err(other(format!("its session {place} did the task {was}, not {task}")));
            }
        }
        Ok(())
    }
}

fn different_component(was: &Component, is: &Component) -> String {
    match was.name == is.name {
        true => {
            format!("its {} had the digest {}, and here it is {}", was.name, was.digest, is.digest)
        }
        false => format!("it has the component {} where the bench has {}", was.name, is.name),
    }
}
