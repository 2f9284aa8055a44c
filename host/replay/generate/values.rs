//! Numbers that are constant or drawn.

use timeslip_timeline::chance::Chance;

/// Whole numbers of one distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// Always this one.
    Constant(u64),
    /// From `low` to `high`, both included, each as likely.
    Uniform {
        /// The smallest.
        low: u64,
        /// The largest.
        high: u64,
    },
    /// Of the normal distribution; what would be below 0 is 0.
    Normal {
        /// The mean.
        mean: u64,
        /// The standard deviation.
        deviation: u64,
    },
}

/// Standard deviations beyond which no draw of the normal distribution comes: 53 random bits reach
/// 8.6.
const DEVIATIONS_MAX: u64 = 9;

impl Values {
    /// The next one.
    pub(crate) fn draw(self, chance: &mut Chance) -> u64 {
        match self {
            Values::Constant(value) => value,
            Values::Uniform { low, high } => chance.next_between(low, high),
            Values::Normal { mean, deviation } => {
                // The conversion turns what is below 0 into 0.
                (mean as f64 + deviation as f64 * chance.next_normal()).round() as u64
            }
        }
    }

    /// What none of them exceeds.
    pub fn most(self) -> u64 {
        match self {
            Values::Constant(value) => value,
            Values::Uniform { high, .. } => high,
            Values::Normal { mean, deviation } => {
                mean.saturating_add(deviation.saturating_mul(DEVIATIONS_MAX))
            }
        }
    }
}
