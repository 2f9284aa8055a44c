//! What serving software says of single chips, what it inherits, and what is wrong with it.

use timeslip_timeline::time::Span;

use super::{Catalogue, ProfileKind};
use crate::examples::{Small, known};

/// Software with sections for chips, each with the seconds of its front end.
fn software(sections: &[(&str, &str)]) -> String {
    let mut text = format!(
        "name = \"engine\"\ntitle = \"Engine\"\nfront_end_seconds = {}\nhost_step_seconds = {}\n\
         [scheduler]\ntokens_per_step = {}\ncalls_per_step = {}\n",
        known("1e-3"),
        known("0"),
        known("64"),
        known("8")
    );
    for (chip, seconds) in sections {
        let seconds = known(seconds);
        text += &format!("[[on]]\nchip = \"{chip}\"\nfront_end_seconds = {seconds}\n");
    }
    text
}

/// The small machine on a variant of its chip, with this software and no front end of its own.
fn with_software(text: String) -> Catalogue {
    let front_end = format!("front_end_seconds = {}\n", known("5e-3"));
    let machine = Small::default().machine_text().replace("small-chip", "variant");
    let machine = machine.replace(&front_end, "software = \"engine\"\n");
    let variant = "name = \"variant\"\ninherits = \"small-chip\"\n".to_owned();
    Small::default()
        .catalogue()
        .with_text(ProfileKind::Chip, "variant", variant)
        .with_text(ProfileKind::Machine, "small", machine)
        .with_text(ProfileKind::Software, "engine", text)
}

fn front_end(catalogue: &Catalogue) -> Span {
    catalogue.deploy("small", None).unwrap().front_end.span(0, Span::ZERO)
}

#[test]
fn what_software_says_of_a_chip_holds_for_its_variants_unless_they_have_their_own() {
    let none = with_software(software(&[]));
    assert_eq!(front_end(&none), Span::from_millis(1));
    let parent = with_software(software(&[("small-chip", "7e-3"), ("h200", "8e-3")]));
    assert_eq!(front_end(&parent), Span::from_millis(7));
    let own = with_software(software(&[("small-chip", "7e-3"), ("variant", "9e-3")]));
    assert_eq!(front_end(&own), Span::from_millis(9));
}

#[test]
fn software_has_what_it_does_not_say_from_its_parent() {
    let parent = software(&[("small-chip", "7e-3")]).replace("\"engine\"", "\"parent\"");
    let text = "name = \"engine\"\ninherits = \"parent\"\n".to_owned();
    let catalogue = with_software(text).with_text(ProfileKind::Software, "parent", parent);
    assert_eq!(front_end(&catalogue), Span::from_millis(7));
    let digest = |catalogue: &Catalogue| catalogue.deploy("small", None).unwrap().digest;
    let edited = |name: &str| {
        let text = catalogue.text(ProfileKind::Software, name).unwrap();
        let text = format!("{text}# A remark.\n");
        digest(&catalogue.clone().with_text(ProfileKind::Software, name, text))
    };
    for name in ["engine", "parent"] {
        assert_ne!(edited(name), digest(&catalogue), "{name}");
    }
    assert_eq!(edited("vllm"), digest(&catalogue));
}

#[test]
fn all_that_is_wrong_with_software_is_told_each_with_its_line() {
    let text = software(&[("h200", "7e-3"), ("h200", "8e-3")])
        .replace(&known("64"), &known("0.5"))
        .replace("[scheduler]\n", &format!("kernel_factor = {}\n[scheduler]\n", known("0")));
    let problems = |text: String| {
        let found = with_software(text).validate().problems;
        let lines: Vec<String> = found.iter().map(|problem| format!("{problem}\n")).collect();
        lines.concat().replace('\\', "/")
    };
    insta::assert_snapshot!(problems(text), @r"
    software/engine.toml:5: software `engine`: `kernel_factor` must be over 0
    software/engine.toml:7: software `engine`: `scheduler.tokens_per_step` must be a whole number of at least 1
    software/engine.toml:8: software `engine`: `scheduler.calls_per_step` must be at most `tokens_per_step`: each chat of a step passes at least one token
    software/engine.toml:13: software `engine`: two [[on]] are of `h200`; make them one
    ");
    let unknown = problems(software(&[("h20", "7e-3")]));
    insta::assert_snapshot!(unknown, @"software/engine.toml:9: there is no chip `h20`; did you mean `h200`?");
}

#[test]
fn a_machine_without_software_says_all_that_software_would() {
    let text = Small::default().machine_text();
    let front_end = format!("front_end_seconds = {}\n", known("5e-3"));
    let host = format!("host_step_seconds = {}\n", known("0"));
    let text = text.replace(&front_end, "").replace(&host, "");
    let catalogue = Small::default().catalogue().with_text(ProfileKind::Machine, "small", text);
    let found = catalogue.validate().problems;
    let lines: Vec<String> = found.iter().map(|problem| format!("{problem}\n")).collect();
    insta::assert_snapshot!(lines.concat().replace('\\', "/"), @r#"
    machines/small.toml:1: machine `small`: `front_end_seconds` is missing; add it, or name the serving software that has it: software = "vllm"
    machines/small.toml:9: machine `small`: `host_step_seconds` is missing; add it, or name the serving software that has it: software = "vllm"
    "#);
}
