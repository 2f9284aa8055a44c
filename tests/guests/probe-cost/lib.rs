//! A cost model for tests: each step takes the figure `seconds`, and from so many tokens of context
//! on it does what the figure `fault` says.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

#[allow(missing_docs, reason = "the contract's documentation is in wit/")]
mod contract {
    wit_bindgen::generate!({
        path: "../../../wit/hardware",
        world: "timeslip:hardware/hardware",
    });
}

use contract::exports::timeslip::hardware::step_cost::{
    Confidence, Description, Figure, Guest, ModelShape, Placement,
};

struct Probe;

/// What the probe was told.
struct Told {
    seconds: f64,
    fault: u32,
    fault_context: u64,
}

static TOLD: OnceLock<Told> = OnceLock::new();
static ASKED: AtomicU32 = AtomicU32::new(0);

impl Guest for Probe {
    fn describe() -> Description {
        Description {
            name: "probe-cost".to_owned(),
            title: "the same time for every step".to_owned(),
            source: "a test".to_owned(),
            date: "2026-11".to_owned(),
            confidence: Confidence::High,
            models: Vec::new(),
        }
    }

    fn prepare(_: ModelShape, _: Placement, figures: Vec<Figure>) -> Result<(), String> {
        let figure = |name: &str| {
            figures.iter().find(|figure| figure.name == name).map(|figure| figure.value)
        };
        let told = Told {
            seconds: figure("seconds").ok_or("the figure `seconds` is missing")?,
            fault: figure("fault").unwrap_or(0.0) as u32,
            fault_context: figure("fault_context").unwrap_or(0.0) as u64,
        };
        TOLD.set(told).map_err(|_| "this instance is prepared already".to_owned())
    }

    fn step_seconds(
        _tokens: u64,
        _chats: u64,
        _outputs: u64,
        _decodes: u64,
        decode_context: u64,
        _prefill_tokens: u64,
        _prefill_past: u64,
        _prefill_pairs: u64,
    ) -> f64 {
        let told = TOLD.get().expect("an instance is prepared first");
        match told.fault {
            _ if decode_context < told.fault_context => told.seconds,
            1 => f64::NAN,
            2 => f64::INFINITY,
            3 => -told.seconds,
            4 => 0.0,
            5 => loop {
                ASKED.fetch_add(1, Ordering::Relaxed);
            },
            6 => panic!("the probe was told to"),
            7 => told.seconds + f64::from(ASKED.fetch_add(1, Ordering::Relaxed)),
            _ => told.seconds,
        }
    }
}

contract::export!(Probe with_types_in contract);
