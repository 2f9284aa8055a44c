//! Suites that were fetched, on this computer.

use std::path::PathBuf;

use super::{PATH_MAX, Suite};
use crate::digest::Digest;
use crate::error::Result;
use crate::files::{FileLock, cannot, read_if_there, write_whole};

/// Suites by their digests, each in a folder of its own.
#[derive(Clone, Debug)]
pub struct SuiteStore {
    folder: PathBuf,
}

impl SuiteStore {
    /// The suites in a folder, which is made when the first one is fetched.
    pub fn new(folder: PathBuf) -> SuiteStore {
        SuiteStore { folder }
    }

    /// The folder of a suite.
    pub fn folder(&self, digest: &Digest) -> PathBuf {
        self.folder.join(digest.hex())
    }

    /// The bench of a suite that is here.
    ///
    /// # Errors
    /// When its files cannot be read.
    pub fn bench(&self, digest: &Digest) -> Result<Option<PathBuf>> {
        let name = read_if_there(&self.name_file(digest), PATH_MAX as u64)?;
        let name = name.and_then(|name| String::from_utf8(name).ok());
        let bench = name.map(|name| self.folder(digest).join(name));
        Ok(bench.filter(|bench| bench.is_file()))
    }

    /// Keeps a suite in the place of whatever is there under its digest. Gives its bench.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn keep(&self, digest: &Digest, suite: &Suite) -> Result<PathBuf> {
        let _turn = FileLock::take(&self.folder.join(format!("{}.lock", digest.hex())))?;
        let folder = self.folder(digest);
        // Somebody may be running the same one, who must not lose it.
        if !suite.is_in(&folder) {
            if folder.exists() {
                let removed = std::fs::remove_dir_all(&folder);
                removed.map_err(|error| cannot("remove", &folder, &error))?;
            }
            suite.write(&folder)?;
        }
        write_whole(&self.name_file(digest), suite.bench().as_bytes())?;
        Ok(folder.join(suite.bench()))
    }

    /// Where the path of a suite's bench is written.
    fn name_file(&self, digest: &Digest) -> PathBuf {
        self.folder.join(format!("{}.bench", digest.hex()))
    }
}
