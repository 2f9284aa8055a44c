//! Families with multi-head latent attention, with an index or without.

use serde_json::Value;

use super::ConfigError;
use super::feed_forward::{deepseek_experts, dense_then};
use super::keys::Keys;
use crate::profile::{Index, Latent, LayerGroup};

/// The attention that all layers have.
pub(super) fn attention(keys: &Keys<'_>) -> Result<Latent, ConfigError> {
    Ok(Latent {
        heads: keys.number("num_attention_heads")?,
        query_rank: keys.number_if_any("q_lora_rank")?.unwrap_or(0),
        kv_rank: keys.number("kv_lora_rank")?,
        rope_width: keys.number("qk_rope_head_dim")?,
        nope_width: keys.number("qk_nope_head_dim")?,
        value_width: keys.number("v_head_dim")?,
        gated: false,
        index: None,
    })
}

/// DeepSeek V2 and V3, and what has their shape.
pub(super) fn layers(keys: &Keys<'_>) -> Result<Vec<LayerGroup>, ConfigError> {
    keys.refuse(&["index_topk"])?;
    let latent = attention(keys)?;
    let parts = dense_then(keys, &deepseek_experts(keys)?)?;
    let layer = |part| LayerGroup { latent: Some(latent.clone()), ..part };
    Ok(parts.into_iter().map(layer).collect())
}

/// The index of layers that have one.
pub(super) fn index(keys: &Keys<'_>) -> Result<Index, ConfigError> {
    Ok(Index {
        heads: keys.number("index_n_heads")?,
        width: keys.number("index_head_dim")?,
        top_k: keys.number("index_topk")?,
        shared: false,
    })
}

/// DeepSeek V3.2 and GLM 5: an index in every layer, unless the file says that some go by that of a
/// layer before them.
pub(super) fn indexed_layers(keys: &Keys<'_>) -> Result<Vec<LayerGroup>, ConfigError> {
    let (latent, index) = (attention(keys)?, index(keys)?);
    let parts = dense_then(keys, &deepseek_experts(keys)?)?;
    let layers = parts.len() as u64;
    let types = keys.words_if_any("indexer_types", layers, &["full", "shared"])?;
    let every = keys.number_if_any("index_topk_freq")?.unwrap_or(1);
    if types.is_none() && every > 1 {
        let expected = "1, or a list `indexer_types` that says which layers have an index";
        return Err(keys.wrong("index_topk_freq", &Value::from(every), expected));
    }
    let is_shared = |layer: usize| types.as_ref().is_some_and(|types| types[layer] == "shared");
    let layer = |(layer, part)| {
        let index = Index { shared: is_shared(layer), ..index };
        LayerGroup { latent: Some(Latent { index: Some(index), ..latent.clone() }), ..part }
    };
    Ok(parts.into_iter().enumerate().map(layer).collect())
}
