//! Files of a session: granted folders as they were read before the run, and what the session
//! writes over them.
//!
//! A session's components that were granted one folder share one tree of it, so that one
//! sees what the other wrote; no other session does, and nothing reaches the disk by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use timeslip_timeline::time::Instant;

mod calls;
pub(crate) mod path;
pub(crate) mod tree;

use tree::{Entry, FileId, Tree, TreeProblem};

/// A folder as it was read before the run, the same for every session.
#[derive(Debug, Default)]
pub struct Folder {
    contents: Vec<Arc<[u8]>>,
    entries: Arc<BTreeMap<String, Entry>>,
}

impl Folder {
    /// A folder of files, their contents by path, with `/` between a path's parts. Paths are
    /// relative and have no empty part, `.` or `..`.
    pub fn new(files: BTreeMap<String, Arc<[u8]>>) -> Folder {
        let mut entries = BTreeMap::new();
        let mut contents = Vec::with_capacity(files.len());
        for (path, bytes) in files {
            for (end, _) in path.match_indices('/') {
                entries.insert(path[..end].to_owned(), Entry::Folder);
            }
            entries.insert(path, Entry::File(FileId(contents.len() as u64)));
            contents.push(bytes);
        }
        Folder { contents, entries: Arc::new(entries) }
    }

    /// The files by path, in its order.
    pub fn files(&self) -> impl Iterator<Item = (&str, &Arc<[u8]>)> {
        self.entries.iter().filter_map(|(path, entry)| match entry {
            Entry::File(id) => Some((path.as_str(), &self.contents[id.0 as usize])),
            Entry::Folder => None,
        })
    }
}

/// The files granted to a component; none by default.
#[derive(Clone, Debug, Default)]
pub struct FileGrant {
    folder: Option<Arc<Folder>>,
    write: bool,
}

impl FileGrant {
    /// A folder, to be read, and also to be written if `write` says so. Components that are granted
    /// the same `Arc` share what a session writes there.
    pub fn new(folder: Arc<Folder>, write: bool) -> FileGrant {
        FileGrant { folder: Some(folder), write }
    }

    /// The granted folder, if there is one.
    pub fn folder(&self) -> Option<&Arc<Folder>> {
        self.folder.as_ref()
    }

    /// Whether the component may write.
    pub fn may_write(&self) -> bool {
        self.write
    }
}

/// The granted folders of one session, made as its components are.
#[derive(Clone, Debug, Default)]
pub struct SessionFiles {
    trees: Vec<Arc<Mutex<Tree>>>,
}

/// What a session made of a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FolderChanges {
    /// New and changed files, with their contents.
    pub written: BTreeMap<String, Arc<[u8]>>,
    /// Files that are gone.
    pub removed: BTreeSet<String>,
    /// Folders that are new.
    pub folders_made: BTreeSet<String>,
    /// Folders that are gone.
    pub folders_removed: BTreeSet<String>,
}

impl FolderChanges {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == FolderChanges::default()
    }
}

impl SessionFiles {
    /// A component's way to its granted folder. A session's first component decides how many bytes
    /// may be written there.
    pub(crate) fn view(&mut self, grant: &FileGrant, written_bytes_max: u64) -> Option<FileView> {
        let folder = grant.folder.as_ref()?;
        let known = self.trees.iter().find(|tree| lock(tree).is_of(folder));
        let tree = match known {
            Some(tree) => tree.clone(),
            None => {
                let tree = Arc::new(Mutex::new(Tree::new(folder.clone(), written_bytes_max)));
                self.trees.push(tree.clone());
                tree
            }
        };
        Some(FileView { tree, write: grant.write })
    }

    /// What the session made of a folder.
    pub fn changes(&self, folder: &Arc<Folder>) -> FolderChanges {
        let tree = self.trees.iter().find(|tree| lock(tree).is_of(folder));
        tree.map(|tree| lock(tree).changes()).unwrap_or_default()
    }
}

fn lock(tree: &Mutex<Tree>) -> MutexGuard<'_, Tree> {
    tree.lock().expect("no guest panics while it holds its files")
}

/// A component's way to its granted folder in one session.
#[derive(Clone, Debug)]
pub(crate) struct FileView {
    tree: Arc<Mutex<Tree>>,
    /// Whether it may write.
    pub(crate) write: bool,
}

impl FileView {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Tree> {
        lock(&self.tree)
    }

    /// Opens a file, which stays readable while it is open, whatever becomes of its path.
    pub(crate) fn open(&self, id: FileId) -> OpenFile {
        self.lock().opened(id);
        OpenFile { view: self.clone(), id }
    }

    /// Whether both lead to the same folder.
    pub(crate) fn is_same(&self, other: &FileView) -> bool {
        Arc::ptr_eq(&self.tree, &other.tree)
    }
}

/// A file that is kept until this is dropped.
#[derive(Debug)]
pub(crate) struct OpenFile {
    pub(crate) view: FileView,
    pub(crate) id: FileId,
}

impl OpenFile {
    pub(crate) fn length(&self) -> u64 {
        self.view.lock().length(self.id)
    }

    pub(crate) fn read(&self, offset: u64, length: usize) -> Vec<u8> {
        self.view.lock().read(self.id, offset, length)
    }

    pub(crate) fn write(&self, offset: u64, bytes: &[u8], now: Instant) -> Result<(), TreeProblem> {
        self.view.lock().write(self.id, offset, bytes, now)
    }
}

impl Clone for OpenFile {
    fn clone(&self) -> OpenFile {
        self.view.open(self.id)
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        self.view.lock().closed(self.id);
    }
}
