//! What a person reads who made a mistake about pools that help.

use std::path::Path;

use super::{MachineProfile, parse};
use crate::catalogue::ProfileKind;
use crate::example_helpers::Helper;
use crate::examples::{Small, known};

/// What is said when `from` of a right machine is replaced by `to`.
fn mistake(helper: Helper, from: &str, to: &str) -> String {
    let text = Small { helper, ..Small::default() }.machine_text();
    let path = Path::new("machines/small.toml");
    assert!(parse::<MachineProfile>(&text, path).is_ok(), "right before the mistake");
    assert!(text.contains(from), "`{from}` is not there in\n{text}");
    told(&text.replacen(from, to, 1))
}

fn told(text: &str) -> String {
    let path = Path::new("machines/small.toml");
    parse::<MachineProfile>(text, path).unwrap_err().to_string()
}

#[test]
fn pools_that_help_stand_behind_those_that_they_help() {
    let ffn = Helper::Ffn;
    insta::assert_snapshot!(mistake(ffn, "role = \"attention\"", "role = \"decode\""), @"machines/small.toml:10: machine `small`: [[pools]] must be, in this order, of the roles `all`; `all, draft`; `prefill, decode`; `prefill, decode, draft`; `attention, ffn`; or `prefill, attention, ffn`");
    let link = format!(
        "[ffn_link]\nbandwidth_bytes_per_second = {}\nlatency_seconds = {}\nmicro_batches = {}\n\
         attention_fixed_fraction = {}\n",
        known("16e6"),
        known("1e-4"),
        known("2"),
        known("0.5")
    );
    insta::assert_snapshot!(mistake(ffn, &link, ""), @"machines/small.toml:10: machine `small`: an attention and an ffn pool need an [ffn_link] between them");
    insta::assert_snapshot!(mistake(ffn, &known("16e6"), &known("0")), @"machines/small.toml:25: machine `small`: `ffn_link.bandwidth_bytes_per_second` must be over 0");
    let replicas = format!("replicas = {}", known("1"));
    // The draft pool stands behind the others, and so does the ffn pool.
    let two = format!("replicas = {}", known("2"));
    insta::assert_snapshot!(mistake(Helper::Draft, &replicas, &two), @"machines/small.toml:22: machine `small`: the draft pool has 1 `replicas` and the pool 2; make them equal, since one draft group works for one group that writes");
    let three = Small { helper: ffn, replicas: 2, ..Small::default() };
    let three = three.machine_text().replacen(&two, &format!("replicas = {}", known("3")), 1);
    insta::assert_snapshot!(told(&three), @"machines/small.toml:22: machine `small`: the ffn pool has 2 `replicas` and the attention pool 3; make the one a multiple of the other, since an ffn group works for the same number of attention groups as any other");
    insta::assert_snapshot!(mistake(Helper::None, "[[serves]]", &format!("[ffn_link]\nbandwidth_bytes_per_second = {0}\nlatency_seconds = {0}\nmicro_batches = {0}\nattention_fixed_fraction = {0}\n[[serves]]", known("1"))), @"machines/small.toml:17: machine `small`: [ffn_link] joins an `attention` and an `ffn` pool, which are not there; remove it");
}

#[test]
fn proposed_tokens_have_a_draft_and_a_table() {
    let (draft, heads) = (Helper::Draft, Helper::Heads);
    insta::assert_snapshot!(mistake(draft, "target = \"small-model\"", "target = \"large-model\""), @r#"machines/small.toml:17: machine `small`: the draft pool has no [[pools.drafts]] with target = "small-model"; add it, or remove the model from [[serves]]"#);
    insta::assert_snapshot!(mistake(draft, "0.5, 0.3, 0.2", "0.5, 0.3, 0.1"), @"machines/small.toml:33: `probabilities` are from 0 to 1 and sum to 1, not to 0.9");
    insta::assert_snapshot!(mistake(draft, "0.5, 0.3, 0.2", "0.7, 0.3"), @"machines/small.toml:33: machine `small`: `speculation.accepted_tokens` has 2 probabilities; with 2 proposed tokens it needs 3, for 0 to 2 that are accepted");
    insta::assert_snapshot!(mistake(draft, "[speculation]\n", &format!("[speculation]\ndraft_layers = {}\n", known("1"))), @"machines/small.toml:31: machine `small`: `speculation.draft_layers` is for machines without a pool of role `draft`; remove one of the two");
    insta::assert_snapshot!(mistake(heads, &format!("draft_layers = {}\n", known("1")), ""), @"machines/small.toml:17: machine `small`: [speculation] needs a pool of role `draft`, or `draft_layers` where the model proposes tokens itself");
    insta::assert_snapshot!(mistake(heads, "[speculation]\n", &format!("[speculation]\ncrossing_seconds = {}\n", known("1"))), @"machines/small.toml:18: machine `small`: `speculation.crossing_seconds` is of a way to a pool of role `draft`, which is not there; remove it");
}

#[test]
fn a_draft_has_the_tokens_of_its_target() {
    let small = Small { helper: Helper::Draft, ..Small::default() };
    let of_draft = "model = \"small-model\"\nlinear";
    let text = small.machine_text().replacen(of_draft, "model = \"gpt-oss-20b\"\nlinear", 1);
    let catalogue = small.catalogue();
    let machine = catalogue.clone().with_text(ProfileKind::Machine, "small", text);
    // The chips of the tests hold nothing so large, and are made larger.
    let chip = catalogue.text(ProfileKind::Chip, "small-chip").unwrap();
    let memory = known(&(768 + 256 * small.blocks).to_string());
    let chip = chip.replacen(&memory, &known("1e12"), 1);
    let machine = machine.with_text(ProfileKind::Chip, "small-chip", chip);
    insta::assert_snapshot!(machine.deploy("small", None).unwrap_err(), @"`gpt-oss-20b` cannot propose tokens for `small-model`: it has a vocabulary of 201,088 tokens, and `small-model` one of 16; name a smaller model of the same family in [[pools.drafts]]");
}
