//! Logs of vLLM's requests: JSON Lines with `arrival_time` in seconds since 1970, and the instants
//! `queued_ts`, `scheduled_ts`, `first_token_ts` and `last_token_ts` of another clock, in seconds.
//!
//! Measured times count from `queued_ts`, at which the engine takes a request in. What passes
//! before is the front end's: the request that was taken in soonest sets the two clocks against
//! each other, so what it took itself is unknown, and of the others only what they took beyond it
//! is known.

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
    let read = read_objects(file, text, KEYS, notes, row)?;
    let soonest = read.iter().filter_map(|(_, apart)| *apart).min();
    let with_front_end = |(mut row, apart): (Row, Option<i128>)| {
        if let (Some(measured), Some(apart), Some(soonest)) = (&mut row.measured, apart, soonest) {
            measured.front_end = span(apart - soonest);
        }
        row
    };
    Ok(read.into_iter().map(with_front_end).collect())
}

/// A request, and by how much the clock of its engine was ahead of its arrival's when it was
/// queued.
fn row(object: &Object<'_>) -> Result<(Row, Option<i128>), TraceError> {
    let at = object.nanos("arrival_time", Unit::Seconds)?;
    let measured = measured(object)?;
    let apart = measured.map(|(_, queued)| queued - at);
    let input_tokens = object.tokens("input_toks")?;
    // The log says nothing of what prompts have in common, so each is one part of its own. A
    // request that lost its memory finds its own prompt again, as in the engine.
    let kind = PromptPartKind::Message(Role::User);
    let own = PromptPart { kind, tokens: input_tokens, digest: object.line as u64 };
    let row = Row {
        line: object.line,
        at,
        input_tokens,
        output_tokens: object.tokens("output_toks")?,
        prompt: [own].into(),
        session: None,
        gap: None,
        measured: measured.map(|(times, _)| times),
    };
    Ok((row, apart))
}

/// What the server took for a request, and when its engine queued it.
fn measured(object: &Object<'_>) -> Result<Option<(MeasuredTimes, i128)>, TraceError> {
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
    let since = |instant: i128| span(instant - instants[0]);
    let times = MeasuredTimes {
        front_end: Span::ZERO,
        queue: since(instants[1]),
        time_to_first_token: since(instants[2]),
        end_to_end: since(instants[3]),
    };
    Ok(Some((times, instants[0])))
}

fn span(nanos: i128) -> Span {
    Span::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}
