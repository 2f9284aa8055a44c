//! What a step draws and what an hour costs, where the profile knows.

use crate::ledger::Ledger;
use crate::profile::Chip;

/// A chip's power in watts as its compute and its memory are used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PowerDraw {
    idle_watts: f64,
    compute_watts: f64,
    memory_watts: f64,
    limit_watts: f64,
}

impl PowerDraw {
    /// The chip's power, if every figure of it is known.
    pub(crate) fn of(chip: &Chip, ledger: &Ledger) -> Option<PowerDraw> {
        let power = &chip.power;
        let figures = [
            (&power.idle_watts, "power.idle_watts"),
            (&power.compute_watts, "power.compute_watts"),
            (&power.memory_watts, "power.memory_watts"),
            (&power.limit_watts, "power.limit_watts"),
        ];
        if figures.iter().any(|(figure, _)| figure.value.is_none()) {
            return None;
        }
        let [idle_watts, compute_watts, memory_watts, limit_watts] =
            figures.map(|(figure, key)| ledger.known(figure, &chip.name, key));
        Some(PowerDraw {
            idle_watts: idle_watts?,
            compute_watts: compute_watts?,
            memory_watts: memory_watts?,
            limit_watts: limit_watts?,
        })
    }

    /// Watts doing nothing.
    pub fn idle_watts(self) -> f64 {
        self.idle_watts
    }

    /// Watts at these fractions of the compute peak and of the memory rate.
    pub fn watts(self, compute_use: f64, memory_use: f64) -> f64 {
        let wanted =
            self.idle_watts + self.compute_watts * compute_use + self.memory_watts * memory_use;
        wanted.min(self.limit_watts)
    }
}
