//! Calls under way, by their numbers.

use std::collections::VecDeque;

use timeslip_timeline::backend::CallId;
use timeslip_timeline::time::Instant;

use super::sessions::SessionKey;

/// A call under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnderWay {
    pub(crate) session: SessionKey,
    /// Its place among the calls, or the steps, of its session.
    pub(crate) place: u32,
    pub(crate) machine: u32,
    pub(crate) at: Instant,
}

/// The calls from the oldest one under way to the newest: numbers ascend, so a call is found by
/// its distance from the first.
#[derive(Debug, Default)]
pub(super) struct Calls {
    first: u64,
    window: VecDeque<Option<UnderWay>>,
    pub(super) under_way: u64,
}

impl Calls {
    pub(super) fn add(&mut self, call: UnderWay) -> CallId {
        self.window.push_back(Some(call));
        self.under_way += 1;
        CallId(self.first + self.window.len() as u64 - 1)
    }

    pub(super) fn is_under_way(&self, call: CallId) -> bool {
        self.place(call).is_some_and(|place| self.window[place].is_some())
    }

    /// Takes a call out; `None` when it is under way no more.
    pub(super) fn take(&mut self, call: CallId) -> Option<UnderWay> {
        let place = self.place(call)?;
        let taken = self.window[place].take()?;
        self.under_way -= 1;
        while let Some(None) = self.window.front() {
            self.window.pop_front();
            self.first += 1;
        }
        Some(taken)
    }

    fn place(&self, call: CallId) -> Option<usize> {
        let place = usize::try_from(call.0.checked_sub(self.first)?).ok()?;
        (place < self.window.len()).then_some(place)
    }
}
