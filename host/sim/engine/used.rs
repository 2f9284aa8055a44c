//! Energy and money, counted in whole units so that sums do not depend on their order.

use std::ops::{Add, AddAssign, Sub};

/// Joules and dollars that a chat used: its shares of the steps it was in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Used {
    picojoules: u128,
    /// Billionths of a millionth of a dollar.
    femtodollars: u128,
}

impl Used {
    pub(crate) fn new(joules: f64, dollars: f64) -> Used {
        Used { picojoules: (joules * 1e12) as u128, femtodollars: (dollars * 1e15) as u128 }
    }

    pub(crate) fn joules(self) -> f64 {
        self.picojoules as f64 / 1e12
    }

    pub(crate) fn dollars(self) -> f64 {
        self.femtodollars as f64 / 1e15
    }
}

impl Add for Used {
    type Output = Used;

    fn add(self, other: Used) -> Used {
        Used {
            picojoules: self.picojoules + other.picojoules,
            femtodollars: self.femtodollars + other.femtodollars,
        }
    }
}

impl AddAssign for Used {
    fn add_assign(&mut self, other: Used) {
        *self = *self + other;
    }
}

impl Sub for Used {
    type Output = Used;

    fn sub(self, other: Used) -> Used {
        Used {
            picojoules: self.picojoules - other.picojoules,
            femtodollars: self.femtodollars - other.femtodollars,
        }
    }
}
