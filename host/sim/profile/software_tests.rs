//! What a person reads who made a mistake in serving software's file, or in how chips share a model.

use std::path::Path;

use super::{MachineProfile, Pool, Profile, Software, parse};
use crate::examples::{Small, known};

/// A figure that is absent from the small machine stands in its software.
fn software() -> String {
    let (section, one) = ("[[on]]\nchip = \"small-chip\"\n", known("1"));
    format!(
        "name = \"small-software\"\ntitle = \"Small software\"\nfront_end_seconds = {one}\n\
         host_step_seconds = {one}\nkernel_factor = {one}\n\
         [scheduler]\ntokens_per_step = {}\ncalls_per_step = {}\n{section}kernel_factor = {}\n",
        known("64"),
        known("8"),
        known("2"),
    )
}

fn told<P: Profile>(text: &str, file: &str) -> String {
    match parse::<P>(text, Path::new(file)) {
        Err(error) => error.to_string(),
        Ok(_) => "right".to_owned(),
    }
}

fn of_software(from: &str, to: &str) -> String {
    let right = software();
    assert!(right.contains(from), "`{from}` is not there");
    told::<Software>(&right.replacen(from, to, 1), "software/small-software.toml")
}

/// What is said of the small machine's pool, of so many chips, with these lines more.
fn of_pool(chips: u64, more: &[(&str, &str)]) -> String {
    let lines: String =
        more.iter().map(|(key, value)| format!("{key} = {}\n", known(value))).collect();
    let text = Small::default().machine_text();
    let text = text.replace(
        &format!("chips = {}\n", known("2")),
        &format!("chips = {}\n{lines}", known(&chips.to_string())),
    );
    told::<MachineProfile>(&text, "machines/small.toml")
}

#[test]
fn mistakes_in_a_softwares_file_are_told_with_the_fix() {
    assert_eq!(of_software("Small software", "Another title"), "right");
    insta::assert_snapshot!(of_software("kernel_factor = ", "kernel_faktor = "), @"software/small-software.toml:5: unknown key `kernel_faktor`; did you mean `kernel_factor`?");
    insta::assert_snapshot!(of_software(&format!("kernel_factor = {}", known("1")), &format!("kernel_factor = {}", known("0"))), @"software/small-software.toml:1: software `small-software`: `kernel_factor` must be over 0");
    insta::assert_snapshot!(of_software(&format!("tokens_per_step = {}\n", known("64")), ""), @"software/small-software.toml:1: software `small-software`: `scheduler.tokens_per_step` is missing; add it");
    insta::assert_snapshot!(of_software(&known("64"), &known("4")), @"software/small-software.toml:8: software `small-software`: `scheduler.calls_per_step` must be at most `tokens_per_step`: each chat of a step passes at least one token");
    insta::assert_snapshot!(of_software("[[on]]", "[[on]]\nchip = \"small-chip\"\n[[on]]"), @"software/small-software.toml:1: software `small-software`: two [[on]] are of `small-chip`; make them one");
    insta::assert_snapshot!(of_software(&format!("front_end_seconds = {}\n", known("1")), ""), @"software/small-software.toml:1: the key `front_end_seconds` is missing; add it");
}

#[test]
fn a_machine_that_names_no_software_says_all_itself() {
    let without = |line: String| {
        let text = Small::default().machine_text();
        assert!(text.contains(&line), "`{line}` is not there");
        told::<MachineProfile>(&text.replacen(&line, "", 1), "machines/small.toml")
    };
    insta::assert_snapshot!(without(format!("front_end_seconds = {}\n", known("5e-3"))), @r#"machines/small.toml:1: machine `small`: `front_end_seconds` is missing; add it, or name the serving software that has it: software = "vllm""#);
    insta::assert_snapshot!(without(format!("calls_per_step = {}\n", known("8"))), @r#"machines/small.toml:1: machine `small`: `scheduler.calls_per_step` is missing; add it, or name the serving software that has it: software = "vllm""#);
    insta::assert_snapshot!(without(format!("host_step_seconds = {}\n", known("0"))), @r#"machines/small.toml:1: machine `small`: `host_step_seconds` is missing; add it, or name the serving software that has it: software = "vllm""#);
}

#[test]
fn ways_to_share_a_model_that_cannot_be_are_told() {
    assert_eq!(of_pool(16, &[("data_parallel", "4"), ("pipeline_parallel", "4")]), "right");
    insta::assert_snapshot!(of_pool(15, &[("data_parallel", "4"), ("pipeline_parallel", "4")]), @"machines/small.toml:1: machine `small`: the pool has 15 chips, but tensor_parallel × data_parallel × pipeline_parallel × replicas = 16");
    insta::assert_snapshot!(of_pool(3, &[("data_parallel", "4")]), @"machines/small.toml:1: machine `small`: the pool has 3 chips, but tensor_parallel × data_parallel × replicas = 4");
    insta::assert_snapshot!(of_pool(8, &[("data_parallel", "4"), ("expert_parallel", "3")]), @"machines/small.toml:15: machine `small`: the pool's `expert_parallel` is 3, which does not divide the 4 chips of tensor_parallel × data_parallel that share the experts");
    insta::assert_snapshot!(of_pool(8, &[("expert_parallel", "0.5")]), @"machines/small.toml:14: machine `small`: the pool's `expert_parallel` must be a whole number of at least 1");
    insta::assert_snapshot!(of_pool(999_999_999, &[("data_parallel", "999999999"), ("pipeline_parallel", "999999999")]), @"machines/small.toml:1: machine `small`: the pool has 999999999 chips, but tensor_parallel × data_parallel × pipeline_parallel × replicas = 999999998000000001");
}

#[test]
fn stages_are_of_whole_layers() {
    let text =
        crate::examples::Small { helper: crate::example_helpers::Helper::Ffn, ..Small::default() };
    let text = text.machine_text().replacen(
        "tensor_parallel",
        &format!("pipeline_parallel = {}\ntensor_parallel", known("2")),
        1,
    );
    insta::assert_snapshot!(told::<MachineProfile>(&text, "machines/small.toml"), @"machines/small.toml:14: machine `small`: the attention pool does a part of every layer, so its layers cannot be divided; remove `pipeline_parallel`");
}

#[test]
fn what_is_absent_is_one() {
    let text = Small::default().machine_text();
    let profile: MachineProfile = parse(&text, Path::new("machines/small.toml")).unwrap();
    let pool: &Pool = &profile.pools[0];
    let parallel = pool.parallelism().unwrap();
    assert!(!parallel.is_divided());
    assert_eq!((parallel.chips(), parallel.stage_chips()), (1, 1));
}
