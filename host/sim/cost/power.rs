//! What a step draws and what an hour costs, where the profile knows.

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
    pub fn of(chip: &Chip) -> Option<PowerDraw> {
        Some(PowerDraw {
            idle_watts: chip.power.idle_watts.value?,
            compute_watts: chip.power.compute_watts.value?,
            memory_watts: chip.power.memory_watts.value?,
            limit_watts: chip.power.limit_watts.value?,
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
