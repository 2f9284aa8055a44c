//! Open files and folders, and what is known of them.

use timeslip_timeline::time::Instant;

use super::clocks::datetime;
use crate::bindings::wasi::wasi::clocks::wall_clock::Datetime;
use crate::bindings::wasi::wasi::filesystem::types::{
    self, DescriptorFlags, DescriptorStat, DescriptorType, ErrorCode, OpenFlags,
};
use crate::files::path::{self, PathProblem};
use crate::files::tree::{Entry, TreeProblem};
use crate::files::{FileView, OpenFile};

/// An open file or folder.
#[derive(Clone, Debug)]
#[expect(unreachable_pub, reason = "bindgen! re-exports it")]
pub enum Descriptor {
    /// A folder, by its path.
    Folder {
        /// The tree.
        view: FileView,
        /// The folder's path.
        path: String,
        /// Whether what lies in it may be changed.
        may_change: bool,
    },
    /// A file.
    File {
        /// The file.
        file: OpenFile,
        /// What it was opened for.
        flags: DescriptorFlags,
    },
}

/// What a function of `wasi:filesystem` gives.
pub(super) type Filed<T> = Result<T, ErrorCode>;

/// What went wrong in a tree, in WASI's words.
pub(super) fn error_code(problem: TreeProblem) -> ErrorCode {
    match problem {
        TreeProblem::NotFound => ErrorCode::NoEntry,
        TreeProblem::Exists => ErrorCode::Exist,
        TreeProblem::NotAFolder => ErrorCode::NotDirectory,
        TreeProblem::IsAFolder => ErrorCode::IsDirectory,
        TreeProblem::NotEmpty => ErrorCode::NotEmpty,
        TreeProblem::Invalid => ErrorCode::Invalid,
        TreeProblem::Full => ErrorCode::Quota,
    }
}

impl From<PathProblem> for ErrorCode {
    fn from(problem: PathProblem) -> ErrorCode {
        match problem {
            PathProblem::Empty => ErrorCode::NoEntry,
            PathProblem::Outside => ErrorCode::NotPermitted,
            PathProblem::TooLong => ErrorCode::NameTooLong,
            PathProblem::Invalid => ErrorCode::Invalid,
        }
    }
}

impl From<TreeProblem> for ErrorCode {
    fn from(problem: TreeProblem) -> ErrorCode {
        error_code(problem)
    }
}

impl Descriptor {
    /// The folder that paths begin from.
    pub(super) fn folder(&self) -> Filed<(&FileView, &str)> {
        match self {
            Descriptor::Folder { view, path, .. } => Ok((view, path)),
            Descriptor::File { .. } => Err(ErrorCode::NotDirectory),
        }
    }

    /// The folder, if what lies in it may be changed.
    pub(super) fn folder_to_change(&self) -> Filed<(&FileView, &str)> {
        match self {
            Descriptor::Folder { view, .. } if !view.write => Err(ErrorCode::ReadOnly),
            Descriptor::Folder { may_change: false, .. } => Err(ErrorCode::NotPermitted),
            _ => self.folder(),
        }
    }

    /// The file, if it was opened so.
    pub(super) fn file(&self, wanted: DescriptorFlags) -> Filed<&OpenFile> {
        match self {
            Descriptor::Folder { .. } => Err(ErrorCode::IsDirectory),
            Descriptor::File { file, flags } if flags.contains(wanted) => Ok(file),
            Descriptor::File { .. } => Err(ErrorCode::BadDescriptor),
        }
    }

    pub(super) fn stat(&self, clock: Clock) -> DescriptorStat {
        match self {
            Descriptor::Folder { .. } => clock.stat_of_folder(),
            Descriptor::File { file, .. } => {
                let tree = file.view.lock();
                clock.stat_of_file(tree.length(file.id), tree.modified(file.id))
            }
        }
    }

    pub(super) fn hash(&self, at: Option<&str>) -> Filed<types::MetadataHashValue> {
        let (kind, number) = match (self, at) {
            (Descriptor::File { file, .. }, None) => (1, file.id.0),
            (Descriptor::File { .. }, Some(_)) => return Err(ErrorCode::NotDirectory),
            (Descriptor::Folder { view, path, .. }, at) => {
                let path = match at {
                    None => path.clone(),
                    Some(at) => path::resolve(path, at)?.0,
                };
                match view.lock().at(&path)? {
                    Entry::File(id) => (1, id.0),
                    Entry::Folder => (2, xxhash_rust::xxh3::xxh3_64(path.as_bytes())),
                }
            }
        };
        Ok(types::MetadataHashValue { lower: number, upper: kind })
    }
}

/// What a component's clock makes of instants.
#[derive(Clone, Copy)]
pub(super) struct Clock {
    pub(super) began: Instant,
}

impl Clock {
    fn datetime(self, at: Instant) -> Datetime {
        datetime(at.as_nanos().saturating_sub(self.began.as_nanos()))
    }

    pub(super) fn stat_of_folder(self) -> DescriptorStat {
        self.stat(DescriptorType::Directory, 0, self.began)
    }

    pub(super) fn stat_of_file(self, size: u64, modified: Option<Instant>) -> DescriptorStat {
        self.stat(DescriptorType::RegularFile, size, modified.unwrap_or(self.began))
    }

    fn stat(self, kind: DescriptorType, size: u64, at: Instant) -> DescriptorStat {
        let at = Some(self.datetime(at));
        DescriptorStat {
            type_: kind,
            link_count: 1,
            size,
            data_access_timestamp: at,
            data_modification_timestamp: at,
            status_change_timestamp: at,
        }
    }
}

/// Opens a path below a folder.
pub(super) fn open_at(
    folder: &Descriptor,
    path: &str,
    open: OpenFlags,
    flags: DescriptorFlags,
    now: Instant,
) -> Filed<Descriptor> {
    let (view, below) = folder.folder()?;
    let (path, names_folder) = path::resolve(below, path)?;
    let changes = open.intersects(OpenFlags::CREATE | OpenFlags::TRUNCATE)
        || flags.intersects(DescriptorFlags::WRITE | DescriptorFlags::MUTATE_DIRECTORY);
    let found = view.lock().at(&path);
    if changes && !(found == Ok(Entry::Folder) && open == OpenFlags::empty()) {
        folder.folder_to_change()?;
    }
    let id = match found {
        Ok(_) if open.contains(OpenFlags::CREATE | OpenFlags::EXCLUSIVE) => {
            return Err(ErrorCode::Exist);
        }
        Ok(Entry::Folder) if flags.contains(DescriptorFlags::WRITE) => {
            return Err(ErrorCode::IsDirectory);
        }
        Ok(Entry::Folder) => {
            let may_change = flags.contains(DescriptorFlags::MUTATE_DIRECTORY)
                && folder.folder_to_change().is_ok();
            return Ok(Descriptor::Folder { view: view.clone(), path, may_change });
        }
        Ok(Entry::File(_)) if names_folder || open.contains(OpenFlags::DIRECTORY) => {
            return Err(ErrorCode::NotDirectory);
        }
        Ok(Entry::File(id)) => id,
        Err(TreeProblem::NotFound)
            if open.contains(OpenFlags::CREATE) && !open.contains(OpenFlags::DIRECTORY) =>
        {
            view.lock().create(&path, now)?
        }
        Err(problem) => return Err(problem.into()),
    };
    if open.contains(OpenFlags::TRUNCATE) {
        view.lock().resize(id, 0, now)?;
    }
    Ok(Descriptor::File { file: view.open(id), flags })
}
