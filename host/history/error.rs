//! What can be wrong with a history's file, and what to do about it.

use std::path::Path;

use rusqlite::ErrorCode;
use rusqlite::ffi;

/// Why a history is not opened, written or read. Whatever the reason, no file was replaced.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The path leads to a folder, or to something else that is no ordinary file.
    #[error("{file} is {what} and no file; give the history a file of its own, say {example}")]
    NotAFile {
        /// The path.
        file: String,
        /// What is there: "a folder".
        what: &'static str,
        /// A path that would do.
        example: String,
    },
    /// The folder that the file would be in is not there.
    #[error(
        "cannot make the history {file}: there is no folder {folder}; make it, or give another path"
    )]
    NoFolder {
        /// The path.
        file: String,
        /// The folder.
        folder: String,
    },
    /// There is nothing to read.
    #[error("there is no history at {file}; record a run in it first, or give another path")]
    Missing {
        /// The path.
        file: String,
    },
    /// It is not a SQLite file.
    #[error(
        "{file} is no history: it is not a SQLite file, or only the beginning of one; it was left \
         as it is, so give the history another path"
    )]
    NotSqlite {
        /// The path.
        file: String,
    },
    /// It is a SQLite file of another program.
    #[error(
        "{file} is no history but another program's SQLite file (its application_id is \
         {application_id}); it was left as it is, so give the history another path"
    )]
    OtherProgram {
        /// The path.
        file: String,
        /// What stands in its header.
        application_id: i64,
    },
    /// It was written by a later timeslip.
    #[error(
        "the history {file} has the format {version}, and this timeslip ({}) knows {known}; use the \
         timeslip that wrote it, or give another path",
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
        "the history {file} is damaged or cut off: {reason}; it was left as it is, so bring back a \
         copy of it, or move it away and record anew"
    )]
    Damaged {
        /// The path.
        file: String,
        /// What was found.
        reason: String,
    },
    /// It may not be written.
    #[error(
        "cannot write the history {file}: {reason}; this user must be able to write the file and \
         the folder it is in, since SQLite keeps a journal beside it"
    )]
    NotWritable {
        /// The path.
        file: String,
        /// What the system says.
        reason: String,
    },
    /// A writer was stopped midway, and whoever reads may not put the file right.
    #[error(
        "the history {file} holds an unfinished change of a writer that was stopped; record in it, \
         or read it as a user who may write it, and it puts itself right"
    )]
    Unfinished {
        /// The path.
        file: String,
    },
    /// Others wrote all the time.
    #[error(
        "the history {file} was locked by other processes for {seconds} s; try again when they are \
         done, or look for one that hangs"
    )]
    Busy {
        /// The path.
        file: String,
        /// How long it was tried, in seconds.
        seconds: u64,
    },
    /// The disk is full.
    #[error("cannot write the history {file}: the disk is full; make room and try again")]
    Full {
        /// The path.
        file: String,
    },
    /// An entry that cannot be recorded.
    #[error("cannot record this entry in the history {file}: {reason}")]
    BadEntry {
        /// The path.
        file: String,
        /// What is wrong with the entry, and what to write.
        reason: String,
    },
    /// The system does not open or read it.
    #[error("cannot open the history {file}: {reason}")]
    System {
        /// The path.
        file: String,
        /// What the system says.
        reason: String,
    },
}

impl HistoryError {
    /// What an error of SQLite means for this file, which was tried for so many seconds.
    pub(crate) fn of(file: &Path, error: &rusqlite::Error, seconds: u64) -> HistoryError {
        let file = file.display().to_string();
        let reason = error.to_string();
        let Some(failure) = error.sqlite_error() else {
            // Columns of other types than this crate makes them.
            return HistoryError::Damaged { file, reason };
        };
        match (failure.code, failure.extended_code) {
            (_, ffi::SQLITE_READONLY_ROLLBACK | ffi::SQLITE_READONLY_RECOVERY) => {
                HistoryError::Unfinished { file }
            }
            (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => {
                HistoryError::Busy { file, seconds }
            }
            (ErrorCode::DiskFull, _) => HistoryError::Full { file },
            (ErrorCode::NotADatabase, _) => HistoryError::NotSqlite { file },
            (ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied, _) => {
                HistoryError::NotWritable { file, reason }
            }
            (ErrorCode::SystemIoFailure, code) if code != ffi::SQLITE_IOERR_SHORT_READ => {
                HistoryError::System { file, reason }
            }
            _ => HistoryError::Damaged { file, reason },
        }
    }

    /// Whether it may help to try again.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self, HistoryError::Busy { .. })
    }
}
