//! The command line's own words, and the hardware commands.

use crate::place::{Place, repository};

#[test]
fn help_says_what_can_be_done() {
    let place = Place::new();
    insta::assert_snapshot!(place.run(&["--help"]).passed());
    insta::assert_snapshot!(place.run(&["run", "--help"]).passed());
    insta::assert_snapshot!(place.run(&["import", "--help"]).passed());
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
