//! What a machine used, whole: energy and cost of all its chips, idle ones included. And who is
//! inside it now.

use timeslip_timeline::backend::Occupancy;
use timeslip_timeline::time::Instant;

use super::ModelledMachine;
use super::call::Place;

impl ModelledMachine {
    /// Joules of all chips up to `at`, idle time included.
    pub(super) fn energy_j(&self, at: Instant) -> Option<f64> {
        let mut joules = 0.0;
        for pool in &self.deployment.pools {
            let idle_chips = pool.chips - pool.replicas * pool.placement.chips;
            let seconds = at.as_nanos() as f64 / 1e9;
            joules += pool.draw?.idle_watts() * idle_chips as f64 * seconds;
        }
        for group in &self.groups {
            let idle_watts = group.idle_watts()?;
            let mut busy = group.busy;
            let mut energy = group.used.joules();
            if let Some(step) = &group.step {
                let part = at.min(step.ends_at).since(step.began_at);
                busy += part;
                energy += match group.series.is_empty() {
                    false => group.series.joules_until(step.began_at, at),
                    true => {
                        let whole = step.ends_at.since(step.began_at).as_seconds_f64();
                        step.used.joules() * part.as_seconds_f64() / whole
                    }
                };
            }
            let idle = at.since(Instant::ZERO).saturating_sub(busy);
            joules += energy + idle_watts * idle.as_seconds_f64();
        }
        Some(joules)
    }

    /// Dollars of all chips up to `at`.
    pub(super) fn cost_usd(&self, at: Instant) -> Option<f64> {
        let hours = at.since(Instant::ZERO).as_seconds_f64() / 3600.0;
        let mut dollars = 0.0;
        for pool in &self.deployment.pools {
            dollars += pool.usd_per_hour? * pool.chips as f64 * hours;
        }
        Some(dollars)
    }

    /// The calls inside, and the memory that they hold. Of steps that are summed, memory is counted
    /// as it was before the first of them.
    pub(super) fn occupied(&self) -> Occupancy {
        let waits = |place| matches!(place, Place::FrontEnd | Place::Stranded | Place::Waiting);
        let waiting = self.calls.values().filter(|call| waits(call.place)).count() as u64;
        let used: u64 = self.groups.iter().map(|group| group.memory.used()).sum();
        let blocks: u64 = self.groups.iter().map(|group| group.pool.placement.blocks).sum();
        Occupancy {
            running: self.calls.len() as u64 - waiting,
            waiting,
            kv_share: used as f64 / blocks.max(1) as f64,
        }
    }
}
