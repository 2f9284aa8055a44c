//! How fast the clock of a run may go.

use crate::stop::Stop;
use crate::time::Instant;

/// Says when the clock of a run may move on.
///
/// The machines of a run either know what comes out of them next, which
/// [`Backend::next_event_at`](crate::backend::Backend::next_event_at) tells, or their answers come
/// from outside in their own time. Of the latter the run's pace knows.
pub trait Pace {
    /// The instant that the clock moves to from `now`, at least `now`: the earlier one of `due`,
    /// when the first timer or machine that knows is due, and of what comes from outside. Waits
    /// until that is settled. `None` where nothing will ever come.
    fn next_instant(&mut self, now: Instant, due: Option<Instant>) -> Option<Instant>;
}

/// Nothing comes from outside, so the clock jumps to whatever is due.
#[derive(Clone, Copy, Debug, Default)]
pub struct Jumping;

impl Pace for Jumping {
    fn next_instant(&mut self, _now: Instant, due: Option<Instant>) -> Option<Instant> {
        due
    }
}

/// Another pace, until the run is to be stopped.
///
/// It then says once that nothing will ever come, so that the loop ends the sessions, and lets their
/// ends come.
#[derive(Debug)]
pub struct UntilStopped<P> {
    pace: P,
    stop: Stop,
    has_stopped: bool,
}

impl<P> UntilStopped<P> {
    /// This pace, until this stop is set.
    pub fn new(pace: P, stop: Stop) -> UntilStopped<P> {
        UntilStopped { pace, stop, has_stopped: false }
    }

    /// Whether the run was stopped before its end.
    pub fn has_stopped(&self) -> bool {
        self.has_stopped
    }
}

impl<P: Pace> Pace for UntilStopped<P> {
    fn next_instant(&mut self, now: Instant, due: Option<Instant>) -> Option<Instant> {
        if !self.stop.is_set() {
            let next = self.pace.next_instant(now, due);
            // It may have been set while the pace waited.
            if !self.stop.is_set() {
                return next;
            }
        }
        match std::mem::replace(&mut self.has_stopped, true) {
            true => due,
            false => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_is_stopped_is_told_once_that_nothing_comes_and_then_may_end() {
        let stop = Stop::default();
        let mut pace = UntilStopped::new(Jumping, stop.clone());
        let due = Some(Instant::from_nanos(9));
        assert_eq!(pace.next_instant(Instant::ZERO, due), due);
        assert!(!pace.has_stopped());
        stop.set();
        assert_eq!(pace.next_instant(Instant::ZERO, due), None);
        assert_eq!(pace.next_instant(Instant::ZERO, due), due);
        assert!(pace.has_stopped());
    }
}
