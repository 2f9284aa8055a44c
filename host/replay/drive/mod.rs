//! The loop: sessions of a source, on machines, in virtual time.
//!
//! Its turns are those of `timeslip_timeline::drive` and of the gate's re-timing: what is due at an
//! instant is done in the order in which it was scheduled, then the machines say what completes
//! there, then calls that waited too long are given up, and only then do sessions go on, in their
//! order. While no timer is due and no other machine has anything, a machine runs on alone up to its
//! next completion, which gives the same run in fewer turns.

mod calls;
mod journal;
mod path;
mod sessions;
mod turns;

use std::sync::Arc;

use timeslip_gate::summary::{ErrorFactors, TARGET_TOKENS_PER_SECOND};
use timeslip_timeline::backend::Backend;
use timeslip_timeline::time::Span;

use crate::arrivals::Load;
use crate::figures::{Objectives, ReplayOutcome};
use crate::source::Source;
use turns::Driver;

pub(crate) use calls::UnderWay;
pub(crate) use journal::{JournalRun, Template};

/// A machine of a replay, idle.
pub struct ReplayMachine {
    /// Its name; chats of a slip go to the machine of the same name, if there is one.
    pub name: Arc<str>,
    /// The model it serves.
    pub model: Arc<str>,
    /// How far off its joules and dollars may be.
    pub error: ErrorFactors,
    /// The machine.
    pub backend: Box<dyn Backend>,
}

/// How to replay.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayOptions {
    /// The seed of what is drawn: the arrivals.
    pub seed: u64,
    /// How long a call may take, above 0: one without a complete reply by then is given up, and its
    /// session has failed.
    pub timeout: Option<Span>,
    /// What a call must meet to count as good.
    pub objectives: Objectives,
    /// The tokens a second that one user should see.
    pub target_tokens_per_second: u32,
    /// Whether to keep what became of each call, some hundred bytes for each.
    pub keep_rows: bool,
}

impl Default for ReplayOptions {
    fn default() -> ReplayOptions {
        ReplayOptions {
            seed: 0,
            timeout: None,
            objectives: Objectives::default(),
            target_tokens_per_second: TARGET_TOKENS_PER_SECOND,
            keep_rows: false,
        }
    }
}

/// Replays a source, up to the first failure of a machine: who asks for figures asks the machines
/// for theirs first.
///
/// Where there are several machines, the sessions of traces and of made-up loads go to them in
/// turn, each with all its calls. A chat of a slip goes to the machine of the name that it had, or
/// else to one of its model, or else to the first.
///
/// # Panics
/// When there is no machine.
pub fn replay(
    source: &Source,
    load: Load,
    machines: &mut [ReplayMachine],
    options: &ReplayOptions,
) -> ReplayOutcome {
    assert!(!machines.is_empty(), "a replay has a machine");
    Driver::new(source, load, machines, options).run()
}

#[cfg(test)]
mod tests;
