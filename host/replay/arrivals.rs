//! When sessions start.

use timeslip_timeline::chance::Chance;
use timeslip_timeline::time::{Instant, Span};

/// How the sessions of a source start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Load {
    /// As the source says, with the time between arrivals divided by `speed`, above 0. A source
    /// that says nothing starts all at once.
    Recorded {
        /// How many times faster sessions arrive.
        speed: f64,
    },
    /// One after each span of this length, the first at once.
    Every(Span),
    /// At random, as many a second on the average; the times between arrivals are drawn from a
    /// gamma distribution.
    Random {
        /// Sessions a second, above 0.
        rate: f64,
        /// The shape of the gamma distribution, above 0: 1 is a Poisson process, less comes in
        /// bursts, more is steadier.
        shape: f64,
    },
    /// So many at once; when one ends, the next starts after `think`.
    AtOnce {
        /// Sessions, at least 1.
        sessions: u64,
        /// From a session's end to the start of the next.
        think: Span,
    },
}

/// The instants at which sessions start that do not wait for others, in ascending order.
#[derive(Clone, Debug)]
pub struct Arrivals {
    load: Load,
    chance: Chance,
    last: Option<Instant>,
}

impl Arrivals {
    /// The arrivals of a load, drawn from a stream of this seed.
    pub fn new(load: Load, seed: u64) -> Arrivals {
        Arrivals { load, chance: Chance::new(seed, "replay.arrivals", 0), last: None }
    }

    /// When the next session starts; `recorded` is what the source says of it. Under
    /// [`Load::AtOnce`] that is the start of the clock.
    pub fn next(&mut self, recorded: Instant) -> Instant {
        let last = self.last.unwrap_or(Instant::ZERO);
        let at = match self.load {
            Load::Recorded { speed } => faster(recorded, speed).max(last),
            Load::Every(span) => self.last.map_or(Instant::ZERO, |last| last + span),
            Load::Random { rate, shape: 1.0 } => {
                last + Span::from_seconds_f64(self.chance.next_exponential(rate))
            }
            Load::Random { rate, shape } => {
                last + Span::from_seconds_f64(self.chance.next_gamma(shape) / (rate * shape))
            }
            Load::AtOnce { .. } => Instant::ZERO,
        };
        self.last = Some(at);
        at
    }
}

/// An instant with the time until it divided by `speed`.
pub(crate) fn faster(at: Instant, speed: f64) -> Instant {
    match speed {
        1.0 => at,
        _ => Instant::from_nanos((at.as_nanos() as f64 / speed).round() as u64),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spans(load: Load, seed: u64, count: usize) -> Vec<f64> {
        let mut arrivals = Arrivals::new(load, seed);
        let mut last = Instant::ZERO;
        let span = |_| {
            let at = arrivals.next(Instant::ZERO);
            let span = at.since(std::mem::replace(&mut last, at));
            span.as_seconds_f64()
        };
        (0..count).map(span).collect()
    }

    #[test]
    fn random_arrivals_have_the_rate_and_the_spread_of_their_shape() {
        for shape in [0.25, 0.5, 1.0, 4.0] {
            let spans = spans(Load::Random { rate: 500.0, shape }, 3, 100_000);
            let mean = spans.iter().sum::<f64>() / spans.len() as f64;
            let squares = spans.iter().map(|span| (span - mean) * (span - mean)).sum::<f64>();
            let variance = squares / spans.len() as f64;
            assert!((mean * 500.0 - 1.0).abs() < 0.02, "{shape}: {mean}");
            let expected = 1.0 / (500.0 * 500.0 * shape);
            assert!((variance / expected - 1.0).abs() < 0.06, "{shape}: {variance}");
        }
    }

    #[test]
    fn fixed_and_recorded_arrivals_are_exact() {
        let mut every = Arrivals::new(Load::Every(Span::from_millis(2)), 0);
        let at: Vec<u64> = (0..3).map(|_| every.next(Instant::ZERO).as_nanos()).collect();
        assert_eq!(at, [0, 2_000_000, 4_000_000]);
        let mut recorded = Arrivals::new(Load::Recorded { speed: 4.0 }, 0);
        assert_eq!(recorded.next(Instant::from_nanos(10)).as_nanos(), 3);
    }

    proptest! {
        #[test]
        fn arrivals_ascend(
            rate in 0.001f64..1e9,
            shape in 0.001f64..1000.0,
            seed: u64,
            speed in 0.001f64..1000.0,
            mut recorded in prop::collection::vec(0u64..1 << 53, 1..50),
        ) {
            recorded.sort_unstable();
            for load in [
                Load::Random { rate, shape },
                Load::Random { rate, shape: 1.0 },
                Load::Recorded { speed },
                Load::Every(Span::from_nanos(rate as u64)),
            ] {
                let mut arrivals = Arrivals::new(load, seed);
                let of = |at: &u64| arrivals.next(Instant::from_nanos(*at));
                let at: Vec<Instant> = recorded.iter().map(of).collect();
                prop_assert!(at.is_sorted());
            }
        }
    }
}
