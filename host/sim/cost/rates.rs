//! What operations take at the rates that a chip reaches.

use super::term::{Binds, Part, StepTime, Term};

/// Arithmetic and reads overlap in part: their time is between the longer of the two and the sum.
pub(crate) fn overlapped(compute_seconds: f64, memory_seconds: f64) -> f64 {
    (compute_seconds * compute_seconds + memory_seconds * memory_seconds).sqrt()
}

/// Peak and reached rates of one kind of operation on one chip.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rates {
    pub(crate) peak_flops: f64,
    pub(crate) flops: f64,
    pub(crate) peak_bytes: f64,
    pub(crate) bytes: f64,
    pub(crate) bytes_per_weight: f64,
}

impl Rates {
    pub(crate) fn term(&self, part: Part, flops: f64, bytes: f64, seconds: f64) -> Term {
        let memory = bytes / self.bytes > flops / self.flops;
        Term {
            part,
            seconds,
            binds: if memory { Binds::Memory } else { Binds::Compute },
            flops,
            bytes,
            peak_compute_seconds: flops / self.peak_flops,
            peak_memory_seconds: bytes / self.peak_bytes,
        }
    }

    pub(crate) fn time(&self, flops: f64, bytes: f64) -> StepTime {
        StepTime {
            seconds: overlapped(flops / self.flops, bytes / self.bytes),
            compute_seconds: flops / self.peak_flops,
            memory_seconds: bytes / self.peak_bytes,
            ..StepTime::default()
        }
    }
}

/// Tokens that pass an operation, and as how many its arithmetic is timed: those of a prompt may
/// count for more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tokens {
    pub(crate) passing: f64,
    pub(crate) timed: f64,
}

impl Tokens {
    /// Tokens that count for what they are.
    pub(crate) fn of(passing: f64) -> Tokens {
        Tokens { passing, timed: passing }
    }

    /// Of one of so many equal parts.
    pub(crate) fn divided_by(self, parts: f64) -> Tokens {
        Tokens { passing: self.passing / parts, timed: self.timed / parts }
    }
}

/// A matrix product whose weights are read whole, however many tokens pass them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Product {
    part: Part,
    flops_per_token: f64,
    bytes: f64,
    seconds_per_token: f64,
    memory_seconds: f64,
    peak_seconds_per_token: f64,
    peak_memory_seconds: f64,
}

impl Product {
    /// So many parameters on so many chips, which one of so many parts of the tokens pass.
    pub(crate) fn new(
        part: Part,
        rates: &Rates,
        parameters: f64,
        chips: f64,
        parts: f64,
    ) -> Product {
        let flops_per_token = 2.0 * parameters / (chips * parts);
        let bytes = parameters * rates.bytes_per_weight / chips;
        Product {
            part,
            flops_per_token,
            bytes,
            seconds_per_token: flops_per_token / rates.flops,
            memory_seconds: bytes / rates.bytes,
            peak_seconds_per_token: flops_per_token / rates.peak_flops,
            peak_memory_seconds: bytes / rates.peak_bytes,
        }
    }

    #[inline]
    pub(crate) fn term(&self, tokens: Tokens) -> Term {
        let compute_seconds = self.seconds_per_token * tokens.timed;
        let memory = self.memory_seconds > compute_seconds;
        Term {
            part: self.part,
            seconds: overlapped(compute_seconds, self.memory_seconds),
            binds: if memory { Binds::Memory } else { Binds::Compute },
            flops: self.flops_per_token * tokens.passing,
            bytes: self.bytes,
            peak_compute_seconds: self.peak_seconds_per_token * tokens.passing,
            peak_memory_seconds: self.peak_memory_seconds,
        }
    }
}

/// Attention over tokens that are looked back at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PairTimes {
    seconds_per_pair: f64,
    seconds_per_cached: f64,
    peak_seconds_per_pair: f64,
    peak_seconds_per_cached: f64,
}

impl PairTimes {
    /// With so many operations for each pair of tokens and so many bytes of each cached token, of
    /// which the arithmetic takes `factor` times as long as at these rates.
    pub(crate) fn new(rates: &Rates, flops: f64, bytes: f64, factor: f64) -> PairTimes {
        PairTimes {
            seconds_per_pair: flops / rates.flops * factor,
            seconds_per_cached: bytes / rates.bytes,
            peak_seconds_per_pair: flops / rates.peak_flops,
            peak_seconds_per_cached: bytes / rates.peak_bytes,
        }
    }

    #[inline]
    pub(crate) fn time(&self, pairs: f64, cached: f64) -> StepTime {
        StepTime {
            seconds: overlapped(self.seconds_per_pair * pairs, self.seconds_per_cached * cached),
            compute_seconds: self.peak_seconds_per_pair * pairs,
            memory_seconds: self.peak_seconds_per_cached * cached,
            ..StepTime::default()
        }
    }
}
