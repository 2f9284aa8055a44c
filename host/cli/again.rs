//! `timeslip run --again`: one session of an earlier run once more, from the run's slip.
//!
//! A slip holds no words, so the session is not read from it but done again: the same bench, seed and
//! machines, every session starting when it did, up to the end of the one that is looked for. What
//! comes out is held against the slip.

use std::path::Path;

use timeslip_gate::slip::{Component, Machine, Session, SessionStatus, Slip, WordsUsed};
use timeslip_gate::summary::{ErrorFactors, summarise};
use timeslip_timeline::backend::SessionId;
use timeslip_timeline::drive::{Load, RUN_ENDED, RunUntil};
use timeslip_timeline::record::RunRecord;
use timeslip_timeline::time::Instant;

use crate::bench::{Bench, Overrides};
use crate::exit::Failure;
use crate::servers::Servers;
use crate::stage::{Outcome, components_of};

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
        let session = match session {
            Some(session) if session < count => session,
            Some(session) => {
                return Err(Failure::usage(format!(
                    "{file} has no session {session}; it has {count}, counted from 0"
                )));
            }
            None => slip.sessions.iter().position(failed_by_itself).ok_or_else(|| {
                Failure::usage(format!(
                    "no session of {file} failed\n  fix: name one by --session, from 0 to {}",
                    count.saturating_sub(1)
                ))
            })?,
        };
        Ok(Again { file, slip, session })
    }

    /// The bench, with the seed, the starts and, unless others are named, the machines of the slip.
    ///
    /// # Errors
    /// When it cannot be read, or is not the bench of the slip: other components, words or tasks.
    pub(crate) fn bench(
        &self,
        bench: Option<&Path>,
        mut overrides: Overrides,
    ) -> Result<Bench, Failure> {
        overrides.seed = Some(self.slip.seed);
        if overrides.on.is_empty() {
            overrides.on = self.modelled_machines()?;
        }
        let mut bench = Bench::load(bench, &overrides)?;
        self.check(&bench)?;
        let starts = self.slip.sessions.iter().map(|session| Instant::from_nanos(session.at_ns));
        bench.sessions = self.slip.sessions.len();
        bench.load = Load::Arrivals(starts.collect());
        Ok(bench)
    }

    /// The machines of the slip as `--on` names them.
    fn modelled_machines(&self) -> Result<Vec<String>, Failure> {
        let machines = &self.slip.machines;
        match machines.iter().find(|machine| machine.endpoint.is_some()) {
            Some(real) => Err(Failure::usage(format!(
                "{} was made with the real server `{}`, which says something else every time\n  \
                 fix: record the bench by `timeslip record`, and play the recording back",
                self.file, real.name
            ))),
            None => Ok(machines
                .iter()
                .map(|machine| format!("{}:{}", machine.name, machine.model))
                .collect()),
        }
    }

    /// When the run is over.
    pub(crate) fn until(&self) -> RunUntil {
        RunUntil::EndOf(SessionId(u32::try_from(self.session).unwrap_or(u32::MAX)))
    }

    /// The outcome of the session alone.
    pub(crate) fn alone(&self, outcome: Outcome) -> Outcome {
        let Outcome { slip, record, files } = outcome;
        let sessions = vec![slip.sessions[self.session].clone()];
        let target = slip.summary.target_tokens_per_second;
        let summary = summarise(&sessions, target, |_| ErrorFactors::default());
        let record = RunRecord { sessions: vec![record.sessions[self.session].clone()], ..record };
        let files = files.into_iter().skip(self.session).take(1).collect();
        Outcome { slip: Slip { sessions, summary, ..slip }, record, files }
    }

    /// Whether the session, run alone or not, is what it was, and what else differs.
    pub(crate) fn told(&self, alone: &Slip) -> String {
        let session = self.session;
        if alone.sessions[0] == self.slip.sessions[session] {
            return format!("session {session}: the session is what it was, to the nanosecond");
        }
        let differs = differences(&self.slip, alone);
        format!("session {session}: the session is not what it was; {differs}")
    }

    fn check(&self, bench: &Bench) -> Result<(), Failure> {
        let other = |what: String| {
            Failure::usage(format!(
                "{} comes from another run: {what}\n  fix: check out what it was made with, or run \
                 the bench as it is with --break-on-error",
                self.file
            ))
        };
        let components = components_of(bench, Servers::recorded(bench)?.tools());
        for (was, is) in self.slip.components.iter().zip(&components) {
            if was != is {
                return Err(other(different_component(was, is)));
            }
        }
        let (had, has) = (self.slip.components.len(), components.len());
        if had != has {
            return Err(other(format!("it has {had} components, and the bench has {has}")));
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

/// Whether it failed before the run was ended by another one's failure.
fn failed_by_itself(session: &Session) -> bool {
    let cause = session.error.as_ref().map(|error| &*error.kind);
    session.status == SessionStatus::Failed && cause != Some(RUN_ENDED)
}

/// What two runs do not have in common, apart from their sessions.
fn differences(was: &Slip, is: &Slip) -> String {
    let mut differ = Vec::new();
    if was.bench.digest != is.bench.digest {
        differ.push("the bench says something else, or was run with other sessions".to_owned());
    }
    let facts = |machine: &Machine| (machine.name.clone(), machine.digest.clone());
    let machines = |slip: &Slip| slip.machines.iter().map(facts).collect::<Vec<_>>();
    if machines(was) != machines(is) {
        differ.push("the machines are others, or their profiles are".to_owned());
    }
    if was.timeslip != is.timeslip {
        differ.push(format!("timeslip was {} and is {}", was.timeslip, is.timeslip));
    }
    match differ.is_empty() {
        true => "bench, machines and timeslip's version are what they were".to_owned(),
        false => differ.join("; "),
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
