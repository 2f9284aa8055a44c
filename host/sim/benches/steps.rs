//! What the time of one step costs to compute, on machines that are built in and on one that is
//! measured layer by layer.
//!
//! `cargo bench -p timeslip-sim` prints nanoseconds per step; `-- --quick` is criterion's own short
//! run.

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::path::Path;

use criterion::Criterion;
use timeslip_sim::catalogue::Catalogue;
use timeslip_sim::cost::Work;
use timeslip_sim::deployment::Deployment;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let catalogue = Catalogue::built_in();
    let dense = catalogue.deploy("h200-8", Some("llama-3.3-70b")).expect("it is built in");
    measure(&mut criterion, "dense, 64 replies", &dense, &step(&dense, 64, 0));
    measure(&mut criterion, "dense, a prompt beside 64 replies", &dense, &step(&dense, 64, 2_000));
    let experts = catalogue.deploy("h200-8", Some("gpt-oss-120b")).expect("it is built in");
    measure(&mut criterion, "experts, 64 replies", &experts, &step(&experts, 64, 0));
    let both = step(&experts, 64, 8_000);
    measure(&mut criterion, "experts, a prompt beside 64 replies", &experts, &both);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let measured = measured(folder.path());
    let both = step(&measured, 64, 500);
    measure(&mut criterion, "layer profile, a prompt beside 64 replies", &measured, &both);
    criterion.final_summary();
}

fn measure(criterion: &mut Criterion, name: &str, deployment: &Deployment, work: &Work) {
    let cost = &deployment.writer().cost;
    criterion.bench_function(name, |bench| bench.iter(|| cost.time(black_box(work))));
}

/// A step of so many replies, and of so much of a prompt.
fn step(deployment: &Deployment, replies: u64, prompt: u64) -> Work {
    let mut work = Work::new(&deployment.model);
    (0..replies).for_each(|reply| work.add_decode(2_000 + 61 * reply));
    if prompt > 0 {
        work.add_prefill(1_000, prompt, true);
    }
    work
}

/// A machine with tables of the size that LLMServingSim's profiler writes.
fn measured(folder: &Path) -> Deployment {
    let built_in = |path: &str| {
        let profiles = concat!(env!("CARGO_MANIFEST_DIR"), "/../../hardware-profiles");
        fs::read_to_string(Path::new(profiles).join(path)).expect("it is committed")
    };
    let machine = built_in("machines/h200-8.toml").replace("\"h200-8\"", "\"measured\"");
    let (machine, serves) = machine.split_once("[[kv_tiers]]").expect("it has tiers");
    let (_, serves) = serves.split_once("[[serves]]").expect("it serves a model");
    let first = serves.split("[[serves]]").next().expect("it serves a model");
    let tables = "dense = \"dense.csv\"\nattention = \"attention.csv\"\n\
                  per_sequence = \"per_sequence.csv\"\nsource = \"a benchmark\"\ndate = \"2026-11\"\n\
                  confidence = \"low\"\n";
    let machine = format!("{machine}[pools.layer_profile]\n{tables}\n[[serves]]{first}");
    let machines = folder.join("machines");
    fs::create_dir(&machines).expect("the folder can be written");
    let write = |name: &str, text: String| {
        fs::write(machines.join(name), text).expect("the folder can be written");
    };
    write("measured.toml", machine);
    write("dense.csv", dense());
    write("attention.csv", attention());
    write("per_sequence.csv", per_sequence());
    let catalogue = Catalogue::built_in().with_folder(folder).expect("it has a machine");
    catalogue.deploy("measured", None).expect("its tables are right")
}

fn dense() -> String {
    let mut text = "layer,tokens,time_us\n".to_owned();
    let layers = ["embedding", "layernorm", "qkv_proj", "o_proj", "gate_up_proj", "act_fn"];
    for layer in layers.into_iter().chain(["down_proj", "final_layernorm"]) {
        for tokens in (0..13).map(|power| 1_u64 << power) {
            writeln!(text, "{layer},{tokens},{}", 3 + tokens / 7).expect("it is a string");
        }
    }
    text
}

fn attention() -> String {
    let mut text = "prefill_chunk,kv_prefill,n_decode,kv_decode,time_us\n".to_owned();
    let mut row = |chunk: u64, past: u64, replies: u64, context: u64| {
        let time = 4 + chunk * (past + chunk) / 90_000 + replies * context / 2_000;
        writeln!(text, "{chunk},{past},{replies},{context},{time}").expect("it is a string");
    };
    for chunk in [0, 128, 512, 2_048] {
        for past in if chunk == 0 { vec![0] } else { vec![0, 1_024, 4_096, 16_384] } {
            for replies in [0, 1, 16, 64, 256] {
                for context in if replies == 0 { vec![0] } else { vec![512, 2_048, 8_192] } {
                    if chunk + replies > 0 {
                        row(chunk, past, replies, context);
                    }
                }
            }
        }
    }
    text
}

fn per_sequence() -> String {
    let mut text = "layer,sequences,time_us\n".to_owned();
    for layer in ["lm_head", "sampler"] {
        for chats in [1, 4, 16, 64, 256] {
            writeln!(text, "{layer},{chats},{}", 50 + chats / 2).expect("it is a string");
        }
    }
    text
}
