//! Modelled time in step with the computer's clock.

use std::time::Duration;

use timeslip_timeline::time::{Instant, Span};

/// Modelled time, which passes so many times as fast as the computer's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WallClock {
    started: std::time::Instant,
    speed: f64,
}

impl WallClock {
    /// A clock that stands at 0 now.
    pub(crate) fn start(speed: f64) -> WallClock {
        WallClock { started: std::time::Instant::now(), speed }
    }

    /// The modelled instant of now.
    pub(crate) fn now(&self) -> Instant {
        Instant::from_nanos((self.started.elapsed().as_nanos() as f64 * self.speed) as u64)
    }

    /// How long it is until a modelled instant; nothing when that has passed.
    pub(crate) fn wait_until(&self, at: Instant) -> Duration {
        // Rounded up, so that who waits wakes at the instant or after it.
        let due = Duration::from_nanos((at.as_nanos() as f64 / self.speed).ceil() as u64);
        due.saturating_sub(self.started.elapsed())
    }

    /// A modelled span on the computer's clock.
    pub(crate) fn wall(&self, span: Span) -> Duration {
        Duration::from_nanos((span.as_nanos() as f64 / self.speed) as u64)
    }

    /// How late it is for what was due at a modelled instant, on the computer's clock.
    pub(crate) fn lateness(&self, at: Instant) -> Duration {
        let due = Duration::from_nanos((at.as_nanos() as f64 / self.speed) as u64);
        self.started.elapsed().saturating_sub(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_passes_at_its_speed_and_who_waits_wakes_in_time() {
        let clock = WallClock::start(1000.0);
        let at = clock.now() + Span::from_millis(5_000);
        assert!(clock.wait_until(at) <= Duration::from_millis(5));
        std::thread::sleep(clock.wait_until(at));
        assert!(clock.now() >= at);
        assert_eq!(clock.wait_until(at), Duration::ZERO);
        assert_eq!(clock.wall(Span::from_millis(5_000)), Duration::from_millis(5));
    }
}
