//! Profiles of folders and files beside those that are built in.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use super::{Catalogue, File, ProfileKind};
use crate::profile::ProfileError;

impl Catalogue {
    /// Adds the files of `folder/{chips,models,software,machines}/*.toml`; one with the name of
    /// a profile that is already here replaces it.
    ///
    /// # Errors
    /// When the folder holds none of the four, or a file cannot be read as text.
    pub fn with_folder(mut self, folder: &Path) -> Result<Catalogue, ProfileError> {
        let mut any = false;
        for kind in ProfileKind::ALL {
            let inner = folder.join(kind.folder());
            if !inner.is_dir() {
                continue;
            }
            any = true;
            for path in toml_files(&inner)? {
                let text =
                    std::fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
                let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                self.insert(kind, name, File::new(path, Cow::Owned(text)));
            }
        }
        match any {
            true => Ok(self),
            false => Err(ProfileError::Unreadable {
                path: folder.to_owned(),
                message: "a folder of profiles has folders `chips`, `models`, `software` or \
                          `machines` in it"
                    .to_owned(),
            }),
        }
    }

    /// Adds one profile; if its name is that of a profile that is already here, it replaces it. The
    /// folder that it stands in says its kind, or else what it holds.
    ///
    /// # Errors
    /// When the file cannot be read as text, or nothing says its kind.
    pub fn with_file(mut self, path: &Path) -> Result<Catalogue, ProfileError> {
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
        let folder = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        let kind = ProfileKind::ALL.into_iter().find(|kind| Some(kind.folder()) == folder);
        let Some(kind) = kind.or_else(|| kind_of(&text)) else {
            return Err(ProfileError::Unreadable {
                path: path.to_owned(),
                message: "nothing says what it is a profile of; put it in a folder `chips`, \
                          `models`, `software` or `machines`"
                    .to_owned(),
            });
        };
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let path = path.to_owned();
        self.insert(kind, name, File::new(path, Cow::Owned(text)));
        Ok(self)
    }
}

/// The kind of profile that has the keys of a text.
fn kind_of(text: &str) -> Option<ProfileKind> {
    let table = DeTable::parse(text).ok()?;
    let has = |keys: &[&str]| keys.iter().any(|key| table.get_ref().contains_key(*key));
    let kinds = [
        (ProfileKind::Machine, ["pools", "host_cpu", "serves", "default_model"].as_slice()),
        (ProfileKind::Model, &["layers", "hidden", "context_tokens"]),
        (ProfileKind::Software, &["on", "host_step_seconds", "kernel_factor", "scheduler"]),
        (ProfileKind::Chip, &["kind", "memory", "power", "price"]),
    ];
    kinds.into_iter().find(|(_, keys)| has(keys)).map(|(kind, _)| kind)
}

fn toml_files(folder: &Path) -> Result<Vec<PathBuf>, ProfileError> {
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            paths.push(path);
        }
    }
    // The order in which a folder is listed differs, and with it which error comes first.
    paths.sort();
    Ok(paths)
}

fn unreadable(path: &Path, error: &std::io::Error) -> ProfileError {
    ProfileError::Unreadable { path: path.to_owned(), message: error.to_string() }
}
