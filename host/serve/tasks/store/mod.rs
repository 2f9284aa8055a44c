//! The tasks that were accepted, in one SQLite file, with what became of them.

mod error;
mod opening;
mod rows;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

pub use error::StoreError;
pub(crate) use rows::{Status, TaskRow};

use super::agents::{TaskEnd, TaskFailure, TaskFigures, TaskKind, TaskOrder};
use super::moment::now;

/// A store, which this process alone has.
#[derive(Debug)]
pub(crate) struct Store {
    db: Mutex<Connection>,
    file: PathBuf,
}

/// A task that a client gives.
pub(crate) struct NewTask<'t> {
    pub(crate) order: &'t TaskOrder,
    pub(crate) name: &'t str,
    pub(crate) identity: &'t str,
    /// One text for all bodies that ask the same.
    pub(crate) asked: &'t str,
    pub(crate) key: Option<&'t str>,
}

/// What became of a task that was given.
#[derive(Debug, PartialEq)]
pub(crate) enum Accepted {
    /// It is on the disk.
    New(TaskRow),
    /// It is there since it was given under the same key before.
    Known(TaskRow),
    /// Something else was given under the same key before.
    OtherBody(TaskRow),
    /// It would be new, and there is no room.
    NoRoom,
}

/// What a store had when it was opened.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TakenUp {
    /// The tasks that are not over, in the order in which they came.
    pub(crate) waiting: Vec<i64>,
    /// How many were accepted for something else, and have failed now.
    pub(crate) of_others: usize,
}

/// How a task is over.
pub(crate) enum Over<'e> {
    /// It was done.
    Done(&'e TaskEnd),
    /// A client ended it.
    Cancelled,
}

impl Store {
    /// Opens the store in a file, and makes it where there is none.
    ///
    /// # Errors
    /// When something else is there, another server has it, or the file is damaged or may not be
    /// written.
    pub(crate) fn open(file: &Path) -> Result<Store, StoreError> {
        Ok(Store { db: Mutex::new(opening::open(file)?), file: file.to_owned() })
    }

    /// Takes up what is not over: what ran waits again, and what was accepted for something else fails.
    pub(crate) fn take_up(&self, identity: &str) -> Result<TakenUp, StoreError> {
        self.write(|db| {
            let others: Vec<(i64, String)> = {
                let sql =
                    "SELECT number, identity FROM task WHERE ended_at IS NULL AND identity <> ?1";
                let mut asked = db.prepare(sql)?;
                asked
                    .query_map([identity], |row| Ok((row.get(0)?, row.get(1)?)))?
                    .collect::<Result<_, _>>()?
            };
            for (number, was) in &others {
                let end = of_other_bench(was, identity);
                over(db, *number, &Over::Done(&end), &[])?;
            }
            db.execute("UPDATE task SET status = 'queued' WHERE status = 'running'", [])?;
            let mut asked =
                db.prepare("SELECT number FROM task WHERE ended_at IS NULL ORDER BY number")?;
            let waiting = asked.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
            Ok(TakenUp { waiting, of_others: others.len() })
        })
    }

    /// Takes a task, unless it is there or there is no room. When this returns, it is on the disk.
    pub(crate) fn accept(
        &self,
        task: &NewTask<'_>,
        has_room: bool,
    ) -> Result<Accepted, StoreError> {
        self.write(|db| {
            let known = task.key.map(|key| rows::by_key(db, key)).transpose()?.flatten();
            match known {
                Some((row, asked)) if asked == task.asked => return Ok(Accepted::Known(row)),
                Some((row, _)) => return Ok(Accepted::OtherBody(row)),
                None if !has_room => return Ok(Accepted::NoRoom),
                None => {}
            }
            let input = match &task.order.kind {
                TaskKind::Named(_) => None,
                TaskKind::Input(input) => Some(input),
            };
            db.execute(
                "INSERT INTO task (status, name, input, seed, identity, asked, idempotency_key, \
                 created_at) VALUES ('queued', ?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    task.name,
                    input,
                    task.order.seed as i64,
                    task.identity,
                    task.asked,
                    task.key,
                    now()
                ],
            )?;
            let row = rows::by_number(db, db.last_insert_rowid())?;
            row.map(Accepted::New).ok_or(rusqlite::Error::QueryReturnedNoRows)
        })
    }

    /// Begins a task that waits; nothing where it is over.
    pub(crate) fn begin(&self, number: i64) -> Result<Option<TaskRow>, StoreError> {
        self.write(|db| {
            let begun = db.execute(
                "UPDATE task SET status = 'running', attempts = attempts + 1, started_at = ?2 \
                 WHERE number = ?1 AND ended_at IS NULL",
                params![number, now()],
            )?;
            if begun == 0 { Ok(None) } else { rows::by_number(db, number) }
        })
    }

    /// Ends a task with its steps, and forgets the oldest that are over where more than `keep` are.
    /// Whether it was not over before.
    pub(crate) fn end(
        &self,
        number: i64,
        end: &Over<'_>,
        steps: &[Arc<str>],
        keep: usize,
    ) -> Result<bool, StoreError> {
        self.write(|db| {
            let has_ended = over(db, number, end, steps)?;
            if has_ended {
                forget(db, keep)?;
            }
            Ok(has_ended)
        })
    }

    /// Forgets the oldest that are over where more than `keep` are.
    pub(crate) fn forget(&self, keep: usize) -> Result<(), StoreError> {
        self.write(|db| forget(db, keep))
    }

    /// A task.
    pub(crate) fn task(&self, number: i64) -> Result<Option<TaskRow>, StoreError> {
        self.read(|db| rows::by_number(db, number))
    }

    /// The newest tasks before a number, the newest first, without inputs and answers.
    pub(crate) fn newest(&self, before: i64, most: u32) -> Result<Vec<TaskRow>, StoreError> {
        self.read(|db| rows::newest(db, before, most))
    }

    /// The steps of a task that is over, behind so many, and at most so many.
    pub(crate) fn steps(
        &self,
        number: i64,
        behind: u64,
        most: u32,
    ) -> Result<Vec<Arc<str>>, StoreError> {
        let behind = i64::try_from(behind).unwrap_or(i64::MAX);
        self.read(|db| {
            let sql =
                "SELECT text FROM step WHERE task = ?1 AND number > ?2 ORDER BY number LIMIT ?3";
            let mut asked = db.prepare(sql)?;
            let rows = asked
                .query_map((number, behind, most), |row| row.get::<_, String>(0).map(Arc::from))?;
            rows.collect()
        })
    }

    /// How many steps of a task are stored.
    pub(crate) fn step_count(&self, number: i64) -> Result<u64, StoreError> {
        let sql = "SELECT ifnull(max(number), 0) FROM step WHERE task = ?1";
        let count: i64 = self.read(|db| db.query_row(sql, [number], |row| row.get(0)))?;
        Ok(count as u64)
    }

    /// How many tasks are not over.
    pub(crate) fn unfinished(&self) -> Result<usize, StoreError> {
        let sql = "SELECT count(*) FROM task WHERE ended_at IS NULL";
        let count: i64 = self.read(|db| db.query_row(sql, [], |row| row.get(0)))?;
        Ok(count as usize)
    }

    /// The slip of a task, if it has one.
    pub(crate) fn slip(&self, number: i64) -> Result<Option<String>, StoreError> {
        let sql = "SELECT text FROM slip WHERE task = ?1";
        self.read(|db| db.query_row(sql, [number], |row| row.get(0)).optional())
    }

    fn read<T>(
        &self,
        ask: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        ask(&self.lock()).map_err(|error| StoreError::of(&self.file, &error))
    }

    fn write<T>(
        &self,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let mut db = self.lock();
        let written =
            db.transaction_with_behavior(TransactionBehavior::Immediate).and_then(|writing| {
                let changed = change(&writing)?;
                writing.commit()?;
                Ok(changed)
            });
        written.map_err(|error| StoreError::of(&self.file, &error))
    }

    /// A panic rolls its transaction back, so what it leaves can be used.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.db.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end of a task that was accepted for something else.
fn of_other_bench(was: &str, is: &str) -> TaskEnd {
    let message = format!(
        "it was accepted for {was}, and the server was started again with {is}; give the task again, or \
         serve what it was accepted for"
    );
    TaskEnd {
        outcome: Err(TaskFailure { kind: "bench_changed".to_owned(), message }),
        figures: TaskFigures::default(),
        slip: None,
    }
}

fn over(
    db: &Transaction<'_>,
    number: i64,
    over: &Over<'_>,
    steps: &[Arc<str>],
) -> rusqlite::Result<bool> {
    let (status, end) = match over {
        Over::Cancelled => (Status::Cancelled, None),
        Over::Done(end) if end.outcome.is_ok() => (Status::Succeeded, Some(end)),
        Over::Done(end) => (Status::Failed, Some(end)),
    };
    let json = |value: serde_json::Result<String>| value.expect("plain data is JSON");
    let failure = end.and_then(|end| end.outcome.as_ref().err()).map(serde_json::to_string);
    let figures = end.map(|end| serde_json::to_string(&end.figures));
    let ended = db.execute(
        "UPDATE task SET status = ?2, ended_at = ?3, answer = ?4, failure = ?5, figures = ?6 \
         WHERE number = ?1 AND ended_at IS NULL",
        params![
            number,
            status.word(),
            now(),
            end.and_then(|end| end.outcome.as_ref().ok()),
            failure.map(json),
            figures.map(json)
        ],
    )?;
    if ended == 0 {
        return Ok(false);
    }
    if let Some(slip) = end.and_then(|end| end.slip.as_ref()) {
        db.execute("INSERT INTO slip (task, text) VALUES (?1, ?2)", params![number, slip])?;
    }
    let mut insert = db.prepare("INSERT INTO step (task, number, text) VALUES (?1, ?2, ?3)")?;
    for (step, place) in steps.iter().zip(1i64..) {
        insert.execute(params![number, place, &**step])?;
    }
    Ok(true)
}

fn forget(db: &Transaction<'_>, keep: usize) -> rusqlite::Result<()> {
    db.execute(
        "DELETE FROM task WHERE ended_at IS NOT NULL AND number <= (SELECT number FROM task \
         WHERE ended_at IS NOT NULL ORDER BY number DESC LIMIT 1 OFFSET ?1)",
        [i64::try_from(keep).unwrap_or(i64::MAX)],
    )?;
    Ok(())
}
