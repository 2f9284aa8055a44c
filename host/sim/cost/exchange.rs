//! How the chips of a group combine what each of them computes.

use super::term::{Binds, Part, Term};

/// How the chips of a group combine their parts of a layer, twice per layer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Exchanges {
    /// One chip has nothing to combine.
    None,
    /// Ring all-reduces among GPUs.
    AllReduce { chips: f64, fixed_seconds: f64, bytes_per_second: f64 },
}

/// Tokens on their way to the chips of their experts and back, in attention data parallelism.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dispatch {
    /// Chips that share the experts.
    pub(crate) chips: f64,
    /// Fixed time of one way.
    pub(crate) fixed_seconds: f64,
    pub(crate) bytes_per_second: f64,
}

/// Bytes of one value that passes between chips.
pub(crate) const ACTIVATION_BYTES: f64 = 2.0;

/// Bytes of one value on the mean of both ways: 8 bits to an expert, and 16 back.
const DISPATCH_BYTES: f64 = 1.5;

impl Dispatch {
    /// Both ways in this many layers, of tokens of this width that are routed to so many experts. A
    /// token goes to a chip once, however many of its experts are there.
    pub(crate) fn passage(&self, layers: f64, per_token: f64, hidden: f64) -> Passage {
        let others = (self.chips - 1.0) / self.chips;
        let bytes = 2.0 * others * per_token.min(self.chips) * hidden * DISPATCH_BYTES;
        Passage {
            part: Part::Dispatch,
            fixed_seconds: layers * 2.0 * self.fixed_seconds,
            seconds_per_token: layers * bytes / self.bytes_per_second,
            bytes_per_token: layers * bytes,
        }
    }
}

/// What passes between chips: a fixed time, and one that grows with the tokens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passage {
    pub(crate) part: Part,
    pub(crate) fixed_seconds: f64,
    pub(crate) seconds_per_token: f64,
    pub(crate) bytes_per_token: f64,
}

impl Passage {
    /// The activations of each token on their way, so many times.
    pub(crate) fn ways(
        part: Part,
        ways: f64,
        fixed_seconds: f64,
        hidden: f64,
        bytes_per_second: f64,
    ) -> Passage {
        let bytes = hidden * ACTIVATION_BYTES;
        Passage {
            part,
            fixed_seconds: ways * fixed_seconds,
            seconds_per_token: ways * bytes / bytes_per_second,
            bytes_per_token: ways * bytes,
        }
    }

    /// This and another of the same part, one after the other.
    pub(crate) fn and(self, other: Passage) -> Passage {
        Passage {
            part: self.part,
            fixed_seconds: self.fixed_seconds + other.fixed_seconds,
            seconds_per_token: self.seconds_per_token + other.seconds_per_token,
            bytes_per_token: self.bytes_per_token + other.bytes_per_token,
        }
    }

    #[inline]
    pub(crate) fn term(&self, tokens: f64) -> Term {
        let moving = self.seconds_per_token * tokens;
        Term {
            binds: if moving > self.fixed_seconds { Binds::Link } else { Binds::Latency },
            bytes: self.bytes_per_token * tokens,
            ..Term::fixed(self.part, self.fixed_seconds + moving)
        }
    }
}

impl Exchanges {
    /// All exchanges of a step in this many layers, for tokens of this width; nothing where there
    /// are none.
    pub(crate) fn passage(&self, layers: f64, hidden: f64) -> Option<Passage> {
        let message = hidden * ACTIVATION_BYTES;
        let (fixed, bytes, bytes_per_second) = match *self {
            Exchanges::None => return None,
            Exchanges::AllReduce { chips, fixed_seconds, bytes_per_second } => {
                let sent = 2.0 * (chips - 1.0) / chips * message;
                (2.0 * fixed_seconds, 2.0 * sent, bytes_per_second)
            }
        };
        Some(Passage {
            part: Part::Exchange,
            fixed_seconds: layers * fixed,
            seconds_per_token: layers * bytes / bytes_per_second,
            bytes_per_token: layers * bytes,
        })
    }

    /// One of both exchanges of one layer.
    pub(crate) fn half_layer_term(&self, hidden: f64, tokens: f64) -> Term {
        let passage = self.passage(0.5, hidden);
        passage.map_or(Term::fixed(Part::Exchange, 0.0), |passage| passage.term(tokens))
    }
}
