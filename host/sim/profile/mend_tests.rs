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
    insta::assert_snapshot!(told::<Chip>("chips/small-chip.toml", &text), @r#"
    chips/small-chip.toml:17: unknown key `kv_red_fraction`; did you mean `kv_read_fraction`?
    chips/small-chip.toml:3: unknown key `colour`; known here: name, title, inherits, kind, status, estimated, compute, memory, achieved, latency, scale_up, scale_out, exchange, host, power, price
    chips/small-chip.toml:4: unknown value `tpu`; did you mean `cpu`?
    chips/small-chip.toml:20: a figure is a finite number of at least 0, not -1
    chips/small-chip.toml:27: invalid type: string "10 W", expected a number
    chips/small-chip.toml:26: the key `limit_watts` is missing; add it
    chips/small-chip.toml:24: the key `source` is missing; add it
    chips/small-chip.toml:2: unknown key `titel`; did you mean `title`?
    "#);
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
    insta::assert_snapshot!(told::<Chip>("chips/small-chip.toml", &text), @r"
    chips/small-chip.toml:4: `compute.bf16_flops_per_second` must be over 0
    chips/small-chip.toml:12: `achieved.attention_fraction` must be at most 1: it is a part of the peak
    chips/small-chip.toml:9: `memory.formats` is empty, so that the chip holds no weights; add those it holds
    ");
    let small = Small { split: true, ..Small::default() };
    let text = small
        .machine_text()
        .replacen(&known("64"), &known("0.5"), 1)
        .replacen(&known("16e3"), &known("0"), 1)
        .replacen("chips = { value = 2", "chips = { value = 0", 1)
        .replacen("default_model = \"small-model\"", "default_model = \"large-model\"", 1);
    insta::assert_snapshot!(told::<MachineProfile>("machines/small.toml", &text), @r"
    machines/small.toml:13: machine `small`: the prefill pool's `chips` must be a whole number of at least 1
    machines/small.toml:8: machine `small`: `scheduler.tokens_per_step` must be a whole number of at least 1
    machines/small.toml:9: machine `small`: `scheduler.calls_per_step` must be at most `tokens_per_step`: each chat of a step passes at least one token
    machines/small.toml:25: machine `small`: `link.bandwidth_bytes_per_second` must be over 0
    machines/small.toml:5: machine `small`: `default_model` is `large-model`, which no [[serves]] names
    ");
}

#[test]
fn a_right_profile_has_no_mistakes() {
    assert_eq!(told::<Chip>("chips/small-chip.toml", &chip(1_000_000)), "nothing");
}
