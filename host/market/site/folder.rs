//! A site's folder: made anew beside the one before, of which it takes over what did not change.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{MarketError, Result};
use crate::files::{FileLock, cannot, make_folder, read_if_there};
use crate::steps;

/// The file that says that a folder is a site, and which files are of it.
const LIST_FILE: &str = "site.json";

/// What that file is.
const SCHEMA: &str = "timeslip.site/1";

const LIST_BYTES_MAX: u64 = 256 << 20;

/// The files of a site.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct List {
    schema: String,
    files: BTreeSet<String>,
}

/// A site that is being written.
pub(super) struct SiteFolder {
    place: PathBuf,
    /// Where the new one grows.
    beside: PathBuf,
    /// Where the one before goes while the new one takes its place.
    aside: PathBuf,
    files: BTreeSet<String>,
    /// The files of the one before.
    before: BTreeSet<String>,
    folders: BTreeSet<PathBuf>,
    changed: usize,
    _lock: FileLock,
}

impl SiteFolder {
    /// Begins a site that is to be at `place`, where there is nothing, an empty folder or a site.
    ///
    /// # Errors
    /// When something else is there, or a disk fails.
    pub(super) fn begin(place: &Path) -> Result<SiteFolder> {
        let place = std::path::absolute(place).map_err(|error| cannot("find", place, &error))?;
        // A link stays a link to where the site is.
        let place = fs::canonicalize(&place).unwrap_or(place);
        let (Some(around), Some(name)) = (place.parent(), place.file_name()) else {
            return Err(MarketError::refused(format!(
                "{} cannot be replaced; name a folder in it",
                place.display()
            )));
        };
        let name = name.to_string_lossy();
        let hidden = |ending: &str| around.join(format!(".{name}.{ending}"));
        let (beside, aside) = (hidden("part"), hidden("old"));
        let lock = FileLock::take(&hidden("lock"))?;
        if aside.exists() && !place.exists() {
            // Whoever was ended between two renames left the site there.
            fs::rename(&aside, &place).map_err(|error| cannot("bring back", &place, &error))?;
        }
        let before = files_of_site(&place)?;
        for leftover in [&beside, &aside] {
            remove_folder(leftover)?;
        }
        make_folder(&beside)?;
        let (files, folders) = (BTreeSet::new(), BTreeSet::new());
        Ok(SiteFolder { place, beside, aside, files, before, folders, changed: 0, _lock: lock })
    }

    /// Puts a file into the site.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn put(&mut self, path: &str, bytes: &[u8]) -> Result<()> {
        let (new, old) = (self.beside.join(path), self.place.join(path));
        let folder = new.parent().unwrap_or(&self.beside).to_owned();
        if !self.folders.contains(&folder) {
            make_folder(&folder)?;
            self.folders.insert(folder);
        }
        self.files.insert(path.to_owned());
        steps::step();
        if self.before.contains(path) && is_same(&old, bytes) {
            // The same file in both, with its own time, where the disk has links.
            if fs::hard_link(&old, &new).is_ok() {
                return Ok(());
            }
        } else {
            self.changed += 1;
        }
        fs::write(&new, bytes).map_err(|error| cannot("write", &new, &error))
    }

    /// Puts the site in its place. How many files it has, how many of them are new or have changed,
    /// and how many are gone.
    ///
    /// # Errors
    /// When a disk fails; the site before is then where it was.
    pub(super) fn finish(mut self) -> Result<(usize, usize, usize)> {
        let removed = self.before.difference(&self.files).filter(|file| *file != LIST_FILE).count();
        let list = List { schema: SCHEMA.to_owned(), files: std::mem::take(&mut self.files) };
        let mut json = serde_json::to_string_pretty(&list).expect("names can be written");
        json.push('\n');
        self.put(LIST_FILE, json.as_bytes())?;
        let renamed = |from: &Path, to: &Path| {
            steps::step();
            fs::rename(from, to).map_err(|error| cannot("write", to, &error))
        };
        let is_there = self.place.exists();
        if is_there {
            renamed(&self.place, &self.aside)?;
        }
        if let Err(error) = renamed(&self.beside, &self.place) {
            if is_there {
                let _ = fs::rename(&self.aside, &self.place);
            }
            return Err(error);
        }
        steps::step();
        remove_folder(&self.aside)?;
        Ok((list.files.len() + 1, self.changed, removed))
    }
}

impl Drop for SiteFolder {
    fn drop(&mut self) {
        // Nothing is there any more where the site was finished.
        let _ = fs::remove_dir_all(&self.beside);
    }
}

/// The files of the site in a folder, its list among them; none where there is no site yet.
///
/// # Errors
/// When the folder holds something else.
pub(super) fn files_of_site(folder: &Path) -> Result<BTreeSet<String>> {
    let refused = |problem: String| {
        Err(MarketError::refused(format!(
            "{}: {problem}; name a folder that is not there yet, is empty, or holds a site alone",
            folder.display()
        )))
    };
    if !folder.exists() {
        return Ok(BTreeSet::new());
    }
    if !folder.is_dir() {
        return refused("it is no folder".to_owned());
    }
    let found = files_below(folder)?;
    if found.is_empty() {
        return Ok(found);
    }
    let list = read_if_there(&folder.join(LIST_FILE), LIST_BYTES_MAX)?;
    let list: Option<List> = list.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let Some(mut list) = list.filter(|list| list.schema == SCHEMA) else {
        return refused("it is not empty, and holds no site".to_owned());
    };
    list.files.insert(LIST_FILE.to_owned());
    match found.difference(&list.files).next() {
        Some(stranger) => refused(format!("`{stranger}` in it is not of the site, and would go")),
        None => Ok(list.files),
    }
}

/// All that is below a folder but folders, as paths with `/`.
fn files_below(folder: &Path) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let mut left = vec![(folder.to_owned(), String::new())];
    while let Some((folder, before)) = left.pop() {
        let failed = |error| cannot("read", &folder, &error);
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = format!("{before}{}", entry.file_name().to_string_lossy());
            // A link to a folder is no folder of the site.
            match entry.file_type().map_err(failed)?.is_dir() {
                true => left.push((entry.path(), format!("{path}/"))),
                false => {
                    found.insert(path);
                }
            }
        }
    }
    Ok(found)
}

fn is_same(path: &Path, bytes: &[u8]) -> bool {
    let is_long =
        |metadata: fs::Metadata| metadata.is_file() && metadata.len() == bytes.len() as u64;
    fs::symlink_metadata(path).is_ok_and(is_long)
        && fs::read(path).is_ok_and(|before| before == bytes)
}

fn remove_folder(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(cannot("remove", folder, &error))
        }
        _ => Ok(()),
    }
}
