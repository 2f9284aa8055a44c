//! The folders that a bench grants to its components.

use std::path::PathBuf;
use std::sync::Arc;

use timeslip_runtime::files::{FileGrant, Folder};

use super::resolve::Reader;
use crate::exit::Failure;

/// A folder that is granted to some component.
pub(crate) struct GrantedFolder {
    /// The path in the bench by which it was granted first.
    pub(crate) named: String,
    /// Where it is; nowhere for a folder inside the program.
    pub(crate) on_disk: Option<PathBuf>,
    /// What it held when it was read.
    pub(crate) folder: Arc<Folder>,
    /// Whether some component may write there.
    pub(crate) is_written: bool,
}

/// The folders that a bench grants. Each is read once, so that components which are granted the same
/// one share what a session writes there.
#[derive(Default)]
pub(super) struct GrantedFolders {
    pub(super) folders: Vec<GrantedFolder>,
}

impl GrantedFolders {
    /// The grant of `files` and `write`.
    pub(super) fn grant(
        &mut self,
        reader: &Reader<'_>,
        files: Option<&str>,
        write: bool,
    ) -> Result<FileGrant, Failure> {
        let Some(path) = files else {
            return match write {
                false => Ok(FileGrant::default()),
                true => Err(reader.wrong(
                    "write",
                    "`write` says that granted files may be written, and there are none\n  fix: add \
                     `files = \"FOLDER\"` beside it, or take it out",
                )),
            };
        };
        let wrong = |problem| Failure::usage(format!("{}: {problem}", reader.text.place_of(path)));
        let on_disk = reader.folder.on_disk(path);
        let on_disk = on_disk.map(|place| place.canonicalize().unwrap_or(place));
        let known = self.folders.iter_mut().find(|one| match &on_disk {
            Some(place) => one.on_disk.as_ref() == Some(place),
            None => one.named == path,
        });
        if let Some(known) = known {
            known.is_written |= write;
            return Ok(FileGrant::new(known.folder.clone(), write));
        }
        let folder = Arc::new(reader.folder.grant(path).map_err(wrong)?);
        let grant = FileGrant::new(folder.clone(), write);
        self.folders.push(GrantedFolder {
            named: path.to_owned(),
            on_disk,
            folder,
            is_written: write,
        });
        Ok(grant)
    }

    /// Refuses a folder that is written and lies in another one that is granted: what is written in
    /// the one would not be seen in the other.
    pub(super) fn check_apart(&self, reader: &Reader<'_>) -> Result<(), Failure> {
        for inner in &self.folders {
            for outer in &self.folders {
                let inside = match (&inner.on_disk, &outer.on_disk) {
                    (Some(inner), Some(outer)) => inner != outer && inner.starts_with(outer),
                    _ => false,
                };
                if inside && (inner.is_written || outer.is_written) {
                    return Err(Failure::usage(format!(
                        "{}: the granted folder {} lies in {}, which is granted too, and what is \
                         written in one would not be seen in the other\n  fix: grant one of them to \
                         all, or take `write = true` out",
                        reader.text.place_of(&inner.named),
                        reader.folder.shown(&inner.named),
                        reader.folder.shown(&outer.named)
                    )));
                }
            }
        }
        Ok(())
    }
}
