//! The feed-forward part of a layer, dense or of experts.

use super::ConfigError;
use super::keys::Keys;
use crate::profile::{Experts, LayerGroup};

/// A gate, the way up and the way down.
const GATED: u64 = 3;

/// A layer with nothing in it yet.
pub(super) fn empty() -> LayerGroup {
    LayerGroup {
        count: 1,
        grouped: None,
        latent: None,
        compressed: None,
        mamba: None,
        linear_attention: None,
        dense_width: 0,
        experts: None,
        matrices: GATED,
    }
}

/// A layer with a dense part alone.
pub(super) fn dense(keys: &Keys<'_>) -> Result<LayerGroup, ConfigError> {
    Ok(LayerGroup { dense_width: keys.number("intermediate_size")?, ..empty() })
}

/// A layer with experts alone.
pub(super) fn of(experts: Experts) -> LayerGroup {
    LayerGroup { experts: Some(experts), ..empty() }
}

/// Experts as these keys count and measure them, none of them shared.
pub(super) fn experts(
    keys: &Keys<'_>,
    count: &str,
    per_token: &str,
    width: &str,
) -> Result<Experts, ConfigError> {
    Ok(Experts {
        count: keys.number(count)?,
        per_token: keys.number(per_token)?,
        width: keys.number(width)?,
        shared: 0,
        shared_width: None,
        latent_width: None,
    })
}

/// Experts in the words of DeepSeek, whose shared ones are as wide as the others.
pub(super) fn deepseek_experts(keys: &Keys<'_>) -> Result<Experts, ConfigError> {
    let routed = experts(keys, "n_routed_experts", "num_experts_per_tok", "moe_intermediate_size")?;
    Ok(Experts { shared: keys.number_if_any("n_shared_experts")?.unwrap_or(0), ..routed })
}

/// The feed-forward parts of the layers in turn: dense in the first ones, then experts.
pub(super) fn dense_then(
    keys: &Keys<'_>,
    experts: &Experts,
) -> Result<Vec<LayerGroup>, ConfigError> {
    let (layers, first) = (keys.layers()?, keys.number_or("first_k_dense_replace", 0)?);
    let every = keys.number_or("moe_layer_freq", 1)?.max(1);
    let is_dense = |layer: &u64| *layer < first || !layer.is_multiple_of(every);
    let part = |layer: u64| match is_dense(&layer) {
        true => dense(keys),
        false => Ok(of(experts.clone())),
    };
    (0..layers).map(part).collect()
}
