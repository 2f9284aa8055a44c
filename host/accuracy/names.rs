//! What measurements call systems and models, and what the profiles call them.

use timeslip_sim::catalogue::{Catalogue, ProfileKind};

/// Parts of a model's published name, and the profile of that shape; the first that is found counts,
/// so a name that holds another stands before it. Without a profile, the shape is another than that
/// of the names below.
const MODELS: [(&str, Option<&str>); 25] = [
    ("deepseek-r1-distill-llama-70b", Some("llama-3.3-70b")),
    ("deepseek-r1-distill-llama-8b", Some("llama-3.1-8b")),
    ("deepseek-r1-distill", None),
    // Its attention chooses which tokens it looks at.
    ("deepseek-v3.2", None),
    ("deepseek-r1", Some("deepseek-r1")),
    // Of one shape, and many measurements name either for both.
    ("deepseek-v3", Some("deepseek-r1")),
    ("llama-3.1-70b", Some("llama-3.3-70b")),
    ("llama-3.3-70b", Some("llama-3.3-70b")),
    ("llama-3-70b", Some("llama-3.3-70b")),
    ("llama-3.1-8b", Some("llama-3.1-8b")),
    ("llama-3-8b", Some("llama-3.1-8b")),
    ("gpt-oss-120b", Some("gpt-oss-120b")),
    ("gpt-oss-20b", Some("gpt-oss-20b")),
    ("gemma-4-31b", Some("gemma-4-31b")),
    ("qwen3.5-397b-a17b", Some("qwen3.5-397b-a17b")),
    ("qwen3.5-397b", Some("qwen3.5-397b-a17b")),
    ("qwen3-235b-a22b", Some("qwen3-235b-a22b")),
    ("qwen3-235b", Some("qwen3-235b-a22b")),
    ("qwen3-30b-a3b", Some("qwen3-30b-a3b")),
    ("qwen3-32b", Some("qwen3-32b")),
    ("kimi-k2", Some("kimi-k2")),
    ("glm-5", Some("glm-5.2")),
    ("minimax-m2.5", Some("minimax-m2.5")),
    ("minimax-m2.1", Some("minimax-m2.5")),
    ("minimax-m2", Some("minimax-m2.5")),
];

/// Endings of a system's name that say how its chips are packed.
const PACKINGS: [&str; 4] = ["-sxm", "-nvl72", "-hgx", "-oam"];

/// The chip profile of a system.
///
/// # Errors
/// A short reason, when there is none.
pub(crate) fn chip(catalogue: &Catalogue, system: &str) -> Result<String, String> {
    let lower = plain(system);
    let bare = PACKINGS.iter().find_map(|ending| lower.strip_suffix(ending)).unwrap_or(&lower);
    let bare = if ["vr", "vr200"].contains(&bare) { "rubin" } else { bare };
    match catalogue.names(ProfileKind::Chip).any(|name| name == bare) {
        true => Ok(bare.to_owned()),
        false if bare.is_empty() => Err("no system is named".to_owned()),
        false => Err(format!("there is no profile of a chip for system `{system}`")),
    }
}

/// The model profile of a published model.
///
/// # Errors
/// A short reason, when there is none.
pub(crate) fn model(catalogue: &Catalogue, path: &str) -> Result<String, String> {
    let lower = plain(path);
    let last = lower.rsplit('/').next().unwrap_or_default();
    let is_known = |name: &str| catalogue.names(ProfileKind::Model).any(|known| known == name);
    let alias = MODELS.iter().find(|(part, _)| last.contains(part)).map(|(_, profile)| *profile);
    let named = match alias {
        Some(profile) => profile.filter(|profile| is_known(profile)).map(str::to_owned),
        // A profile of the user's own is known by its own name, the longest that is found.
        None => catalogue
            .names(ProfileKind::Model)
            .filter(|name| last.contains(&plain(name)))
            .max_by_key(|name| name.len())
            .map(str::to_owned),
    };
    match named {
        Some(name) => Ok(name),
        None if last.is_empty() => Err("no model is named".to_owned()),
        None => Err(format!("there is no profile of the model `{path}`")),
    }
}

/// The serving software, by the name of its profile where it has one: what runs it on many servers
/// stands before its name.
pub(crate) fn software(name: &str) -> String {
    let lower = plain(name);
    let bare = lower.rsplit('-').next().unwrap_or_default();
    match lower.as_str() {
        "tensorrt-llm" | "trt-llm" | "trt" => "trtllm".to_owned(),
        _ => bare.to_owned(),
    }
}

/// Lower case, with one sign between words.
pub(crate) fn plain(name: &str) -> String {
    name.trim().to_ascii_lowercase().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_names_lead_to_the_profile_of_their_shape() {
        let catalogue = Catalogue::built_in();
        for (path, profile) in [
            ("deepseek-ai/DeepSeek-R1-0528", "deepseek-r1"),
            ("nvidia/DeepSeek-V3.1-NVFP4", "deepseek-r1"),
            ("DeepSeek-V3", "deepseek-r1"),
            ("meta-llama/Llama-3.1-70B", "llama-3.3-70b"),
            ("nvidia/Llama-3.3-70B-Instruct-FP8", "llama-3.3-70b"),
            ("nvidia/Llama-3.1-8B-Instruct-FP8", "llama-3.1-8b"),
            ("meta-llama/Meta-Llama-3.1-8B", "llama-3.1-8b"),
            ("deepseek-ai/DeepSeek-R1-Distill-Llama-70B", "llama-3.3-70b"),
            ("OpenAI/GPT-OSS-120B", "gpt-oss-120b"),
        ] {
            assert_eq!(model(&catalogue, path).as_deref(), Ok(profile), "{path}");
        }
    }

    #[test]
    fn another_shape_is_not_taken_for_one_whose_name_it_holds() {
        let catalogue = Catalogue::built_in();
        for path in ["deepseek-ai/DeepSeek-V3.2-Exp", "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B"] {
            let expected = format!("there is no profile of the model `{path}`");
            assert_eq!(model(&catalogue, path), Err(expected));
        }
        assert_eq!(model(&catalogue, "").unwrap_err(), "no model is named");
    }

    #[test]
    fn a_profile_of_ones_own_is_found_by_its_name() {
        let text =
            Catalogue::built_in().text(ProfileKind::Model, "gpt-oss-20b").unwrap().to_owned();
        let own = text.replace("name = \"gpt-oss-20b\"", "name = \"lab-7b\"");
        let catalogue = Catalogue::built_in().with_text(ProfileKind::Model, "lab-7b", own);
        assert_eq!(model(&catalogue, "us/Lab_7B-Chat").as_deref(), Ok("lab-7b"));
    }

    #[test]
    fn software_is_known_whatever_runs_it() {
        assert_eq!(software("vLLM"), "vllm");
        assert_eq!(software("dynamo-sglang"), "sglang");
        assert_eq!(software("TensorRT-LLM"), "trtllm");
    }

    #[test]
    fn a_system_is_its_chip_however_it_is_packed() {
        let catalogue = Catalogue::built_in();
        assert_eq!(chip(&catalogue, "h200_sxm").as_deref(), Ok("h200"));
        assert_eq!(chip(&catalogue, "H200").as_deref(), Ok("h200"));
        assert_eq!(chip(&catalogue, "vr_nvl72").as_deref(), Ok("rubin"));
        let unseen = chip(&catalogue, "tpu9_sxm").unwrap_err();
        assert_eq!(unseen, "there is no profile of a chip for system `tpu9_sxm`");
    }
}
