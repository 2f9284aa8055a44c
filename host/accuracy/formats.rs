//! The number formats in which a row's weights and KV are held.

use timeslip_sim::profile::{Chip, Precision, Serving};

use crate::names::plain;
use crate::row::StatedFormats;

/// The formats of a row, from what it states and what the model was published in.
///
/// # Errors
/// A short reason, when a format is not known.
pub(crate) fn serving(
    model: &str,
    path: &str,
    stated: &StatedFormats,
    chip: &Chip,
) -> Result<Serving, String> {
    let published = published(model, path);
    let overall = format(stated.precision.as_deref())?.unwrap_or(published);
    let linear = format(stated.linear.as_deref())?.unwrap_or(overall);
    let experts = format(stated.experts.as_deref())?.unwrap_or(linear);
    let (linear, experts) = match model {
        // Published with experts of four bits and all else in 16; nothing else is served.
        "gpt-oss-120b" | "gpt-oss-20b" => (Stored::Bf16, Stored::Mxfp4),
        _ => (linear, experts),
    };
    let kv = match (linear, experts) {
        // Software keeps KV as wide as the activations, and narrower ones come with narrower weights.
        (Stored::Bf16, Stored::Bf16 | Stored::Int4) | (Stored::Int4, _) => Precision::Bf16,
        _ => Precision::Fp8,
    };
    Ok(Serving {
        model: model.to_owned(),
        // Four-bit integers are of the experts alone, and what every token passes stays in 16 bits.
        linear: held(if linear == Stored::Int4 { Stored::Bf16 } else { linear }, chip),
        experts: Some(held(experts, chip)),
        head: Precision::Bf16,
        kv,
        routing_concentration: None,
    })
}

/// A format that weights are published in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stored {
    Bf16,
    Fp8,
    Mxfp4,
    Nvfp4,
    /// Four-bit integers with a scale for every 32.
    Int4,
}

fn format(name: Option<&str>) -> Result<Option<Stored>, String> {
    let Some(name) = name else {
        return Ok(None);
    };
    let lower = plain(name);
    let stored = match lower.as_str() {
        "bf16" | "fp16" | "float16" | "bfloat16" => Stored::Bf16,
        "nvfp4" | "fp4" => Stored::Nvfp4,
        "int4" | "int4-wo" | "w4a16" => Stored::Int4,
        lower if lower.contains("mxfp4") => Stored::Mxfp4,
        lower if lower.starts_with("fp8") => Stored::Fp8,
        _ => return Err(format!("the format `{name}` is not known")),
    };
    Ok(Some(stored))
}

/// What a checkpoint is published in, by its name or by what its makers do.
fn published(model: &str, path: &str) -> Stored {
    let path = plain(path);
    let named = [
        ("nvfp4", Stored::Nvfp4),
        ("mxfp4", Stored::Mxfp4),
        ("fp4", Stored::Nvfp4),
        ("fp8", Stored::Fp8),
        ("int4", Stored::Int4),
        ("bf16", Stored::Bf16),
    ];
    if let Some((_, stored)) = named.into_iter().find(|(word, _)| path.contains(word)) {
        return stored;
    }
    match model {
        "deepseek-r1" | "minimax-m2.5" => Stored::Fp8,
        "kimi-k2" if path.contains("k2.5") || path.contains("thinking") => Stored::Int4,
        "kimi-k2" => Stored::Fp8,
        _ => Stored::Bf16,
    }
}

/// The nearest format that profiles know: of the two with four bits and scales, the one that the chip
/// holds.
fn held(stored: Stored, chip: &Chip) -> Precision {
    let formats = chip.memory.as_ref().map_or(&[][..], |memory| &memory.formats[..]);
    let four_bits = |first, second| match formats.contains(&first) || !formats.contains(&second) {
        true => first,
        false => second,
    };
    match stored {
        Stored::Bf16 => Precision::Bf16,
        Stored::Fp8 => Precision::Fp8,
        Stored::Nvfp4 => four_bits(Precision::Nvfp4, Precision::Mxfp4),
        Stored::Mxfp4 | Stored::Int4 => four_bits(Precision::Mxfp4, Precision::Nvfp4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use timeslip_sim::catalogue::Catalogue;

    fn of(model: &str, path: &str, stated: [Option<&str>; 3]) -> Result<Serving, String> {
        let [precision, linear, experts] = stated.map(|text| text.map(str::to_owned));
        let chip = Catalogue::built_in().chip("h200").unwrap();
        serving(model, path, &StatedFormats { precision, linear, experts }, &chip)
    }

    #[test]
    fn what_is_not_stated_is_as_the_model_was_published() {
        let formats = |model, path| {
            let serving = of(model, path, [None; 3]).unwrap();
            (serving.linear, serving.experts.unwrap(), serving.kv)
        };
        let plain = formats("llama-3.1-8b", "meta-llama/Llama-3.1-8B-Instruct");
        assert_eq!(plain, (Precision::Bf16, Precision::Bf16, Precision::Bf16));
        let eight = formats("llama-3.1-8b", "nvidia/Llama-3.1-8B-Instruct-FP8");
        assert_eq!(eight, (Precision::Fp8, Precision::Fp8, Precision::Fp8));
        let kimi = formats("kimi-k2", "moonshotai/Kimi-K2.5");
        assert_eq!(kimi, (Precision::Bf16, Precision::Mxfp4, Precision::Bf16));
    }

    #[test]
    fn what_is_stated_counts_except_where_only_one_form_is_published() {
        let stated = [Some("fp4"), Some("nvfp4"), Some("nvfp4")];
        let deepseek = of("deepseek-r1", "deepseek-ai/DeepSeek-R1", stated).unwrap();
        assert_eq!((deepseek.linear, deepseek.kv), (Precision::Nvfp4, Precision::Fp8));
        let open = of("gpt-oss-120b", "openai/gpt-oss-120b", stated).unwrap();
        assert_eq!((open.linear, open.experts), (Precision::Bf16, Some(Precision::Mxfp4)));
        let blocks = of("qwen3-32b", "Qwen/Qwen3-32B", [None, Some("fp8_block"), None]).unwrap();
        assert_eq!((blocks.linear, blocks.experts), (Precision::Fp8, Some(Precision::Fp8)));
        let odd = of("qwen3-32b", "Qwen/Qwen3-32B", [Some("ternary"), None, None]).unwrap_err();
        assert_eq!(odd, "the format `ternary` is not known");
    }
}
