//! Randomness from one seed, in named streams.
//!
//! Each user of randomness draws from a stream of its own, so that one draw more in one place
//! changes nothing elsewhere. Only integer steps and IEEE-exact arithmetic, with `libm` for the
//! logarithm, so that every platform draws the same.

/// A stream of random numbers (SplitMix64, Steele et al., OOPSLA 2014).
#[derive(Clone, Debug)]
pub struct Chance {
    state: u64,
}

impl Chance {
    /// The stream that belongs to a seed, a purpose and an index, say the session's number.
    pub fn new(seed: u64, purpose: &str, index: u64) -> Chance {
        let mut state = mix(seed ^ 0x9e37_79b9_7f4a_7c15);
        for byte in purpose.bytes() {
            state = mix(state ^ u64::from(byte));
        }
        Chance { state: mix(state ^ index) }
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state)
    }

    /// A number of at least 0 and below 1, with 53 random bits.
    pub fn next_unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number from `low` to `high`, both included.
    pub fn next_between(&mut self, low: u64, high: u64) -> u64 {
        let width = u128::from(high.saturating_sub(low)) + 1;
        low + ((u128::from(self.next_u64()) * width) >> 64) as u64
    }

    /// The time to the next event of a Poisson process with this many events a second, in seconds.
    pub fn next_exponential(&mut self, rate_per_second: f64) -> f64 {
        -libm::log(1.0 - self.next_unit()) / rate_per_second
    }

    /// A draw from the standard normal distribution (Box and Muller, 1958).
    pub fn next_normal(&mut self) -> f64 {
        let radius = (-2.0 * libm::log(1.0 - self.next_unit())).sqrt();
        radius * libm::cos(std::f64::consts::TAU * self.next_unit())
    }
}

fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_repeat_and_differ() {
        let draw = |seed, purpose, index| Chance::new(seed, purpose, index).next_u64();
        assert_eq!(draw(1, "words", 0), draw(1, "words", 0));
        assert_ne!(draw(1, "words", 0), draw(2, "words", 0));
        assert_ne!(draw(1, "words", 0), draw(1, "arrivals", 0));
        assert_ne!(draw(1, "words", 0), draw(1, "words", 1));
    }

    #[test]
    fn ranges_hold_both_ends_and_means_are_right() {
        let mut chance = Chance::new(7, "test", 0);
        let draws: Vec<u64> = (0..1000).map(|_| chance.next_between(3, 5)).collect();
        assert!(
            draws.contains(&3) && draws.contains(&5) && draws.iter().all(|d| (3..=5).contains(d))
        );
        assert_eq!(chance.next_between(4, 4), 4);
        let mean = (0..10_000).map(|_| chance.next_exponential(2.0)).sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.02, "{mean}");
    }
}
