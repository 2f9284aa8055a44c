//! An earlier slip as a source: its sessions' steps, without their agents.
//!
//! Chats are asked again; all that stands between them keeps its recorded length, and each step
//! waits for what it waited for then. What an agent would have done otherwise, had the machine been
//! faster or slower, no journal knows: [`SlipSource::notes`] says so, and counts the sessions in
//! which that is likely to matter.

use std::collections::BTreeMap;
use std::sync::Arc;

use timeslip_gate::attribute::journal::{self, Journal, JournalSession, JournalStep, Work};
use timeslip_gate::attribute::journal_of;
use timeslip_gate::slip::{Session, SessionStatus, Slip};
use timeslip_gate::step::{ChatFinish, Step};
use timeslip_timeline::time::{Instant, Span};

use crate::arrivals::Load;
use crate::drive::{JournalRun, Template};
use crate::speeds::Speeds;

/// The sessions of a slip, as often as is asked for.
#[derive(Clone, Debug)]
pub struct SlipSource {
    templates: Vec<Arc<Template>>,
    arrivals: Vec<Instant>,
    load: journal::Load,
    sessions: u64,
    /// From the first arrival of one round to that of the next.
    round: Span,
    doubts: Doubts,
}

/// Sessions of the slip in which another latency would likely have led to other steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Doubts {
    /// Steps ran side by side, so that another could have ended first.
    pub overlapping: u64,
    /// Something was given up before it was over.
    pub given_up: u64,
    /// A deadline ended it.
    pub by_deadline: u64,
    /// A chat brought an error.
    pub failed_chats: u64,
}

impl SlipSource {
    /// The sessions of a slip, each once.
    pub fn new(slip: &Slip) -> SlipSource {
        SlipSource::at_speeds(slip, &Speeds::default())
    }

    /// The sessions of a slip, each once, with parts of them faster or slower than they were.
    pub fn at_speeds(slip: &Slip, speeds: &Speeds) -> SlipSource {
        let journal = speeds.applied(slip, journal_of(slip));
        let both = slip.sessions.iter().zip(&journal.sessions);
        let templates = both.map(|(session, journal)| template(session, journal));
        let first = slip.sessions.iter().map(|session| session.at_ns).min().unwrap_or(0);
        let arrivals: Vec<Instant> = slip
            .sessions
            .iter()
            .map(|session| Instant::from_nanos(session.at_ns - first))
            .collect();
        SlipSource {
            templates: templates.collect(),
            round: round(&arrivals),
            load: journal.load,
            sessions: arrivals.len() as u64,
            arrivals,
            doubts: doubts(slip, &journal),
        }
    }

    /// This many sessions: those of the slip over and over, in rounds.
    ///
    /// In the first round prompts are as recorded. In each later one they have in common with
    /// others what agents send every time, the tools and the instructions, and the rest is new.
    pub fn repeated(mut self, sessions: u64) -> SlipSource {
        self.sessions = if self.templates.is_empty() { 0 } else { sessions };
        self
    }

    /// What a person should know of the replay.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = vec![
            "a slip is replayed as its agents acted then: what one would have decided otherwise at \
             another latency is not known; run the bench itself for that"
                .to_owned(),
        ];
        let counted = [
            (self.doubts.overlapping, "had steps side by side, whose order may change"),
            (self.doubts.given_up, "gave something up, and give it up as long after as then"),
            (self.doubts.by_deadline, "ended by a deadline, and end as long after as then"),
            (self.doubts.failed_chats, "had a chat that failed, which takes as long as then"),
        ];
        for (count, what) in counted.into_iter().filter(|(count, _)| *count > 0) {
            notes.push(format!("{count} of {} recorded sessions {what}", self.templates.len()));
        }
        notes
    }

    /// Sessions of the slip in which another latency would likely have led to other steps.
    pub fn doubts(&self) -> Doubts {
        self.doubts
    }

    /// The load of the run: as many sessions at once as then, or each at its instant. Of several
    /// rounds each begins as long after the one before as its sessions are apart on the average.
    pub fn recorded_load(&self) -> Load {
        match self.load {
            journal::Load::AtOnce(sessions) => {
                Load::AtOnce { sessions: sessions as u64, think: Span::ZERO }
            }
            journal::Load::Arrivals => Load::Recorded { speed: 1.0 },
        }
    }

    pub(crate) fn sessions(&self) -> u64 {
        self.sessions
    }

    pub(crate) fn recorded_arrival(&self, number: u64) -> Instant {
        let (round, place) = self.place(number);
        self.arrivals[place] + Span::from_nanos(self.round.as_nanos().saturating_mul(round))
    }

    pub(crate) fn session(&self, number: u64) -> JournalRun {
        let (round, place) = self.place(number);
        JournalRun::new(Arc::clone(&self.templates[place]), round)
    }

    fn place(&self, number: u64) -> (u64, usize) {
        let recorded = self.templates.len() as u64;
        (number / recorded, (number % recorded) as usize)
    }
}

fn template(session: &Session, journal: &JournalSession) -> Arc<Template> {
    let by_deadline = session.error.as_ref().is_some_and(|error| error.kind == "deadline");
    let succeeds = session.status == SessionStatus::Ok;
    Arc::new(Template::new(&session.steps, journal, by_deadline, succeeds))
}

/// The time that one round of arrivals takes up: up to the last one, and one mean distance more.
fn round(arrivals: &[Instant]) -> Span {
    let last = arrivals.iter().max().map_or(0, |at| at.as_nanos());
    let distances = (arrivals.len() as u64).saturating_sub(1).max(1);
    Span::from_nanos(last + last / distances)
}

fn doubts(slip: &Slip, journal: &Journal) -> Doubts {
    let mut doubts = Doubts::default();
    for (session, journal) in slip.sessions.iter().zip(&journal.sessions) {
        // What the end of a session gave up is no doing of its agent.
        let by_agent =
            |step: &JournalStep| matches!(step.work, Work::GivenUp { until: Some(_), .. });
        let given_up = journal.steps.iter().any(by_agent);
        let failed = |step: &Step| matches!(step, Step::Chat(chat) if chat.finish_reason == ChatFinish::Error);
        let deadline = session.error.as_ref().is_some_and(|error| error.kind == "deadline");
        doubts.overlapping += u64::from(overlaps(session));
        doubts.given_up += u64::from(given_up);
        doubts.by_deadline += u64::from(deadline);
        doubts.failed_chats += u64::from(session.steps.iter().any(failed));
    }
    doubts
}

/// Whether a step begins before another of the same agent has ended.
fn overlaps(session: &Session) -> bool {
    let mut ended: BTreeMap<Option<usize>, u64> = BTreeMap::new();
    session.steps.iter().any(|step| {
        let begins = step.at_ns();
        let ended = ended.entry(step.within()).or_default();
        let overlaps = begins < *ended;
        *ended = begins.saturating_add(step.e2e_ns()).max(*ended);
        overlaps
    })
}
