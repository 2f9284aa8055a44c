//! Configs from anywhere: each is read or refused, and what is read can be printed and read again.

use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::tests::{deepseek, read_json};
use super::{ConfigFile, families, read, toml_text};
use crate::profile::{Model, parse};

/// What a config may hold, right and wrong.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0u64..200).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-zM*E-]{0,6}".prop_map(Value::from),
        proptest::collection::vec((0u64..200).prop_map(Value::from), 0..4).prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        proptest::collection::vec(inner, 0..3).prop_map(Value::from)
    })
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,200}") {
        let file = ConfigFile { path: Path::new("config.json"), name: "a-model", date: "2026" };
        let _ = read(&text, file);
    }

    /// Configs of all families with any values in place of some of theirs.
    #[test]
    fn any_values_are_read_or_refused(
        family in 0usize..26,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), json_value()), 0..6),
    ) {
        let mut config = every_key();
        config["model_type"] = json!(families::names()[family]);
        let keys: Vec<String> = config.as_object().unwrap().keys().cloned().collect();
        for (index, value) in changes {
            config[index.get(&keys)] = value;
        }
        if let Ok(model) = read_json(&config) {
            let text = toml_text(&model);
            prop_assert_eq!(parse::<Model>(&text, Path::new("a-model.toml")), Ok(model));
        }
    }
}

/// A small model in the words of all families at once.
fn every_key() -> Value {
    let mut config = deepseek(4, 4);
    for (key, value) in [
        ("layer_types", json!(vec!["full_attention"; 4])),
        ("sliding_window", json!(64)),
        ("head_dim", json!(16)),
        ("global_head_dim", json!(32)),
        ("num_local_experts", json!(4)),
        ("num_experts", json!(4)),
        ("num_experts_per_tok", json!(2)),
        ("num_experts_per_token", json!(2)),
        ("shared_expert_intermediate_size", json!(8)),
        ("moe_shared_expert_intermediate_size", json!(8)),
        ("linear_num_key_heads", json!(2)),
        ("linear_num_value_heads", json!(2)),
        ("linear_key_head_dim", json!(8)),
        ("linear_value_head_dim", json!(8)),
        ("linear_conv_kernel_dim", json!(4)),
        ("mlp_hidden_act", json!("relu2")),
        ("hybrid_override_pattern", json!("ME*-")),
        ("mamba_num_heads", json!(2)),
        ("mamba_head_dim", json!(8)),
        ("ssm_state_size", json!(8)),
        ("n_groups", json!(1)),
        ("conv_kernel", json!(4)),
        ("index_n_heads", json!(2)),
        ("index_head_dim", json!(8)),
        ("compress_ratios", json!([0, 4, 128, 4])),
        ("o_groups", json!(2)),
        ("o_lora_rank", json!(8)),
        (
            "linear_attn_config",
            json!({
                "full_attn_layers": [2, 4], "kda_layers": [1, 3], "head_dim": 8, "num_heads": 2,
                "short_conv_kernel_size": 4, "use_full_rank_gate": true,
            }),
        ),
    ] {
        config[key] = value;
    }
    config
}
