//! The time of a layer's experts.
//!
//! Which experts a step reads is a matter of chance. Where each expert is as likely as another, a
//! step's tokens meet nearly all of them soon. Real tokens share experts: one that was chosen is
//! likelier to be chosen again. That is told here by one number, the concentration of a beta
//! distribution of the experts' shares of tokens, of which the mean is the even share: the chance
//! that no token meets an expert is then a product, as in Pólya's urn, and with a concentration
//! without bound it is that of even shares.

use std::sync::Arc;

use super::rates::{Rates, Tokens, overlapped};
use super::term::{Binds, Part, Term};
use crate::profile::LayerGroup;

/// Steps of up to so many tokens look up how many experts they hit.
const TABLE_TOKENS: u64 = 1024;

/// Bytes of one token's activations at an expert for each value of the residual stream: read and
/// written in 16 bits.
const ACTIVATION_BYTES_PER_VALUE: f64 = 4.0;

/// The experts of one layer, whichever chips they stand on.
#[derive(Clone, Debug)]
pub(crate) struct ExpertCost {
    count: f64,
    per_token: f64,
    parameters: f64,
    /// Of the experts' shares of tokens; `None` where these are even.
    concentration: Option<f64>,
    /// Experts hit by so many tokens, to the bit as they are computed.
    hits: Arc<[f64]>,
}

impl ExpertCost {
    /// The experts of one layer of a model of this width, `concentration` being that of their
    /// shares of tokens, where these are not even.
    pub(crate) fn of(
        layers: &LayerGroup,
        hidden: u64,
        concentration: Option<f64>,
    ) -> Option<ExpertCost> {
        let experts = layers.experts.as_ref()?;
        let parameters = layers.expert_parameters(hidden);
        Some(ExpertCost::new(experts.count, experts.per_token, parameters, concentration))
    }

    /// `count` experts of so many parameters, `per_token` of which a token is routed to.
    fn new(count: u64, per_token: u64, parameters: u64, concentration: Option<f64>) -> ExpertCost {
        let mut cost = ExpertCost {
            count: count as f64,
            per_token: per_token as f64,
            parameters: parameters as f64,
            concentration,
            hits: Arc::new([]),
        };
        cost.hits = (0..=TABLE_TOKENS).map(|tokens| cost.hit(tokens)).collect();
        cost
    }

    /// Experts that a token is routed to.
    pub(crate) fn per_token(&self) -> f64 {
        self.per_token
    }

    /// How many experts any of these tokens is routed to, on the mean.
    #[inline]
    fn hit(&self, tokens: u64) -> f64 {
        match self.hits.get(tokens as usize) {
            Some(hit) => *hit,
            None => self.count * (1.0 - self.missed(tokens)),
        }
    }

    /// The chance that none of these tokens is routed to an expert.
    fn missed(&self, tokens: u64) -> f64 {
        let others = 1.0 - self.per_token / self.count;
        match self.concentration {
            None => power(others, tokens),
            Some(concentration) => (0..tokens)
                .map(|before| before as f64)
                .map(|before| (concentration * others + before) / (concentration + before))
                .product(),
        }
    }

    /// The same of one of so many parts of the tokens.
    #[inline]
    pub(crate) fn hit_in_part(&self, tokens: u64, parts: u64) -> f64 {
        if parts == 1 {
            return self.hit(tokens);
        }
        // Where the tokens do not divide, some parts have one more than others: their mean.
        let larger = (tokens % parts) as f64 / parts as f64;
        self.hit(tokens / parts) * (1.0 - larger) + self.hit(tokens / parts + 1) * larger
    }
}

/// What chips take for experts beside their rates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExpertChips {
    /// Chips that share all experts.
    pub(crate) chips: f64,
    /// Parts into which the experts are divided.
    pub(crate) parts: f64,
    /// Of each expert that is hit, on its chip.
    pub(crate) hit_seconds: f64,
    /// How often activations pass the memory.
    pub(crate) activation_factor: f64,
    /// Width of the residual stream.
    pub(crate) hidden: f64,
}

/// The experts of one layer on the chips that share them.
#[derive(Clone, Debug)]
pub(crate) struct ExpertLayer {
    pub(crate) experts: ExpertCost,
    flops_per_token: f64,
    bytes_per_hit: f64,
    seconds_per_token: f64,
    memory_seconds_per_hit: f64,
    hit_seconds: f64,
    activation_seconds_per_token: f64,
    peak_seconds_per_token: f64,
    peak_seconds_per_hit: f64,
}

impl ExpertLayer {
    pub(crate) fn new(experts: ExpertCost, rates: &Rates, on: &ExpertChips) -> ExpertLayer {
        let flops_per_token = 2.0 * experts.per_token * experts.parameters / on.chips;
        let bytes_per_hit = experts.parameters * rates.bytes_per_weight / on.chips;
        let activations = experts.per_token * ACTIVATION_BYTES_PER_VALUE * on.hidden / on.chips;
        ExpertLayer {
            experts,
            flops_per_token,
            bytes_per_hit,
            seconds_per_token: flops_per_token / rates.flops,
            memory_seconds_per_hit: bytes_per_hit / rates.bytes,
            hit_seconds: on.hit_seconds / on.parts,
            activation_seconds_per_token: activations * on.activation_factor / rates.peak_bytes,
            peak_seconds_per_token: flops_per_token / rates.peak_flops,
            peak_seconds_per_hit: bytes_per_hit / rates.peak_bytes,
        }
    }

    /// So many such layers, when these tokens are routed to `hit` experts.
    #[inline]
    pub(crate) fn term(&self, layers: f64, tokens: Tokens, hit: f64) -> Term {
        let compute_seconds = self.seconds_per_token * tokens.timed;
        let memory_seconds = self.memory_seconds_per_hit * hit;
        let seconds = overlapped(compute_seconds, memory_seconds)
            + self.hit_seconds * hit
            + self.activation_seconds_per_token * tokens.passing;
        let memory = memory_seconds > compute_seconds;
        Term {
            part: Part::Experts,
            seconds: layers * seconds,
            binds: if memory { Binds::Memory } else { Binds::Compute },
            flops: layers * (self.flops_per_token * tokens.passing),
            bytes: layers * (self.bytes_per_hit * hit),
            peak_compute_seconds: layers * (self.peak_seconds_per_token * tokens.passing),
            peak_memory_seconds: layers * (self.peak_seconds_per_hit * hit),
        }
    }
}

/// `base` to the `exponent`, by multiplications alone.
fn power(mut base: f64, mut exponent: u64) -> f64 {
    let mut product = 1.0;
    while exponent > 0 {
        if exponent & 1 == 1 {
            product *= base;
        }
        base *= base;
        exponent >>= 1;
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_right() {
        assert_eq!(power(0.5, 0), 1.0);
        assert_eq!(power(0.5, 10), 1.0 / 1024.0);
        assert!((power(0.96875, 100) - 0.0417).abs() < 1e-4);
    }

    #[test]
    fn what_is_looked_up_is_what_would_be_computed() {
        let experts = ExpertCost::new(256, 8, 1, None);
        let computed = ExpertCost { hits: Arc::new([]), ..experts.clone() };
        for tokens in [0, 1, 7, 64, TABLE_TOKENS, TABLE_TOKENS + 1, 100_000] {
            assert_eq!(experts.hit(tokens).to_bits(), computed.hit(tokens).to_bits());
        }
        assert_eq!(experts.hit(0), 0.0);
        assert_eq!(experts.hit(1), 8.0);
        assert!((experts.hit(100_000) - 256.0).abs() < 1e-9);
    }

    #[test]
    fn parts_that_differ_by_a_token_hit_their_mean() {
        let experts = ExpertCost::new(4, 1, 1, None);
        assert_eq!(experts.hit_in_part(2, 2), 1.0);
        assert_eq!(experts.hit_in_part(3, 2), (1.0 + 1.75) / 2.0);
    }

    #[test]
    fn tokens_that_are_routed_alike_meet_fewer_experts() {
        let with = |concentration| ExpertCost::new(128, 4, 1, concentration);
        let (even, alike) = (with(None), with(Some(10.0)));
        assert_eq!((alike.hit(0), alike.hit(1)), (0.0, 4.0));
        assert!((even.hit(32) - 81.7).abs() < 0.1 && (alike.hit(32) - 47.6).abs() < 0.1);
        assert!(alike.hit(TABLE_TOKENS) < alike.hit(TABLE_TOKENS + 1));
        assert!((with(Some(1e12)).hit(32) - even.hit(32)).abs() < 1e-6);
    }
}
