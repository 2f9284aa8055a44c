//! Files that are no history, or one no longer: each has words of its own and stays as it is.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::error::HistoryError;
use crate::examples::entry;
use crate::history::History;

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        Place { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("history.db")
    }

    /// A history of some entries, and its bytes.
    fn with_history() -> (Place, Vec<u8>) {
        let place = Place::new();
        let mut history = History::open(&place.file()).unwrap();
        for index in 0..60 {
            history.record(&entry(index, 1.0)).unwrap();
        }
        let bytes = fs::read(place.file()).unwrap();
        (place, bytes)
    }

    /// The errors of opening these bytes for writing and for reading, which leave them as they are.
    fn refuse(&self, bytes: &[u8]) -> [HistoryError; 2] {
        let file = self.file();
        fs::write(&file, bytes).unwrap();
        let errors = [History::open(&file), History::open_for_reading(&file)];
        let errors = errors.map(|opened| opened.unwrap_err());
        assert!(fs::read(&file).unwrap() == bytes, "the file was changed");
        assert_eq!(fs::read_dir(self.folder.path()).unwrap().count(), 1, "something is beside it");
        errors
    }
}

/// The message of an error, with the file's place left out.
fn message(error: &HistoryError, file: &Path) -> String {
    error.to_string().replace(&file.display().to_string(), "FILE")
}

fn change(file: &Path, sql: &str) {
    Connection::open(file).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn a_text_is_no_history() {
    let place = Place::new();
    for text in ["x", "not a database\n", &"a long text ".repeat(2000), "SQLite format 4\0"] {
        for error in place.refuse(text.as_bytes()) {
            insta::allow_duplicates! {
                insta::assert_snapshot!(message(&error, &place.file()), @"FILE is no history: it is not a SQLite file, or only the beginning of one; it was left as it is, so give the history another path");
            }
        }
    }
    for error in place.refuse(&[0; 8192]) {
        assert!(matches!(error, HistoryError::NotSqlite { .. }), "{error}");
    }
}

#[test]
fn a_history_cut_off_anywhere_is_damaged() {
    let (place, bytes) = Place::with_history();
    // Below a hundred bytes not even the header is whole.
    for length in [1, 16, 40, 99] {
        for error in place.refuse(&bytes[..length]) {
            assert!(error.to_string().contains("it was left as it is"), "{length}: {error}");
        }
    }
    let lengths = [100, 511, 512, 2000, 4096, 5000, bytes.len() / 2, bytes.len() - 1];
    for length in lengths {
        for error in place.refuse(&bytes[..length]) {
            let message = message(&error, &place.file());
            assert!(matches!(error, HistoryError::Damaged { .. }), "{length}: {message}");
            assert!(message.contains("FILE is damaged or cut off: "), "{message}");
            assert!(message.contains("left as it is, so bring back a copy"), "{message}");
        }
    }
}

#[test]
fn a_history_with_a_hole_is_damaged() {
    let (place, bytes) = Place::with_history();
    for page in 1..bytes.len() / 4096 {
        let mut holed = bytes.clone();
        holed[page * 4096..(page + 1) * 4096].fill(0);
        for error in place.refuse(&holed) {
            assert!(matches!(error, HistoryError::Damaged { .. }), "{page}: {error}");
        }
    }
}

#[test]
fn an_empty_file_becomes_a_history() {
    let place = Place::new();
    fs::write(place.file(), "").unwrap();
    let error = History::open_for_reading(&place.file()).unwrap_err();
    assert!(matches!(error, HistoryError::Missing { .. }), "{error}");
    assert_eq!(fs::metadata(place.file()).unwrap().len(), 0);
    let mut history = History::open(&place.file()).unwrap();
    history.record(&entry(0, 1.0)).unwrap();
    history.check().unwrap();
}

#[test]
fn a_history_of_a_newer_timeslip_is_refused() {
    let (place, _) = Place::with_history();
    change(&place.file(), "PRAGMA user_version = 7");
    let bytes = fs::read(place.file()).unwrap();
    for error in place.refuse(&bytes) {
        insta::allow_duplicates! {
            insta::assert_snapshot!(message(&error, &place.file()), @"the history FILE has the format 7, and this timeslip (0.1.0) knows 1; use the timeslip that wrote it, or give another path");
        }
    }
}

#[test]
fn a_format_that_no_timeslip_writes_is_damage() {
    let (place, _) = Place::with_history();
    change(&place.file(), "PRAGMA user_version = 0");
    let bytes = fs::read(place.file()).unwrap();
    for error in place.refuse(&bytes) {
        assert!(error.to_string().contains("its format is 0"), "{error}");
    }
}

#[test]
fn the_file_of_another_program_is_refused() {
    let place = Place::new();
    change(&place.file(), "CREATE TABLE entry (id); PRAGMA application_id = 252006673");
    let bytes = fs::read(place.file()).unwrap();
    for error in place.refuse(&bytes) {
        insta::allow_duplicates! {
            insta::assert_snapshot!(message(&error, &place.file()), @"FILE is no history but another program's SQLite file (its application_id is 252006673); it was left as it is, so give the history another path");
        }
    }
}

#[test]
fn a_history_without_its_tables_is_damaged() {
    let (place, _) = Place::with_history();
    change(&place.file(), "DROP TABLE metric");
    let mut history = History::open(&place.file()).unwrap();
    let error = history.record(&entry(100, 1.0)).unwrap_err();
    assert!(error.to_string().contains("no such table"), "{error}");
    assert_eq!(history.benches().unwrap()[0].entries, 60, "nothing of it was kept");
}

#[test]
fn folders_and_what_is_not_there_are_named() {
    let place = Place::new();
    let folder = place.folder.path();
    for opened in [History::open(folder), History::open_for_reading(folder)] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(message(&opened.unwrap_err(), folder), @"FILE is a folder and no file; give the history a file of its own, say FILE/history.db");
        }
    }
    let lost = folder.join("none/history.db");
    let error = History::open(&lost).unwrap_err();
    let text = message(&error, folder);
    insta::assert_snapshot!(text, @"cannot make the history FILE/none/history.db: there is no folder FILE/none; make it, or give another path");
    let error = History::open_for_reading(&place.file()).unwrap_err();
    insta::assert_snapshot!(message(&error, &place.file()), @"there is no history at FILE; record a run in it first, or give another path");
    assert_eq!(fs::read_dir(folder).unwrap().count(), 0, "nothing was made");
}

#[cfg(unix)]
#[test]
fn a_device_is_no_history() {
    let error = History::open(Path::new("/dev/null")).unwrap_err();
    assert!(error.to_string().contains("a device or a pipe"), "{error}");
}

#[test]
fn names_with_a_meaning_to_sqlite_are_plain_names_here() {
    let place = Place::new();
    for name in [":memory:", "file:x?mode=memory", "a b.db"] {
        let file = place.folder.path().join(name);
        History::open(&file).unwrap().record(&entry(0, 1.0)).unwrap();
        assert!(fs::metadata(&file).unwrap().len() > 0, "{name}");
    }
    assert!(History::open(Path::new("")).is_err());
}

#[test]
fn a_journal_that_a_killed_writer_left_is_rolled_back_by_a_reader() {
    let (place, bytes) = Place::with_history();
    let journal = place.folder.path().join("history.db-journal");
    // A writer that spills its pages before it commits, and whose files are copied as they stand
    // then: that is what a kill leaves.
    let mut writer = Connection::open(place.file()).unwrap();
    writer.pragma_update(None, "cache_size", 2).unwrap();
    let writing = writer.transaction().unwrap();
    writing.execute_batch("UPDATE entry SET timeslip = hex(zeroblob(9000))").unwrap();
    let half_written = fs::read(place.file()).unwrap();
    let left = fs::read(&journal).unwrap();
    drop(writing);
    drop(writer);
    assert!(half_written != bytes, "the writer spilled");
    fs::write(place.file(), &half_written).unwrap();
    fs::write(&journal, &left).unwrap();
    let reader = History::open_for_reading(&place.file()).unwrap();
    let points = reader.series("airline", "rack", "session_e2e.p50").unwrap();
    assert!(points.len() == 60 && points.iter().all(|point| point.timeslip == "0.1.0"));
    assert!(!journal.exists());
    assert!(fs::read(place.file()).unwrap() == bytes);
}
