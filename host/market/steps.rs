//! Where a test may end the process in the middle of what it does, as a loss of power would.

/// The variable that says at which step a child of a test ends.
#[cfg(test)]
pub(crate) const END_AT: &str = "TIMESLIP_MARKET_TEST_ENDS_AT";

/// One more step of writing is done.
#[cfg(not(test))]
#[inline]
pub(crate) fn step() {}

/// One more step of writing is done; the process ends if it is the one that a test names.
#[cfg(test)]
pub(crate) fn step() {
    use std::sync::atomic::{AtomicU64, Ordering};
    static DONE: AtomicU64 = AtomicU64::new(0);
    let Ok(end_at) = std::env::var(END_AT) else { return };
    let done = DONE.fetch_add(1, Ordering::Relaxed);
    if Ok(done) == end_at.parse() {
        // As `kill -9` does: nothing is cleaned up.
        std::process::abort();
    }
}
