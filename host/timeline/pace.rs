//! How fast the clock of a run may go.

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
