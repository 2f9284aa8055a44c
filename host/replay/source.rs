//! What is replayed: sessions, each made when it starts.

use std::sync::Arc;

use timeslip_timeline::time::Instant;

use crate::arrivals::Load;
use crate::drive::JournalRun;
use crate::generate::{Generated, GeneratedSession};
use crate::slip_source::SlipSource;
use crate::trace::{Begins, Trace, TraceCall};

/// What is replayed.
#[derive(Clone, Debug)]
pub enum Source {
    /// The sessions of a trace.
    Trace {
        /// The trace.
        trace: Arc<Trace>,
        /// The most sessions to take, from its beginning; all without it.
        limit: Option<usize>,
    },
    /// Sessions that are made up.
    Generated(Generated),
    /// The sessions of an earlier slip.
    Slip(SlipSource),
}

impl Source {
    /// How many sessions there are.
    pub fn sessions(&self) -> u64 {
        match self {
            Source::Trace { trace, limit } => {
                trace.sessions.len().min(limit.unwrap_or(usize::MAX)) as u64
            }
            Source::Generated(generated) => generated.sessions,
            Source::Slip(slip) => slip.sessions(),
        }
    }

    /// The load under which its sessions came, as far as it says that.
    pub fn recorded_load(&self) -> Load {
        match self {
            Source::Slip(slip) => slip.recorded_load(),
            Source::Trace { .. } | Source::Generated(_) => Load::Recorded { speed: 1.0 },
        }
    }

    /// What a person should know of the source.
    pub fn notes(&self) -> Vec<String> {
        match self {
            Source::Trace { trace, .. } => trace.notes.clone(),
            Source::Generated(_) => Vec::new(),
            Source::Slip(slip) => slip.notes(),
        }
    }

    /// When a session came, as far as the source says that.
    pub(crate) fn recorded_arrival(&self, number: u64) -> Instant {
        match self {
            Source::Trace { trace, .. } => trace.sessions[number as usize].arrives_at,
            Source::Generated(_) => Instant::ZERO,
            Source::Slip(slip) => slip.recorded_arrival(number),
        }
    }

    /// What a session will do.
    pub(crate) fn plan(&self, number: u64) -> Plan {
        match self {
            Source::Trace { trace, .. } => {
                let session = trace.sessions[number as usize];
                Plan::Trace { next_call: session.first_call, end_call: session.end_call }
            }
            Source::Generated(generated) => Plan::Generated(Box::new(generated.session(number))),
            Source::Slip(slip) => Plan::Journal(Box::new(slip.session(number))),
        }
    }

    /// The next call of a session whose calls follow each other.
    pub(crate) fn next_call(&self, plan: &mut Plan, speed: f64) -> Option<TraceCall> {
        match (self, plan) {
            (Source::Trace { trace, .. }, Plan::Trace { next_call, end_call }) => {
                let place = *next_call;
                (place < *end_call).then(|| {
                    *next_call += 1;
                    let mut call = trace.calls[place].clone();
                    if let Begins::NotBefore(span) = call.begins {
                        let at = crate::arrivals::faster(Instant::ZERO + span, speed);
                        call.begins = Begins::NotBefore(at.since(Instant::ZERO));
                    }
                    call
                })
            }
            (Source::Generated(generated), Plan::Generated(session)) => {
                session.next_call(generated)
            }
            _ => None,
        }
    }
}

/// What a session under way will do.
#[derive(Debug)]
pub(crate) enum Plan {
    /// Calls of a trace, by their places.
    Trace { next_call: usize, end_call: usize },
    /// Calls that are made up.
    Generated(Box<GeneratedSession>),
    /// The steps of a journal.
    Journal(Box<JournalRun>),
}
