//! What github-action-benchmark reads under the name `customSmallerIsBetter`.

use serde::Serialize;
use timeslip_gate::verdict::Verdict;

use super::values::{Value, values};

/// A figure, as that format has it.
#[derive(Serialize)]
struct Entry {
    name: String,
    unit: &'static str,
    value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra: Option<String>,
}

/// The figures of a verdict of which less is better, as a JSON array of `{name, unit, value,
/// extra}`; `extra` holds what it was before. The others are left out: in this format they would
/// read as worse where they are better.
pub fn benchmark_action(verdict: &Verdict) -> String {
    let values = values(verdict).into_iter().filter(|value| value.less_is_better);
    let entries: Vec<Entry> = values.map(entry).collect();
    serde_json::to_string_pretty(&entries).expect("texts and finite numbers are JSON") + "\n"
}

fn entry(value: Value) -> Entry {
    Entry {
        name: format!("{}: {}", value.of, value.name),
        unit: value.unit,
        value: value.now,
        extra: value.before.map(|before| format!("before: {before} {}", value.unit)),
    }
}
