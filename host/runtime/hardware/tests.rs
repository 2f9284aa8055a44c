//! Cost models loaded and asked: the probe of the tests, and the example.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

fn runtime() -> Arc<Runtime> {
    Arc::new(Runtime::for_hardware(None).expect("the engine can be set up"))
}

fn component(path: &str) -> Vec<u8> {
    let path = format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).expect("the component is committed")
}

/// The probe, compiled once.
fn probe() -> &'static CostModel {
    static PROBE: LazyLock<CostModel> = LazyLock::new(|| {
        let bytes = component("tests/guests/prebuilt/probe-cost.wasm");
        CostModel::load(&runtime(), "probe", &bytes).expect("the probe loads")
    });
    &PROBE
}

/// One layer on one chip.
fn preparation(figures: &[(&str, f64)]) -> Preparation {
    let format = || NumberFormat { name: "fp8".to_owned(), bytes: 1.0 };
    Preparation {
        model: ModelShape {
            name: "small".to_owned(),
            hidden: 8,
            vocabulary: 16,
            head_parameters: 128,
            layers: vec![LayerGroup {
                count: 1,
                parameters: 1_000,
                experts: None,
                kv_values_per_token: 8.0,
                decode_flops_per_pair: 2.0,
                prefill_flops_per_pair: 2.0,
                window: None,
            }],
        },
        placement: Placement {
            chips: 1,
            linear: format(),
            experts: None,
            head: format(),
            kv: format(),
            weights_bytes: 1_128.0,
            kv_bytes: 1e6,
        },
        figures: figures
            .iter()
            .map(|(name, value)| Figure { name: (*name).to_owned(), value: *value })
            .collect(),
    }
}

const TOKEN: Counts = Counts {
    tokens: 1,
    chats: 1,
    outputs: 1,
    decodes: 1,
    decode_context: 10,
    prefill_tokens: 0,
    prefill_past: 0,
    prefill_pairs: 0,
};

#[test]
fn the_example_says_what_it_is_and_times_a_step() {
    let bytes = component("plugins/prebuilt/weight-streaming.wasm");
    let example = CostModel::load(&runtime(), "example", &bytes).expect("the example loads");
    assert_eq!(example.description().name, "weight-streaming");
    let figures = [
        ("stream_bytes_per_second", 1e3),
        ("memory_bytes_per_second", 1e9),
        ("flops_per_second", 1e12),
        ("layer_seconds", 0.0),
    ];
    let mut prepared = example.prepare(&preparation(&figures)).expect("it has all figures");
    let seconds = prepared.step_seconds(&TOKEN).expect("it answers");
    // The layer's 1,000 bytes come in in a second; all else is nothing beside that.
    assert!((1.0..1.001).contains(&seconds), "{seconds}");
    let problem = example.prepare(&preparation(&figures[1..])).err().expect("one is missing");
    assert_eq!(problem, "the figure `stream_bytes_per_second` is missing");
}

#[test]
fn a_component_with_an_import_is_refused_by_its_name() {
    let bytes = wat::parse_str("(component (import \"tick\" (func (result u64))))").unwrap();
    let error = CostModel::load(&runtime(), "ticking.wasm", &bytes).err().expect("it is refused");
    assert_eq!(
        error.to_string(),
        "ticking.wasm does not fit the world timeslip:hardware/hardware@0.1.0: it imports `tick`, \
         and a cost model is a pure function that imports nothing; build it without WASI (for \
         Rust: --target wasm32-unknown-unknown)"
    );
}

#[test]
fn a_component_without_the_interface_is_refused() {
    let bytes = wat::parse_str("(component)").unwrap();
    let error = CostModel::load(&runtime(), "empty.wasm", &bytes).err().expect("it is refused");
    assert!(error.to_string().contains("it exports nothing"), "{error}");
}

#[test]
fn an_endless_step_is_stopped_soon_and_always() {
    let with = preparation(&[("seconds", 1.0), ("fault", 5.0)]);
    for _ in 0..2 {
        let mut prepared = probe().prepare(&with).expect("it prepares");
        let began = Instant::now();
        let problem = prepared.step_seconds(&TOKEN).expect_err("it never answers");
        assert!(problem.contains("without an end"), "{problem}");
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        assert!(prepared.step_seconds(&TOKEN).is_err(), "it is of no use any more");
    }
}

#[test]
fn a_trap_is_an_error_of_the_call() {
    let with = preparation(&[("seconds", 1.0), ("fault", 6.0)]);
    let mut prepared = probe().prepare(&with).expect("it prepares");
    let problem = prepared.step_seconds(&TOKEN).expect_err("it panics");
    assert!(problem.contains("trapped"), "{problem}");
}

#[test]
fn instances_know_nothing_of_each_other() {
    let with = preparation(&[("seconds", 1.0), ("fault", 7.0)]);
    let mut first = probe().prepare(&with).expect("it prepares");
    let mut second = probe().prepare(&with).expect("it prepares");
    assert_eq!(first.step_seconds(&TOKEN), Ok(1.0));
    assert_eq!(first.step_seconds(&TOKEN), Ok(2.0));
    assert_eq!(second.step_seconds(&TOKEN), Ok(1.0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_number_passes_the_boundary(bits in any::<u64>(), counts in any::<[u64; 8]>()) {
        let given = f64::from_bits(bits);
        let mut prepared =
            probe().prepare(&preparation(&[("seconds", given)])).expect("it prepares");
        let [tokens, chats, outputs, decodes, rest @ ..] = counts;
        let [decode_context, prefill_tokens, prefill_past, prefill_pairs] = rest;
        let counts = Counts {
            tokens, chats, outputs, decodes, decode_context, prefill_tokens, prefill_past,
            prefill_pairs,
        };
        let seconds = prepared.step_seconds(&counts).expect("it answers");
        prop_assert!(seconds == given || (seconds.is_nan() && given.is_nan()));
    }
}
