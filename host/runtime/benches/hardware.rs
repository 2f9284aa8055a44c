//! What one step of a machine costs our computer: timed by a component, and by the simulator's own
//! equations.
//!
//! `cargo bench -p timeslip-runtime --bench hardware`; both sides time deepseek-r1 on the chips of
//! the example `plugins/weight-streaming`, in a step of 64 chats.

#![allow(unreachable_pub, reason = "a benchmark has no readers outside")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::Criterion;
use timeslip_runtime::engine::Runtime;
use timeslip_runtime::hardware::{
    CostModel, Counts, Experts, Figure, LayerGroup, ModelShape, NumberFormat, Placement,
    Preparation, PreparedCostModel,
};
use timeslip_sim::catalogue::Catalogue;
use timeslip_sim::cost::Work;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("seconds of a step");
    let mut prepared = prepared();
    let mut context = 64_000;
    group.bench_function("component", |bench| {
        bench.iter(|| {
            context += 64;
            let counts = Counts {
                tokens: 64,
                chats: 64,
                outputs: 64,
                decodes: 64,
                decode_context: context,
                ..Counts::default()
            };
            prepared.step_seconds(black_box(&counts)).expect("it answers")
        });
    });
    let deployment = Catalogue::built_in().deploy("vera-rubin-nvl72", Some("deepseek-r1"));
    let deployment = deployment.expect("it is built in");
    let mut work = Work::new(&deployment.model);
    (0..64).for_each(|_| work.add_decode(1_000));
    let cost = &deployment.writer().cost;
    group.bench_function("roofline", |bench| bench.iter(|| cost.seconds(black_box(&work))));
    group.finish();
    criterion.final_summary();
}

/// The example, with the shape of deepseek-r1.
fn prepared() -> PreparedCostModel {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../plugins/prebuilt/weight-streaming.wasm");
    let bytes = std::fs::read(path).expect("the example is committed");
    let runtime = Arc::new(Runtime::for_hardware(None).expect("the engine can be set up"));
    let model = CostModel::load(&runtime, "example", &bytes).expect("the example loads");
    model.prepare(&preparation()).expect("it has its figures")
}

fn preparation() -> Preparation {
    let fp8 = || NumberFormat { name: "fp8".to_owned(), bytes: 1.0 };
    let layers = |count, parameters, experts| LayerGroup {
        count,
        parameters,
        experts,
        kv_values_per_token: 576.0,
        decode_flops_per_pair: 278_528.0,
        prefill_flops_per_pair: 81_920.0,
        window: None,
    };
    let experts = Experts { count: 256, per_token: 8, parameters: 44_040_192 };
    let figures = [
        ("stream_bytes_per_second", 0.72e12),
        ("memory_bytes_per_second", 24.2e12),
        ("flops_per_second", 1.75e15),
        ("layer_seconds", 69e-6),
    ];
    Preparation {
        model: ModelShape {
            name: "deepseek-r1".to_owned(),
            hidden: 7168,
            vocabulary: 129_280,
            head_parameters: 926_679_040,
            layers: vec![layers(3, 583_469_056, None), layers(58, 232_980_480, Some(experts))],
        },
        placement: Placement {
            chips: 2,
            linear: fp8(),
            experts: Some(fp8()),
            head: fp8(),
            kv: fp8(),
            weights_bytes: 671e9,
            kv_bytes: 270e9,
        },
        figures: figures
            .into_iter()
            .map(|(name, value)| Figure { name: name.to_owned(), value })
            .collect(),
    }
}
