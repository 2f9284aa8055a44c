//! The end of a server: no more is begun, what runs may go on for a while, the rest waits in the store.

use std::sync::Arc;
use std::time::{Duration, Instant};

use timeslip_timeline::stop::Stop;

use super::desk::Desk;
use super::log::TaskLog;

/// How long tasks that are told to stop may take to notice: one that computes does so at the end of
/// its burst.
const NOTICE: Duration = Duration::from_secs(2);

impl Desk {
    /// Begins no more, lets what runs go on for so long, and stops the rest.
    pub(crate) fn stop(&self, grace: Duration) {
        let waiting: Vec<Arc<TaskLog>> = {
            let mut state = self.lock();
            state.is_stopping = true;
            state.logs_of_waiting()
        };
        self.wake_all();
        waiting.iter().for_each(|log| log.close());
        if self.is_idle_within(grace) {
            return;
        }
        let stops: Vec<Stop> =
            self.lock().running.values().map(|running| running.stop.clone()).collect();
        stops.iter().for_each(Stop::set);
        self.is_idle_within(NOTICE);
        let logs = std::mem::take(&mut self.lock().logs);
        logs.values().for_each(|log| log.close());
    }

    fn is_idle_within(&self, most: Duration) -> bool {
        let began = Instant::now();
        let mut state = self.lock();
        while !state.running.is_empty() {
            let left = most.saturating_sub(began.elapsed());
            if left.is_zero() {
                return false;
            }
            state = self.wait_for_change(state, left);
        }
        true
    }
}
