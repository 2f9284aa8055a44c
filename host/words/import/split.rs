//! Finds the conversations of a recording, each with its place in the text.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Deserializer, Value};

use super::Place;
use crate::error::{FileError, reason_without_place};

/// A conversation, not yet read.
pub(super) struct Found<'t> {
    /// Counted from 1.
    pub(super) number: usize,
    /// Its messages, as JSON text of the file.
    pub(super) messages: &'t str,
    /// What names it: its `task_id`, `id` or `name`.
    pub(super) key: Option<Key>,
    /// Which of several attempts it is.
    pub(super) trial: Option<Key>,
}

/// A value that names something.
pub(super) enum Key {
    Number(u64),
    Text(String),
}

/// The keys of a conversation that is an object; it may have any other.
#[derive(Deserialize)]
struct Object<'t> {
    #[serde(borrow, default)]
    messages: Option<&'t RawValue>,
    #[serde(borrow, default)]
    traj: Option<&'t RawValue>,
    #[serde(default)]
    task_id: Option<Value>,
    #[serde(default)]
    id: Option<Value>,
    #[serde(default)]
    name: Option<Value>,
    #[serde(default)]
    trial: Option<Value>,
}

/// The conversations of a recording, at least one.
pub(super) fn split<'t>(place: &Place<'t>) -> Result<Vec<Found<'t>>, FileError> {
    let values = values(place)?;
    let parts = match &values[..] {
        [] => return Err(empty(place)),
        [array] if array.starts_with('[') => {
            let items = items(place, array)?;
            match items.first() {
                None => return Err(empty(place)),
                // A list of messages: the one conversation of the file.
                Some(first) if is_message(first) => values,
                Some(_) => items,
            }
        }
        _ => values,
    };
    parts.into_iter().enumerate().map(|(index, part)| found(place, index + 1, part)).collect()
}

/// The JSON values that stand one after another in the file.
fn values<'t>(place: &Place<'t>) -> Result<Vec<&'t str>, FileError> {
    let mut stream = Deserializer::from_str(place.text).into_iter::<&RawValue>();
    let mut values = Vec::new();
    let mut began = 0;
    while let Some(value) = stream.next() {
        match value {
            Ok(value) => values.push(value.get()),
            Err(error) => return Err(no_json(place, began, &error)),
        }
        began = stream.byte_offset();
    }
    Ok(values)
}

/// The elements of a JSON array of the file.
pub(super) fn items<'t>(place: &Place<'t>, array: &'t str) -> Result<Vec<&'t str>, FileError> {
    let items: Result<Vec<&RawValue>, _> = serde_json::from_str(array);
    match items {
        Ok(items) => Ok(items.into_iter().map(RawValue::get).collect()),
        Err(error) => Err(place.error(
            array,
            format!("this is no list of messages: {}", reason_without_place(&error)),
            "write a JSON array of messages",
        )),
    }
}

fn is_message(item: &str) -> bool {
    #[derive(Deserialize)]
    struct Message {
        #[expect(dead_code, reason = "it only has to be there")]
        role: Value,
    }
    serde_json::from_str::<Message>(item).is_ok()
}

fn found<'t>(place: &Place<'t>, number: usize, part: &'t str) -> Result<Found<'t>, FileError> {
    if part.starts_with('[') {
        return Ok(Found { number, messages: part, key: None, trial: None });
    }
    let no_messages = || {
        place.error(
            part,
            format!("conversation {number} has no messages"),
            "give a list of messages, or an object that holds one under `messages` or `traj`",
        )
    };
    let object: Object<'t> = match part.starts_with('{') {
        true => serde_json::from_str(part).map_err(|error| {
            let reason = reason_without_place(&error);
            let problem = format!("conversation {number} cannot be read: {reason}");
            place.error(part, problem, "give each key of the conversation once")
        })?,
        false => return Err(no_messages()),
    };
    let messages = object.messages.or(object.traj).map(RawValue::get);
    let messages = messages.filter(|messages| messages.starts_with('['));
    Ok(Found {
        number,
        messages: messages.ok_or_else(no_messages)?,
        key: [object.task_id, object.id, object.name].into_iter().find_map(key),
        trial: key(object.trial),
    })
}

fn key(value: Option<Value>) -> Option<Key> {
    match value? {
        Value::Number(number) => Some(match number.as_u64() {
            Some(number) => Key::Number(number),
            None => Key::Text(number.to_string()),
        }),
        Value::String(text) => Some(Key::Text(text)),
        _ => None,
    }
}

fn empty(place: &Place<'_>) -> FileError {
    FileError {
        file: place.file.to_owned(),
        line: None,
        column: None,
        problem: "there is no conversation in this file".to_owned(),
        fix: "give a JSON array of conversations, or JSON Lines with one on each line".to_owned(),
    }
}

/// `began` is the end of the last value that could be read.
fn no_json(place: &Place<'_>, began: usize, error: &serde_json::Error) -> FileError {
    if error.is_eof() {
        let rest = &place.text[began..];
        let start = began + (rest.len() - rest.trim_start().len());
        let problem = "the file is cut off: what begins here does not end".to_owned();
        return place.error_at(start, problem, "copy the whole recording again");
    }
    // Serde counts the column in bytes.
    let lines_before: usize =
        place.text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let byte = (lines_before + error.column().saturating_sub(1)).min(place.text.len());
    place.error_at(
        byte,
        format!("this is no JSON: {}", reason_without_place(error)),
        "give a JSON array of conversations, or JSON Lines with one on each line",
    )
}
