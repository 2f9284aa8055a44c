//! What stops a call that nobody waits for any more.

pub use timeslip_timeline::stop::Stop;

/// Stops a call when it goes out of scope.
pub(crate) struct StopOnDrop(pub(crate) Stop);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.set();
    }
}
