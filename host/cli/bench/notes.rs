//! What a bench leads to, noted while it is read, so that it can be carried to where nothing of it is.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use super::files::absolute;

/// What is noted of a bench. Clones note in the same place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    noted: Arc<Mutex<Noted>>,
    /// The folder that nothing is read outside of.
    fence: Option<PathBuf>,
}

/// What was noted of a bench.
#[derive(Debug, Default)]
pub(crate) struct Noted {
    /// Every file that was read, by its absolute path.
    pub(crate) files: BTreeMap<PathBuf, Vec<u8>>,
    /// Why it would not be the same bench elsewhere.
    pub(crate) problems: Vec<String>,
}

impl Notes {
    /// Notes of a bench that somebody else wrote, and that may read what is in a folder alone.
    ///
    /// # Errors
    /// When the folder cannot be found.
    pub(crate) fn inside(folder: &Path) -> io::Result<Notes> {
        let fence = Some(absolute(folder)?);
        Ok(Notes { noted: Arc::default(), fence })
    }

    /// Refuses a file or a folder outside of the fence, before anything of it is read: it might be one
    /// that never ends, or somebody's own.
    pub(super) fn check_inside(&self, path: &Path) -> io::Result<()> {
        let found = absolute(path)?;
        match self.fence.as_ref().is_none_or(|fence| found.starts_with(fence)) {
            true => Ok(()),
            false => Err(io::Error::other("it leads out of the folder that its bench came in")),
        }
    }

    /// Notes a file.
    pub(super) fn file(&self, path: &Path, bytes: &[u8]) {
        match absolute(path) {
            Ok(path) => _ = self.noted().files.insert(path, bytes.to_vec()),
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
        self.noted.lock().expect("no holder panics")
    }
}
