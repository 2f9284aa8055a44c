//! When a request came through, on either side.

use timeslip_timeline::time::Instant;

/// When a request came through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// It came.
    pub(crate) arrival: Instant,
    /// The first token of its reply was there.
    pub(crate) first_token: Instant,
    /// The last one was.
    pub(crate) end: Instant,
}
