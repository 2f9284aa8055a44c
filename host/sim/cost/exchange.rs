//! How the chips of a group combine what each of them computes.

use super::term::{Binds, Part, Term};

/// How the chips of a group combine their parts of a layer, twice per layer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Exchanges {
    /// One chip has nothing to combine.
    None,
    /// Ring all-reduces among GPUs.
    AllReduce { chips: f64, fixed_seconds: f64, bytes_per_second: f64 },
    /// Static routes among LPUs: one exchange spans the weights' chips and the KV's, one the
    /// weights' alone.
    Reach { attention_seconds: f64, feed_forward_seconds: f64, bytes_per_second: f64 },
}

/// Bytes of one value that passes between chips.
pub(crate) const ACTIVATION_BYTES: f64 = 2.0;

impl Exchanges {
    /// All exchanges of a step in this many layers, when `tokens` of this width pass them.
    pub(crate) fn term(&self, layers: f64, hidden: f64, tokens: f64) -> Term {
        let message = tokens * hidden * ACTIVATION_BYTES;
        let (fixed, bytes, bytes_per_second) = match *self {
            Exchanges::None => (0.0, 0.0, 1.0),
            Exchanges::AllReduce { chips, fixed_seconds, bytes_per_second } => {
                let sent = 2.0 * (chips - 1.0) / chips * message;
                (2.0 * fixed_seconds, 2.0 * sent, bytes_per_second)
            }
            Exchanges::Reach { attention_seconds, feed_forward_seconds, bytes_per_second } => {
                (attention_seconds + feed_forward_seconds, 2.0 * message, bytes_per_second)
            }
        };
        let moving = bytes / bytes_per_second;
        Term {
            binds: if moving > fixed { Binds::Link } else { Binds::Latency },
            bytes: layers * bytes,
            ..Term::fixed(Part::Exchange, layers * (fixed + moving))
        }
    }

    /// The exchange that follows attention in one layer.
    pub(crate) fn attention_term(&self, hidden: f64, tokens: f64) -> Term {
        self.after(true).term(0.5, hidden, tokens)
    }

    /// The exchange that follows the feed-forward part of one layer.
    pub(crate) fn feed_forward_term(&self, hidden: f64, tokens: f64) -> Term {
        self.after(false).term(0.5, hidden, tokens)
    }

    /// As if both exchanges of a layer were the one that follows attention, or the other.
    fn after(self, attention: bool) -> Exchanges {
        let Exchanges::Reach { attention_seconds, feed_forward_seconds, bytes_per_second } = self
        else {
            return self;
        };
        let seconds = if attention { attention_seconds } else { feed_forward_seconds };
        Exchanges::Reach {
            attention_seconds: seconds,
            feed_forward_seconds: seconds,
            bytes_per_second,
        }
    }
}
