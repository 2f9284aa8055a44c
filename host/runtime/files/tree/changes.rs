//! What a session made of a folder.

use super::{Entry, Tree};
use crate::files::FolderChanges;

impl Tree {
    /// What differs from the folder as it was granted.
    pub(in crate::files) fn changes(&self) -> FolderChanges {
        let granted = &self.folder.entries;
        let mut changes = FolderChanges::default();
        for (path, entry) in self.entries.iter() {
            let before = granted.get(path);
            match entry {
                Entry::File(id) => {
                    let bytes = self.bytes(*id);
                    let same = matches!(before, Some(Entry::File(before))
                        if *self.folder.contents[before.0 as usize] == *bytes);
                    if !same {
                        changes.written.insert(path.clone(), bytes.into());
                    }
                }
                Entry::Folder if before != Some(&Entry::Folder) => {
                    changes.folders_made.insert(path.clone());
                }
                Entry::Folder => {}
            }
        }
        for (path, before) in granted.iter() {
            match (before, self.entries.get(path)) {
                (Entry::File(_), Some(Entry::File(_))) | (Entry::Folder, Some(Entry::Folder)) => {}
                (Entry::File(_), _) => drop(changes.removed.insert(path.clone())),
                (Entry::Folder, _) => drop(changes.folders_removed.insert(path.clone())),
            }
        }
        changes
    }
}
