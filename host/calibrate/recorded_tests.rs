//! Logs of vLLM 0.19 that LLMServingSim publishes, on cards whose profiles have their makers'
//! figures and H200's fractions of them.

use timeslip_sim::catalogue::{Catalogue, ProfileKind};

use crate::calibration::{Calibration, Options, calibrate};
use crate::derived::Provenance;
use crate::errors::Metric;
use crate::read::read;
use crate::split::HeldOut;

/// Two cards that share the experts of one model, each with chats and attention of its own.
const PAIR: &str = r#"
name = "pair"
title = "Two RTX PRO 6000"
inherits = "rtx-pro-6000"

[scheduler]
tokens_per_step = { value = 4096, source = "a test", date = "2026-04-25", confidence = "high" }
calls_per_step = { value = 256, source = "a test", date = "2026-04-25", confidence = "high" }

[[pools]]
role = "all"
chips = { value = 2, source = "a test", date = "2026-04-25", confidence = "high" }
data_parallel = { value = 2, source = "a test", date = "2026-04-25", confidence = "high" }
expert_parallel = { value = 2, source = "a test", date = "2026-04-25", confidence = "high" }
"#;

/// The fit of one log; `None` where it is not beside this checkout.
fn fitted(folder: &str, machine: &str, model: &str) -> Option<Calibration> {
    let file = format!(
        "{}/../../../shared/data/validation/vllm_requests/{folder}/requests.jsonl",
        env!("CARGO_MANIFEST_DIR")
    );
    let Ok(bytes) = std::fs::read(&file) else {
        eprintln!("skipped: {file} is not there");
        return None;
    };
    let catalogue = Catalogue::built_in().with_text(ProfileKind::Machine, "pair", PAIR.to_owned());
    let options = Options {
        machine,
        model: Some(model),
        name: "mine",
        held_out: HeldOut::of(0.2).unwrap(),
        provenance: Provenance { source: folder.to_owned(), date: "2026".to_owned() },
        threads: 2,
    };
    let measurements = read(&file, &bytes).unwrap();
    Some(calibrate(&catalogue, &measurements, &options, &mut |_| {}).unwrap())
}

/// The medians of a metric's errors in the held-out part, before and after.
fn held_out(fitted: &Calibration, metric: Metric) -> (f64, f64) {
    let row = fitted.errors.iter().find(|row| row.metric == metric && row.held_out).unwrap();
    (row.before.median, row.after.median)
}

/// Checks what is true of every log: that the held-out part is predicted better than before, and to
/// within these medians.
fn check(fitted: &Calibration, bounds: [(Metric, f64); 3]) {
    assert_eq!((fitted.fitted, fitted.held_out), (240, 60));
    for (metric, bound) in bounds {
        let (before, after) = held_out(fitted, metric);
        assert!(after < before && after < bound, "{metric:?}: {before} → {after}");
    }
}

/// Its KV memory is full for most of the run, and chats wait a minute.
#[test]
fn a_card_under_overload() {
    let Some(fitted) = fitted("RTX4090_Llama-3.1-8B", "rtx-4090", "llama-3.1-8b") else { return };
    check(
        &fitted,
        [
            (Metric::TimeToFirstToken, 0.03),
            (Metric::InterTokenLatency, 0.05),
            (Metric::EndToEnd, 0.03),
        ],
    );
    // Layers that were timed by themselves on the same card read weights at 0.95 of its memory's
    // rate (the 1.05 GB of `lm_head` in 1,097 µs), which the profile puts at 0.8.
    let knob = fitted.knobs.iter().find(|knob| knob.name == "reads of weights").unwrap();
    assert!((knob.figures[0].after - 0.95).abs() < 0.06, "{knob:?}");
}

#[test]
fn a_larger_card() {
    let Some(fitted) = fitted("RTXPRO6000_Llama-3.1-8B", "rtx-pro-6000", "llama-3.1-8b") else {
        return;
    };
    check(
        &fitted,
        [
            (Metric::TimeToFirstToken, 0.03),
            (Metric::InterTokenLatency, 0.02),
            (Metric::EndToEnd, 0.02),
        ],
    );
}

/// Few of its requests wait in a queue, so a time to the first token is a few steps, and depends on
/// which step a request just misses.
#[test]
fn two_cards_with_experts() {
    let folder = "RTXPRO6000_Qwen3-30B-A3B-Instruct-2507";
    let Some(fitted) = fitted(folder, "pair", "qwen3-30b-a3b") else { return };
    check(
        &fitted,
        [
            (Metric::TimeToFirstToken, 0.15),
            (Metric::InterTokenLatency, 0.03),
            (Metric::EndToEnd, 0.03),
        ],
    );
}
