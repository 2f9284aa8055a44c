//! Randomness from one seed, in named streams.
//!
//! Each user of randomness draws from a stream of its own, so that one draw more in one place
//! changes nothing elsewhere. Only integer steps and IEEE-exact arithmetic, with `libm` for
//! logarithms and the like, so that every platform draws the same.

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

    /// A draw from the gamma distribution of this shape, over 0, and of scale 1, whose mean is the
    /// shape (Marsaglia and Tsang, ACM TOMS 2000).
    pub fn next_gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            // A draw of the shape above, times a power of a unit draw.
            let unit = 1.0 - self.next_unit();
            return self.next_gamma(shape + 1.0) * libm::exp(libm::log(unit) / shape);
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.next_normal();
            let root = 1.0 + c * x;
            let v = root * root * root;
            let unit = 1.0 - self.next_unit();
            if v > 0.0 && libm::log(unit) < x * x / 2.0 + d * (1.0 - v + libm::log(v)) {
                return d * v;
            }
        }
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

    #[test]
    fn gamma_draws_have_the_mean_and_the_variance_of_their_shape() {
        for shape in [0.25, 0.7, 1.0, 2.5, 40.0] {
            let mut chance = Chance::new(7, "gamma", 0);
            let draws: Vec<f64> = (0..40_000).map(|_| chance.next_gamma(shape)).collect();
            let mean = draws.iter().sum::<f64>() / draws.len() as f64;
            let apart = draws.iter().map(|draw| (draw - mean) * (draw - mean));
            let variance = apart.sum::<f64>() / draws.len() as f64;
            assert!(draws.iter().all(|draw| *draw >= 0.0 && draw.is_finite()));
            assert!((mean / shape - 1.0).abs() < 0.03, "{shape}: mean {mean}");
            assert!((variance / shape - 1.0).abs() < 0.06, "{shape}: variance {variance}");
        }
    }
}
