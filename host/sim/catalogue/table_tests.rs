//! Machines that were measured layer by layer, in a folder with their tables.

use std::fs;

use tempfile::TempDir;

use super::{Catalogue, ProfileKind};
use crate::cost::{StepShape, Work, WritingSteps};
use crate::deployment::Deployment;
use crate::examples::{MODEL, Small, known};
use crate::explain::{OperatingPoint, explain};

const DENSE: [&str; 8] = [
    "embedding",
    "layernorm",
    "qkv_proj",
    "o_proj",
    "gate_up_proj",
    "act_fn",
    "down_proj",
    "final_layernorm",
];

/// Every dense operation takes a microsecond a token, so a layer of the small model, with two norms,
/// takes 7, and what is around it 2.
fn dense() -> String {
    let rows = DENSE.map(|name| format!("{name},1,1\n{name},100,100\n"));
    format!("layer,tokens,time_us\n{}", rows.concat())
}

/// A prompt takes a microsecond a token, and what is written one for 10 tokens looked back at.
const ATTENTION: &str = "prefill_chunk,kv_prefill,n_decode,kv_decode,time_us
0,0,1,10,1
0,0,1,20,2
0,0,4,10,4
0,0,4,20,8
10,0,0,0,10
10,0,1,10,11
10,0,4,20,18
";

/// Nothing but the chats' number matters.
const PER_SEQUENCE: &str = "layer,sequences,time_us
lm_head,1,50
lm_head,2,60
sampler,1,1
sampler,2,2
";

fn machine() -> String {
    let profile = format!(
        "[pools.layer_profile]\ndense = \"tables/dense.csv\"\n\
         attention = \"tables/attention.csv\"\nper_sequence = \"tables/per_sequence.csv\"\n\
         kv_blocks = {}\nsource = \"a test\"\ndate = \"2026-11\"\nconfidence = \"low\"\n[[serves]]",
        known("40")
    );
    let text = Small::default().machine_text().replace("[[serves]]", &profile);
    text.replace("small-chip", "stated-steps")
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let dense = dense();
    for (path, text) in [
        ("models/small-model.toml", MODEL),
        ("machines/small.toml", &machine()),
        ("machines/tables/dense.csv", &dense),
        ("machines/tables/attention.csv", ATTENTION),
        ("machines/tables/per_sequence.csv", PER_SEQUENCE),
    ] {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn catalogue(folder: &TempDir) -> Catalogue {
    Catalogue::built_in().with_folder(folder.path()).unwrap()
}

fn deployed() -> Deployment {
    catalogue(&folder()).deploy("small", None).unwrap()
}

/// What is said when `from` in one of the files is replaced by `to`.
fn mistake(path: &str, from: &str, to: &str) -> String {
    let folder = folder();
    let path = folder.path().join("machines").join(path);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "`{from}` is not there");
    fs::write(&path, text.replacen(from, to, 1)).unwrap();
    let error = catalogue(&folder).deploy("small", None).unwrap_err().to_string();
    error.replace(&folder.path().display().to_string(), "FOLDER").replace('\\', "/")
}

fn microseconds(deployment: &Deployment, work: &Work) -> f64 {
    (deployment.pools[0].cost.seconds(work) * 1e9).round() / 1e3
}

/// A variant that stands elsewhere is timed by the tables of the machine that it inherits from.
#[test]
fn tables_are_found_beside_the_file_that_names_them() {
    let folder = folder();
    let variant = "name = \"variant\"\ntitle = \"V\"\nabout = \"A variant.\"\n\
                   inherits = \"small\"\n[[pools]]\nrole = \"all\"\n";
    let catalogue = catalogue(&folder);
    let whole = catalogue.deploy("small", None).unwrap();
    let catalogue = catalogue.with_text(ProfileKind::Machine, "variant", variant.to_owned());
    let variant = catalogue.deploy("variant", None).unwrap();
    let mut work = whole.no_work();
    work.add_decode(15);
    let seconds = |deployed: &Deployment| deployed.writer().cost.seconds(&work);
    assert_eq!(seconds(&variant), seconds(&whole));
}

#[test]
fn a_step_takes_the_sum_of_what_its_operations_were_measured_to_take() {
    let deployment = deployed();
    let mut work = Work::new(&deployment.model);
    work.add_decode(15);
    // Nine dense operations of a token, one and a half of attention, 51 of one chat.
    assert_eq!(microseconds(&deployment, &work), 9.0 + 1.5 + 51.0);
    work.add_decode(25);
    assert_eq!(microseconds(&deployment, &work), 2.0 * 9.0 + 4.0 + 62.0);
    work.add_prefill(0, 10, true);
    // Beside a prompt, what is written takes as long; a third chat goes on from the first two.
    assert_eq!(microseconds(&deployment, &work), 12.0 * 9.0 + 13.333 + 73.0);
}

#[test]
fn prompts_of_one_step_do_not_look_back_at_each_other() {
    let deployment = deployed();
    let mut work = Work::new(&deployment.model);
    work.add_prefill(0, 10, true);
    work.add_prefill(0, 10, true);
    assert_eq!(microseconds(&deployment, &work), 20.0 * 9.0 + 20.0 + 62.0);
    let shape = StepShape::of(&work);
    assert_eq!((shape.prefill_tokens, shape.prefill_chats, shape.decodes), (20, 2, 0));
}

#[test]
fn a_series_of_steps_is_timed_as_each_of_them() {
    let deployment = deployed();
    let cost = &deployment.pools[0].cost;
    let mut work = Work::new(&deployment.model);
    for context in [3, 11, 18] {
        work.add_decode(context);
    }
    let mut series = WritingSteps::default();
    cost.begin_writing(&work, &mut series);
    for _ in 0..30 {
        let (one, other) = (series.time(cost, &work).seconds, cost.time(&work).seconds);
        assert_eq!(one.to_bits(), other.to_bits());
        work.advance();
    }
}

#[test]
fn a_measured_machine_states_its_blocks_and_knows_no_power() {
    let deployment = deployed();
    let pool = &deployment.pools[0];
    assert_eq!(pool.placement.blocks, 40);
    assert_eq!(pool.draw, None);
    let point = OperatingPoint { input_tokens: 10, context_tokens: 20, batch: 2 };
    let explanation = explain(&deployment, &point);
    let terms: f64 = explanation.decode.terms.iter().map(|term| term.seconds).sum();
    assert_eq!(terms, explanation.decode.seconds);
    assert!(explanation.to_string().contains("measured"), "{explanation}");
}

#[test]
fn the_tables_are_figures_of_the_machine_and_count_in_its_digest() {
    let folder = folder();
    let before = catalogue(&folder).deploy("small", None).unwrap().digest;
    let rows = catalogue(&folder).figures(ProfileKind::Machine, "small").unwrap();
    let keys: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
    assert!(keys.contains(&"pools.0.layer_profile"), "{keys:?}");
    assert!(keys.contains(&"pools.0.layer_profile.kv_blocks"), "{keys:?}");
    let table = folder.path().join("machines/tables/dense.csv");
    fs::write(&table, dense().replace('\n', "\r\n")).unwrap();
    assert_eq!(catalogue(&folder).deploy("small", None).unwrap().digest, before);
    fs::write(&table, dense().replace("o_proj,1,1", "o_proj,1,2")).unwrap();
    assert_ne!(catalogue(&folder).deploy("small", None).unwrap().digest, before);
}

#[test]
fn a_table_that_is_wrong_is_pointed_at_with_the_fix() {
    let dense = |from: &str, to: &str| mistake("tables/dense.csv", from, to);
    insta::assert_snapshot!(dense("tokens", "token"), @"FOLDER/machines/tables/dense.csv:1: the columns must be `layer,tokens,time_us`, not `layer,token,time_us`; rename them");
    insta::assert_snapshot!(dense("o_proj,100", "o_proj,1"), @"FOLDER/machines/tables/dense.csv:9: `tokens` of `o_proj` must be over 0 and rise from row to row; sort the rows, and keep one of equal ones");
    insta::assert_snapshot!(dense("o_proj,1,1\no_proj,100,100\n", ""), @"FOLDER/machines/tables/dense.csv:1: the layer `o_proj` is missing; add its rows");
    insta::assert_snapshot!(dense("o_proj,1,", "o_prj,1,"), @"FOLDER/machines/tables/dense.csv:8: unknown layer `o_prj`; did you mean `o_proj`?");
    insta::assert_snapshot!(dense("o_proj,1,1\n", "o_proj,1\n"), @"FOLDER/machines/tables/dense.csv:8: a row has 3 values, `layer,tokens,time_us`, and this one 2; write one for each column");
    insta::assert_snapshot!(dense("o_proj,1,1\n", "o_proj,1,fast\n"), @"FOLDER/machines/tables/dense.csv:8: `time_us` must be a number of microseconds over 0, not `fast`");
    insta::assert_snapshot!(mistake("tables/per_sequence.csv", &PER_SEQUENCE[PER_SEQUENCE.find("lm_head").unwrap()..], ""), @"FOLDER/machines/tables/per_sequence.csv:1: the table has no rows; add what was measured");
    let attention = |from: &str, to: &str| mistake("tables/attention.csv", from, to);
    insta::assert_snapshot!(attention("0,0,4,10,4", "0,0,1,10,4"), @"FOLDER/machines/tables/attention.csv:4: rows must rise by `prefill_chunk`, then `kv_prefill`, `n_decode` and `kv_decode`; sort the rows, and keep one of equal ones");
    insta::assert_snapshot!(attention("0,0,1,10,1\n", "0,0,0,10,1\n"), @"FOLDER/machines/tables/attention.csv:2: a row needs a `prefill_chunk` or an `n_decode` over 0; remove it");
    insta::assert_snapshot!(attention("10,0,1,10,11\n10,0,4,20,18\n", ""), @"FOLDER/machines/tables/attention.csv:1: there is no row with both `prefill_chunk` and `n_decode` over 0; add some");
    insta::assert_snapshot!(attention("0,0,1,10,1\n", "0,0,one,10,1\n"), @"FOLDER/machines/tables/attention.csv:2: `n_decode` must be a whole number, not `one`");
}

#[test]
fn a_layer_profile_that_is_wrong_is_pointed_at_with_the_fix() {
    let machine = |from: &str, to: &str| mistake("small.toml", from, to);
    let missing = machine("tables/dense.csv", "tables/dens.csv");
    let (start, end) = missing.split_once(" read: ").unwrap();
    insta::assert_snapshot!(start, @"FOLDER/machines/small.toml:18: `dense` names the table tables/dens.csv, which cannot be");
    assert!(end.ends_with("; its path starts at this file"), "{end}");
    insta::assert_snapshot!(machine("kv_blocks = ", "kv_block = "), @"FOLDER/machines/small.toml:21: unknown key `kv_block`; did you mean `kv_blocks`?");
    insta::assert_snapshot!(machine(&known("40"), &known("0")), @"FOLDER/machines/small.toml:21: machine `small`: the pool's `layer_profile.kv_blocks` must be a whole number of at least 1");
    let serves =
        "[[serves]]\nmodel = \"large-model\"\nlinear = \"bf16\"\nhead = \"bf16\"\nkv = \"bf16\"\n";
    insta::assert_snapshot!(machine("[[serves]]", &format!("{serves}[[serves]]")), @"FOLDER/machines/small.toml:30: machine `small`: a `layer_profile` is of one model; keep one [[serves]]");
    let [one, blocks] = [known("1"), known("9")];
    let fixed = format!(
        "[pools.fixed_steps]\nprefill_seconds = {one}\ndecode_seconds = {one}\nkv_blocks = {blocks}\n[[serves]]"
    );
    insta::assert_snapshot!(machine("[[serves]]", &fixed), @"FOLDER/machines/small.toml:17: machine `small`: the pool has `fixed_steps` and `layer_profile`; keep one of them");
}

#[test]
fn a_model_with_parts_that_no_table_holds_is_refused() {
    let folder = folder();
    let model = format!("{MODEL}experts = {{ count = 2, per_token = 1, width = 4 }}\n");
    fs::write(folder.path().join("models/small-model.toml"), model).unwrap();
    let error = catalogue(&folder).deploy("small", None).unwrap_err();
    insta::assert_snapshot!(error, @"the tables of a `layer_profile` hold no experts, which `small-model` has; remove it from `small` to time the model from the chip's figures");
}

/// The tables time one kind of dense layer with attention to all tokens.
#[test]
fn layers_that_the_tables_do_not_time_are_named() {
    let unmeasured = |from: &str, to: &str| {
        let said = mistake("../models/small-model.toml", from, to);
        let what = said.strip_prefix("the tables of a `layer_profile` hold no ");
        what.and_then(|what| what.split(',').next()).expect("it is unmeasured").to_owned()
    };
    let grouped = "grouped = { heads = 1, kv_heads = 1, head_width = 4 }";
    let mamba = "[[layers]]\ncount = 1\nmamba = { heads = 1, head_width = 1, state_width = 1, \
                 groups = 1, convolution = 4 }";
    let latent = "latent = { heads = 1, query_rank = 1, kv_rank = 1, rope_width = 1, \
                  nope_width = 1, value_width = 1, index = { heads = 1, width = 1, top_k = 8 } }";
    let experts = "experts = { count = 2, per_token = 1, width = 1 }";
    let said = [
        unmeasured(grouped, &format!("{grouped}\n{experts}")),
        unmeasured("head_width = 4 }", "head_width = 4, window = 8 }"),
        unmeasured(grouped, &format!("{grouped}\n{mamba}")),
        unmeasured(grouped, latent),
        unmeasured(grouped, &format!("{grouped}\n[[layers]]\ncount = 1\ndense_width = 4")),
    ];
    let expected = [
        "experts",
        "attention windows",
        "recurrent layers",
        "selected or compressed attention",
        "layers of several kinds",
    ];
    assert_eq!(said, expected);
}
