//! Logs of vLLM's requests: JSON Lines with `arrival_time` in seconds since 1970, and the instants
//! `queued_ts`, `scheduled_ts`, `first_token_ts` and `last_token_ts` of another clock, in seconds.
//!
//! Measured times count from `queued_ts`, at which the engine takes a request in: the two clocks
//! cannot be compared, and what passes before is the front end's.

use timeslip_timeline::conversation::{PromptPart, PromptPartKind, Role};
use timeslip_timeline::time::Span;

use super::MeasuredTimes;
use super::assemble::Row;
use super::json_lines::{Object, read_objects};
use super::number::Unit;
use crate::error::TraceError;

const KEYS: &[&str] = &[
    "request_id",
    "input_toks",
    "output_toks",
    "arrival_time",
    "queued_ts",
    "scheduled_ts",
    "first_token_ts",
    "last_token_ts",
];

pub(super) fn rows(
    file: &str,
    text: &str,
    notes: &mut Vec<String>,
) -> Result<Vec<Row>, TraceError> {
    read_objects(file, text, KEYS, notes, row)
}

fn row(object: &Object<'_>) -> Result<Row, TraceError> {
    let input_tokens = object.tokens("input_toks")?;
    // The log says nothing of what prompts have in common, so each is one part of its own. A
    // request that lost its memory finds its own prompt again, as in the engine.
    let kind = PromptPartKind::Message(Role::User);
    let own = PromptPart { kind, tokens: input_tokens, digest: object.line as u64 };
    Ok(Row {
        line: object.line,
        at: object.nanos("arrival_time", Unit::Seconds)?,
        input_tokens,
        output_tokens: object.tokens("output_toks")?,
        prompt: [own].into(),
        session: None,
        gap: None,
        measured: measured(object)?,
    })
}

fn measured(object: &Object<'_>) -> Result<Option<MeasuredTimes>, TraceError> {
    let keys = ["queued_ts", "scheduled_ts", "first_token_ts", "last_token_ts"];
    if keys.iter().any(|key| object.value(key).is_none()) {
        return Ok(None);
    }
    let mut instants = [0; 4];
    for (instant, key) in instants.iter_mut().zip(keys) {
        *instant = object.nanos(key, Unit::Seconds)?;
    }
    if let Some(place) = instants.windows(2).position(|pair| pair[1] < pair[0]) {
        let problem = format!("this is earlier than `{}`", keys[place]);
        return Err(object.error(keys[place + 1], &problem, "leave this request out"));
    }
    let since =
        |instant: i128| Span::from_nanos(u64::try_from(instant - instants[0]).unwrap_or(u64::MAX));
    Ok(Some(MeasuredTimes {
        queue: since(instants[1]),
        time_to_first_token: since(instants[2]),
        end_to_end: since(instants[3]),
    }))
}
