//! Components by their digests, on this computer.

use std::path::{Path, PathBuf};

use crate::component::COMPONENT_BYTES_MAX;
use crate::digest::Digest;
use crate::error::Result;
use crate::files::{FileLock, read_if_there, write_whole};

/// The most bytes that the statements of one manifest have.
const STATEMENTS_BYTES_MAX: u64 = 64 << 20;

/// A folder of components by their digests, `sha256/HEX.wasm`, and of what is said of them,
/// `statements/HEX.json` by the digest of the manifest.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// The store in a folder, which is made when it is first written to.
    pub fn new(folder: PathBuf) -> Store {
        Store { folder }
    }

    /// Where a component is, if it is there.
    pub fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join("sha256").join(format!("{}.wasm", digest.hex()))
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A component, if a whole one is there.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&self, digest: &Digest) -> Result<Option<Vec<u8>>> {
        let bytes = read_if_there(&self.path(digest), COMPONENT_BYTES_MAX)?;
        // A damaged file counts as none, and is fetched anew.
        Ok(bytes.filter(|bytes| Digest::of(bytes) == *digest))
    }

    /// Keeps the statements that are attached to a manifest.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn keep_statements(&self, manifest: &Digest, bundles: &[Vec<u8>]) -> Result<()> {
        let texts: Vec<_> = bundles.iter().map(|bundle| String::from_utf8_lossy(bundle)).collect();
        let json = serde_json::to_vec(&texts).expect("texts can be written");
        write_whole(&self.statements_file(manifest), &json)
    }

    /// The statements that are attached to a manifest, as far as they are here. Their signatures are
    /// held against their keys by whoever reads them, so a damaged file counts as none.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn statements(&self, manifest: &Digest) -> Result<Vec<Vec<u8>>> {
        let bytes = read_if_there(&self.statements_file(manifest), STATEMENTS_BYTES_MAX)?;
        let texts: Option<Vec<String>> =
            bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Ok(texts.unwrap_or_default().into_iter().map(String::into_bytes).collect())
    }

    fn statements_file(&self, manifest: &Digest) -> PathBuf {
        self.folder.join("statements").join(format!("{}.json", manifest.hex()))
    }

    /// Keeps a component.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn insert(&self, bytes: &[u8]) -> Result<Digest> {
        let digest = Digest::of(bytes);
        self.fetch(&digest, || Ok(bytes.to_vec())).map(|_| digest)
    }

    /// A component that is here, or is got and then kept. Who wants the same one meanwhile waits for
    /// it, so that it is got once.
    ///
    /// # Errors
    /// When it cannot be got, is another one, or cannot be written.
    pub fn fetch(&self, digest: &Digest, get: impl FnOnce() -> Result<Vec<u8>>) -> Result<Vec<u8>> {
        if let Some(bytes) = self.read(digest)? {
            return Ok(bytes);
        }
        let locks = self.folder.join("locks");
        let _turn = FileLock::take(&locks.join(digest.hex()))?;
        if let Some(bytes) = self.read(digest)? {
            return Ok(bytes);
        }
        let bytes = get()?;
        digest.check("the component", &bytes)?;
        write_whole(&self.path(digest), &bytes)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn who_wants_the_same_component_at_once_shares_one_download() {
        let place = tempfile::tempdir().unwrap();
        let (digest, gets) = (Digest::of(b"component"), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let store = Store::new(place.path().to_owned());
                    let bytes = store.fetch(&digest, || {
                        gets.fetch_add(1, Ordering::Relaxed);
                        std::thread::sleep(std::time::Duration::from_millis(50));
                        Ok(b"component".to_vec())
                    });
                    assert_eq!(bytes.unwrap(), b"component");
                });
            }
        });
        assert_eq!(gets.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_damaged_file_counts_as_none_and_another_component_is_not_kept() {
        let place = tempfile::tempdir().unwrap();
        let store = Store::new(place.path().to_owned());
        let digest = store.insert(b"component").unwrap();
        std::fs::write(store.path(&digest), b"compo").unwrap();
        assert_eq!(store.read(&digest), Ok(None));
        assert!(store.fetch(&digest, || Ok(b"another".to_vec())).is_err());
        assert_eq!(store.read(&digest), Ok(None));
        assert_eq!(store.fetch(&digest, || Ok(b"component".to_vec())).unwrap(), b"component");
    }
}
