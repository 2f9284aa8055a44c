//! DeepSeek V4: attention to compressed spans of tokens.

use serde_json::Value;

use super::ConfigError;
use super::feed_forward::{deepseek_experts, of};
use super::keys::Keys;
use super::latent::index;
use crate::profile::{Compressed, LayerGroup};

/// Tokens of a span of the layers with an index, whose spans overlap.
const INDEXED_RATIO: u64 = 4;

pub(super) fn layers(keys: &Keys<'_>) -> Result<Vec<LayerGroup>, ConfigError> {
    let kv_heads = keys.number("num_key_value_heads")?;
    if kv_heads != 1 {
        let found = Value::from(kv_heads);
        return Err(keys.wrong("num_key_value_heads", &found, "1, which all heads share"));
    }
    let window = Compressed {
        heads: keys.number("num_attention_heads")?,
        head_width: keys.number("head_dim")?,
        query_rank: keys.number("q_lora_rank")?,
        output_groups: keys.number("o_groups")?,
        output_rank: keys.number("o_lora_rank")?,
        window: keys.number("sliding_window")?,
        ratio: None,
        overlaps: false,
        index: None,
    };
    let (index, part) = (index(keys)?, of(deepseek_experts(keys)?));
    let layer = |ratio: u64| {
        let compressed = match ratio {
            0 => window.clone(),
            INDEXED_RATIO => Compressed {
                ratio: Some(ratio),
                overlaps: true,
                index: Some(index),
                ..window.clone()
            },
            _ => Compressed { ratio: Some(ratio), ..window.clone() },
        };
        LayerGroup { compressed: Some(compressed), ..part.clone() }
    };
    let ratios = keys.numbers("compress_ratios", keys.layers()?)?;
    match ratios.iter().find(|ratio| ![0, INDEXED_RATIO, 128].contains(ratio)) {
        Some(ratio) => {
            Err(keys.wrong("compress_ratios", &Value::from(*ratio), "0, 4 and 128 in it"))
        }
        None => Ok(ratios.into_iter().map(layer).collect()),
    }
}
