//! Opening a store's file: what it is, whether it is whole, and that nobody else has it.
//!
//! Writes go through a write-ahead log with `synchronous = FULL`: what was committed is on the disk
//! before a commit returns, and costs one flush. The one server holds the file's lock as long as it
//! lives, which also spares the memory that processes would share; the system frees the lock of one
//! that is killed, and whoever comes next goes on from the log.

use std::io;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::error::StoreError;

/// What stands in the header of every store: "TSLT" in ASCII.
const APPLICATION_ID: i64 = 0x5453_4c54;

/// The format that this timeslip writes, and the latest it reads.
const FORMAT: i64 = 1;

/// How long the lock is waited for: a server that was killed may hold it for some moments more.
const WAIT: Duration = Duration::from_secs(1);

/// The tables of format 1.
///
/// A task's number counts them in the order in which they came, and is never given twice.
const TABLES: &str = "
CREATE TABLE task (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  status TEXT NOT NULL,
  name TEXT NOT NULL,
  input TEXT,
  seed INTEGER NOT NULL,
  identity TEXT NOT NULL,
  asked TEXT NOT NULL,
  idempotency_key TEXT UNIQUE,
  attempts INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  ended_at INTEGER,
  answer TEXT,
  failure TEXT,
  figures TEXT
) STRICT;
CREATE INDEX task_not_over ON task (number) WHERE ended_at IS NULL;
CREATE INDEX task_over ON task (number) WHERE ended_at IS NOT NULL;
CREATE TABLE slip (
  task INTEGER PRIMARY KEY REFERENCES task (number) ON DELETE CASCADE,
  text TEXT NOT NULL
) STRICT;
CREATE TABLE step (
  task INTEGER NOT NULL REFERENCES task (number) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (task, number)
) STRICT, WITHOUT ROWID;
";

/// Opens a store, and makes it where nothing is, or an empty file.
///
/// # Errors
/// When something else is there, another server has it, or the file is damaged or may not be written.
pub(super) fn open(file: &Path) -> Result<Connection, StoreError> {
    look(file)?;
    let mut db = connect(file).map_err(|error| StoreError::of(file, &error))?;
    let header = |db: &Connection, name: &str| -> Result<i64, StoreError> {
        db.pragma_query_value(None, name, |row| row.get(0))
            .map_err(|error| StoreError::of(file, &error))
    };
    let found = (header(&db, "application_id")?, header(&db, "user_version")?);
    let is_empty = header(&db, "schema_version")? == 0;
    let shown = || file.display().to_string();
    match found {
        (0, 0) if is_empty => {
            make_tables(&mut db).map_err(|error| StoreError::of(file, &error))?;
        }
        (APPLICATION_ID, FORMAT) => check(&db, file)?,
        (APPLICATION_ID, version @ FORMAT..) => {
            return Err(StoreError::Newer { file: shown(), version, known: FORMAT });
        }
        (APPLICATION_ID, version) => {
            let reason = format!("its format is {version}, which no timeslip writes");
            return Err(StoreError::Damaged { file: shown(), reason });
        }
        (other, _) => {
            let what =
                format!("it is another program's SQLite file (its application_id is {other})");
            return Err(StoreError::Other { file: shown(), what });
        }
    }
    keep_the_lock(&mut db).map_err(|error| StoreError::of(file, &error))?;
    Ok(db)
}

/// Refuses what is no file, and a folder that is not there.
fn look(file: &Path) -> Result<(), StoreError> {
    let shown = || file.display().to_string();
    match std::fs::metadata(file) {
        Ok(metadata) if metadata.is_file() => Ok(()),
        Ok(metadata) => {
            let what = if metadata.is_dir() { "a folder" } else { "a device or a pipe" };
            Err(StoreError::NotAFile { file: shown(), what })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
            match folder.filter(|folder| !folder.is_dir()) {
                Some(folder) => {
                    let folder = folder.display().to_string();
                    Err(StoreError::NoFolder { file: shown(), folder })
                }
                None => Ok(()),
            }
        }
        Err(error) => Err(StoreError::System { file: shown(), reason: error.to_string() }),
    }
}

fn connect(file: &Path) -> rusqlite::Result<Connection> {
    // SQLite gives names such as ":memory:" a meaning of their own, but no absolute path has one.
    let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(absolute, flags)?;
    db.busy_timeout(WAIT)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    db.pragma_update(None, "cell_size_check", true)?;
    // Before anything is read, so that no memory is shared with others.
    db.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    Ok(db)
}

/// Makes the tables of an empty file, all in one transaction.
fn make_tables(db: &mut Connection) -> rusqlite::Result<()> {
    let making = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    making.execute_batch(TABLES)?;
    making.pragma_update(None, "application_id", APPLICATION_ID)?;
    making.pragma_update(None, "user_version", FORMAT)?;
    making.commit()
}

/// Reads the whole file once, and holds its structure against itself.
fn check(db: &Connection, file: &Path) -> Result<(), StoreError> {
    let said: String = db
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| StoreError::of(file, &error))?;
    match said.as_str() {
        "ok" => Ok(()),
        _ => Err(StoreError::Damaged { file: file.display().to_string(), reason: said }),
    }
}

/// Writes something, since the lock is taken by who writes, and then kept.
fn keep_the_lock(db: &mut Connection) -> rusqlite::Result<()> {
    db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    let taking = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    taking.pragma_update(None, "user_version", FORMAT)?;
    taking.commit()
}
