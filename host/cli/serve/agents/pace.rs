//! The pace of one task.

use std::thread;
use std::time::{Duration, Instant as WallInstant};

use timeslip_live::pace::WallPace;
use timeslip_timeline::pace::Pace;
use timeslip_timeline::stop::Stop;
use timeslip_timeline::time::Instant;

use crate::serve::args::Speed;

/// How the clock of a task goes.
pub(super) enum TaskPace {
    /// As real servers answer.
    Live(WallPace),
    /// In step with the computer's clock, from when the task began.
    InStep {
        /// When it began.
        began: WallInstant,
        /// So many times as fast.
        speed: f64,
        /// Ends the waiting.
        stop: Stop,
    },
    /// From one instant to the next.
    Jumping,
}

impl TaskPace {
    /// The pace of a modelled task that begins now, on this thread, which the stop must wake.
    pub(super) fn modelled(speed: Speed, stop: &Stop) -> TaskPace {
        match speed {
            Speed::Max => TaskPace::Jumping,
            Speed::Times(speed) => {
                TaskPace::InStep { began: WallInstant::now(), speed, stop: stop.clone() }
            }
        }
    }
}

impl Pace for TaskPace {
    fn next_instant(&mut self, now: Instant, due: Option<Instant>) -> Option<Instant> {
        match self {
            TaskPace::Live(pace) => pace.next_instant(now, due),
            TaskPace::Jumping => due,
            TaskPace::InStep { began, speed, stop } => {
                let at = due?;
                // Counted from the beginning, so that what is late makes nothing else later.
                let wait = Duration::from_secs_f64(at.as_nanos() as f64 / 1e9 / *speed);
                while !stop.is_set() {
                    let left = wait.saturating_sub(began.elapsed());
                    if left.is_zero() {
                        break;
                    }
                    thread::park_timeout(left);
                }
                Some(at)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modelled_time_takes_its_share_of_the_clock_until_it_is_stopped() {
        let stop = Stop::default();
        let mut pace = TaskPace::modelled(Speed::Times(100.0), &stop);
        let began = WallInstant::now();
        let at = Some(Instant::from_nanos(3_000_000_000));
        assert_eq!(pace.next_instant(Instant::ZERO, at), at);
        assert!(began.elapsed() >= Duration::from_millis(30));
        let waiting = thread::current();
        stop.on_set(move || waiting.unpark());
        let stops = stop.clone();
        let stopping = thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            stops.set();
        });
        let far = Some(Instant::from_nanos(u64::MAX / 4));
        assert_eq!(pace.next_instant(Instant::ZERO, far), far);
        assert!(began.elapsed() < Duration::from_secs(30));
        stopping.join().unwrap();
    }
}
