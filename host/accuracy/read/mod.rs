//! Files of measurements, known by their header.

mod serving_rows;
mod step_rows;
mod table;

#[cfg(test)]
mod tests;

use crate::error::MeasurementError;
use crate::row::Row;
pub use table::{Cells, Table};

/// A kind of file, which its header tells.
struct Format {
    /// What its rows are.
    about: &'static str,
    /// Columns that no other format has.
    known_by: &'static [&'static str],
    /// Columns that must be there, in the order of a file.
    required: &'static [&'static str],
    /// Reads a line.
    read: fn(&Cells<'_>) -> Result<Row, MeasurementError>,
}

const FORMATS: [Format; 2] = [serving_rows::FORMAT, step_rows::FORMAT];

/// Reads a file of measurements; `file` is for messages.
///
/// # Errors
/// When it is empty, when its header is of no known format or lacks a column, and when a cell that
/// should hold a number does not.
pub fn read(file: &str, text: &str) -> Result<Vec<Row>, MeasurementError> {
    let table = Table::read(file, text)?;
    let known = |format: &&Format| format.known_by.iter().any(|name| table.has(name));
    let Some(format) = FORMATS.iter().find(known) else {
        return Err(unknown_header(&table));
    };
    if let Some(missing) = format.required.iter().find(|name| !table.has(name)) {
        let problem = format!("the column `{missing}` is missing from {}", format.about);
        return Err(table.header_error(problem, table.advice(missing)));
    }
    let rows = table.lines().map(|cells| (format.read)(&cells));
    let rows = rows.collect::<Result<Vec<Row>, MeasurementError>>()?;
    match rows.is_empty() {
        true => Err(table.header_error(
            "there is no row below the header".to_owned(),
            "give it at least one measured row".to_owned(),
        )),
        false => Ok(rows),
    }
}

fn unknown_header(table: &Table<'_>) -> MeasurementError {
    let known = FORMATS
        .iter()
        .map(|format| format!("\n    {}: {}, …", format.about, format.required.join(",")));
    let known: String = known.collect();
    table.header_error(
        "the header is of no known format".to_owned(),
        format!("begin the file with one of these headers, in any order of columns:{known}"),
    )
}
