//! The clock of a run with real servers goes no faster than the computer's.

use std::sync::Arc;
use std::time::Instant as WallInstant;

use timeslip_timeline::pace::Pace;
use timeslip_timeline::time::{Instant, Span};

use crate::calls::Calls;
use crate::exchange::span;

/// Waits for servers, and lets timers and modelled machines take their time beside them: a sleep of
/// a second takes one, so that a server is asked as often as the run says.
///
/// What is played back from a recording waits for nobody but the calls under way.
#[derive(Debug)]
pub struct WallPace {
    calls: Arc<Calls>,
    /// When the run's clock came to where it stands.
    reached: WallInstant,
}

impl WallPace {
    pub(crate) fn new(calls: Arc<Calls>) -> WallPace {
        WallPace { calls, reached: WallInstant::now() }
    }
}

impl Pace for WallPace {
    fn next_instant(&mut self, now: Instant, due: Option<Instant>) -> Option<Instant> {
        let calls = self.calls.clone();
        let mut table = calls.lock();
        loop {
            if table.is_stopped {
                return None;
            }
            let wall = WallInstant::now();
            let first = table.first_at();
            let Some(at) = first.into_iter().chain(due).min() else {
                if !table.is_working() {
                    return None;
                }
                table = calls.wait(table, None);
                continue;
            };
            let at = at.max(now);
            // A timer comes when its time has passed; what came from outside has come.
            let timer = match first.is_some_and(|first| first <= at) {
                true => Span::ZERO,
                false => at.since(now).saturating_sub(span(wall - self.reached)),
            };
            let settled = table.settled_in(at, wall);
            match settled.map(|settled| settled.max(timer)) {
                Some(Span::ZERO) => {
                    if at > now {
                        self.reached = wall;
                    }
                    return Some(at);
                }
                longest => table = calls.wait(table, longest),
            }
        }
    }
}
