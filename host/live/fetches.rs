//! What tools fetch, while it is under way and until the loop takes it.

use std::collections::BTreeMap;
use std::time::Instant as WallInstant;

use timeslip_timeline::http::{FetchId, HttpAnswer};
use timeslip_timeline::time::{Instant, Span};

use crate::calls::CallClock;

/// The fetches of a run.
#[derive(Debug, Default)]
pub(crate) struct Fetches {
    under_way: BTreeMap<FetchId, CallClock>,
    /// Answers by the instant at which they are there.
    fetched: BTreeMap<(Instant, FetchId), HttpAnswer>,
}

impl Fetches {
    /// Notes one that is to begin.
    pub(crate) fn asked(&mut self, fetch: FetchId, asked_at: Instant) {
        self.under_way.insert(fetch, CallClock { asked_at, began: None });
    }

    /// Notes that the computer's clock runs for one.
    pub(crate) fn began(&mut self, fetch: FetchId, began: WallInstant) {
        if let Some(clock) = self.under_way.get_mut(&fetch) {
            clock.began = Some(began);
        }
    }

    /// Notes what came of one so long after its asking, unless it was given up.
    pub(crate) fn came(&mut self, fetch: FetchId, after: Span, answer: HttpAnswer) {
        if let Some(clock) = self.under_way.remove(&fetch) {
            self.plan(clock.asked_at + after, fetch, answer);
        }
    }

    /// Plans an answer.
    pub(crate) fn plan(&mut self, at: Instant, fetch: FetchId, answer: HttpAnswer) {
        self.fetched.insert((at, fetch), answer);
    }

    /// Takes the first answer that is there at `now`.
    pub(crate) fn take_by(&mut self, now: Instant) -> Option<(FetchId, HttpAnswer)> {
        let first = self.fetched.first_entry().filter(|first| first.key().0 <= now)?;
        Some((first.key().1, first.remove()))
    }

    /// Forgets one and what came of it.
    pub(crate) fn forget(&mut self, fetch: FetchId) {
        self.under_way.remove(&fetch);
        self.fetched.retain(|(_, other), _| *other != fetch);
    }

    /// When the first answer is there.
    pub(crate) fn first_at(&self) -> Option<Instant> {
        self.fetched.first_key_value().map(|((at, _), _)| *at)
    }

    /// The clocks of those under way.
    pub(crate) fn clocks(&self) -> impl Iterator<Item = &CallClock> {
        self.under_way.values()
    }
}
