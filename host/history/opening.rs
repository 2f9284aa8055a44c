//! Opening a history's file: what it is, whether it is whole, and how safe its writes are.
//!
//! Writes go through a rollback journal with `synchronous = EXTRA`, SQLite's safest settings: what
//! was committed is on the disk, and its journal is gone from the folder, before a commit returns;
//! a writer that is killed leaves a journal beside the file, and whoever comes next rolls it back.
//! A write-ahead log would let readers read while one writes, but keeps committed entries in a
//! second file, which is lost when CI copies the first one alone, and needs memory that processes
//! share, which folders on a network do not have. Runs are recorded one at a time, seconds apart.

use std::io;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, MAIN_DB, OpenFlags, TransactionBehavior};

use crate::error::HistoryError;

/// What stands in the header of every history: "TSLH" in ASCII.
pub(crate) const APPLICATION_ID: i64 = 0x5453_4c48;

/// The format that this timeslip writes, and the latest it reads.
pub(crate) const FORMAT: i64 = 1;

/// How long the lock of a history's file is waited for, and how often.
///
/// SQLite polls while it waits, and a crowd of writers can leave one of them behind for a whole
/// wait, so a wait is begun again a few times.
const WAIT_SECONDS: u64 = 10;

/// See [`WAIT_SECONDS`].
const WAITS: u64 = 6;

/// Bytes of the smallest SQLite file: one page of the smallest size.
const SMALLEST: u64 = 512;

/// The tables of format 1. An entry without a commit is the same entry when its slip is, which
/// `ifnull` says, since SQL holds no two nulls equal.
const TABLES: &str = "
CREATE TABLE entry (
  id INTEGER PRIMARY KEY,
  recorded_at TEXT NOT NULL,
  commit_id TEXT,
  branch TEXT,
  commit_time TEXT,
  bench TEXT NOT NULL,
  machines TEXT NOT NULL,
  slip_digest TEXT NOT NULL,
  bench_digest TEXT NOT NULL,
  timeslip TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX entry_once ON entry (bench, machines, ifnull(commit_id, ''), slip_digest);
CREATE TABLE metric (
  entry INTEGER NOT NULL REFERENCES entry (id),
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  unit TEXT NOT NULL,
  value REAL NOT NULL,
  PRIMARY KEY (entry, name)
) STRICT, WITHOUT ROWID;
";

/// Opens a history to record in it; makes it where nothing is, or an empty file.
///
/// # Errors
/// When something else is there, or the file is damaged or may not be written.
pub(crate) fn for_writing(file: &Path) -> Result<Connection, HistoryError> {
    if let Found::Nothing = look(file)? {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            let folder = folder.display().to_string();
            return Err(HistoryError::NoFolder { file: file.display().to_string(), folder });
        }
    }
    patiently(|| {
        let mut db =
            connect(file, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        if let Identity::Empty = identify(&db, file)? {
            make_tables(&mut db, file)?;
        }
        refuse_read_only(&db, file)?;
        check(&db, file, "quick_check")?;
        Ok(db)
    })
}

/// Opens a history to read it. Nothing is written, unless a writer was stopped midway and what it
/// left has to be rolled back before the file can be read.
///
/// # Errors
/// When nothing is there, or something else, or the file is damaged.
pub(crate) fn for_reading(file: &Path) -> Result<Connection, HistoryError> {
    let missing = || HistoryError::Missing { file: file.display().to_string() };
    if let Found::Nothing = look(file)? {
        return Err(missing());
    }
    patiently(|| {
        let read = || {
            let db = connect(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            match identify(&db, file)? {
                Identity::Empty => Err(missing()),
                Identity::History => check(&db, file, "quick_check").map(|()| db),
            }
        };
        match read() {
            Err(unfinished @ HistoryError::Unfinished { .. }) => {
                let rolled_back = connect(file, OpenFlags::SQLITE_OPEN_READ_WRITE)
                    .and_then(|db| identify(&db, file));
                if rolled_back.is_ok() { read() } else { Err(unfinished) }
            }
            // Whoever reads is told of reading.
            Err(HistoryError::NotWritable { file, reason }) => {
                Err(HistoryError::System { file, reason })
            }
            other => other,
        }
    })
}

/// Does something again while others hold the lock, up to a minute in all.
///
/// # Errors
/// Those of what is done.
pub(crate) fn patiently<T>(
    mut attempt: impl FnMut() -> Result<T, HistoryError>,
) -> Result<T, HistoryError> {
    for _ in 1..WAITS {
        match attempt() {
            Err(error) if error.is_busy() => {}
            done => return done,
        }
    }
    attempt()
}

/// What an error of SQLite means for a history's file.
pub(crate) fn meaning(file: &Path) -> impl Fn(rusqlite::Error) -> HistoryError {
    move |error| HistoryError::of(file, &error, WAIT_SECONDS * WAITS)
}

/// Checks that the file is whole by one of SQLite's checks. `quick_check` reads the file once, some
/// milliseconds for a megabyte; `integrity_check` also holds its indexes against its tables.
///
/// # Errors
/// When it is damaged.
pub(crate) fn check(db: &Connection, file: &Path, name: &str) -> Result<(), HistoryError> {
    let said: String =
        db.query_row(&format!("PRAGMA {name}(1)"), [], |row| row.get(0)).map_err(meaning(file))?;
    match said.as_str() {
        "ok" => Ok(()),
        _ => Err(damaged(file, said)),
    }
}

/// What is at a path.
enum Found {
    Nothing,
    File,
}

fn look(file: &Path) -> Result<Found, HistoryError> {
    let what = match std::fs::metadata(file) {
        Ok(metadata) if metadata.is_file() => return Ok(Found::File),
        Ok(metadata) if metadata.is_dir() => "a folder",
        Ok(_) => "a device or a pipe",
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => {
            let reason = error.to_string();
            return Err(HistoryError::System { file: file.display().to_string(), reason });
        }
    };
    let example = match what {
        "a folder" => file.join("history.db"),
        _ => file.with_file_name("history.db"),
    };
    let example = example.display().to_string();
    Err(HistoryError::NotAFile { file: file.display().to_string(), what, example })
}

fn connect(file: &Path, flags: OpenFlags) -> Result<Connection, HistoryError> {
    // SQLite gives names such as ":memory:" a meaning of their own, but no absolute path has one.
    let absolute = std::path::absolute(file).map_err(|error| HistoryError::System {
        file: file.display().to_string(),
        reason: error.to_string(),
    })?;
    let open = || {
        let db = Connection::open_with_flags(absolute, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        db.busy_timeout(Duration::from_secs(WAIT_SECONDS))?;
        // A history may be a file that a stranger sent: nothing in its schema is to be run.
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        db.pragma_update(None, "cell_size_check", true)?;
        db.pragma_update(None, "synchronous", "EXTRA")?;
        Ok(db)
    };
    open().map_err(meaning(file))
}

/// What a SQLite file is to a history.
enum Identity {
    Empty,
    History,
}

fn identify(db: &Connection, file: &Path) -> Result<Identity, HistoryError> {
    // One transaction, so that no writer changes the file between its header and its length.
    let reading = db.unchecked_transaction().map_err(meaning(file))?;
    let header = |name: &str| -> Result<i64, HistoryError> {
        reading.pragma_query_value(None, name, |row| row.get(0)).map_err(meaning(file))
    };
    let application_id = header("application_id")?;
    let version = header("user_version")?;
    let promised = header("page_count")? as u64 * header("page_size")? as u64;
    let length = length(file)?;
    let file_name = || file.display().to_string();
    match (application_id, version) {
        _ if length == 0 => Ok(Identity::Empty),
        // SQLite takes a file of one byte for an empty one.
        _ if length < SMALLEST => Err(HistoryError::NotSqlite { file: file_name() }),
        _ if length < promised => {
            Err(damaged(file, format!("it has {length} bytes, and its header says {promised}")))
        }
        (APPLICATION_ID, FORMAT) => Ok(Identity::History),
        (APPLICATION_ID, FORMAT..) => {
            Err(HistoryError::Newer { file: file_name(), version, known: FORMAT })
        }
        (APPLICATION_ID, _) => {
            Err(damaged(file, format!("its format is {version}, which no timeslip writes")))
        }
        _ => Err(HistoryError::OtherProgram { file: file_name(), application_id }),
    }
}

/// Makes the tables of an empty file, all in one transaction, so that a history is there whole or
/// not at all. Another process may have made them a moment before.
fn make_tables(db: &mut Connection, file: &Path) -> Result<(), HistoryError> {
    let making =
        db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(meaning(file))?;
    if length(file)? > 0 {
        drop(making);
        return identify(db, file).map(|_| ());
    }
    let make = || {
        making.execute_batch(TABLES)?;
        making.pragma_update(None, "application_id", APPLICATION_ID)?;
        making.pragma_update(None, "user_version", FORMAT)
    };
    make().and_then(|()| making.commit()).map_err(meaning(file))
}

/// SQLite opens a file for reading where it may not write it, and says so only when asked.
fn refuse_read_only(db: &Connection, file: &Path) -> Result<(), HistoryError> {
    match db.is_readonly(MAIN_DB) {
        Ok(false) => Ok(()),
        Ok(true) => Err(HistoryError::NotWritable {
            file: file.display().to_string(),
            reason: "it may only be read".to_owned(),
        }),
        Err(error) => Err(meaning(file)(error)),
    }
}

fn length(file: &Path) -> Result<u64, HistoryError> {
    match std::fs::metadata(file) {
        Ok(metadata) => Ok(metadata.len()),
        Err(error) => {
            let reason = error.to_string();
            Err(HistoryError::System { file: file.display().to_string(), reason })
        }
    }
}

fn damaged(file: &Path, reason: String) -> HistoryError {
    HistoryError::Damaged { file: file.display().to_string(), reason }
}
