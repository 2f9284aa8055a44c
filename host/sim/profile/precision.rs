//! Number formats: how many bytes a weight or a cached value takes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A number format of weights or of the KV cache.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 16 bits.
    Bf16,
    /// 8 bits.
    Fp8,
    /// 4 bits with an 8-bit scale for every 32 values (OCP Microscaling).
    Mxfp4,
    /// 4 bits with an 8-bit scale for every 16 values (NVIDIA).
    Nvfp4,
    /// Whole numbers of 4 bits with a 16-bit scale for every 64 values. Models differ: GPTQ and AWQ
    /// have one for 128 by default, Kimi K2 Thinking (`group_size` in its config.json) one for 32.
    Int4,
}

impl Precision {
    /// Bytes per value, scales included.
    pub fn bytes(self) -> f64 {
        match self {
            Precision::Bf16 => 2.0,
            Precision::Fp8 => 1.0,
            Precision::Mxfp4 | Precision::Int4 => 0.531_25,
            Precision::Nvfp4 => 0.562_5,
        }
    }

    /// The word that stands for it in files and on screen.
    pub fn word(self) -> &'static str {
        match self {
            Precision::Bf16 => "bf16",
            Precision::Fp8 => "fp8",
            Precision::Mxfp4 => "mxfp4",
            Precision::Nvfp4 => "nvfp4",
            Precision::Int4 => "int4",
        }
    }

    /// The narrowest of `formats` that loses nothing of `self`: itself, or a wider one.
    pub fn widened_to(self, formats: &[Precision]) -> Option<Precision> {
        if formats.contains(&self) {
            return Some(self);
        }
        [Precision::Fp8, Precision::Bf16]
            .into_iter()
            .find(|wider| wider.bytes() > self.bytes() && formats.contains(wider))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_bits_widen_to_eight_where_the_chip_has_no_four() {
        let lpu = [Precision::Fp8];
        assert_eq!(Precision::Mxfp4.widened_to(&lpu), Some(Precision::Fp8));
        assert_eq!(Precision::Int4.widened_to(&lpu), Some(Precision::Fp8));
        assert_eq!(Precision::Fp8.widened_to(&lpu), Some(Precision::Fp8));
        assert_eq!(Precision::Bf16.widened_to(&lpu), None, "narrowing is never silent");
    }
}
