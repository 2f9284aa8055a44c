//! Steps as CSV, a line for each.

use timeslip_gate::slip::Slip;

use super::rows::{COLUMNS, Value, for_each_row};

/// The steps of a slip, with a heading. What a step does not have, and what is unknown, is empty;
/// numbers are the slip's, digit for digit.
pub fn steps_csv(slip: &Slip) -> String {
    let mut text = COLUMNS.join(",") + "\n";
    for_each_row(slip, |row| {
        let cells: Vec<String> = row.into_iter().map(cell).collect();
        text.push_str(&cells.join(","));
        text.push('\n');
    });
    text
}

fn cell(value: Value) -> String {
    match value {
        Value::Whole(value) => value.map_or(String::new(), |value| value.to_string()),
        Value::Decimal(value) => value.map_or(String::new(), |value| value.to_string()),
        Value::Text(None) => String::new(),
        Value::Text(Some(text)) => match text.contains([',', '"', '\n', '\r']) {
            true => format!("\"{}\"", text.replace('"', "\"\"")),
            false => text,
        },
    }
}
