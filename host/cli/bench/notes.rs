//! What a bench leads to, noted while it is read, so that it can be carried to where nothing of it is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use super::files::tidy;

/// What is noted of a bench. Clones note in the same place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes(Arc<Mutex<Noted>>);

/// What was noted of a bench.
#[derive(Debug, Default)]
pub(crate) struct Noted {
    /// Every file that was read, by its absolute path.
    pub(crate) files: BTreeMap<PathBuf, Vec<u8>>,
    /// Why it would not be the same bench elsewhere.
    pub(crate) problems: Vec<String>,
}

impl Notes {
    /// Notes a file.
    pub(super) fn file(&self, path: &Path, bytes: &[u8]) {
        match std::path::absolute(path) {
            Ok(path) => _ = self.noted().files.insert(tidy(&path), bytes.to_vec()),
            Err(error) => self.problem(format!("cannot find {}: {error}", path.display())),
        }
    }

    /// Notes why the bench would not be the same elsewhere.
    pub(super) fn problem(&self, problem: String) {
        self.noted().problems.push(problem);
    }

    /// All that was noted.
    pub(crate) fn take(&self) -> Noted {
        std::mem::take(&mut *self.noted())
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().expect("no holder panics")
    }
}
