//! All mistakes of a file are told at once.

use std::path::Path;

use super::layers::Layers;
use super::{Chip, MachineProfile, Profile, read};
use crate::examples::{Small, chip, known};

/// What is said of a text, a line each.
fn told<P: Profile>(file: &str, text: &str) -> String {
    match read::<P>(&Layers::new([(Path::new(file), text)])) {
        Ok(_) => "nothing".to_owned(),
        Err(errors) => errors.iter().map(|error| format!("{error}\n")).collect(),
    }
}

#[test]
fn mistakes_of_form_are_all_told_each_with_its_line() {
    let text = chip(1_000_000)
        .replace("title = \"Small chip\"", "titel = \"Small chip\"\ncolour = \"green\"")
        .replace("kind = \"gpu\"", "kind = \"tpu\"")
        .replace("kv_read_fraction", "kv_red_fraction")
        .replacen("expert_layer_seconds = { value = 0", "expert_layer_seconds = { value = -1", 1)
        .replacen("idle_watts = { value = 10", "idle_watts = { value = \"10 W\"", 1)
        .replacen(
            "achieved_fraction = { value = 1, source = \"a test\", ",
            "achieved_fraction = { value = 1, ",
            1,
        )
        .replace(&format!("limit_watts = {}\n", known("10")), "");
    insta::assert_snapshot!(told::<Chip>("chips/small-chip.toml", &text), @"");
}

#[test]
fn numbers_that_do_not_suit_are_all_told_each_with_its_line() {
    let text = chip(1_000_000)
        .replacen(&known("1e30"), &known("0"), 1)
        .replacen(
            &format!("attention_fraction = {}", known("1")),
            &format!("attention_fraction = {}", known("2")),
            1,
        )
        .replace("formats = [\"bf16\"]", "formats = []");
    insta::assert_snapshot!(told::<Chip>("chips/small-chip.toml", &text), @"");
    let small = Small { split: true, ..Small::default() };
    let text = small
        .machine_text()
        .replacen(&known("64"), &known("0.5"), 1)
        .replacen(&known("16e3"), &known("0"), 1)
        .replacen("chips = { value = 2", "chips = { value = 0", 1)
        .replacen("default_model = \"small-model\"", "default_model = \"large-model\"", 1);
    insta::assert_snapshot!(told::<MachineProfile>("machines/small.toml", &text), @"");
}

#[test]
fn a_right_profile_has_no_mistakes() {
    assert_eq!(told::<Chip>("chips/small-chip.toml", &chip(1_000_000)), "nothing");
}
