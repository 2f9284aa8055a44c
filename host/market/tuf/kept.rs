//! The files of a signed catalogue that were verified last, on this computer: what rollbacks are told
//! by (section 5.3 of the specification: each is written to non-volatile storage once it is verified).

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::TARGETS_BYTES_MAX;
use super::metadata::{Files, SNAPSHOT, TARGETS, TIMESTAMP, newest_root, root_version};
use super::verify::first_root;
use crate::digest::Digest;
use crate::error::{MarketError, Result};
use crate::files::{cannot, read_if_there, write_whole};

const FOLDER: &str = "metadata";
const SETTLED: &str = "settled.json";

/// The largest list of submissions.
const SETTLED_BYTES_MAX: u64 = 64 << 20;

/// The files that were verified last.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    copy: PathBuf,
}

impl Kept {
    /// Those of a copy of a catalogue.
    pub(crate) fn of(copy: &Path) -> Kept {
        Kept { copy: copy.to_owned() }
    }

    /// Whether a signed catalogue was ever seen at this place.
    pub(crate) fn is_there(&self) -> Result<bool> {
        Ok(newest_root(&self.read()?).is_some())
    }

    /// The files.
    pub(crate) fn read(&self) -> Result<Files> {
        let folder = self.copy.join(FOLDER);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Files::new()),
            Err(error) => return Err(cannot("read", &folder, &error)),
        };
        let mut files = Files::new();
        for entry in entries {
            let path = entry.map_err(|error| cannot("read", &folder, &error))?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let Some(name) = name.filter(|name| name.ends_with(".json")) else { continue };
            if let Some(bytes) = read_if_there(&path, TARGETS_BYTES_MAX)? {
                files.insert(name.to_owned(), bytes);
            }
        }
        Ok(files)
    }

    /// Keeps files in the place of others. Roots are kept for good, since trust rests on their chain.
    pub(crate) fn write(&self, before: &Files, files: &Files) -> Result<()> {
        let folder = self.copy.join(FOLDER);
        // What leads to other files comes after them, so that a part of it leads to nothing missing.
        let order = |name: &&String| match name.as_str() {
            TARGETS => 1,
            SNAPSHOT => 2,
            TIMESTAMP => 3,
            _ if root_version(name).is_some() => 4,
            _ => 0,
        };
        let mut changed: Vec<&String> =
            files.keys().filter(|name| before.get(*name) != files.get(*name)).collect();
        changed.sort_by_key(order);
        for name in changed {
            write_whole(&folder.join(name), &files[name])?;
        }
        let is_gone = |name: &&String| !files.contains_key(*name) && root_version(name).is_none();
        for name in before.keys().filter(is_gone) {
            let path = folder.join(name);
            fs::remove_file(&path).map_err(|error| cannot("remove", &path, &error))?;
        }
        Ok(())
    }

    /// The tags of submissions that the catalogue is known to have.
    pub(super) fn settled(&self) -> Result<BTreeSet<String>> {
        let bytes = read_if_there(&self.copy.join(SETTLED), SETTLED_BYTES_MAX)?;
        // It saves reading them again, and is nothing that anything rests on.
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default())
    }

    /// Notes the tags of submissions that the catalogue has.
    pub(super) fn write_settled(&self, settled: &BTreeSet<String>) -> Result<()> {
        let bytes = serde_json::to_vec(settled).expect("names can be written");
        write_whole(&self.copy.join(SETTLED), &bytes)
    }
}

/// The refusal of a catalogue, which leaves everything as it was.
pub(crate) fn refused(place: &str, error: MarketError) -> MarketError {
    match error {
        MarketError::Refused(problem) => MarketError::refused(format!(
            "the signed catalogue of {place} is refused: {problem}\n  what was verified last is kept, \
             and nothing of this is used"
        )),
        other => other.of(format!("the signed catalogue of {place}")),
    }
}

/// The root that trust begins with, and the files that newer ones are held against: what was
/// verified last where it goes back to the root that is pinned, else that root or the first one.
pub(crate) fn start(kept: Files, files: &Files, pin: Option<&Digest>) -> Result<(Vec<u8>, Files)> {
    let is_pinned = pin.is_none_or(|pin| kept.values().any(|bytes| Digest::of(bytes) == *pin));
    match newest_root(&kept).map(|(_, root)| root.to_vec()).filter(|_| is_pinned) {
        Some(root) => Ok((root, kept)),
        None => Ok((first_root(files, pin)?.to_vec(), Files::new())),
    }
}
