//! CSV whose header names the tokens of prompts and replies, the arrivals, and if it likes the
//! session of each request and the pause before it.
//!
//! `timestamp` holds dates with times of day, or numbers of seconds.

use timeslip_timeline::time::Span;

use super::assemble::Row;
use super::number::{self, Unit};
use super::table::{Cells, Table};
use crate::error::TraceError;

/// Names of the column with the tokens of prompts.
const INPUT: &[&str] = &["input_tokens", "isl", "input_length", "prompt_tokens", "input_toks"];

/// Names of the column with the tokens of replies.
const OUTPUT: &[&str] =
    &["output_tokens", "osl", "output_length", "completion_tokens", "output_toks"];

/// Names of the column with the arrivals, and what their numbers count.
const ARRIVAL: &[&str] = &["arrival_ms", "arrival_s", "timestamp"];

/// Where the columns stand.
pub(super) struct Columns {
    pub(super) input: usize,
    pub(super) output: usize,
    pub(super) arrival: usize,
    /// `None` where the cells may hold dates.
    pub(super) arrival_unit: Option<Unit>,
    pub(super) session: Option<usize>,
    pub(super) gap: Option<usize>,
}

pub(super) fn rows(
    file: &str,
    text: &str,
    notes: &mut Vec<String>,
) -> Result<Vec<Row>, TraceError> {
    let table = Table::read(file, text, notes)?;
    let (input, output) = (table.required(INPUT)?, table.required(OUTPUT)?);
    let arrival = table.required(ARRIVAL)?;
    let arrival_unit = match () {
        () if table.column(&["arrival_ms"])? == Some(arrival) => Some(Unit::Milliseconds),
        () if table.column(&["arrival_s"])? == Some(arrival) => Some(Unit::Seconds),
        () => None,
    };
    let columns = Columns {
        input,
        output,
        arrival,
        arrival_unit,
        session: table.column(&["session"])?,
        gap: table.column(&["gap_ms"])?,
    };
    if columns.session.is_some() && columns.gap.is_none() {
        notes.push(
            "no column `gap_ms`: a session's request is made at its recorded instant, or when the \
             request before it has ended, if that is later"
                .to_owned(),
        );
    }
    rows_of(&table, &columns)
}

/// Reads the lines of a table.
pub(super) fn rows_of(table: &Table<'_>, columns: &Columns) -> Result<Vec<Row>, TraceError> {
    table.lines().map(|cells| row(&cells, columns)).collect()
}

fn row(cells: &Cells<'_>, columns: &Columns) -> Result<Row, TraceError> {
    let tokens =
        |column| cells.read(column, number::tokens, "write a whole number of tokens, 0 or more");
    let at = match columns.arrival_unit {
        Some(unit) => {
            cells.read(columns.arrival, |text| number::nanos(text, unit), "write a number")?
        }
        None => cells.read(
            columns.arrival,
            date_or_seconds,
            "write a date with a time, as 2023-11-16 18:17:03.97, or a number of seconds",
        )?,
    };
    let gap = |column| cells.read(column, gap, "write milliseconds, 0 or more");
    let session = columns.session.map(|column| cells.cell(column).to_owned());
    Ok(Row {
        line: cells.line,
        at,
        input_tokens: tokens(columns.input)?,
        output_tokens: tokens(columns.output)?,
        prompt: Default::default(),
        session: session.filter(|name| !name.is_empty()),
        gap: columns.gap.map(gap).transpose()?,
        measured: None,
    })
}

fn date_or_seconds(text: &str) -> Result<i128, String> {
    match number::date_time_nanos(text) {
        Some(nanos) => Ok(nanos),
        None => number::nanos(text, Unit::Seconds),
    }
}

/// A pause; an empty cell is none.
fn gap(text: &str) -> Result<Span, String> {
    if text.is_empty() {
        return Ok(Span::ZERO);
    }
    let nanos = number::nanos(text, Unit::Milliseconds)?;
    match u64::try_from(nanos) {
        Ok(nanos) => Ok(Span::from_nanos(nanos)),
        Err(_) if nanos < 0 => Err(format!("{text} is below zero")),
        Err(_) => Err(format!("{text} is too long")),
    }
}
