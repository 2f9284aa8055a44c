//! The fetches of a session's plugins while they are under way.

use std::sync::Arc;

use super::Session;
use crate::guest::AskId;
use crate::http::{Fetch, FetchId, HttpAnswer, HttpRequest};
use crate::time::Instant;

/// A fetch under way inside a plugin.
#[derive(Clone, Debug)]
pub(crate) struct FetchUnderWay {
    /// The plugin.
    pub(crate) seat: usize,
    pub(crate) ask: AskId,
    /// Whether its answer comes from outside the loop.
    pub(crate) is_outside: bool,
    /// The tool step that has it, and its place there.
    step: Option<(usize, usize)>,
    fetch: Fetch,
}

impl Session {
    /// Notes a fetch that a plugin asks for.
    pub(crate) fn begin_fetch(
        &mut self,
        at: Instant,
        seat: usize,
        ask: AskId,
        request: &Arc<HttpRequest>,
    ) -> FetchId {
        let id = FetchId { session: self.record.id, number: self.fetches_asked };
        self.fetches_asked += 1;
        let fetch = Fetch { request: request.clone(), asked_at: at, ended_at: at, answer: None };
        let step = self.step_that_fetches(seat).map(|step| {
            let fetches = &mut self.tool_step(step).fetches;
            fetches.push(fetch.clone());
            (step, fetches.len() - 1)
        });
        self.fetches.insert(id, FetchUnderWay { seat, ask, is_outside: false, step, fetch });
        id
    }

    /// Ends a fetch that is under way, and gives what became of it.
    pub(crate) fn end_fetch(
        &mut self,
        id: FetchId,
        at: Instant,
        answer: Option<HttpAnswer>,
    ) -> Fetch {
        let FetchUnderWay { step, fetch, .. } =
            self.fetches.remove(&id).expect("only what is under way ends");
        let fetch = Fetch { ended_at: at, answer, ..fetch };
        if let Some((step, place)) = step {
            self.tool_step(step).fetches[place] = fetch.clone();
        }
        fetch
    }

    /// The step of the call that fetches. An ask does not say which of several calls inside one
    /// plugin it is for; calls mostly fetch one thing after another, so it is the first that waits for
    /// no fetch.
    fn step_that_fetches(&self, seat: usize) -> Option<usize> {
        let calls = self.seats[seat].calls.values();
        let steps = calls.filter_map(|call| self.pending.get(&call.asked)).map(|call| call.step);
        let waits = |step: &usize| {
            let mut steps = self.fetches.values().filter_map(|fetch| fetch.step);
            steps.any(|(other, _)| other == *step)
        };
        let steps: Vec<usize> = steps.collect();
        steps.iter().find(|step| !waits(step)).or(steps.first()).copied()
    }
}
