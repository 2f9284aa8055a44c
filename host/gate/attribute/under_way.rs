//! A session while it is timed again: what it waits for, and what became of its steps.

use std::sync::Arc;

use timeslip_timeline::backend::CallId;
use timeslip_timeline::time::Instant;

use super::journal::{JournalSession, Moment};
use super::retime::Became;

/// An act of the agent, in the order in which one turn performs them: what it gives up frees a
/// machine before the machine is asked for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Act {
    GiveUp(usize),
    Begin(usize),
    End,
}

/// A session that is being timed again.
pub(super) struct SessionState {
    pub(super) journal: Arc<JournalSession>,
    pub(super) began_at: Option<Instant>,
    pub(super) ended_at: Option<Instant>,
    pub(super) acts: Vec<(Act, Moment)>,
    /// For each act, how many of the steps it waits for are not over.
    pub(super) missing: Vec<usize>,
    /// For each step, the acts that wait for it.
    pub(super) waiting: Vec<Vec<usize>>,
    /// Acts that wait for nothing more and are not scheduled yet.
    pub(super) ready: Vec<usize>,
    pub(super) over: Vec<bool>,
    /// The machine and its call, of each chat under way.
    pub(super) calls: Vec<Option<(usize, CallId)>>,
    pub(super) became: Vec<Became>,
}

impl SessionState {
    pub(super) fn new(journal: Arc<JournalSession>) -> SessionState {
        let steps = journal.steps.len();
        let mut acts = Vec::with_capacity(steps + 1);
        for (place, step) in journal.steps.iter().enumerate() {
            if let Some(until) = step.work.ended_by_an_agent() {
                acts.push((Act::GiveUp(place), until.clone()));
            }
            acts.push((Act::Begin(place), step.begins.clone()));
        }
        acts.push((Act::End, journal.ends.clone()));
        acts.sort_by_key(|(act, _)| *act);
        let mut waiting = vec![Vec::new(); steps];
        for (index, (_, moment)) in acts.iter().enumerate() {
            moment.after.iter().for_each(|step| waiting[*step].push(index));
        }
        SessionState {
            missing: acts.iter().map(|(_, moment)| moment.after.len()).collect(),
            acts,
            waiting,
            began_at: None,
            ended_at: None,
            ready: Vec::new(),
            over: vec![false; steps],
            calls: vec![None; steps],
            became: vec![Became::Nothing; steps],
            journal,
        }
    }
}
