//! Layers that keep a state of fixed size of all that came before, in place of looking back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Bytes of one value of a state, which is kept in 32 bits.
const STATE_BYTES: u64 = 4;
/// Bytes of one value of the last tokens that a convolution needs.
const CONVOLUTION_BYTES: u64 = 2;

/// A state space model (Mamba-2).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mamba {
    /// Heads.
    pub heads: u64,
    /// Width of one head.
    pub head_width: u64,
    /// Width of the state of each of a head's values.
    pub state_width: u64,
    /// Groups of heads that share what is written to their states and what is read.
    pub groups: u64,
    /// Tokens that the convolution before it spans.
    pub convolution: u64,
}

/// Gated linear attention: DeltaNet (Qwen), or Kimi's with a decay for each key value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinearAttention {
    /// Heads of queries, and of keys.
    pub key_heads: u64,
    /// Width of a head of keys.
    pub key_width: u64,
    /// Heads of values, each with a state.
    pub value_heads: u64,
    /// Width of a head of values.
    pub value_width: u64,
    /// Tokens that the convolution before it spans.
    pub convolution: u64,
    /// Width of what the decays of a head's key values come from; absent where a head has one decay.
    pub decay_rank: Option<u64>,
}

/// What a layer's state takes, whichever kind it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Values of the state of one chat.
    pub values: u64,
    /// Values of the last tokens of one chat, for the convolution.
    pub convolution_values: u64,
    /// Operations on each of the state's values, per token.
    pub flops_per_value: u64,
}

impl State {
    /// Bytes of one chat in one layer.
    pub fn bytes(&self) -> u64 {
        STATE_BYTES * self.values + CONVOLUTION_BYTES * self.convolution_values
    }

    /// Operations of one token in one layer.
    pub fn flops_per_token(&self) -> u64 {
        self.flops_per_value * self.values
    }
}

impl Mamba {
    pub(super) fn widths(&self) -> Vec<u64> {
        vec![self.heads, self.head_width, self.state_width, self.groups, self.convolution]
    }

    fn convolved(&self) -> u64 {
        self.heads * self.head_width + 2 * self.groups * self.state_width
    }

    pub(super) fn parameters(&self, hidden: u64) -> u64 {
        let inner = self.heads * self.head_width;
        let into = inner + self.convolved() + self.heads;
        hidden * into + self.convolved() * self.convolution + inner * hidden
    }

    /// A value decays and gets a product added, three operations, and is read with two.
    pub(super) fn state(&self) -> State {
        State {
            values: self.heads * self.head_width * self.state_width,
            convolution_values: self.convolved() * self.convolution.saturating_sub(1),
            flops_per_value: 5,
        }
    }
}

impl LinearAttention {
    pub(super) fn widths(&self) -> Vec<u64> {
        let heads = [self.key_heads, self.key_width, self.value_heads, self.value_width];
        heads.into_iter().chain([self.convolution]).chain(self.decay_rank).collect()
    }

    fn convolved(&self) -> u64 {
        2 * self.key_heads * self.key_width + self.value_heads * self.value_width
    }

    /// Beside queries, keys and values: a gate of the output, the output, how much each head writes,
    /// and the decays.
    pub(super) fn parameters(&self, hidden: u64) -> u64 {
        let values = self.value_heads * self.value_width;
        let decays = match self.decay_rank {
            None => hidden * self.value_heads,
            Some(rank) => rank * (hidden + self.key_heads * self.key_width),
        };
        hidden * (self.convolved() + values + self.value_heads)
            + self.convolved() * self.convolution
            + decays
            + values * hidden
    }

    /// A value decays, is read for what is to be replaced, gets a product added, and is read.
    pub(super) fn state(&self) -> State {
        State {
            values: self.value_heads * self.key_width * self.value_width,
            convolution_values: self.convolved() * self.convolution.saturating_sub(1),
            flops_per_value: 7,
        }
    }
}
