//! Rows of the store: a task with what became of it.

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::tasks::agents::{TaskFailure, TaskFigures, TaskKind, TaskOrder};

/// Where a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    /// It waits for its turn.
    Queued,
    /// It is being done.
    Running,
    /// There is an answer.
    Succeeded,
    /// There is none.
    Failed,
    /// A client ended it.
    Cancelled,
}

impl Status {
    /// All of them.
    pub(crate) const ALL: [Status; 5] =
        [Status::Queued, Status::Running, Status::Succeeded, Status::Failed, Status::Cancelled];

    /// The word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Status::Queued => "queued",
            Status::Running => "running",
            Status::Succeeded => "succeeded",
            Status::Failed => "failed",
            Status::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more will become of it.
    pub(crate) fn is_over(self) -> bool {
        !matches!(self, Status::Queued | Status::Running)
    }
}

/// A task as it is stored. Instants are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TaskRow {
    pub(crate) number: i64,
    pub(crate) status: Status,
    pub(crate) name: String,
    /// Where it was given by its input.
    pub(crate) input: Option<String>,
    pub(crate) seed: u64,
    /// How often it was begun.
    pub(crate) attempts: u32,
    pub(crate) created_at: i64,
    pub(crate) started_at: Option<i64>,
    pub(crate) ended_at: Option<i64>,
    pub(crate) answer: Option<String>,
    pub(crate) failure: Option<TaskFailure>,
    pub(crate) figures: TaskFigures,
}

impl TaskRow {
    /// What is to be done.
    pub(crate) fn order(&self) -> TaskOrder {
        let kind = match &self.input {
            Some(input) => TaskKind::Input(input.clone()),
            None => TaskKind::Named(self.name.clone()),
        };
        TaskOrder { kind, seed: self.seed }
    }
}

/// The columns that [`row`] takes.
const COLUMNS: &str = "number, status, name, input, seed, attempts, created_at, started_at, \
                       ended_at, answer, failure, figures";

/// The same without texts that a client or an agent may make long.
const SHORT_COLUMNS: &str = "number, status, name, NULL, seed, attempts, created_at, started_at, \
                             ended_at, NULL, failure, figures";

fn row(row: &Row<'_>) -> rusqlite::Result<TaskRow> {
    let word: String = row.get(1)?;
    let status = Status::ALL.into_iter().find(|status| status.word() == word);
    let unknown = || {
        let problem = format!("a task's status is `{word}`, which no timeslip writes");
        rusqlite::Error::FromSqlConversionFailure(1, Type::Text, problem.into())
    };
    let seed: i64 = row.get(4)?;
    Ok(TaskRow {
        number: row.get(0)?,
        status: status.ok_or_else(unknown)?,
        name: row.get(2)?,
        input: row.get(3)?,
        // SQLite's whole numbers have a sign; the bits are kept.
        seed: seed as u64,
        attempts: row.get(5)?,
        created_at: row.get(6)?,
        started_at: row.get(7)?,
        ended_at: row.get(8)?,
        answer: row.get(9)?,
        failure: json(row, 10)?,
        figures: json(row, 11)?.unwrap_or_default(),
    })
}

fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<T>> {
    let text: Option<String> = row.get(at)?;
    let read = text.as_deref().map(serde_json::from_str).transpose();
    read.map_err(|error| rusqlite::Error::FromSqlConversionFailure(at, Type::Text, Box::new(error)))
}

/// The task of a number.
pub(super) fn by_number(db: &Connection, number: i64) -> rusqlite::Result<Option<TaskRow>> {
    let sql = format!("SELECT {COLUMNS} FROM task WHERE number = ?1");
    db.query_row(&sql, [number], row).optional()
}

/// The task that was given under a key, and what was asked then.
pub(super) fn by_key(db: &Connection, key: &str) -> rusqlite::Result<Option<(TaskRow, String)>> {
    let sql = format!("SELECT {COLUMNS}, asked FROM task WHERE idempotency_key = ?1");
    db.query_row(&sql, [key], |found| Ok((row(found)?, found.get(12)?))).optional()
}

/// The newest tasks before a number, the newest first, without inputs and answers: a list of long ones
/// would be as long as all of them together.
pub(super) fn newest(db: &Connection, before: i64, most: u32) -> rusqlite::Result<Vec<TaskRow>> {
    let sql =
        format!("SELECT {SHORT_COLUMNS} FROM task WHERE number < ?1 ORDER BY number DESC LIMIT ?2");
    let mut asked = db.prepare(&sql)?;
    let rows = asked.query_map((before, most), row)?;
    rows.collect()
}
