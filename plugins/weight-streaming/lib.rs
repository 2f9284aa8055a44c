//! A cost model: machines whose chips hold two layers at a time and stream the weights in from
//! memory elsewhere.
//!
//! The host's own equations read all weights from the chips' memory, and add up what a step's parts
//! take. Here a layer's weights come over a link while the layer before is computed, so each layer
//! takes the longer of the two.

mod schedule;

use std::sync::OnceLock;

use schedule::{Rates, Schedule, Step};

#[allow(missing_docs, reason = "the contract's documentation is in wit/")]
mod contract {
    wit_bindgen::generate!({
        path: "../../wit/hardware",
        world: "timeslip:hardware/hardware",
    });
}

use contract::exports::timeslip::hardware::step_cost::{
    Confidence, Description, Figure, Guest, ModelShape, Placement,
};

struct WeightStreaming;

/// What this instance was prepared with.
static PREPARED: OnceLock<Schedule> = OnceLock::new();

impl Guest for WeightStreaming {
    fn describe() -> Description {
        Description {
            name: "weight-streaming".to_owned(),
            title: "weights stream in layer by layer, behind the computing of the layer before"
                .to_owned(),
            source: "Timeslip, plugins/weight-streaming".to_owned(),
            date: "2026-11".to_owned(),
            confidence: Confidence::Estimate,
            models: Vec::new(),
        }
    }

    fn prepare(
        model: ModelShape,
        placement: Placement,
        figures: Vec<Figure>,
    ) -> Result<(), String> {
        let rates = rates(&figures)?;
        let schedule = Schedule::new(&model, &placement, rates)?;
        PREPARED.set(schedule).map_err(|_| "this instance is prepared already".to_owned())
    }

    fn step_seconds(
        tokens: u64,
        _chats: u64,
        outputs: u64,
        _decodes: u64,
        decode_context: u64,
        prefill_tokens: u64,
        prefill_past: u64,
        prefill_pairs: u64,
    ) -> f64 {
        let cached = decode_context + prefill_tokens + prefill_past;
        let step = Step { tokens, outputs, cached, decode_pairs: decode_context, prefill_pairs };
        // The host prepares an instance before it asks, and refuses what is no number.
        PREPARED.get().map_or(f64::NAN, |schedule| schedule.seconds(&step))
    }
}

contract::export!(WeightStreaming with_types_in contract);

/// The figures by their names, all of them and no others.
fn rates(figures: &[Figure]) -> Result<Rates, String> {
    const NAMES: [&str; 4] =
        ["stream_bytes_per_second", "memory_bytes_per_second", "flops_per_second", "layer_seconds"];
    if let Some(other) = figures.iter().find(|figure| !NAMES.contains(&figure.name.as_str())) {
        return Err(format!("it has no figure `{}`; it has {}", other.name, NAMES.join(", ")));
    }
    let [stream, memory, flops, layer] = NAMES.map(|name| {
        let given = figures.iter().find(|figure| figure.name == name);
        given.map(|figure| figure.value).ok_or_else(|| format!("the figure `{name}` is missing"))
    });
    let rates = Rates {
        stream_bytes_per_second: stream?,
        memory_bytes_per_second: memory?,
        flops_per_second: flops?,
        layer_seconds: layer?,
    };
    match rates.are_positive() {
        true => Ok(rates),
        false => Err(format!("{} must be above 0", NAMES[..3].join(", "))),
    }
}
