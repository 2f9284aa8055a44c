//! A task as clients get it.

use serde_json::{Value, json};

use super::moment::utc;
use super::store::TaskRow;

/// What the names of tasks begin with.
const PREFIX: &str = "task-";

/// The name of a task.
pub(super) fn id_of(number: i64) -> String {
    format!("{PREFIX}{number}")
}

/// The number of a task's name, if it is one.
pub(super) fn number_of(id: &str) -> Option<i64> {
    let digits = id.strip_prefix(PREFIX)?;
    let is_written_so = !digits.is_empty()
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_written_so.then(|| digits.parse().ok()).flatten()
}

/// Everything that is known of a task; what is not known yet, or never will be, is null.
pub(super) fn object(row: &TaskRow) -> Value {
    let figures = &row.figures;
    json!({
        "id": id_of(row.number),
        "object": "task",
        "status": row.status.word(),
        "task": row.name,
        "input": row.input,
        "seed": row.seed,
        "created_at": utc(row.created_at),
        "started_at": row.started_at.map(utc),
        "ended_at": row.ended_at.map(utc),
        "answer": row.answer,
        "error": row.failure,
        "e2e_ns": figures.e2e_ns,
        "model_calls": figures.model_calls,
        "tool_calls": figures.tool_calls,
        "input_tokens": figures.input_tokens,
        "cached_input_tokens": figures.cached_input_tokens,
        "output_tokens": figures.output_tokens,
        "energy_j": figures.energy_j,
        "cost_usd": figures.cost_usd,
    })
}

/// A task in a list, without its input and its answer, which may be long.
pub(super) fn listed(row: &TaskRow) -> Value {
    let mut object = object(row);
    if let Some(members) = object.as_object_mut() {
        members.retain(|name, _| name != "input" && name != "answer");
    }
    object
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_name_has_one_spelling(number in 1i64.., text in ".*") {
            prop_assert_eq!(number_of(&id_of(number)), Some(number));
            if let Some(number) = number_of(&text) {
                prop_assert_eq!(id_of(number), text);
            }
        }
    }

    #[test]
    fn what_is_no_name_is_none() {
        for text in ["", "task-", "task-0", "task-01", "task--1", "1", "task-99999999999999999999"]
        {
            assert_eq!(number_of(text), None, "{text}");
        }
    }
}
