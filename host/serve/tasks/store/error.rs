//! What can be wrong with a store of tasks, and what to do about it.

use std::path::Path;

use rusqlite::ErrorCode;
use rusqlite::ffi;

/// Why a store is not opened, written or read. Whatever the reason, no file was replaced.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The path leads to a folder, or to something else that is no ordinary file.
    #[error("{file} is {what} and no file\n  fix: give the store a file of its own by --store")]
    NotAFile {
        /// The path.
        file: String,
        /// What is there: "a folder".
        what: &'static str,
    },
    /// The folder that the file would be in is not there.
    #[error(
        "cannot make the store {file}: there is no folder {folder}\n  fix: make it, or give another \
         file by --store"
    )]
    NoFolder {
        /// The path.
        file: String,
        /// The folder.
        folder: String,
    },
    /// Another server has it.
    #[error(
        "the store {file} is in use by another server\n  fix: end that server, or give this one a \
         file of its own by --store"
    )]
    InUse {
        /// The path.
        file: String,
    },
    /// It is not a SQLite file, or one of another program.
    #[error(
        "{file} is no store of tasks: {what}; it was left as it is\n  fix: give another file by --store"
    )]
    Other {
        /// The path.
        file: String,
        /// What it is.
        what: String,
    },
    /// It was written by a later timeslip.
    #[error(
        "the store {file} has the format {version}, and this timeslip ({}) knows {known}\n  fix: serve \
         it by the timeslip that wrote it, or give another file by --store",
        env!("CARGO_PKG_VERSION")
    )]
    Newer {
        /// The path.
        file: String,
        /// Its format.
        version: i64,
        /// The latest format that this timeslip knows.
        known: i64,
    },
    /// It is cut off, or holds what no timeslip wrote.
    #[error(
        "the store {file} is damaged or cut off: {reason}; it was left as it is\n  fix: bring back a copy \
         of it, or move it away and begin a new one"
    )]
    Damaged {
        /// The path.
        file: String,
        /// What was found.
        reason: String,
    },
    /// The disk is full.
    #[error("cannot write the store {file}: the disk is full\n  fix: make room")]
    Full {
        /// The path.
        file: String,
    },
    /// It may not be written, or the system does not open it.
    #[error(
        "cannot use the store {file}: {reason}\n  fix: see that this user may write the file and its \
         folder, or give another file by --store"
    )]
    System {
        /// The path.
        file: String,
        /// What the system says.
        reason: String,
    },
}

impl StoreError {
    /// What an error of SQLite means for this file.
    pub(super) fn of(file: &Path, error: &rusqlite::Error) -> StoreError {
        let file = file.display().to_string();
        let reason = error.to_string();
        let Some(failure) = error.sqlite_error() else {
            // Columns of other types than this crate makes them.
            return StoreError::Damaged { file, reason };
        };
        match (failure.code, failure.extended_code) {
            (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => StoreError::InUse { file },
            (ErrorCode::DiskFull, _) => StoreError::Full { file },
            (ErrorCode::NotADatabase, _) => {
                let what = "it is not a SQLite file, or only the beginning of one".to_owned();
                StoreError::Other { file, what }
            }
            (ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied, _) => {
                StoreError::System { file, reason }
            }
            (ErrorCode::SystemIoFailure, code) if code != ffi::SQLITE_IOERR_SHORT_READ => {
                StoreError::System { file, reason }
            }
            _ => StoreError::Damaged { file, reason },
        }
    }
}
