//! Traces of one JSON object a line.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::number::{self, Unit};
use super::text::{cut_off_note, lines};
use crate::error::{TraceError, suggestion};

/// The object of a line; values keep the digits that stand in the file.
pub(super) struct Object<'t> {
    file: &'t str,
    pub(super) line: usize,
    fields: BTreeMap<String, &'t RawValue>,
    /// The keys that such a line has.
    known: &'static [&'static str],
}

/// Reads each line with `read`. A last line that was cut off is left out, with a note.
pub(super) fn read_objects<'t, T>(
    file: &'t str,
    text: &'t str,
    known: &'static [&'static str],
    notes: &mut Vec<String>,
    read: impl Fn(&Object<'t>) -> Result<T, TraceError>,
) -> Result<Vec<T>, TraceError> {
    let mut read_so_far = Vec::new();
    for line in lines(text) {
        let fields: BTreeMap<String, &RawValue> = match serde_json::from_str(line.text) {
            Ok(fields) => fields,
            Err(error) if line.is_open && error.is_eof() => {
                notes.push(cut_off_note(file, line.number));
                continue;
            }
            Err(error) => {
                let place = format!(" at line {} column {}", error.line(), error.column());
                let reason = error.to_string();
                let reason = reason.strip_suffix(&place).unwrap_or(&reason);
                return Err(TraceError {
                    file: file.to_owned(),
                    line: Some(line.number),
                    problem: format!("column {}: {reason}", error.column()),
                    fix: "write one JSON object a line".to_owned(),
                });
            }
        };
        read_so_far.push(read(&Object { file, line: line.number, fields, known })?);
    }
    Ok(read_so_far)
}

impl<'t> Object<'t> {
    /// A number of tokens.
    pub(super) fn tokens(&self, key: &str) -> Result<u64, TraceError> {
        let fix = "write a whole number of tokens, 0 or more";
        number::tokens(self.required(key)?).map_err(|problem| self.error(key, &problem, fix))
    }

    /// A time in nanoseconds.
    pub(super) fn nanos(&self, key: &str, unit: Unit) -> Result<i128, TraceError> {
        let fix = match unit {
            Unit::Seconds => "write seconds as a number",
            Unit::Milliseconds => "write milliseconds as a number",
        };
        number::nanos(self.required(key)?, unit).map_err(|problem| self.error(key, &problem, fix))
    }

    /// The text of a value; `None` where it is absent or `null`.
    pub(super) fn value(&self, key: &str) -> Option<&'t str> {
        self.fields.get(key).map(|value| value.get()).filter(|value| *value != "null")
    }

    fn required(&self, key: &str) -> Result<&'t str, TraceError> {
        if let Some(value) = self.fields.get(key) {
            return Ok(value.get());
        }
        let unknown: Vec<&str> = self
            .fields
            .keys()
            .map(String::as_str)
            .filter(|name| !self.known.contains(name))
            .collect();
        let fix = match timeslip_timeline::conversation::nearest(key, unknown.iter().copied()) {
            Some(near) => format!("rename `{near}` to `{key}`"),
            None => format!("add it; {}", suggestion("", self.known)),
        };
        Err(TraceError {
            file: self.file.to_owned(),
            line: Some(self.line),
            problem: format!("the key `{key}` is missing"),
            fix,
        })
    }

    /// What is wrong with a value.
    pub(super) fn error(&self, key: &str, problem: &str, fix: &str) -> TraceError {
        TraceError {
            file: self.file.to_owned(),
            line: Some(self.line),
            problem: format!("`{key}`: {problem}"),
            fix: fix.to_owned(),
        }
    }
}
