//! The points of a sweep as a table and as CSV.

use timeslip_report::text::{dollars, rate};
use timeslip_timeline::time::Span;

use super::store::Head;
use super::sweep::Row;
use crate::table::columns;

const UNKNOWN: &str = "unknown";

/// The table, for a person, with the lines of the machines' bands.
pub(crate) fn screen(head: &Head, bands: &str, rows: &[Row]) -> String {
    let heading = [
        "MACHINE",
        "SIZE",
        "LOAD",
        "TOKENS/S/USER",
        "TTFT P50",
        "P95",
        "TOKENS/S",
        "TOKENS/S/MW",
        "$/M TOKENS",
        "FRONTIER",
    ];
    let mut lines = vec![heading.map(str::to_owned)];
    lines.extend(rows.iter().map(line));
    let mut text = format!("{}\n\n{}", head.workload, columns(&lines));
    let failed: u64 = rows.iter().map(|row| row.finished.figures.failed).sum();
    if failed > 0 {
        text += &format!("\n{failed} sessions failed; their points are as far as they came\n");
    }
    text += &format!("\n{bands}");
    if rows.iter().any(|row| row.finished.point.estimated) {
        text += "\nMachines with ~ rest on estimates: `timeslip hardware show` names them.\n";
    }
    text
}

fn line(row: &Row) -> [String; 10] {
    let (point, figures) = (&row.finished.point, &row.finished.figures);
    let load = match (point.at_once, point.rate_per_second) {
        (Some(sessions), _) => format!("{sessions} at once"),
        (_, Some(rate)) => format!("{rate} a second"),
        (None, None) => "as it is".to_owned(),
    };
    let frontier =
        [(row.on_chip_frontier, "C"), (row.on_power_frontier, "P"), (row.on_cost_frontier, "$")];
    let frontier = frontier.into_iter().filter(|(on, _)| *on == Some(true)).map(|(_, sign)| sign);
    [
        format!("{}{}:{}", if point.estimated { "~" } else { "" }, point.machine, point.model),
        point.size.clone(),
        load,
        shown(figures.tokens_per_second_per_user, rate),
        span(figures.ttft_p50_ns),
        span(figures.ttft_p95_ns),
        shown(figures.output_tokens_per_second, rate),
        shown(figures.tokens_per_second_per_megawatt, rate),
        shown(figures.usd_per_million_output_tokens, dollars),
        frontier.collect::<Vec<_>>().join(" "),
    ]
}

pub(super) fn shown(value: Option<f64>, form: impl Fn(f64) -> String) -> String {
    value.map_or_else(|| UNKNOWN.to_owned(), form)
}

pub(super) fn span(nanos: Option<u64>) -> String {
    nanos.map_or_else(|| UNKNOWN.to_owned(), |nanos| Span::from_nanos(nanos).to_string())
}

/// CSV with the keys of the JSON; what is unknown is empty.
pub(crate) fn csv(rows: &[Row]) -> String {
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        let objects = [
            serde_json::to_value(&row.finished.point),
            serde_json::to_value(&row.finished.figures),
            Ok(serde_json::json!({
                "on_chip_frontier": row.on_chip_frontier,
                "on_power_frontier": row.on_power_frontier,
                "on_cost_frontier": row.on_cost_frontier,
            })),
        ];
        let cells: Vec<(String, String)> = objects
            .into_iter()
            .flatten()
            .filter_map(|object| match object {
                serde_json::Value::Object(object) => Some(object),
                _ => None,
            })
            .flatten()
            .map(|(key, value)| (key, cell(&value)))
            .collect();
        let join = |cells: Vec<&str>| cells.join(",") + "\n";
        if index == 0 {
            text += &join(cells.iter().map(|(key, _)| key.as_str()).collect());
        }
        text += &join(cells.iter().map(|(_, value)| value.as_str()).collect());
    }
    text
}

fn cell(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) if text.contains([',', '"', '\n']) => {
            format!("\"{}\"", text.replace('"', "\"\""))
        }
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
