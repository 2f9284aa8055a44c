//! A history: recording runs, and asking for figures over commits.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, Row, Transaction, TransactionBehavior, params};
use timeslip_gate::verdict::Unit;

use crate::entry::Entry;
use crate::error::HistoryError;
use crate::opening::{check, for_reading, for_writing, meaning, patiently};
use crate::series::{BenchHistory, BenchName, Point, Series};

/// A history's file, open.
#[derive(Debug)]
pub struct History {
    db: Connection,
    file: PathBuf,
}

/// What recording did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// The entry is new.
    New,
    /// The same bench, on the same machines, at the same commit, with the same slip, is there
    /// already; nothing was written.
    Known,
}

impl History {
    /// Opens the history in a file to record in it, and makes it where there is no file, or an
    /// empty one. The folder must be there.
    ///
    /// # Errors
    /// When the file is something else, is damaged, comes from a newer timeslip or may not be
    /// written; it is then left as it is.
    pub fn open(file: &Path) -> Result<History, HistoryError> {
        Ok(History { db: for_writing(file)?, file: file.to_owned() })
    }

    /// Opens the history in a file to read it. Writes nothing, unless a writer was stopped midway:
    /// what that one left is rolled back first.
    ///
    /// # Errors
    /// When there is none, and as for [`History::open`].
    pub fn open_for_reading(file: &Path) -> Result<History, HistoryError> {
        Ok(History { db: for_reading(file)?, file: file.to_owned() })
    }

    /// Records a run. When this returns, the entry is on the disk and stays there, whatever becomes
    /// of this process. Recording the same run again changes nothing.
    ///
    /// # Errors
    /// When the entry has a figure that is no number, a figure twice or an instant of another form,
    /// and when the file cannot be written; nothing of the entry is then there.
    pub fn record(&mut self, entry: &Entry) -> Result<Recorded, HistoryError> {
        if let Some(reason) = entry.fault() {
            return Err(HistoryError::BadEntry { file: self.file.display().to_string(), reason });
        }
        let History { db, file } = self;
        patiently(|| {
            // The lock is taken at once: one that reads first could find itself behind another
            // writer, and would have to begin again.
            db.transaction_with_behavior(TransactionBehavior::Immediate)
                .and_then(|writing| {
                    let recorded = insert(&writing, entry)?;
                    writing.commit()?;
                    Ok(recorded)
                })
                .map_err(meaning(file))
        })
    }

    /// The benches, by name and then by machines.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn benches(&self) -> Result<Vec<BenchName>, HistoryError> {
        let sql = "SELECT bench, machines, count(*) FROM entry
                   GROUP BY bench, machines ORDER BY bench, machines";
        self.ask(sql, &[], |row| {
            let entries: i64 = row.get(2)?;
            Ok(BenchName { bench: row.get(0)?, on: row.get(1)?, entries: entries as u64 })
        })
    }

    /// The names of a bench's figures, in the order in which they are shown.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn metrics_of(&self, bench: &str) -> Result<Vec<String>, HistoryError> {
        let sql = "SELECT name FROM metric JOIN entry ON entry.id = metric.entry
                   WHERE bench = ?1 GROUP BY name ORDER BY min(position), name";
        self.ask(sql, &[bench], |row| row.get(0))
    }

    /// A figure of a bench over commits: by the commit's time, or that of recording where a commit
    /// has none, then by that of recording, then as they were recorded.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn series(&self, bench: &str, on: &str, metric: &str) -> Result<Vec<Point>, HistoryError> {
        let sql = "SELECT commit_id, branch, commit_time, recorded_at, slip_digest, bench_digest,
                          timeslip, unit, value
                   FROM entry JOIN metric ON metric.entry = entry.id
                   WHERE bench = ?1 AND machines = ?2 AND name = ?3
                   ORDER BY ifnull(commit_time, recorded_at), recorded_at, id";
        self.ask(sql, &[bench, on, metric], point)
    }

    /// All figures of a bench over commits, as [`History::series`] gives each.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn of_bench(&self, bench: &str, on: &str) -> Result<BenchHistory, HistoryError> {
        // One transaction, so that all figures know of the same entries.
        let _reading = self.db.unchecked_transaction().map_err(meaning(&self.file))?;
        let mut series = Vec::new();
        for metric in self.metrics_of(bench)? {
            let points = self.series(bench, on, &metric)?;
            if let Some(last) = points.last() {
                series.push(Series { unit: last.unit, metric, points });
            }
        }
        Ok(BenchHistory { bench: bench.to_owned(), on: on.to_owned(), series })
    }

    /// Holds every page and index of the file against each other, as SQLite's `integrity_check`.
    /// Opening has done the most of it; this is for those who doubt their disk.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn check(&self) -> Result<(), HistoryError> {
        check(&self.db, &self.file, "integrity_check")
    }

    fn ask<T>(
        &self,
        sql: &str,
        with: &[&str],
        take: impl Fn(&Row) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, HistoryError> {
        patiently(|| {
            let ask = || {
                let mut asked = self.db.prepare(sql)?;
                let rows = asked.query_map(rusqlite::params_from_iter(with), &take)?;
                rows.collect::<Result<Vec<T>, _>>()
            };
            ask().map_err(meaning(&self.file))
        })
    }
}

fn insert(writing: &Transaction, entry: &Entry) -> rusqlite::Result<Recorded> {
    let inserted = writing.execute(
        "INSERT INTO entry (recorded_at, commit_id, branch, commit_time, bench, machines,
                            slip_digest, bench_digest, timeslip)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
        params![
            entry.recorded_at,
            entry.commit,
            entry.branch,
            entry.commit_time,
            entry.bench,
            entry.on,
            entry.slip_digest,
            entry.bench_digest,
            entry.timeslip,
        ],
    )?;
    if inserted == 0 {
        return Ok(Recorded::Known);
    }
    let id = writing.last_insert_rowid();
    let mut metric = writing.prepare(
        "INSERT INTO metric (entry, position, name, unit, value) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for (position, (name, unit, value)) in entry.metrics.iter().enumerate() {
        metric.execute(params![id, position as i64, name, unit_word(*unit), value])?;
    }
    Ok(Recorded::New)
}

fn point(row: &Row) -> rusqlite::Result<Point> {
    let unit: String = row.get(7)?;
    let unit = serde_json::from_value(serde_json::Value::String(unit)).map_err(|error| {
        let text = rusqlite::types::Type::Text;
        rusqlite::Error::FromSqlConversionFailure(7, text, Box::new(error))
    })?;
    Ok(Point {
        commit: row.get(0)?,
        branch: row.get(1)?,
        commit_time: row.get(2)?,
        recorded_at: row.get(3)?,
        slip_digest: row.get(4)?,
        bench_digest: row.get(5)?,
        timeslip: row.get(6)?,
        unit,
        value: row.get(8)?,
    })
}

/// The word for a unit, as a verdict has it.
fn unit_word(unit: Unit) -> String {
    match serde_json::to_value(unit) {
        Ok(serde_json::Value::String(word)) => word,
        other => unreachable!("a unit is written as one word, not as {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::{commit, entry};

    fn history() -> (tempfile::TempDir, History) {
        let folder = tempfile::tempdir().unwrap();
        let history = History::open(&folder.path().join("history.db")).unwrap();
        (folder, history)
    }

    fn values(history: &History, metric: &str) -> Vec<f64> {
        let points = history.series("airline", "rack", metric).unwrap();
        points.iter().map(|point| point.value).collect()
    }

    #[test]
    fn what_was_recorded_is_read_back() {
        let (_folder, mut history) = history();
        let entry = entry(3, 1.2e9);
        assert_eq!(history.record(&entry).unwrap(), Recorded::New);
        assert_eq!(history.metrics_of("airline").unwrap(), ["session_e2e.p50", "cost"]);
        let points = history.series("airline", "rack", "session_e2e.p50").unwrap();
        let point = &points[0];
        assert_eq!(points.len(), 1);
        assert_eq!((point.unit, point.value), (Unit::Nanoseconds, 1.2e9));
        assert_eq!((&point.commit, &point.branch), (&entry.commit, &entry.branch));
        assert_eq!(point.commit_time, entry.commit_time);
        assert_eq!(point.recorded_at, entry.recorded_at);
        assert_eq!(point.slip_digest, entry.slip_digest);
        assert_eq!(point.bench_digest, entry.bench_digest);
        assert_eq!(point.timeslip, entry.timeslip);
        history.check().unwrap();
    }

    #[test]
    fn recording_a_run_twice_makes_one_entry() {
        let (_folder, mut history) = history();
        for commit in [Some(commit(1)), None] {
            let entry = Entry { commit, ..entry(1, 1.0) };
            assert_eq!(history.record(&entry).unwrap(), Recorded::New);
            let later = Entry { recorded_at: "2030-01-01T00:00:00Z".to_owned(), ..entry.clone() };
            assert_eq!(history.record(&later).unwrap(), Recorded::Known);
            let other = Entry { slip_digest: "sha256:other".to_owned(), ..entry };
            assert_eq!(history.record(&other).unwrap(), Recorded::New);
        }
        assert_eq!(history.benches().unwrap()[0].entries, 4);
    }

    #[test]
    fn points_stand_in_the_order_of_commits() {
        let (_folder, mut history) = history();
        let order = [2, 0, 1];
        for index in order {
            history.record(&entry(index, index as f64)).unwrap();
        }
        // Without a commit's time, that of recording counts; at one time, the order of recording.
        let apart = |digest: &str, value| Entry {
            commit_time: None,
            slip_digest: digest.to_owned(),
            ..entry(1, value)
        };
        history.record(&apart("sha256:b", 20.0)).unwrap();
        history.record(&apart("sha256:a", 10.0)).unwrap();
        assert_eq!(values(&history, "session_e2e.p50"), [0.0, 1.0, 2.0, 20.0, 10.0]);
    }

    #[test]
    fn benches_and_machines_stand_apart() {
        let (_folder, mut history) = history();
        history.record(&entry(0, 1.0)).unwrap();
        history.record(&Entry { on: "other".to_owned(), ..entry(0, 2.0) }).unwrap();
        history.record(&Entry { bench: "zoo".to_owned(), ..entry(0, 3.0) }).unwrap();
        let benches = history.benches().unwrap();
        let names: Vec<String> = benches.iter().map(|b| format!("{} {}", b.bench, b.on)).collect();
        assert_eq!(names, ["airline other", "airline rack", "zoo rack"]);
        assert_eq!(values(&history, "session_e2e.p50"), [1.0]);
        let all = history.of_bench("airline", "other").unwrap();
        assert_eq!(all.series.len(), 2);
        assert_eq!(all.series[0].points[0].value, 2.0);
        assert!(history.of_bench("none", "other").unwrap().series.is_empty());
    }

    #[test]
    fn a_faulty_entry_is_refused_and_nothing_of_it_is_kept() {
        let (_folder, mut history) = history();
        let error = history.record(&entry(0, f64::INFINITY)).unwrap_err();
        assert!(error.to_string().contains("leave out what is unknown"), "{error}");
        assert!(history.benches().unwrap().is_empty());
    }

    #[test]
    fn a_history_for_reading_is_not_written() {
        let (folder, mut history) = history();
        history.record(&entry(0, 1.0)).unwrap();
        let file = folder.path().join("history.db");
        let before = std::fs::read(&file).unwrap();
        let mut reader = History::open_for_reading(&file).unwrap();
        assert_eq!(values(&reader, "session_e2e.p50"), [1.0]);
        let error = reader.record(&entry(1, 1.0)).unwrap_err();
        assert!(matches!(error, HistoryError::NotWritable { .. }), "{error}");
        assert_eq!(std::fs::read(&file).unwrap(), before);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
