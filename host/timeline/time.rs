//! The numbers of a session's clock: whole nanoseconds, never floating point.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

use serde::{Deserialize, Serialize};

/// A point on the clock of a run, in nanoseconds since the run began.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Instant(u64);

/// A length of time in nanoseconds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Span(u64);

impl Instant {
    /// When the run began.
    pub const ZERO: Instant = Instant(0);

    /// The end of the clock, 2^53 - 1 nanoseconds or 104 days after the run began: the last one
    /// that every reader of JSON keeps exactly. Adding time stops here, and a run never arrives
    /// here: what would be due at the end or after it never comes.
    pub const END: Instant = Instant((1 << 53) - 1);

    /// The instant this many nanoseconds after the run began, at most [`Instant::END`].
    pub const fn from_nanos(nanos: u64) -> Instant {
        if nanos < Instant::END.0 { Instant(nanos) } else { Instant::END }
    }

    /// Nanoseconds since the run began.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The time from `earlier` until `self`.
    ///
    /// # Panics
    /// When `earlier` is later: the clock fell, which is a defect of this program.
    pub fn since(self, earlier: Instant) -> Span {
        Span(self.0.checked_sub(earlier.0).expect("the clock of a run never falls"))
    }
}

impl Span {
    /// No time.
    pub const ZERO: Span = Span(0);

    /// A span of this many nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Span {
        Span(nanos)
    }

    /// A span of this many microseconds.
    pub const fn from_micros(micros: u64) -> Span {
        Span(micros.saturating_mul(1_000))
    }

    /// A span of this many milliseconds.
    pub const fn from_millis(millis: u64) -> Span {
        Span(millis.saturating_mul(1_000_000))
    }

    /// The nearest whole number of nanoseconds to `seconds`; nothing when it is negative or no
    /// number, and the longest span when it is too large.
    pub fn from_seconds_f64(seconds: f64) -> Span {
        // `as` saturates and turns NaN into 0; the product and the rounding are exact IEEE steps.
        Span((seconds * 1e9).round() as u64)
    }

    /// Whole nanoseconds.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds, for display and for rates.
    pub fn as_seconds_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The shorter way to write a difference that must not go below zero.
    pub fn saturating_sub(self, other: Span) -> Span {
        Span(self.0.saturating_sub(other.0))
    }
}

impl Add<Span> for Instant {
    type Output = Instant;

    /// Stops at the end of the clock.
    fn add(self, span: Span) -> Instant {
        Instant::from_nanos(self.0.saturating_add(span.0))
    }
}

impl Add for Span {
    type Output = Span;

    /// Stops at the longest span, 584 years.
    fn add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Span {
    fn add_assign(&mut self, other: Span) {
        *self = *self + other;
    }
}

impl Sub for Span {
    type Output = Span;

    fn sub(self, other: Span) -> Span {
        Span(self.0.checked_sub(other.0).expect("a span is never negative"))
    }
}

impl std::iter::Sum for Span {
    fn sum<I: Iterator<Item = Span>>(spans: I) -> Span {
        spans.fold(Span::ZERO, Add::add)
    }
}

/// Human units with three significant digits: `0 s`, `834 ns`, `12.3 µs`, `1.20 s`, `2 min 05 s`,
/// `2 h 02 min`, `104 d 05 h`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.0 {
            0 => "0 s".to_owned(),
            n if n < 1_000 => format!("{n} ns"),
            n if n < 999_500 => three_digits(n as f64 / 1e3, "µs"),
            n if n < 999_500_000 => three_digits(n as f64 / 1e6, "ms"),
            n if n < 119_500_000_000 => three_digits(n as f64 / 1e9, "s"),
            n => {
                let seconds = n / 1_000_000_000 + u64::from(n % 1_000_000_000 >= 500_000_000);
                match seconds / 3600 {
                    0 => format!("{} min {:02} s", seconds / 60, seconds % 60),
                    hours if hours < 48 => format!("{hours} h {:02} min", seconds % 3600 / 60),
                    hours => format!("{} d {:02} h", hours / 24, hours % 24),
                }
            }
        };
        f.pad(&text)
    }
}

fn three_digits(value: f64, unit: &str) -> String {
    let decimals = match value {
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_as_a_person_would_write_them() {
        let shown = |nanos| Span::from_nanos(nanos).to_string();
        assert_eq!(shown(0), "0 s");
        assert_eq!(shown(834), "834 ns");
        assert_eq!(shown(12_345), "12.3 µs");
        assert_eq!(shown(999_600), "1.00 ms");
        assert_eq!(shown(1_204_000_000), "1.20 s");
        assert_eq!(shown(125_000_000_000), "2 min 05 s");
        assert_eq!(shown(7_325_000_000_000), "2 h 02 min");
        assert_eq!(shown(Instant::END.as_nanos()), "104 d 05 h");
        assert_eq!(shown(u64::MAX), "213503 d 23 h");
    }

    #[test]
    fn no_time_added_passes_the_end_of_the_clock() {
        let longest = Span::from_nanos(u64::MAX);
        assert_eq!(Instant::from_nanos(5) + longest, Instant::END);
        assert_eq!(Instant::END + Span::from_nanos(1), Instant::END);
        assert_eq!(Instant::from_nanos(u64::MAX), Instant::END);
        assert_eq!(longest + longest, longest);
        assert_eq!(Span::from_millis(u64::MAX), longest);
    }

    #[test]
    fn seconds_round_to_the_nearest_nanosecond_and_never_go_wrong() {
        assert_eq!(Span::from_seconds_f64(1.5e-9).as_nanos(), 2);
        assert_eq!(Span::from_seconds_f64(-1.0), Span::ZERO);
        assert_eq!(Span::from_seconds_f64(f64::NAN), Span::ZERO);
        assert_eq!(Span::from_seconds_f64(f64::INFINITY).as_nanos(), u64::MAX);
    }

    #[test]
    #[should_panic(expected = "never falls")]
    fn a_falling_clock_is_a_defect() {
        Instant::ZERO.since(Instant::from_nanos(1));
    }
}
