//! What this crate costs over wasmtime alone, both sides in one run on one component.
//!
//! `cargo bench -p timeslip-runtime` measures with criterion and then prints a table of medians and
//! ratios; `-- --quick` is criterion's own short run. Memory is measured in processes of its own,
//! since a pool that has served once keeps what it took.

#![allow(unreachable_pub, reason = "a benchmark has no readers outside")]
#![allow(missing_docs, reason = "bindgen! writes items whose documentation is in wit/")]

mod bare;
mod hosted;
mod memory;

use std::path::{Path, PathBuf};
use std::task::{Context, Poll, Waker};
use std::{future::Future, pin::pin};

use criterion::Criterion;
use timeslip_runtime::agent::AgentComponent;
use timeslip_runtime::grants::Budgets;
use timeslip_runtime::room::Room;
use wasmtime::component::Component;

/// The rows of the table: name, unit's divisor in nanoseconds, unit, and what one measurement holds.
const ROWS: [(&str, f64, &str, f64); 5] = [
    ("compile", 1e6, "ms", 1.0),
    ("cached load", 1e6, "ms", 1.0),
    ("session: store, instantiate, run, drop", 1e3, "us", 1.0),
    ("host call (10,000 of them)", 1e3, "us", 10_000.0),
    ("chat (100 of them)", 1e3, "us", 100.0),
];

/// The probe agent, the component of every row.
pub(crate) fn probe() -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/guests/prebuilt/probe-agent.wasm");
    std::fs::read(path).expect("the probe is committed")
}

/// Polls a future that never has to wait.
pub(crate) fn finish<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(side) = arguments.iter().position(|argument| argument == "--memory") {
        return memory::measure(&arguments[side + 1], &arguments[side + 2]);
    }
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    loading(&mut criterion);
    running(&mut criterion);
    criterion.final_summary();
    print_table();
    memory::print_table();
}

fn loading(criterion: &mut Criterion) {
    let bytes = probe();
    let mut group = criterion.benchmark_group("compile");
    group.bench_function("timeslip", |bench| {
        bench.iter_with_setup(
            || hosted::runtime(Room::of_small(1), None),
            |runtime| AgentComponent::load(&runtime, "probe", &bytes).expect("the probe loads"),
        );
    });
    let engine = bare::engine(1);
    group.bench_function("bare", |bench| {
        bench.iter(|| Component::from_binary(&engine, &bytes).expect("the probe compiles"));
    });
    group.finish();

    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let cache = Some(folder.path().to_owned());
    AgentComponent::load(&hosted::runtime(Room::of_small(1), cache.clone()), "probe", &bytes)
        .expect("it loads");
    let compiled = Component::from_binary(&engine, &bytes).expect("the probe compiles");
    let file = folder.path().join("bare.cwasm");
    std::fs::write(&file, compiled.serialize().expect("it serialises")).expect("it is written");
    let mut group = criterion.benchmark_group("cached load");
    group.bench_function("timeslip", |bench| {
        bench.iter_with_setup(
            || hosted::runtime(Room::of_small(1), cache.clone()),
            |runtime| runtime.compile("probe", &bytes).expect("the probe loads"),
        );
    });
    group.bench_function("bare", |bench| {
        // SAFETY: the file was written a few lines above by the same engine.
        bench.iter(|| unsafe { Component::deserialize_file(&engine, &file) }.expect("it loads"));
    });
    group.finish();
}

fn running(criterion: &mut Criterion) {
    let bytes = probe();
    let runtime = hosted::runtime(Room::of_small(4), None);
    let agent = AgentComponent::load(&runtime, "probe", &bytes).expect("the probe loads");
    let setup = hosted::setup();
    let engine = bare::engine(4);
    let floor = bare::BareAgent::new(&engine, &bytes);
    for (row, line) in [
        ("session: store, instantiate, run, drop", "echo hello"),
        ("host call (10,000 of them)", "calls 10000"),
        ("chat (100 of them)", "chat 100"),
    ] {
        let mut group = criterion.benchmark_group(row);
        group.bench_function("timeslip", |bench| {
            bench.iter(|| hosted::run(&agent, &setup, Budgets::default(), line))
        });
        group.bench_function("bare", |bench| {
            bench.iter(|| finish(floor.run(line.to_owned(), false)));
        });
        group.finish();
    }
}

fn print_table() {
    println!("\n{:<40} {:>12} {:>12} {:>7}", "median", "timeslip", "bare", "ratio");
    for (row, divisor, unit, parts) in ROWS {
        let (Some(ours), Some(bare)) = (median_ns(row, "timeslip"), median_ns(row, "bare")) else {
            continue;
        };
        let shown = |nanos: f64| format!("{:.3} {unit}", nanos / parts / divisor);
        println!("{row:<40} {:>12} {:>12} {:>7.2}", shown(ours), shown(bare), ours / bare);
    }
}

/// The median that criterion has just written.
fn median_ns(row: &str, side: &str) -> Option<f64> {
    // Criterion makes folder names of titles by replacing what a file system may not take.
    let name: String =
        row.chars().map(|c| if "?\"/\\*<>:|^".contains(c) { '_' } else { c }).collect();
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"), PathBuf::from);
    let file = target.join("criterion").join(name).join(side).join("new/estimates.json");
    let text = std::fs::read_to_string(file).ok()?;
    let estimates: serde_json::Value = serde_json::from_str(&text).ok()?;
    estimates["median"]["point_estimate"].as_f64()
}
