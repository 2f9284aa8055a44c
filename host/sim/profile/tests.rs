//! What a person reads who made a mistake in a profile: the file, the line and the fix.

use std::path::Path;

use super::{Chip, MachineProfile, Model, Policy, Preemption, Profile, Routing, Sending, parse};
use crate::examples::{MODEL, Small, Ways, chip, known};

/// A chip of one figure a line, to point at.
const CPU: &str = r#"name = "small-cpu"
title = "Small CPU"
kind = "cpu"

[host.ns_per_fuel]
value = 0.11
source = "a test"
date = "2026-11"
confidence = "estimate"

[power]
idle_watts = { unknown = true, source = "a test", date = "2026-11" }
compute_watts = { unknown = true, source = "a test", date = "2026-11" }
memory_watts = { unknown = true, source = "a test", date = "2026-11" }
limit_watts = { value = 450, source = "a test", date = "2026-11", confidence = "high" }

[price]
usd_per_hour = { unknown = true, source = "a test", date = "2026-11" }
"#;

/// What is said when `from` of a right profile is replaced by `to`.
fn mistake<P: Profile>(right: &str, file: &str, from: &str, to: &str) -> String {
    assert!(parse::<P>(right, Path::new(file)).is_ok(), "right before the mistake");
    assert!(right.contains(from), "`{from}` is not there");
    match parse::<P>(&right.replacen(from, to, 1), Path::new(file)) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("`{to}` was accepted"),
    }
}

fn cpu(from: &str, to: &str) -> String {
    mistake::<Chip>(CPU, "chips/small-cpu.toml", from, to)
}

fn gpu(from: &str, to: &str) -> String {
    mistake::<Chip>(&chip(1_000_000), "chips/small-chip.toml", from, to)
}

fn model(from: &str, to: &str) -> String {
    mistake::<Model>(MODEL, "models/small-model.toml", from, to)
}

fn machine(small: Small, from: &str, to: &str) -> String {
    mistake::<MachineProfile>(&small.machine_text(), "machines/small.toml", from, to)
}

#[test]
fn an_unknown_key_is_named_with_the_nearest_that_exists() {
    insta::assert_snapshot!(cpu("limit_watts", "limit_wats"), @"chips/small-cpu.toml:15: unknown key `limit_wats`; did you mean `limit_watts`?");
    insta::assert_snapshot!(cpu("source", "sauce"), @"chips/small-cpu.toml:7: unknown key `sauce`; did you mean `source`?");
    insta::assert_snapshot!(cpu("[price]", "[prices]"), @"chips/small-cpu.toml:17: unknown key `prices`; did you mean `price`?");
    insta::assert_snapshot!(cpu("title = ", "colour = \"green\"\ntitle = "), @"chips/small-cpu.toml:2: unknown key `colour`; known here: name, title, inherits, kind, status, estimated, compute, memory, achieved, latency, scale_up, scale_out, exchange, host, power, price");
}

#[test]
fn a_value_of_another_kind_is_pointed_at() {
    insta::assert_snapshot!(cpu("value = 450", "value = \"450 W\""), @r#"chips/small-cpu.toml:15: invalid type: string "450 W", expected a number"#);
    insta::assert_snapshot!(cpu("\"cpu\"", "\"tpu\""), @"chips/small-cpu.toml:3: unknown value `tpu`; did you mean `cpu`?");
    insta::assert_snapshot!(cpu("\"estimate\"", "\"sure\""), @"chips/small-cpu.toml:9: unknown value `sure`; known here: high, medium, low, estimate");
}

#[test]
fn a_missing_figure_is_named() {
    insta::assert_snapshot!(cpu("idle_watts = { unknown = true, source = \"a test\", date = \"2026-11\" }", ""), @"chips/small-cpu.toml:11: the key `idle_watts` is missing; add it");
    insta::assert_snapshot!(gpu("[latency]\n", "[latenz]\n"), @"chips/small-chip.toml:17: unknown key `latenz`; did you mean `latency`?");
}

#[test]
fn a_figure_without_its_provenance_is_refused() {
    insta::assert_snapshot!(cpu("value = 450, source = \"a test\",", "value = 450,"), @"chips/small-cpu.toml:15: the key `source` is missing; add it");
    insta::assert_snapshot!(cpu("value = 450, source = \"a test\", date = \"2026-11\",", "value = 450, source = \"a test\","), @"chips/small-cpu.toml:15: the key `date` is missing; add it");
    insta::assert_snapshot!(cpu("confidence = \"estimate\"\n", ""), @"chips/small-cpu.toml:5: a figure needs `confidence`: high, medium, low or estimate");
    insta::assert_snapshot!(cpu("source = \"a test\"\n", "source = \"\"\n"), @"chips/small-cpu.toml:5: `source` is empty: say who publishes the figure, or where you looked");
    insta::assert_snapshot!(cpu("date = \"2026-11\"\n", "date = \"last week\"\n"), @"chips/small-cpu.toml:5: `date` is `last week`; write YYYY, YYYY-MM or YYYY-MM-DD");
    insta::assert_snapshot!(cpu("usd_per_hour = { unknown = true,", "usd_per_hour = {"), @"chips/small-cpu.toml:18: a figure needs `value`, or `unknown = true` if nobody publishes it");
    insta::assert_snapshot!(cpu("limit_watts = { value = 450, source = \"a test\", date = \"2026-11\", confidence = \"high\" }", "limit_watts = 450"), @"chips/small-cpu.toml:15: invalid type: integer `450`, expected a figure: { value = …, source = …, date = …, confidence = … }");
}

#[test]
fn text_that_is_no_toml_is_pointed_at() {
    insta::assert_snapshot!(cpu("kind = \"cpu\"", "kind = \"cpu"), @r#"chips/small-cpu.toml:3: invalid basic string, expected `"`"#);
}

#[test]
fn a_profile_has_the_name_of_its_file() {
    insta::assert_snapshot!(cpu("name = \"small-cpu\"", "name = \"large-cpu\""), @"chips/small-cpu.toml:1: the profile is named `large-cpu`, but its file `small-cpu.toml`; make them equal");
}

#[test]
fn a_chip_has_the_sections_of_its_kind() {
    insta::assert_snapshot!(cpu("\"cpu\"", "\"gpu\""), @"chips/small-cpu.toml:3: chip `small-cpu` is a gpu, which needs the section [compute]");
    insta::assert_snapshot!(gpu("\"gpu\"", "\"lpu\""), @"chips/small-chip.toml:3: chip `small-chip` is an lpu, which needs the section [exchange]");
}

#[test]
fn rates_are_over_0_and_fractions_at_most_1() {
    let fast = known("1e30");
    insta::assert_snapshot!(gpu(&fast, &known("0")), @"chips/small-chip.toml:4: `compute.bf16_flops_per_second` must be over 0");
    let from = format!("attention_fraction = {}", known("1"));
    let to = format!("attention_fraction = {}", known("1.5"));
    insta::assert_snapshot!(gpu(&from, &to), @"chips/small-chip.toml:12: `achieved.attention_fraction` must be at most 1: it is a part of the peak");
    let cores = format!("compute.cores = {}\n", known("1.5"));
    insta::assert_snapshot!(gpu("[memory]\n", &format!("{cores}[memory]\n")), @"chips/small-chip.toml:5: `compute.cores` must be a whole number of at least 1");
}

#[test]
fn a_models_numbers_make_sense_together() {
    insta::assert_snapshot!(model("hidden = 8", "hidden = 0"), @"models/small-model.toml:5: model `small-model`: `hidden` must be at least 1");
    insta::assert_snapshot!(model("kv_heads = 1", "kv_heads = 2"), @"models/small-model.toml:14: model `small-model`: `grouped.kv_heads` must be from 1 to `heads`, and a `window` at least 1");
    insta::assert_snapshot!(model("head_width = 4", "head_width = 0"), @"models/small-model.toml:14: model `small-model`: `head_width`, or `kv_rank`, must be at least 1: a token caches something");
    insta::assert_snapshot!(model("grouped", "# grouped"), @"models/small-model.toml:12: model `small-model`: a [[layers]] must have `grouped`, `latent` or `compressed` attention");
    insta::assert_snapshot!(model("count = 1\n", "count = 5000\n"), @"models/small-model.toml:12: model `small-model`: there are more than 1,024 layers");
    insta::assert_snapshot!(model("head_width = 4 }", "head_width = 4 }\nexperts = { count = 2, per_token = 3, width = 1 }"), @"models/small-model.toml:15: model `small-model`: `experts.per_token` must be from 1 to `experts.count`, and `width` at least 1");
    insta::assert_snapshot!(model("source = \"a test\"\n", ""), @"models/small-model.toml:8: the key `source` is missing; add it");
}

#[test]
fn prefixes_are_kept_unless_the_machine_says_otherwise() {
    let keeps = |prefix_cache| {
        let text = Small { prefix_cache, ..Small::default() }.machine_text();
        let profile = parse::<MachineProfile>(&text, Path::new("machines/small.toml")).unwrap();
        (profile.scheduler.prefix_cache.is_some(), profile.scheduler.keeps_prefixes())
    };
    assert_eq!(keeps(true), (false, true));
    assert_eq!(keeps(false), (true, false));
    let off = Small { prefix_cache: false, ..Small::default() };
    insta::assert_snapshot!(machine(off, &known("false"), "false"), @"machines/small.toml:10: invalid type: boolean `false`, expected a switch: { value = true or false, source = …, date = …, confidence = … }");
    insta::assert_snapshot!(machine(off, &known("false"), &known("0")), @"machines/small.toml:10: invalid type: integer `0`, expected a boolean");
}

#[test]
fn a_machines_pools_make_a_machine() {
    let one = Small::default();
    let two = Small { split: true, ..one };
    insta::assert_snapshot!(machine(one, "role = \"all\"", "role = \"decode\""), @"machines/small.toml:10: machine `small`: [[pools]] must be, in this order, of the roles `all`; `all, draft`; `prefill, decode`; `prefill, decode, draft`; `attention, ffn`; or `prefill, attention, ffn`");
    insta::assert_snapshot!(machine(two, "role = \"decode\"", "role = \"prefill\""), @"machines/small.toml:10: machine `small`: [[pools]] must be, in this order, of the roles `all`; `all, draft`; `prefill, decode`; `prefill, decode, draft`; `attention, ffn`; or `prefill, attention, ffn`");
    insta::assert_snapshot!(machine(one, &known("64"), &known("7")), @"machines/small.toml:9: machine `small`: `scheduler.calls_per_step` must be at most `tokens_per_step`: each chat of a step passes at least one token");
    insta::assert_snapshot!(machine(one, &known("64"), &known("0.5")), @"machines/small.toml:8: machine `small`: `scheduler.tokens_per_step` must be a whole number of at least 1");
    insta::assert_snapshot!(machine(one, &format!("replicas = {}", known("1")), &format!("replicas = {}", known("3"))), @"machines/small.toml:13: machine `small`: the pool has 2 chips, but tensor_parallel × replicas = 3");
    insta::assert_snapshot!(machine(two, &known("16e3"), &known("0")), @"machines/small.toml:25: machine `small`: `link.bandwidth_bytes_per_second` must be over 0");
    insta::assert_snapshot!(machine(one, "default_model = \"small-model\"", "default_model = \"large-model\""), @"machines/small.toml:5: machine `small`: `default_model` is `large-model`, which no [[serves]] names");
    let alike = format!("[[serves]]\nrouting_concentration = {}\n", known("0"));
    insta::assert_snapshot!(machine(one, "[[serves]]\n", &alike), @"machines/small.toml:18: machine `small`: `serves.0.routing_concentration` must be over 0");
}

#[test]
fn a_choice_is_one_of_those_there_are() {
    let ways = Ways {
        policy: Policy::ShortestPrompt,
        routing: Routing::PrefixAffinity,
        sends: Sending::PerLayer,
        ..Ways::default()
    };
    let small = Small { split: true, ways, ..Small::default() };
    insta::assert_snapshot!(machine(small, "shortest_prompt", "shortest-promt"), @"machines/small.toml:10: unknown value `shortest-promt`; did you mean `shortest_prompt`?");
    insta::assert_snapshot!(machine(small, "prefix_affinity", "prefix"), @"machines/small.toml:11: unknown value `prefix`; known here: round_robin, least_outstanding, prefix_affinity");
    insta::assert_snapshot!(machine(small, "per_layer", "layer"), @"machines/small.toml:29: unknown value `layer`; known here: at_end, per_layer");
    insta::assert_snapshot!(machine(small, &known("\"prefix_affinity\""), "\"prefix_affinity\""), @r#"machines/small.toml:11: invalid type: string "prefix_affinity", expected a choice: { value = "…", source = …, date = …, confidence = … }"#);
}

#[test]
fn a_way_of_serving_has_what_it_needs() {
    let small = |ways| Small { ways, ..Small::default() };
    let objective = format!("first_token_objective_seconds = {}\n", known("20e-3"));
    let slo_aware = small(Ways { policy: Policy::SloAware, ..Ways::default() });
    insta::assert_snapshot!(machine(slo_aware, &objective, ""), @"machines/small.toml:10: machine `small`: `scheduler.policy` is `slo_aware`, which needs an objective; add `scheduler.first_token_objective_seconds`");
    let swap = Ways { preemption: Preemption::Swap, tiers: [100, 0], ..Ways::default() };
    let text = small(swap).machine_text();
    let (from, to) = (text.find("[[kv_tiers]]").unwrap(), text.find("[[serves]]").unwrap());
    insta::assert_snapshot!(machine(small(swap), &text[from..to], ""), @"machines/small.toml:10: machine `small`: `scheduler.preemption` is `swap`, which needs memory to swap to; add a [[kv_tiers]]");
    insta::assert_snapshot!(machine(small(swap), &known("160e3"), &known("0")), @"machines/small.toml:22: machine `small`: `kv_tiers.0.bandwidth_bytes_per_second` must be over 0");
    insta::assert_snapshot!(machine(small(swap), "scope = \"group\"", "scope = \"rack\""), @"machines/small.toml:20: unknown value `rack`; known here: group, machine");
    let paths_of = |paths| format!("paths = {}", known(paths));
    let paths = Small { split: true, ..small(Ways { paths: 2, ..Ways::default() }) };
    insta::assert_snapshot!(machine(paths, &paths_of("2"), &paths_of("0")), @"machines/small.toml:27: machine `small`: `link.paths` must be a whole number of at least 1");
    insta::assert_snapshot!(machine(paths, &paths_of("2"), &paths_of("1.5")), @"machines/small.toml:27: machine `small`: `link.paths` must be a whole number of at least 1");
    let limit = small(Ways { waiting_calls_max: Some(7), ..Ways::default() });
    insta::assert_snapshot!(machine(limit, &known("7"), &known("0")), @"machines/small.toml:10: machine `small`: `scheduler.waiting_calls_max` must be a whole number of at least 1");
    let blocks = small(Ways { block_tokens: 32, ..Ways::default() });
    insta::assert_snapshot!(machine(blocks, &known("32"), &known("0")), @"machines/small.toml:10: machine `small`: `scheduler.block_tokens` must be a whole number of at least 1");
}
