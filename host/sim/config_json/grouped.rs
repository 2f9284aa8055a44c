//! Families with grouped-query attention in every layer.

use serde_json::Value;

use super::ConfigError;
use super::feed_forward::{dense, experts, of};
use super::keys::Keys;
use crate::profile::{Experts, Grouped, LayerGroup};

const FULL: &str = "full_attention";
const SLIDING: &str = "sliding_attention";

type Layers = Result<Vec<LayerGroup>, ConfigError>;

/// The attention that all layers have which look back at all tokens.
pub(super) fn attention(keys: &Keys<'_>) -> Result<Grouped, ConfigError> {
    let heads = keys.number("num_attention_heads")?;
    Ok(Grouped {
        heads,
        kv_heads: keys.number_or("num_key_value_heads", heads)?,
        head_width: keys.width_of_head(keys.number("hidden_size")?, heads)?,
        window: None,
        shared_projection: false,
        gated: false,
    })
}

fn with(attention: &Grouped, window: Option<u64>, part: &LayerGroup) -> LayerGroup {
    LayerGroup { grouped: Some(Grouped { window, ..attention.clone() }), ..part.clone() }
}

/// The same in each layer.
fn alike(keys: &Keys<'_>, window: Option<u64>, part: &LayerGroup) -> Layers {
    let attention = attention(keys)?;
    Ok((0..keys.layers()?).map(|_| with(&attention, window, part)).collect())
}

/// Layers whose window, or lack of one, a list says; where there is none, `is_sliding` does.
fn windowed(
    keys: &Keys<'_>,
    is_sliding: Option<&dyn Fn(u64) -> bool>,
    part: &LayerGroup,
) -> Layers {
    let (attention, layers) = (attention(keys)?, keys.layers()?);
    let known = [FULL, SLIDING];
    let sliding: Vec<bool> = match (keys.words_if_any("layer_types", layers, &known)?, is_sliding) {
        (Some(words), _) => words.into_iter().map(|word| word == SLIDING).collect(),
        (None, Some(is_sliding)) => (0..layers).map(is_sliding).collect(),
        (None, None) => keys.words("layer_types", layers, &known).map(|_| Vec::new())?,
    };
    let window = match sliding.contains(&true) {
        true => Some(keys.number("sliding_window")?),
        false => None,
    };
    let layer = |is_sliding: bool| with(&attention, window.filter(|_| is_sliding), part);
    Ok(sliding.into_iter().map(layer).collect())
}

pub(super) fn llama(keys: &Keys<'_>) -> Layers {
    alike(keys, None, &dense(keys)?)
}

pub(super) fn mistral(keys: &Keys<'_>) -> Layers {
    alike(keys, keys.number_if_any("sliding_window")?, &dense(keys)?)
}

fn local_experts(keys: &Keys<'_>) -> Result<Experts, ConfigError> {
    experts(keys, "num_local_experts", "num_experts_per_tok", "intermediate_size")
}

pub(super) fn mixtral(keys: &Keys<'_>) -> Layers {
    alike(keys, keys.number_if_any("sliding_window")?, &of(local_experts(keys)?))
}

pub(super) fn minimax(keys: &Keys<'_>) -> Layers {
    // A 1 is attention to all tokens, a 0 a kind of linear attention that earlier models had.
    if let Some(types) = keys.says("attn_type_list") {
        let all = |list: &Vec<Value>| list.iter().all(|kind| kind.as_u64() == Some(1));
        if !types.as_array().is_some_and(all) {
            return Err(keys.wrong("attn_type_list", types, "a list of nothing but 1"));
        }
    }
    let shared_width = keys.number_if_any("shared_intermediate_size")?.filter(|width| *width > 0);
    let shared = u64::from(shared_width.is_some());
    alike(keys, None, &of(Experts { shared, shared_width, ..local_experts(keys)? }))
}

pub(super) fn gpt_oss(keys: &Keys<'_>) -> Layers {
    windowed(keys, None, &of(local_experts(keys)?))
}

pub(super) fn qwen(keys: &Keys<'_>) -> Layers {
    qwen_attention(keys, &dense(keys)?)
}

/// Windows are in the layers after the first so many, where they are used at all.
fn qwen_attention(keys: &Keys<'_>, part: &LayerGroup) -> Layers {
    if !keys.flag_or("use_sliding_window", false)? {
        return alike(keys, None, part);
    }
    let first = keys.number_if_any("max_window_layers")?;
    match first {
        Some(first) => windowed(keys, Some(&|layer| layer >= first), part),
        None => windowed(keys, None, part),
    }
}

pub(super) fn qwen_experts(keys: &Keys<'_>) -> Layers {
    let experts = experts(keys, "num_experts", "num_experts_per_tok", "moe_intermediate_size")?;
    let mut layers = qwen_attention(keys, &of(experts))?;
    let every = keys.number_or("decoder_sparse_step", 1)?.max(1);
    let dense_ones = match keys.says("mlp_only_layers") {
        Some(_) => keys.any_numbers("mlp_only_layers")?,
        None => Vec::new(),
    };
    for (index, layer) in (0u64..).zip(&mut layers) {
        if dense_ones.contains(&index) || !(index + 1).is_multiple_of(every) {
            *layer = LayerGroup { grouped: layer.grouped.take(), ..dense(keys)? };
        }
    }
    Ok(layers)
}

/// Every other layer has a window, beginning with the first.
pub(super) fn gemma2(keys: &Keys<'_>) -> Layers {
    windowed(keys, Some(&|layer| layer.is_multiple_of(2)), &dense(keys)?)
}

/// All but every sixth layer have a window, or as often as the file says.
pub(super) fn gemma3(keys: &Keys<'_>) -> Layers {
    let part = dense(keys)?;
    if keys.says("layer_types").is_some() {
        return windowed(keys, None, &part);
    }
    let every = keys.number_or("sliding_window_pattern", 6)?.max(1);
    windowed(keys, Some(&|layer| !(layer + 1u64).is_multiple_of(every)), &part)
}

/// Layers without a window have heads of their own number and width.
pub(super) fn gemma4(keys: &Keys<'_>) -> Layers {
    keys.refuse(&["num_kv_shared_layers", "hidden_size_per_layer_input", "use_double_wide_mlp"])?;
    let mut part = dense(keys)?;
    if keys.flag_or("enable_moe_block", false)? {
        part.experts =
            Some(experts(keys, "num_experts", "top_k_experts", "moe_intermediate_size")?);
    }
    let mut layers = windowed(keys, None, &part)?;
    let local = attention(keys)?;
    let global = Grouped {
        kv_heads: keys.number_if_any("num_global_key_value_heads")?.unwrap_or(local.kv_heads),
        head_width: keys.number("global_head_dim")?,
        shared_projection: keys.flag_or("attention_k_eq_v", false)?,
        ..local
    };
    for layer in &mut layers {
        layer.grouped = layer.grouped.take().map(|grouped| match grouped.window {
            None => global.clone(),
            Some(_) => grouped,
        });
    }
    Ok(layers)
}
