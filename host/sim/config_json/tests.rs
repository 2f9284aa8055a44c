//! Configs as their publishers write them, against the built-in profiles of the same models.

use std::path::Path;

use serde_json::{Value, json};

use super::{ConfigFile, read, toml_text};
use crate::catalogue::Catalogue;
use crate::profile::{HeadChips, Model, parse};

pub(super) fn read_json(config: &Value) -> Result<Model, String> {
    let file = ConfigFile { path: Path::new("config.json"), name: "a-model", date: "2026-11-01" };
    read(&config.to_string(), file).map_err(|error| error.to_string())
}

/// Reads the config, and checks that it is the built-in model, whose layers may stand in another
/// order, and that its text is a profile.
fn assert_is(name: &str, config: &Value) {
    let read = read_json(config).unwrap_or_else(|error| panic!("{name}: {error}"));
    let built_in = Catalogue::built_in().model(name).unwrap();
    let sorted = |model: &Model| {
        let mut layers: Vec<String> =
            model.layers.iter().map(|layers| format!("{layers:?}")).collect();
        layers.sort();
        layers
    };
    assert_eq!(sorted(&read), sorted(&built_in), "{name}");
    assert_eq!(read.parameters(), built_in.parameters(), "{name}");
    let numbers = |model: &Model| (model.context_tokens, model.hidden, model.vocabulary);
    assert_eq!(numbers(&read), numbers(&built_in), "{name}");
    let text = toml_text(&read);
    assert_eq!(parse::<Model>(&text, Path::new("a-model.toml")), Ok(read), "{text}");
}

fn repeated<'a>(pattern: &[&'a str], times: usize) -> Vec<&'a str> {
    pattern.repeat(times)
}

fn llama() -> Value {
    json!({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 4096,
        "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
        "num_key_value_heads": 8, "max_position_embeddings": 131_072, "vocab_size": 128_256,
        "tie_word_embeddings": false,
    })
}

#[test]
fn models_with_one_kind_of_layer_are_read() {
    assert_is("llama-3.1-8b", &llama());
    assert_is(
        "qwen3-32b",
        &json!({
            "model_type": "qwen3", "hidden_size": 5120, "intermediate_size": 25600, "head_dim": 128,
            "num_hidden_layers": 64, "num_attention_heads": 64, "num_key_value_heads": 8,
            "max_position_embeddings": 40960, "vocab_size": 151_936, "tie_word_embeddings": false,
            "use_sliding_window": false, "sliding_window": null, "max_window_layers": 64,
        }),
    );
    assert_is(
        "qwen3-235b-a22b",
        &json!({
            "model_type": "qwen3_moe", "hidden_size": 4096, "intermediate_size": 12288,
            "head_dim": 128, "num_hidden_layers": 94, "num_attention_heads": 64,
            "num_key_value_heads": 4, "num_experts": 128, "num_experts_per_tok": 8,
            "moe_intermediate_size": 1536, "decoder_sparse_step": 1, "mlp_only_layers": [],
            "max_position_embeddings": 40960, "vocab_size": 151_936, "tie_word_embeddings": false,
        }),
    );
    assert_is(
        "mixtral-8x7b",
        &json!({
            "model_type": "mixtral", "hidden_size": 4096, "intermediate_size": 14336,
            "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
            "num_local_experts": 8, "num_experts_per_tok": 2, "sliding_window": null,
            "max_position_embeddings": 32768, "vocab_size": 32000,
        }),
    );
    assert_is(
        "minimax-m2.5",
        &json!({
            "model_type": "minimax_m2", "hidden_size": 3072, "intermediate_size": 1536,
            "head_dim": 128, "num_hidden_layers": 62, "num_attention_heads": 48,
            "num_key_value_heads": 8, "num_local_experts": 256, "num_experts_per_tok": 8,
            "shared_intermediate_size": 0, "attn_type_list": vec![1; 62],
            "max_position_embeddings": 196_608, "vocab_size": 200_064,
        }),
    );
}

#[test]
fn models_with_windows_are_read() {
    assert_is(
        "gpt-oss-120b",
        &json!({
            "model_type": "gpt_oss", "hidden_size": 2880, "intermediate_size": 2880, "head_dim": 64,
            "num_hidden_layers": 36, "num_attention_heads": 64, "num_key_value_heads": 8,
            "num_local_experts": 128, "num_experts_per_tok": 4, "sliding_window": 128,
            "layer_types": repeated(&["sliding_attention", "full_attention"], 18),
            "max_position_embeddings": 131_072, "vocab_size": 201_088, "tie_word_embeddings": false,
        }),
    );
    let [local, global] = ["sliding_attention", "full_attention"];
    assert_is(
        "gemma-4-31b",
        &json!({
            "model_type": "gemma4", "tie_word_embeddings": true,
            "vision_config": { "model_type": "gemma4_vision", "hidden_size": 1152 },
            "text_config": {
                "model_type": "gemma4_text", "hidden_size": 5376, "intermediate_size": 21504,
                "num_hidden_layers": 60, "num_attention_heads": 32, "num_key_value_heads": 16,
                "num_global_key_value_heads": 4, "head_dim": 256, "global_head_dim": 512,
                "attention_k_eq_v": true, "enable_moe_block": false, "num_kv_shared_layers": 0,
                "hidden_size_per_layer_input": 0, "use_double_wide_mlp": false,
                "layer_types": repeated(&[local, local, local, local, local, global], 10),
                "sliding_window": 1024, "max_position_embeddings": 262_144, "vocab_size": 262_144,
            },
        }),
    );
    // Gemma 2 and 3 have no list of their layers in older files.
    let mut gemma = llama();
    gemma["model_type"] = json!("gemma3_text");
    gemma["sliding_window"] = json!(512);
    let model = read_json(&gemma).unwrap();
    let windows: Vec<_> =
        model.layers.iter().map(|layers| layers.reaches(HeadChips::ONE)[0].limit).collect();
    let counts: Vec<u64> = model.layers.iter().map(|layers| layers.count).collect();
    assert_eq!((counts, windows), (vec![5, 27], vec![None, Some(512)]));
    let note = model.provenance.note.unwrap();
    insta::assert_snapshot!(note, @"Read from a `gemma3_text` by `timeslip hardware model`. Not in the file, and taken as the family has it: sliding_window_pattern = 6, head_dim = 128.");
}

pub(super) fn deepseek(layers: u64, heads: u64) -> Value {
    json!({
        "model_type": "deepseek_v3", "hidden_size": 7168, "intermediate_size": 18432,
        "num_hidden_layers": layers, "num_attention_heads": heads, "num_key_value_heads": heads,
        "q_lora_rank": 1536, "kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64,
        "v_head_dim": 128, "n_routed_experts": 256, "n_shared_experts": 1, "num_experts_per_tok": 8,
        "moe_intermediate_size": 2048, "first_k_dense_replace": 3, "moe_layer_freq": 1,
        "max_position_embeddings": 163_840, "vocab_size": 129_280, "tie_word_embeddings": false,
    })
}

#[test]
fn models_with_latent_attention_are_read() {
    assert_is("deepseek-r1", &deepseek(61, 128));
    let mut kimi = deepseek(61, 64);
    kimi["model_type"] = json!("kimi_k2");
    kimi["n_routed_experts"] = json!(384);
    kimi["first_k_dense_replace"] = json!(1);
    kimi["max_position_embeddings"] = json!(131_072);
    kimi["vocab_size"] = json!(163_840);
    assert_is("kimi-k2", &kimi);
    // K2.5 has the same under a key of its own.
    assert_is("kimi-k2", &json!({ "model_type": "kimi_k25", "text_config": kimi }));
    let indexer = |layer: u64| if layer < 3 || layer % 4 == 2 { "full" } else { "shared" };
    let mut glm = deepseek(78, 64);
    for (key, value) in [
        ("model_type", json!("glm_moe_dsa")),
        ("hidden_size", json!(6144)),
        ("intermediate_size", json!(12288)),
        ("q_lora_rank", json!(2048)),
        ("qk_nope_head_dim", json!(192)),
        ("v_head_dim", json!(256)),
        ("index_n_heads", json!(32)),
        ("index_head_dim", json!(128)),
        ("index_topk", json!(2048)),
        ("indexer_types", (0..78).map(indexer).collect()),
        ("max_position_embeddings", json!(1_048_576)),
        ("vocab_size", json!(154_880)),
    ] {
        glm[key] = value;
    }
    assert_is("glm-5.2", &glm);
    glm["indexer_types"] = Value::Null;
    glm["index_topk_freq"] = json!(4);
    insta::assert_snapshot!(read_json(&glm).unwrap_err(), @"config.json: `index_topk_freq` is 4; expected 1, or a list `indexer_types` that says which layers have an index");
}

#[test]
fn models_with_compressed_attention_are_read() {
    let config = |layers: usize, hidden: u64, first: [u64; 2]| {
        let ratios = first.into_iter().chain([4, 128].into_iter().cycle()).take(layers);
        let ratios: Vec<u64> = ratios.chain([0]).collect();
        json!({
            "model_type": "deepseek_v4", "hidden_size": hidden, "num_hidden_layers": layers,
            "compress_ratios": ratios, "head_dim": 512, "num_key_value_heads": 1,
            "num_attention_heads": 64, "o_groups": 8, "o_lora_rank": 1024, "q_lora_rank": 1024,
            "index_n_heads": 64, "index_head_dim": 128, "index_topk": 512, "sliding_window": 128,
            "n_routed_experts": 256, "n_shared_experts": 1, "num_experts_per_tok": 6,
            "moe_intermediate_size": 2048, "max_position_embeddings": 1_048_576,
            "vocab_size": 129_280, "tie_word_embeddings": false,
        })
    };
    assert_is("deepseek-v4-flash", &config(43, 4096, [0, 0]));
    let mut pro = config(61, 7168, [128, 128]);
    for (key, value) in [
        ("num_attention_heads", 128),
        ("o_groups", 16),
        ("q_lora_rank", 1536),
        ("index_topk", 1024),
        ("n_routed_experts", 384),
        ("moe_intermediate_size", 3072),
    ] {
        pro[key] = json!(value);
    }
    assert_is("deepseek-v4-pro", &pro);
    pro["compress_ratios"] = json!(vec![16; 61]);
    insta::assert_snapshot!(read_json(&pro).unwrap_err(), @"config.json: `compress_ratios` is 16; expected 0, 4 and 128 in it");
}

#[test]
fn models_that_keep_a_state_are_read() {
    let [linear, full] = ["linear_attention", "full_attention"];
    assert_is(
        "qwen3.5-397b-a17b",
        &json!({
            "model_type": "qwen3_5_moe", "tie_word_embeddings": false,
            "text_config": {
                "model_type": "qwen3_5_moe_text", "hidden_size": 4096, "num_hidden_layers": 60,
                "num_attention_heads": 32, "num_key_value_heads": 2, "head_dim": 256,
                "attn_output_gate": true, "linear_conv_kernel_dim": 4, "linear_key_head_dim": 128,
                "linear_num_key_heads": 16, "linear_num_value_heads": 64,
                "linear_value_head_dim": 128, "mlp_only_layers": [], "num_experts": 512,
                "num_experts_per_tok": 10, "moe_intermediate_size": 1024,
                "shared_expert_intermediate_size": 1024,
                "layer_types": repeated(&[linear, linear, linear, full], 15),
                "max_position_embeddings": 262_144, "vocab_size": 248_320,
            },
        }),
    );
    let nano = "MEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEMEM*EMEMEMEME";
    let mut nemotron = json!({
        "model_type": "nemotron_h", "hidden_size": 2688, "num_hidden_layers": 52,
        "hybrid_override_pattern": nano, "mlp_hidden_act": "relu2", "num_attention_heads": 32,
        "num_key_value_heads": 2, "head_dim": 128, "mamba_num_heads": 64, "mamba_head_dim": 64,
        "ssm_state_size": 128, "n_groups": 8, "conv_kernel": 4, "n_routed_experts": 128,
        "num_experts_per_tok": 6, "moe_intermediate_size": 1856, "n_shared_experts": 1,
        "moe_shared_expert_intermediate_size": 3712, "max_position_embeddings": 262_144,
        "vocab_size": 131_072, "tie_word_embeddings": false,
    });
    assert_is("nemotron-3-nano", &nemotron);
    nemotron["hybrid_override_pattern"] = json!(nano.replace('M', "S"));
    insta::assert_snapshot!(read_json(&nemotron).unwrap_err(), @r#"config.json: `hybrid_override_pattern` is "SESES*ESESES*ESESES*ESESES*ESESES*ESESESES*ESESESESE"; expected 52 letters, each `M`, `E`, `*` or `-`"#);
}

#[test]
fn a_kimi_with_latent_attention_and_states_is_read() {
    let full: Vec<u64> = (1..94).filter(|layer| layer % 4 == 0 || *layer == 93).collect();
    let linear: Vec<u64> = (1..94).filter(|layer| !full.contains(layer)).collect();
    let mut config = json!({
        "model_type": "kimi_k3", "tie_word_embeddings": false,
        "text_config": {
            "model_type": "kimi_linear", "hidden_size": 7168, "intermediate_size": 33792,
            "num_hidden_layers": 93, "num_attention_heads": 96, "q_lora_rank": 1536,
            "kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64,
            "v_head_dim": 128, "mla_use_output_gate": true, "num_experts": 896,
            "num_experts_per_token": 16, "num_shared_experts": 2, "moe_intermediate_size": 3072,
            "routed_expert_hidden_size": 3584, "first_k_dense_replace": 1, "moe_layer_freq": 1,
            "linear_attn_config": {
                "full_attn_layers": full, "kda_layers": linear, "head_dim": 128,
                "num_heads": 96, "short_conv_kernel_size": 4, "use_full_rank_gate": true,
            },
            "max_position_embeddings": 1_048_576, "vocab_size": 163_840,
        },
    });
    assert_is("kimi-k3", &config);
    config["text_config"]["linear_attn_config"]["use_full_rank_gate"] = json!(false);
    insta::assert_snapshot!(read_json(&config).unwrap_err(), @"config.json: `linear_attn_config.use_full_rank_gate` is false; expected true: no other gate is known");
}

#[test]
fn a_mistake_is_named_with_the_fix() {
    let with = |key: &str, value: Value| {
        let mut config = llama();
        config[key] = value;
        read_json(&config).unwrap_err()
    };
    insta::assert_snapshot!(with("model_type", json!("lama")), @"config.json: `model_type` is `lama`, which is not known here; did you mean `llama`? Known: deepseek_v2, deepseek_v3, deepseek_v32, deepseek_v4, gemma2, gemma3, gemma3_text, gemma4, gemma4_text, glm_moe_dsa, gpt_oss, kimi_k2, kimi_k25, kimi_linear, llama, minimax_m2, mistral, mixtral, nemotron_h, qwen2, qwen3, qwen3_5, qwen3_5_moe, qwen3_5_moe_text, qwen3_5_text, qwen3_moe");
    insta::assert_snapshot!(with("model_type", json!("bert-large-uncased")), @"config.json: `model_type` is `bert-large-uncased`, which is not known here. Known: deepseek_v2, deepseek_v3, deepseek_v32, deepseek_v4, gemma2, gemma3, gemma3_text, gemma4, gemma4_text, glm_moe_dsa, gpt_oss, kimi_k2, kimi_k25, kimi_linear, llama, minimax_m2, mistral, mixtral, nemotron_h, qwen2, qwen3, qwen3_5, qwen3_5_moe, qwen3_5_moe_text, qwen3_5_text, qwen3_moe");
    insta::assert_snapshot!(with("model_type", Value::Null), @"config.json: the key `model_type` is missing, which a `config.json` has; take the file whole, as the model's publisher gives it");
    insta::assert_snapshot!(with("num_hidden_layers", Value::Null), @"config.json: the key `num_hidden_layers` is missing, which a `llama` has; take the file whole, as the model's publisher gives it");
    insta::assert_snapshot!(with("num_hidden_layers", json!(1u64 << 40)), @"config.json: `num_hidden_layers` is 1099511627776; expected a whole number of a model's size");
    insta::assert_snapshot!(with("num_hidden_layers", json!(5000)), @"config.json: `num_hidden_layers` is 5000; expected a number from 1 to 1,024");
    insta::assert_snapshot!(with("intermediate_size", json!("wide")), @r#"config.json: `intermediate_size` is "wide"; expected a whole number of a model's size"#);
    insta::assert_snapshot!(with("num_key_value_heads", json!(0)), @"config.json: model `a-model`: `grouped.kv_heads` must be from 1 to `heads`, and a `window` at least 1");
    let file = ConfigFile { path: Path::new("config.json"), name: "a-model", date: "2026-11-01" };
    insta::assert_snapshot!(read("{\n\"model_type\": llama }", file).unwrap_err(), @"config.json:2: expected value");
    insta::assert_snapshot!(read("[]", file).unwrap_err(), @"config.json:1: invalid type: sequence, expected a map");
    let mut windows = llama();
    windows["model_type"] = json!("gpt_oss");
    windows["num_local_experts"] = json!(8);
    windows["num_experts_per_tok"] = json!(2);
    insta::assert_snapshot!(read_json(&windows).unwrap_err(), @"config.json: the key `layer_types` is missing, which a `gpt_oss` has; take the file whole, as the model's publisher gives it");
    windows["layer_types"] = json!(vec!["chunked_attention"; 32]);
    insta::assert_snapshot!(read_json(&windows).unwrap_err(), @r#"config.json: `layer_types` is "chunked_attention"; expected only `full_attention` or `sliding_attention` in it"#);
}

#[test]
fn the_text_of_a_model_is_a_profile_for_a_person_to_read() {
    insta::assert_snapshot!(toml_text(&read_json(&deepseek(61, 128)).unwrap()), @r#"
    name = "a-model"
    title = "a-model"
    context_tokens = 163840
    hidden = 7168
    vocabulary = 129280
    tied_embeddings = false

    [provenance]
    source = "The model's config.json"
    date = "2026-11-01"
    confidence = "high"
    note = "Read from a `deepseek_v3` by `timeslip hardware model`."

    [[layers]]
    count = 3
    latent = { heads = 128, query_rank = 1536, kv_rank = 512, rope_width = 64, nope_width = 128, value_width = 128 }
    dense_width = 18432

    [[layers]]
    count = 58
    latent = { heads = 128, query_rank = 1536, kv_rank = 512, rope_width = 64, nope_width = 128, value_width = 128 }
    experts = { count = 256, per_token = 8, width = 2048, shared = 1 }
    "#);
}
