//! The families of models whose `config.json` can be read.

use std::path::Path;

use serde_json::{Map, Value};
use timeslip_timeline::conversation::nearest;

use super::keys::Keys;
use super::{ConfigError, compressed, grouped, hybrid, latent};
use crate::profile::LayerGroup;

/// Models whose files have the same keys.
pub(super) struct Family {
    /// The `model_type`.
    pub(super) name: &'static str,
    /// Whether the output matrix is the embedding where a file does not say.
    pub(super) is_tied: bool,
    /// All layers in turn.
    pub(super) layers: fn(&Keys<'_>) -> Result<Vec<LayerGroup>, ConfigError>,
}

const fn untied(
    name: &'static str,
    layers: fn(&Keys<'_>) -> Result<Vec<LayerGroup>, ConfigError>,
) -> Family {
    Family { name, is_tied: false, layers }
}

const fn tied(
    name: &'static str,
    layers: fn(&Keys<'_>) -> Result<Vec<LayerGroup>, ConfigError>,
) -> Family {
    Family { name, is_tied: true, layers }
}

const FAMILIES: [Family; 26] = [
    untied("deepseek_v2", latent::layers),
    untied("deepseek_v3", latent::layers),
    untied("deepseek_v32", latent::indexed_layers),
    untied("deepseek_v4", compressed::layers),
    tied("gemma2", grouped::gemma2),
    tied("gemma3", grouped::gemma3),
    tied("gemma3_text", grouped::gemma3),
    tied("gemma4", grouped::gemma4),
    tied("gemma4_text", grouped::gemma4),
    untied("glm_moe_dsa", latent::indexed_layers),
    untied("gpt_oss", grouped::gpt_oss),
    untied("kimi_k2", latent::layers),
    untied("kimi_k25", latent::layers),
    untied("kimi_linear", hybrid::kimi_linear),
    untied("llama", grouped::llama),
    untied("minimax_m2", grouped::minimax),
    untied("mistral", grouped::mistral),
    untied("mixtral", grouped::mixtral),
    untied("nemotron_h", hybrid::nemotron),
    untied("qwen2", grouped::qwen),
    untied("qwen3", grouped::qwen),
    untied("qwen3_5", hybrid::qwen),
    untied("qwen3_5_moe", hybrid::qwen_experts),
    untied("qwen3_5_moe_text", hybrid::qwen_experts),
    untied("qwen3_5_text", hybrid::qwen),
    untied("qwen3_moe", grouped::qwen_experts),
];

/// The keys of the model of text in a file, and its family.
pub(super) fn family_of<'a>(
    whole: &'a Map<String, Value>,
    path: &Path,
) -> Result<(&'a Map<String, Value>, &'static Family), ConfigError> {
    let text_config = whole.get("text_config").and_then(Value::as_object);
    let inner = text_config.filter(|inner| inner.contains_key("hidden_size")).unwrap_or(whole);
    let type_of = |map: &'a Map<String, Value>| map.get("model_type").and_then(Value::as_str);
    let known = |name: &str| FAMILIES.iter().find(|family| family.name == name);
    let found = [type_of(inner), type_of(whole)];
    if let Some(family) = found.into_iter().flatten().find_map(known) {
        return Ok((inner, family));
    }
    let Some(found) = found.into_iter().flatten().next() else {
        let (key, family) = ("model_type".to_owned(), "config.json".to_owned());
        return Err(ConfigError::Missing { path: path.to_owned(), key, family });
    };
    let names = FAMILIES.map(|family| family.name);
    Err(ConfigError::UnknownFamily {
        path: path.to_owned(),
        found: found.to_owned(),
        nearest: nearest(found, names).map(str::to_owned),
        known: names.join(", "),
    })
}

/// The names of all families.
#[cfg(test)]
pub(super) fn names() -> [&'static str; FAMILIES.len()] {
    FAMILIES.map(|family| family.name)
}
