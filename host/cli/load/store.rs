//! The finished points of a sweep in a file, so that one that was cut off goes on.
//!
//! JSON Lines: what the sweep is, then a point a line as they finish. A line counts once its end of
//! line is there; what a killed sweep left half-written is cut off by the next. When all points are
//! there, the file is written anew in the points' order, so its bytes do not depend on what came in
//! between. One process at a time holds the file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::figures::Figures;
use super::grid::About;
use crate::exit::Failure;
use crate::output;

/// The name of the format.
const SCHEMA: &str = "timeslip.sweep/1";

/// What a sweep is: a file of another one is not gone on with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    schema: String,
    timeslip: String,
    /// What is run.
    pub(crate) workload: String,
    /// Over what is run and all points.
    pub(crate) digest: String,
    /// How many points there are.
    pub(crate) points: usize,
}

impl Head {
    /// The head of a sweep.
    pub(crate) fn new(workload: &str, digest: String, points: usize) -> Head {
        Head {
            schema: SCHEMA.to_owned(),
            timeslip: env!("CARGO_PKG_VERSION").to_owned(),
            workload: workload.to_owned(),
            digest,
            points,
        }
    }
}

/// A finished point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Finished {
    /// Its place among the points.
    pub(crate) index: usize,
    /// What it is.
    pub(crate) point: About,
    /// What it came to.
    pub(crate) figures: Figures,
}

/// The file of a sweep.
pub(crate) struct Store {
    path: PathBuf,
    file: File,
}

impl Store {
    /// Opens a sweep's file, new or with the points that an earlier try has finished.
    ///
    /// # Errors
    /// When the file holds something else, is held by another process, or cannot be written.
    pub(crate) fn open(path: &Path, head: &Head) -> Result<(Store, Vec<Finished>), Failure> {
        let shown = path.display();
        let cannot = |error| Failure::run(format!("cannot open {shown}: {error}"));
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(cannot)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::usage(format!(
                    "{shown} is being written by another sweep\n  fix: wait for it, or give another \
                     --output"
                )));
            }
            Err(TryLockError::Error(error)) => return Err(cannot(error)),
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(cannot)?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let finished = read(&text[..whole], path, head)?;
        let mut store = Store { path: path.to_owned(), file };
        store.file.set_len(whole as u64).map_err(cannot)?;
        store.file.seek(SeekFrom::End(0)).map_err(cannot)?;
        if whole == 0 {
            store.append(head)?;
        }
        Ok((store, finished))
    }

    /// Adds a point that is finished.
    ///
    /// # Errors
    /// When the file takes no more, say on a full disk.
    pub(crate) fn add(&mut self, finished: &Finished) -> Result<(), Failure> {
        self.append(finished)
    }

    fn append(&mut self, line: &impl Serialize) -> Result<(), Failure> {
        let mut bytes = serde_json::to_vec(line).expect("a line has only text keys");
        bytes.push(b'\n');
        let written = self.file.write_all(&bytes).and_then(|()| self.file.sync_data());
        written.map_err(|error| {
            Failure::run(format!(
                "cannot write {}: {error}\n  fix: make room, and run the same sweep again: it goes \
                 on from the points that are there",
                self.path.display()
            ))
        })
    }

    /// Writes the file anew, in the points' order.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn close(self, head: &Head, finished: &[Finished]) -> Result<(), Failure> {
        let mut text = serde_json::to_string(head).expect("a head has only text keys");
        text.push('\n');
        for point in finished {
            text += &serde_json::to_string(point).expect("a point has only text keys");
            text.push('\n');
        }
        output::write_file(&self.path, text.as_bytes())
    }
}

fn read(text: &str, path: &Path, head: &Head) -> Result<Vec<Finished>, Failure> {
    let shown = path.display();
    let mut lines = text.lines();
    let Some(first) = lines.next() else {
        return Ok(Vec::new());
    };
    let other = |what: String| {
        Failure::usage(format!("{shown}: {what}\n  fix: give another --output, or remove the file"))
    };
    let before: Head = serde_json::from_str(first)
        .map_err(|_| other("this file is no sweep's, and is left as it is".to_owned()))?;
    if before != *head {
        return Err(other(format!(
            "this file holds another sweep: of {} with {} points, by timeslip {}",
            before.workload, before.points, before.timeslip
        )));
    }
    let mut finished: Vec<Finished> = Vec::new();
    for (number, line) in lines.enumerate() {
        let point: Finished = serde_json::from_str(line)
            .map_err(|error| other(format!("line {} is no point: {error}", number + 2)))?;
        if point.index < head.points && finished.iter().all(|other| other.index != point.index) {
            finished.push(point);
        }
    }
    Ok(finished)
}
