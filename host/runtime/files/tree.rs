//! One folder in one session: what was granted, with what the session wrote over it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use timeslip_timeline::time::Instant;

use super::Folder;
use super::path::{join, parent};

mod changes;

/// Names a file of a tree, whatever its path: first those that were granted, then new ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileId(pub(crate) u64);

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Folder,
    File(FileId),
}

/// Why something cannot be done to a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TreeProblem {
    NotFound,
    Exists,
    NotAFolder,
    IsAFolder,
    NotEmpty,
    /// A folder cannot be moved into itself, nor the root of all be moved or removed.
    Invalid,
    /// No more may be written.
    Full,
}

type Done<T> = Result<T, TreeProblem>;

/// What every file and folder that a session makes counts beside its bytes, so that empty ones are
/// not free.
const ENTRY_BYTES: u64 = 256;

/// One folder in one session.
#[derive(Debug)]
pub(crate) struct Tree {
    folder: Arc<Folder>,
    /// The folder's own until the session changes it.
    entries: Arc<BTreeMap<String, Entry>>,
    /// Files that the session made or changed.
    written: BTreeMap<FileId, Written>,
    open: BTreeMap<FileId, u32>,
    /// Files that are open and stand at no path any more.
    lost: BTreeSet<FileId>,
    next_file: u64,
    /// New folders, less those that were removed.
    folders_made: u64,
    written_bytes: u64,
    written_bytes_max: u64,
}

#[derive(Debug, Default)]
struct Written {
    bytes: Vec<u8>,
    modified: Instant,
}

impl Tree {
    pub(super) fn new(folder: Arc<Folder>, written_bytes_max: u64) -> Tree {
        Tree {
            entries: folder.entries.clone(),
            next_file: folder.contents.len() as u64,
            folder,
            written: BTreeMap::new(),
            folders_made: 0,
            open: BTreeMap::new(),
            lost: BTreeSet::new(),
            written_bytes: 0,
            written_bytes_max,
        }
    }

    pub(super) fn is_of(&self, folder: &Arc<Folder>) -> bool {
        Arc::ptr_eq(&self.folder, folder)
    }

    /// What stands at a path; the empty one is the folder itself.
    pub(crate) fn at(&self, path: &str) -> Done<Entry> {
        if path.is_empty() {
            return Ok(Entry::Folder);
        }
        match self.entries.get(path) {
            Some(entry) => Ok(*entry),
            None => Err(self.missing(path)),
        }
    }

    /// Why nothing stands at a path: a file is in the way, or it is just not there.
    fn missing(&self, path: &str) -> TreeProblem {
        let mut above = parent(path);
        while !above.is_empty() {
            match self.entries.get(above) {
                Some(Entry::File(_)) => return TreeProblem::NotAFolder,
                Some(Entry::Folder) => return TreeProblem::NotFound,
                None => above = parent(above),
            }
        }
        TreeProblem::NotFound
    }

    pub(crate) fn file(&self, path: &str) -> Done<FileId> {
        match self.at(path)? {
            Entry::File(id) => Ok(id),
            Entry::Folder => Err(TreeProblem::IsAFolder),
        }
    }

    fn folder(&self, path: &str) -> Done<()> {
        match self.at(path)? {
            Entry::Folder => Ok(()),
            Entry::File(_) => Err(TreeProblem::NotAFolder),
        }
    }

    /// What lies in a folder, by name.
    pub(crate) fn children(&self, path: &str) -> Vec<(String, Entry)> {
        let prefix = join(path, "x");
        let prefix = &prefix[..prefix.len() - 1];
        let below = self.below(prefix);
        below
            .filter_map(|(path, entry)| {
                let name = &path[prefix.len()..];
                (!name.contains('/')).then(|| (name.to_owned(), *entry))
            })
            .collect()
    }

    /// Everything whose path begins so.
    fn below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a String, &'a Entry)> {
        let from = self
            .entries
            .range::<str, _>((std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded));
        from.take_while(move |(path, _)| path.starts_with(prefix))
    }

    /// The files whose path begins so, with their lengths.
    pub(crate) fn files_below(&self, prefix: &str) -> Vec<(String, u64)> {
        let files = self.below(prefix).filter_map(|(path, entry)| match entry {
            Entry::File(id) => Some((path.clone(), self.length(*id))),
            Entry::Folder => None,
        });
        files.collect()
    }

    /// All paths, for a hint at the nearest.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    pub(crate) fn bytes(&self, id: FileId) -> &[u8] {
        match self.written.get(&id) {
            Some(written) => &written.bytes,
            None => self.folder.contents.get(id.0 as usize).map_or(&[], |bytes| bytes),
        }
    }

    pub(crate) fn length(&self, id: FileId) -> u64 {
        self.bytes(id).len() as u64
    }

    /// When the session wrote it; absent for a file that is as it was granted.
    pub(crate) fn modified(&self, id: FileId) -> Option<Instant> {
        self.written.get(&id).map(|written| written.modified)
    }

    pub(crate) fn read(&self, id: FileId, offset: u64, length: usize) -> Vec<u8> {
        let bytes = self.bytes(id);
        let begin = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let end = begin.saturating_add(length).min(bytes.len());
        bytes[begin..end].to_vec()
    }

    /// Writes bytes at an offset; a gap before it is filled with zeros.
    pub(crate) fn write(
        &mut self,
        id: FileId,
        offset: u64,
        bytes: &[u8],
        now: Instant,
    ) -> Done<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let end = offset.checked_add(bytes.len() as u64).ok_or(TreeProblem::Full)?;
        let length = self.length(id).max(end);
        let written = self.change(id, length, now)?;
        let begin = offset as usize;
        written.bytes[begin..begin + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    /// Cuts a file off, or fills it up with zeros.
    pub(crate) fn resize(&mut self, id: FileId, length: u64, now: Instant) -> Done<()> {
        self.change(id, length, now).map(|_| ())
    }

    /// Puts bytes in the place of a file's own.
    pub(crate) fn replace(&mut self, id: FileId, bytes: Vec<u8>, now: Instant) -> Done<()> {
        let written = self.change(id, bytes.len() as u64, now)?;
        written.bytes = bytes;
        Ok(())
    }

    /// A file of the session's own with this length, which holds what it held before.
    fn change(&mut self, id: FileId, length: u64, now: Instant) -> Done<&mut Written> {
        let before = self.written.get(&id).map_or(0, |written| written.bytes.len() as u64);
        let entry = if self.written.contains_key(&id) { 0 } else { ENTRY_BYTES };
        let all = (self.written_bytes - before).saturating_add(entry).saturating_add(length);
        if all > self.written_bytes_max {
            return Err(TreeProblem::Full);
        }
        let length = usize::try_from(length).map_err(|_| TreeProblem::Full)?;
        if entry > 0 {
            let kept = self.bytes(id);
            let bytes = kept[..kept.len().min(length)].to_vec();
            self.written.insert(id, Written { bytes, modified: now });
        }
        self.written_bytes = all;
        let written = self.written.get_mut(&id).expect("it was put there");
        written.bytes.resize(length, 0);
        written.modified = now;
        Ok(written)
    }

    /// Makes an empty file where nothing stands.
    pub(crate) fn create(&mut self, path: &str, now: Instant) -> Done<FileId> {
        self.check_free(path)?;
        let id = FileId(self.next_file);
        self.change(id, 0, now)?;
        self.next_file += 1;
        self.insert(path, Entry::File(id));
        Ok(id)
    }

    /// Makes a folder where nothing stands.
    pub(crate) fn create_folder(&mut self, path: &str) -> Done<()> {
        self.check_free(path)?;
        let all = self.written_bytes.saturating_add(ENTRY_BYTES);
        if all > self.written_bytes_max {
            return Err(TreeProblem::Full);
        }
        self.written_bytes = all;
        self.folders_made += 1;
        self.insert(path, Entry::Folder);
        Ok(())
    }

    /// The file at a path, made with all folders on the way if it is not there.
    pub(crate) fn file_or_create(&mut self, path: &str, now: Instant) -> Done<FileId> {
        match self.file(path) {
            Err(TreeProblem::NotFound) => {}
            found => return found,
        }
        for (end, _) in path.match_indices('/') {
            if self.at(&path[..end]) == Err(TreeProblem::NotFound) {
                self.create_folder(&path[..end])?;
            }
        }
        self.create(path, now)
    }

    fn check_free(&self, path: &str) -> Done<()> {
        match self.at(path) {
            Ok(_) => Err(TreeProblem::Exists),
            Err(TreeProblem::NotFound) => self.folder(parent(path)),
            Err(problem) => Err(problem),
        }
    }

    fn insert(&mut self, path: &str, entry: Entry) {
        Arc::make_mut(&mut self.entries).insert(path.to_owned(), entry);
    }

    /// Takes a path out, and a file with it that nobody holds open.
    fn remove(&mut self, path: &str) {
        if let Some(Entry::File(id)) = Arc::make_mut(&mut self.entries).remove(path) {
            match self.open.contains_key(&id) {
                true => drop(self.lost.insert(id)),
                false => self.forget(id),
            }
        }
    }

    fn forget(&mut self, id: FileId) {
        if let Some(written) = self.written.remove(&id) {
            self.written_bytes -= written.bytes.len() as u64 + ENTRY_BYTES;
        }
    }

    /// Removes a file.
    pub(crate) fn unlink(&mut self, path: &str) -> Done<()> {
        self.file(path)?;
        self.remove(path);
        Ok(())
    }

    /// Removes an empty folder.
    pub(crate) fn remove_folder(&mut self, path: &str) -> Done<()> {
        self.folder(path)?;
        if path.is_empty() {
            return Err(TreeProblem::Invalid);
        }
        if self.below(&format!("{path}/")).next().is_some() {
            return Err(TreeProblem::NotEmpty);
        }
        self.remove(path);
        self.give_back_folder();
        Ok(())
    }

    /// A folder less is a folder that may be made again.
    fn give_back_folder(&mut self) {
        if self.folders_made > 0 {
            self.folders_made -= 1;
            self.written_bytes -= ENTRY_BYTES;
        }
    }

    /// Moves a file or a folder, in place of a file or an empty folder that stands there.
    pub(crate) fn rename(&mut self, from: &str, to: &str) -> Done<()> {
        let moved = self.at(from)?;
        self.folder(parent(to))?;
        if from == to {
            return Ok(());
        }
        let inside = format!("{from}/");
        if from.is_empty() || to.is_empty() || to.starts_with(&inside) {
            return Err(TreeProblem::Invalid);
        }
        match (moved, self.at(to)) {
            (_, Err(_)) => {}
            (Entry::File(_), Ok(Entry::File(_))) => self.unlink(to)?,
            (Entry::Folder, Ok(Entry::Folder)) => self.remove_folder(to)?,
            (Entry::File(_), Ok(Entry::Folder)) => return Err(TreeProblem::IsAFolder),
            (Entry::Folder, Ok(Entry::File(_))) => return Err(TreeProblem::NotAFolder),
        }
        let below: Vec<(String, Entry)> =
            self.below(&inside).map(|(path, entry)| (path.clone(), *entry)).collect();
        let entries = Arc::make_mut(&mut self.entries);
        entries.remove(from);
        entries.insert(to.to_owned(), moved);
        for (path, entry) in below {
            entries.remove(&path);
            entries.insert(format!("{to}/{}", &path[inside.len()..]), entry);
        }
        Ok(())
    }

    pub(super) fn opened(&mut self, id: FileId) {
        *self.open.entry(id).or_default() += 1;
    }

    pub(super) fn closed(&mut self, id: FileId) {
        let count = self.open.get_mut(&id).expect("what is closed was opened");
        *count -= 1;
        if *count == 0 {
            self.open.remove(&id);
            if self.lost.remove(&id) {
                self.forget(id);
            }
        }
    }
}

#[cfg(test)]
mod tests;
