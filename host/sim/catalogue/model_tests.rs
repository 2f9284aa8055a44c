//! The built-in models against what their publishers say of them.

use super::Catalogue;
use crate::profile::{HeadChips, LayerGroup, Model};

fn built_in(name: &str) -> std::sync::Arc<Model> {
    Catalogue::built_in().model(name).unwrap()
}

/// Of one token, in the layers that look back at all.
fn cached_values(model: &Model) -> f64 {
    let all = |layers: &LayerGroup| {
        let cached = layers.cached(HeadChips::ONE);
        let all = cached.iter().filter(|cached| cached.limit.is_none());
        layers.count as f64 * all.map(|cached| cached.values).sum::<f64>()
    };
    model.layers.iter().map(all).sum()
}

fn assert_close(what: &str, counted: f64, published: f64, tolerance: f64) {
    assert!((counted / published - 1.0).abs() < tolerance, "{what}: {counted}, not {published}");
}

/// Parameters that the publishers name, in 10^9.
#[test]
fn models_have_the_sizes_that_are_published() {
    for (name, billions) in [
        ("deepseek-r1", 671.0),
        ("deepseek-v4-flash", 284.0),
        ("gemma-4-31b", 30.7),
        ("glm-5.2", 744.0),
        ("gpt-oss-120b", 116.8),
        ("gpt-oss-20b", 20.9),
        ("kimi-k2", 1_026.0),
        ("kimi-k3", 2_780.0),
        ("llama-2-70b", 68.98),
        ("llama-2-7b", 6.74),
        ("llama-3.1-405b", 405.8),
        ("llama-3.1-8b", 8.03),
        ("llama-3.3-70b", 70.55),
        ("minimax-m2.5", 228.7),
        ("mixtral-8x7b", 46.7),
        ("nemotron-3-nano", 31.6),
        ("nemotron-3-super", 120.7),
        ("nemotron-3-ultra", 549.3),
        ("qwen3-235b-a22b", 235.1),
        ("qwen3-30b-a3b", 30.5),
        ("qwen3-32b", 32.76),
        ("qwen3.5-397b-a17b", 397.0),
    ] {
        assert_close(name, built_in(name).parameters() as f64 / 1e9, billions, 0.002);
    }
    // 1.6e12, with the layer that predicts a second token.
    let drafting = built_in("deepseek-v4-pro").with_draft_layers(1);
    assert_close("deepseek-v4-pro", drafting.parameters() as f64 / 1e12, 1.6, 0.002);
}

/// Parameters that a token uses, in 10^9. Publishers give whole numbers, and some count the
/// embedding, which this adds where they do.
#[test]
fn models_use_as_many_parameters_of_a_token_as_is_published() {
    for (name, billions, counts_embedding) in [
        ("deepseek-r1", 37.0, false),
        ("deepseek-v4-flash", 13.2, false),
        ("deepseek-v4-pro", 49.0, false),
        ("glm-5.2", 40.0, false),
        ("gpt-oss-120b", 5.13, false),
        ("gpt-oss-20b", 3.61, false),
        ("kimi-k2", 32.0, false),
        ("mixtral-8x7b", 12.9, true),
        ("nemotron-3-nano", 3.2, false),
        ("nemotron-3-super", 12.2, false),
        ("nemotron-3-ultra", 55.0, false),
        ("qwen3-235b-a22b", 22.1, true),
        ("qwen3-30b-a3b", 3.34, true),
        ("qwen3.5-397b-a17b", 17.2, true),
    ] {
        let model = built_in(name);
        let embedding = if counts_embedding { model.head_parameters() } else { 0 };
        let counted = (model.active_parameters() + embedding) as f64 / 1e9;
        assert_close(name, counted, billions, 0.012);
    }
}

/// The bytes that a token has in a 16-bit KV cache, in the layers that look back at all tokens,
/// without the keys of an index.
#[test]
fn a_token_has_the_cached_bytes_that_are_published() {
    for (name, bytes) in [
        ("deepseek-r1", 70_272.0),
        ("gemma-4-31b", 81_920.0),
        ("glm-5.2", 89_856.0 + 21.0 * 2.0 * 128.0),
        ("gpt-oss-120b", 36_864.0),
        ("gpt-oss-20b", 24_576.0),
        ("kimi-k2", 70_272.0),
        ("kimi-k3", 27_648.0),
        ("llama-3.1-405b", 516_096.0),
        ("llama-3.1-8b", 131_072.0),
        ("llama-3.3-70b", 327_680.0),
        ("nemotron-3-nano", 6_144.0),
        ("nemotron-3-super", 8_192.0),
        ("nemotron-3-ultra", 12_288.0),
        ("qwen3-235b-a22b", 192_512.0),
        ("qwen3-32b", 262_144.0),
        ("qwen3.5-397b-a17b", 30_720.0),
        // 31 layers with 512 values of 128 tokens, 30 with 512 and the index's 128 of 4.
        ("deepseek-v4-pro", 2.0 * (31.0 * 4.0 + 30.0 * 160.0)),
    ] {
        assert_eq!(2.0 * cached_values(&built_in(name)), bytes, "{name}");
    }
}

/// In 32 bits, without the last tokens that a convolution needs.
#[test]
fn a_chat_has_a_state_of_the_size_that_is_published() {
    for (name, megabytes) in
        [("nemotron-3-nano", 48.2), ("nemotron-3-super", 167.8), ("nemotron-3-ultra", 402.7)]
    {
        let model = built_in(name);
        let values = |layers: &LayerGroup| layers.state().map_or(0, |state| state.values);
        let values: u64 = model.layers.iter().map(|layers| layers.count * values(layers)).sum();
        assert_close(name, 4.0 * values as f64 / 1e6, megabytes, 0.001);
        let convolutions = model.state_bytes() - 4 * values;
        assert!(convolutions > 0 && convolutions < model.state_bytes() / 50, "{convolutions}");
    }
    assert_eq!(built_in("llama-3.1-8b").state_bytes(), 0);
}

/// The layers of a model that alternates its parts are of one part each; what proposes a token has
/// both.
#[test]
fn a_layer_that_proposes_has_attention_and_experts() {
    let drafts = built_in("nemotron-3-super").draft_layers(2);
    let [layers] = &drafts.layers[..] else { panic!("layers of one kind") };
    assert_eq!(layers.count, 2);
    assert!(layers.grouped.is_some() && layers.mamba.is_none());
    assert_eq!(layers.experts.as_ref().map(|experts| experts.count), Some(512));
    assert_eq!(layers.matrices, 2);
    let model = built_in("nemotron-3-super");
    let parts = [model.attention_part(), model.feed_forward_part()];
    let parts = parts.map(|part| part.linear_parameters() + part.expert_parameters());
    assert_eq!(parts[0] + parts[1], model.linear_parameters() + model.expert_parameters());
}
