//! The command line's own words, and the hardware commands.

use crate::place::{Place, repository};

#[test]
fn help_says_what_can_be_done() {
    let place = Place::new();
    insta::assert_snapshot!(place.run(&["--help"]).passed());
    insta::assert_snapshot!(place.run(&["run", "--help"]).passed());
    insta::assert_snapshot!(place.run(&["import", "--help"]).passed());
    insta::assert_snapshot!(place.run(&["serve", "--help"]).passed());
}

#[test]
fn a_word_that_is_mistyped_is_met_with_the_nearest() {
    let place = Place::new();
    insta::assert_snapshot!(place.run(&["rum"]).failed(2));
    insta::assert_snapshot!(place.run(&["run", "--seeds", "1"]).failed(2));
    insta::assert_snapshot!(place.run(&["hardware", "show", "h20"]).failed(2));
    insta::assert_snapshot!(place.run(&["hardware", "explain", "h200-9"]).failed(2));
}

#[test]
fn hardware_is_listed_shown_and_explained() {
    let place = Place::new();
    insta::assert_snapshot!(place.run(&["hardware", "list"]).passed());
    insta::assert_snapshot!(place.run(&["hardware", "show", "groq3-lpu"]).passed());
    let explain = ["hardware", "explain", "rubin-groq3", "--model", "gemma-4-31b"];
    insta::assert_snapshot!(place.run(&explain).passed());
}

#[test]
fn every_hardware_command_speaks_json() {
    let place = Place::new();
    let commands: [&[&str]; 4] = [
        &["hardware", "list", "--json"],
        &["hardware", "show", "h200", "--json"],
        &["hardware", "explain", "h200-8", "--json"],
        &["hardware", "validate", "--json"],
    ];
    for command in commands {
        let text = place.run(command).passed();
        serde_json::from_str::<serde_json::Value>(&text).unwrap();
    }
}

#[test]
fn a_folder_of_profiles_adds_a_machine() {
    let place = Place::new();
    let machine =
        std::fs::read_to_string(repository().join("hardware-profiles/machines/h200-8.toml"))
            .unwrap();
    place.write(
        "mine/machines/my-h200.toml",
        machine.replace("name = \"h200-8\"", "name = \"my-h200\""),
    );
    let listed = place.run(&["hardware", "list", "--profiles", "mine"]).passed();
    assert!(listed.contains("my-h200"), "{listed}");
    place.run(&["run", "--on", "my-h200", "--profiles", "mine"]).passed();
    place.run(&["hardware", "validate", "--profiles", "mine"]).passed();
    place.write("mine/machines/my-h200.toml", machine.replace("about", "abuot"));
    let message = place.run(&["run", "--on", "my-h200", "--profiles", "mine"]).failed(2);
    assert!(
        message.contains("my-h200.toml:") && message.contains("did you mean `about`?"),
        "{message}"
    );
}

/// A model's own config.json, as it comes with its weights, becomes a profile of a folder of them.
#[test]
fn a_config_json_becomes_a_profile() {
    let place = Place::new();
    let config = r#"{
        "model_type": "qwen3_moe", "hidden_size": 2048, "head_dim": 128, "num_hidden_layers": 48,
        "num_attention_heads": 32, "num_key_value_heads": 4, "num_experts": 128,
        "num_experts_per_tok": 8, "moe_intermediate_size": 768, "decoder_sparse_step": 1,
        "max_position_embeddings": 262144, "vocab_size": 151936, "tie_word_embeddings": false,
        "use_sliding_window": false
    }"#;
    let path = place.write("My-Qwen3/config.json", config);
    let file = std::fs::File::options().write(true).open(path).unwrap();
    let day = std::time::Duration::from_secs(20_758 * 86_400);
    file.set_modified(std::time::SystemTime::UNIX_EPOCH + day).unwrap();
    let profile = place.run(&["hardware", "model", "My-Qwen3/config.json"]).passed();
    insta::assert_snapshot!(profile);
    place.write("mine/models/my-qwen3.toml", profile);
    place.run(&["hardware", "validate", "--profiles", "mine"]).passed();
    let named = place.run(&["hardware", "model", "My-Qwen3/config.json", "--name", "q"]).passed();
    assert!(named.starts_with("name = \"q\"\n"), "{named}");
    place.write("My-Qwen3/config.json", config.replace("qwen3_moe", "qwen3_mow"));
    let wrong = place.run(&["hardware", "model", "My-Qwen3/config.json"]).failed(2);
    insta::assert_snapshot!(wrong);
}

#[test]
fn all_mistakes_of_a_profile_are_told_with_file_and_line() {
    let place = Place::new();
    let chip = "name = \"my-chip\"\ninherits = \"h100\"\ntitel = \"Mine\"\n\
                power.limit_watts = { value = 600, date = \"2026\", confidence = \"low\" }\n";
    place.write("my-chip.toml", chip);
    let ran = place.run(&["hardware", "validate", "my-chip.toml"]);
    assert_eq!(ran.code, 2, "{ran:#?}");
    assert!(ran.stdout.contains("my-chip.toml:3: unknown key `titel`; did you mean `title`?"));
    assert!(ran.stdout.contains("my-chip.toml:4: the key `source` is missing; add it"));
    let right = chip.replace("titel", "title").replace("600,", "600, source = \"a test\",");
    place.write("my-chip.toml", right);
    let checked = place.run(&["hardware", "validate", "my-chip.toml"]).passed();
    assert!(checked.contains("no problem"), "{checked}");
}

#[test]
fn a_cancelled_machine_is_listed_and_cannot_be_run_on() {
    let place = Place::new();
    let listed = place.run(&["hardware", "list"]).passed();
    assert!(listed.contains("vera-rubin-nvl144-cpx"), "{listed}");
    let message = place.run(&["hardware", "explain", "vera-rubin-nvl144-cpx"]).failed(2);
    assert!(message.contains("was cancelled"), "{message}");
}

#[test]
fn an_editor_gets_a_schema_of_each_kind_of_profile() {
    let place = Place::new();
    for kind in ["chip", "model", "machine"] {
        let text = place.run(&["hardware", "schema", kind]).passed();
        let schema: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(schema["properties"]["name"].is_object(), "{kind}");
    }
}
