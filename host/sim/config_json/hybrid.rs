//! Families of which some layers keep a state in place of looking back.

use serde_json::Value;

use super::feed_forward::{deepseek_experts, dense, dense_then, empty, experts, of};
use super::keys::Keys;
use super::{ConfigError, grouped, latent};
use crate::profile::{Experts, Grouped, Latent, LayerGroup, LinearAttention, Mamba};

type Layers = Result<Vec<LayerGroup>, ConfigError>;

pub(super) fn qwen(keys: &Keys<'_>) -> Layers {
    qwen_attention(keys, &dense(keys)?)
}

pub(super) fn qwen_experts(keys: &Keys<'_>) -> Layers {
    keys.refuse(&["mlp_only_layers"])?;
    let experts = Experts {
        shared: 1,
        shared_width: Some(keys.number("shared_expert_intermediate_size")?),
        ..experts(keys, "num_experts", "num_experts_per_tok", "moe_intermediate_size")?
    };
    let shared_width = experts.shared_width.filter(|width| *width != experts.width);
    qwen_attention(keys, &of(Experts { shared_width, ..experts }))
}

fn qwen_attention(keys: &Keys<'_>, part: &LayerGroup) -> Layers {
    let gated = keys.flag_or("attn_output_gate", true)?;
    let full = Grouped { gated, ..grouped::attention(keys)? };
    let linear = LinearAttention {
        key_heads: keys.number("linear_num_key_heads")?,
        key_width: keys.number("linear_key_head_dim")?,
        value_heads: keys.number("linear_num_value_heads")?,
        value_width: keys.number("linear_value_head_dim")?,
        convolution: keys.number("linear_conv_kernel_dim")?,
        decay_rank: None,
    };
    let known = ["full_attention", "linear_attention"];
    let words = keys.words("layer_types", keys.layers()?, &known)?;
    let layer = |word| match word {
        "linear_attention" => LayerGroup { linear_attention: Some(linear.clone()), ..part.clone() },
        _ => LayerGroup { grouped: Some(full.clone()), ..part.clone() },
    };
    Ok(words.into_iter().map(layer).collect())
}

/// What one layer of a Nemotron is.
#[derive(Clone, Copy, PartialEq)]
enum Block {
    Mamba,
    Experts,
    Attention,
    Dense,
}

/// Each layer is of one kind; feed-forward parts have no gate.
pub(super) fn nemotron(keys: &Keys<'_>) -> Layers {
    keys.word_of("mlp_hidden_act", &["relu2"])?;
    let blocks = nemotron_blocks(keys)?;
    let no_gate = |layer| LayerGroup { matrices: 2, ..layer };
    let of_kind = |kind: Block| -> Result<LayerGroup, ConfigError> {
        Ok(match kind {
            Block::Mamba => LayerGroup { mamba: Some(nemotron_mamba(keys)?), ..empty() },
            Block::Attention => LayerGroup { grouped: Some(grouped::attention(keys)?), ..empty() },
            Block::Experts => no_gate(of(nemotron_experts(keys)?)),
            Block::Dense => no_gate(dense(keys)?),
        })
    };
    blocks.into_iter().map(of_kind).collect()
}

fn nemotron_blocks(keys: &Keys<'_>) -> Result<Vec<Block>, ConfigError> {
    let layers = keys.layers()?;
    let known = ["mamba", "moe", "attention", "mlp"];
    if let Some(words) = keys.words_if_any("layers_block_type", layers, &known)? {
        let block = |word| match word {
            "mamba" => Block::Mamba,
            "moe" => Block::Experts,
            "attention" => Block::Attention,
            _ => Block::Dense,
        };
        return Ok(words.into_iter().map(block).collect());
    }
    let key = "hybrid_override_pattern";
    let pattern = keys.text(key)?;
    let block = |letter| match letter {
        'M' => Some(Block::Mamba),
        'E' => Some(Block::Experts),
        '*' => Some(Block::Attention),
        '-' => Some(Block::Dense),
        _ => None,
    };
    let blocks: Option<Vec<Block>> = pattern.chars().map(block).collect();
    blocks.filter(|blocks| blocks.len() as u64 == layers).ok_or_else(|| {
        let expected = format!("{layers} letters, each `M`, `E`, `*` or `-`");
        keys.wrong(key, &Value::from(pattern), &expected)
    })
}

fn nemotron_mamba(keys: &Keys<'_>) -> Result<Mamba, ConfigError> {
    Ok(Mamba {
        heads: keys.number("mamba_num_heads")?,
        head_width: keys.number("mamba_head_dim")?,
        state_width: keys.number("ssm_state_size")?,
        groups: keys.number("n_groups")?,
        convolution: keys.number("conv_kernel")?,
    })
}

fn nemotron_experts(keys: &Keys<'_>) -> Result<Experts, ConfigError> {
    Ok(Experts {
        shared_width: Some(keys.number("moe_shared_expert_intermediate_size")?),
        latent_width: keys.number_if_any("moe_latent_size")?,
        ..deepseek_experts(keys)?
    })
}

/// Kimi Linear, and K3: latent attention in some layers, a state with a decay of each key value in
/// the others, which are counted from 1.
pub(super) fn kimi_linear(keys: &Keys<'_>) -> Layers {
    let config = keys.under("linear_attn_config")?;
    if !config.flag_or("use_full_rank_gate", false)? {
        let found = Value::from(false);
        return Err(config.wrong("use_full_rank_gate", &found, "true: no other gate is known"));
    }
    let (heads, width) = (config.number("num_heads")?, config.number("head_dim")?);
    let linear = LinearAttention {
        key_heads: heads,
        key_width: width,
        value_heads: heads,
        value_width: width,
        convolution: config.number("short_conv_kernel_size")?,
        decay_rank: Some(width),
    };
    let gated = keys.flag_or("mla_use_output_gate", false)?;
    let latent = Latent { gated, ..latent::attention(keys)? };
    let experts = Experts {
        shared: keys.number_if_any("num_shared_experts")?.unwrap_or(0),
        latent_width: keys.number_if_any("routed_expert_hidden_size")?,
        ..experts(keys, "num_experts", "num_experts_per_token", "moe_intermediate_size")?
    };
    let (full, linear_ones) =
        (config.any_numbers("full_attn_layers")?, config.any_numbers("kda_layers")?);
    let layer = |(number, part): (u64, LayerGroup)| match (
        full.contains(&number),
        linear_ones.contains(&number),
    ) {
        (true, false) => Ok(LayerGroup { latent: Some(latent.clone()), ..part }),
        (false, true) => Ok(LayerGroup { linear_attention: Some(linear.clone()), ..part }),
        _ => {
            let expected = "each layer in it or in `full_attn_layers`, and none in both";
            Err(config.wrong("kda_layers", &Value::from(linear_ones.clone()), expected))
        }
    };
    (1..).zip(dense_then(keys, &experts)?).map(layer).collect()
}
