//! The Bencher Metric Format: `{bench: {measure: {value}}}`.

use serde_json::{Map, Value, json};
use timeslip_gate::verdict::Verdict;

use super::values::values;

/// The figures of a verdict in the Bencher Metric Format: a bench for each run and for each task
/// with a budget, and measures whose names end in their unit (`session_e2e_p95_seconds`). What is
/// unknown is left out; ends of an error band too, for a verdict has none.
pub fn bencher(verdict: &Verdict) -> String {
    let mut benches = Map::new();
    for value in values(verdict) {
        let bench = benches.entry(value.of).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(measures) = bench {
            measures.insert(measure(&value.name, value.unit), json!({ "value": value.now }));
        }
    }
    format!("{:#}\n", Value::Object(benches))
}

/// The metric with its unit, unless its name says that already.
fn measure(name: &str, unit: &str) -> String {
    let says = unit == "count" || name.ends_with(unit) || (unit == "tokens" && name.contains(unit));
    if says { name.to_owned() } else { format!("{name}_{unit}") }
}
