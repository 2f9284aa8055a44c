//! The granted folder, as WASI's file system: one preopened folder `/`, or none without a grant.
//!
//! There are no links, and every file and folder has the time of its last writing, or of the
//! session's beginning.

use timeslip_timeline::time::Instant;
use wasmtime::component::Resource;

use super::Host;
use super::clocks::datetime;
use super::streams::{InputStream, OutputStream, READ_BYTES_MAX, StreamFault};
use crate::asking::{self, Caller};
use crate::bindings::wasi::wasi::clocks::wall_clock::Datetime;
use crate::bindings::wasi::wasi::filesystem::{preopens, types};
use crate::context::Context;
use crate::files::path::{self, PathProblem};
use crate::files::tree::{Entry, TreeProblem};
use crate::files::{FileView, OpenFile};
use types::{DescriptorFlags, DescriptorStat, DescriptorType, ErrorCode, OpenFlags, PathFlags};

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

/// What lies in a folder, as far as it has not been read yet.
#[expect(unreachable_pub, reason = "bindgen! re-exports it")]
pub struct EntryStream(std::vec::IntoIter<types::DirectoryEntry>);

type Filed<T> = Result<T, ErrorCode>;

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
    fn folder(&self) -> Filed<(&FileView, &str)> {
        match self {
            Descriptor::Folder { view, path, .. } => Ok((view, path)),
            Descriptor::File { .. } => Err(ErrorCode::NotDirectory),
        }
    }

    /// The folder, if what lies in it may be changed.
    fn folder_to_change(&self) -> Filed<(&FileView, &str)> {
        match self {
            Descriptor::Folder { view, .. } if !view.write => Err(ErrorCode::ReadOnly),
            Descriptor::Folder { may_change: false, .. } => Err(ErrorCode::NotPermitted),
            _ => self.folder(),
        }
    }

    /// The file, if it was opened so.
    fn file(&self, wanted: DescriptorFlags) -> Filed<&OpenFile> {
        match self {
            Descriptor::Folder { .. } => Err(ErrorCode::IsDirectory),
            Descriptor::File { file, flags } if flags.contains(wanted) => Ok(file),
            Descriptor::File { .. } => Err(ErrorCode::BadDescriptor),
        }
    }

    fn stat(&self, clock: Clock) -> DescriptorStat {
        match self {
            Descriptor::Folder { .. } => clock.stat_of_folder(),
            Descriptor::File { file, .. } => {
                let tree = file.view.lock();
                clock.stat_of_file(tree.length(file.id), tree.modified(file.id))
            }
        }
    }

    fn hash(&self, at: Option<&str>) -> Filed<types::MetadataHashValue> {
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
struct Clock {
    began: Instant,
}

impl Clock {
    fn datetime(self, at: Instant) -> Datetime {
        datetime(at.as_nanos().saturating_sub(self.began.as_nanos()))
    }

    fn stat_of_folder(self) -> DescriptorStat {
        self.stat(DescriptorType::Directory, 0, self.began)
    }

    fn stat_of_file(self, size: u64, modified: Option<Instant>) -> DescriptorStat {
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
fn open_at(
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

/// A host call with the descriptor that it is about.
fn with<T>(
    caller: &mut Caller<'_>,
    descriptor: &Resource<Descriptor>,
    act: impl FnOnce(&Descriptor, Instant) -> Filed<T>,
) -> wasmtime::Result<Filed<T>> {
    let now = asking::instant(caller)?;
    Ok(act(caller.get().table.get(descriptor)?, now))
}

/// As [`with`], for what gives the guest something new to hold.
fn make<M: Send + 'static>(
    caller: &mut Caller<'_>,
    descriptor: &Resource<Descriptor>,
    act: impl FnOnce(&Descriptor, Instant) -> Filed<M>,
) -> wasmtime::Result<Filed<Resource<M>>> {
    Ok(match with(caller, descriptor, act)? {
        Ok(made) => Ok(caller.get().table.push(made)?),
        Err(code) => Err(code),
    })
}

fn clock(caller: &mut Caller<'_>) -> Clock {
    Clock { began: caller.get().desk.session_began() }
}

impl types::Host for Context {}
impl types::HostDescriptor for Context {}
impl types::HostDirectoryEntryStream for Context {}
impl preopens::Host for Context {}

impl preopens::HostWithStore<Context> for Host {
    fn get_directories(
        mut caller: Caller<'_>,
    ) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        asking::enter(&mut caller)?;
        let context = caller.get();
        let Some(view) = context.files.clone() else {
            return Ok(Vec::new());
        };
        let may_change = view.write;
        let root = Descriptor::Folder { view, path: String::new(), may_change };
        Ok(vec![(context.table.push(root)?, "/".to_owned())])
    }
}

impl types::HostWithStore<Context> for Host {
    fn filesystem_error_code(
        mut caller: Caller<'_>,
        fault: Resource<StreamFault>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        asking::enter(&mut caller)?;
        Ok(Some(caller.get().table.get(&fault)?.0))
    }
}

impl types::HostDirectoryEntryStreamWithStore<Context> for Host {
    fn read_directory_entry(
        mut caller: Caller<'_>,
        stream: Resource<EntryStream>,
    ) -> wasmtime::Result<Filed<Option<types::DirectoryEntry>>> {
        asking::enter(&mut caller)?;
        Ok(Ok(caller.get().table.get_mut(&stream)?.0.next()))
    }

    fn drop(mut caller: Caller<'_>, stream: Resource<EntryStream>) -> wasmtime::Result<()> {
        asking::enter(&mut caller)?;
        caller.get().table.delete(stream)?;
        Ok(())
    }
}

impl types::HostDescriptorWithStore<Context> for Host {
    fn read_via_stream(
        mut caller: Caller<'_>,
        this: Resource<Descriptor>,
        offset: u64,
    ) -> wasmtime::Result<Filed<Resource<InputStream>>> {
        make(&mut caller, &this, |this, _| {
            Ok(InputStream::File(this.file(DescriptorFlags::READ)?.clone(), offset))
        })
    }

    fn write_via_stream(
        mut caller: Caller<'_>,
        this: Resource<Descriptor>,
        offset: u64,
    ) -> wasmtime::Result<Filed<Resource<OutputStream>>> {
        make(&mut caller, &this, |this, _| {
            Ok(OutputStream::File(this.file(DescriptorFlags::WRITE)?.clone(), offset))
        })
    }

    fn append_via_stream(
        mut caller: Caller<'_>,
        this: Resource<Descriptor>,
    ) -> wasmtime::Result<Filed<Resource<OutputStream>>> {
        make(&mut caller, &this, |this, _| {
            Ok(OutputStream::Append(this.file(DescriptorFlags::WRITE)?.clone()))
        })
    }

    fn advise(
        mut caller: Caller<'_>,
        this: Resource<Descriptor>,
        _: u64,
        _: u64,
        _: types::Advice,
    ) -> wasmtime::Result<Filed<()>> {
        with(&mut caller, &this, |this, _| this.file(DescriptorFlags::empty()).map(|_| ()))
    }

    fn sync_data(
        mut caller: Caller<'_>,
        this: Resource<Descriptor>,
    ) -> wasmtime::Result<Filed<()>> {
        with(&mut caller, &this, |_, _| Ok(()))
    }

    fn get_flags(
        mut caller: Caller<'_>,
        this: Resource<Descriptor>,
    ) -> wasmtime::Result<Filed<DescriptorFlags>> {
        with(&mut caller, &this, |this, _| {
            Ok(match this {
                Descriptor::File { flags, .. } => *flags,
                Descriptor::Folder { may_change: true, .. } => {
                    DescriptorFlags::READ | DescriptorFlags::MUTATE_DIRECTORY
                }
                Descriptor::Folder { may_change: false, .. } => DescriptorFlags::READ,
            })
        })
    }

    fn get_type(
        mut caller: Caller<'_>,
        this: Resource<Descriptor>,
    ) -> wasmtime::Result<Filed<DescriptorType>> {
        with(&mut caller, &this, |this, _| {
            Ok(match this {
                Descriptor::File { .. } => DescriptorType::RegularFile,
                Descriptor::Folder { .. } => DescriptorType::Directory,
            })
        })
    }

    fn set_size(
        mut caller: Caller<'_>,
        this: Resource<Descriptor>,
        size: u64,
    ) -> wasmtime::Result<Filed<()>> {
        with(&mut caller, &this, |this, now| {
            let file = this.file(DescriptorFlags::WRITE)?;
            Ok(file.view.lock().resize(file.id, size, now)?)
        })
    }

    fn set_times(
        mut caller: Caller<'_>,
        this: Resource<Descriptor>,
        _: types::NewTimestamp,
        _: types::NewTimestamp,
    ) -> wasmtime::Result<Filed<()>> {
        // The times of files are the session's; a guest that sets them goes on without.
        with(&mut caller, &this, |_, _| Ok(()))
    }

    fn read(
        mut caller: Caller<'_>,
        this: Resource<Descriptor>,
        length: u64,
        offset: u64,
    ) -> wasmtime::Result<Filed<(Vec<u8>, bool)>> {
        with(&mut caller, &this, |this, _| {
            let file = this.file(DescriptorFlags::READ)?;
            let bytes = file.read(offset, length.min(READ_BYTES_MAX) as usize);
            let end = offset.saturating_add(bytes.len() as u64) >= file.length();
            Ok((bytes, end))
        })
    }

    fn write(
        mut caller: Caller<'_>,
        this: Resource<Descriptor>,
        buffer: Vec<u8>,
        offset: u64,
    ) -> wasmtime::Result<Filed<u64>> {
        with(&mut caller, &this, |this, now| {
            this.file(DescriptorFlags::WRITE)?.write(offset, &buffer, now)?;
            Ok(buffer.len() as u64)
        })
    }

    fn read_directory(
        mut caller: Caller<'_>,
        this: Resource<Descriptor>,
    ) -> wasmtime::Result<Filed<Resource<EntryStream>>> {
        make(&mut caller, &this, |this, _| {
            let (view, path) = this.folder()?;
            let tree = view.lock();
            if tree.at(path)? != Entry::Folder {
                return Err(ErrorCode::NotDirectory);
            }
            let entries = tree.children(path).into_iter().map(|(name, entry)| {
                let type_ = match entry {
                    Entry::File(_) => DescriptorType::RegularFile,
                    Entry::Folder => DescriptorType::Directory,
                };
                types::DirectoryEntry { type_, name }
            });
            Ok(EntryStream(entries.collect::<Vec<_>>().into_iter()))
        })
    }

    fn sync(mut caller: Caller<'_>, this: Resource<Descriptor>) -> wasmtime::Result<Filed<()>> {
        with(&mut caller, &this, |_, _| Ok(()))
    }

    fn create_directory_at(
        mut caller: Caller<'_>,
        this: Resource<Descriptor>,
        path: String,
    ) -> wasmtime::Result<Filed<()>> {
        with(&mut caller, &this, |this, _| {
            let (view, below) = this.folder_to_change()?;
            let (path, _) = path::resolve(below, &path)?;
            Ok(view.lock().create_folder(&path)?)
        })
    }

    fn stat(
        mut caller: Caller<'_>,
        this: Resource<Descriptor>,
    ) -> wasmtime::Result<Filed<DescriptorStat>> {
        let clock = clock(&mut caller);
        with(&mut caller, &this, |this, _| Ok(this.stat(clock)))
    }

    fn stat_at(
        mut caller: Caller<'_>,
        this: Resource<Descriptor>,
        _: PathFlags,
        path: String,
    ) -> wasmtime::Result<Filed<DescriptorStat>> {
        let clock = clock(&mut caller);
        with(&mut caller, &this, |this, _| {
            let (view, below) = this.folder()?;
            let (path, names_folder) = path::resolve(below, &path)?;
            let tree = view.lock();
            match tree.at(&path)? {
                Entry::Folder => Ok(clock.stat_of_folder()),
                Entry::File(_) if names_folder => Err(ErrorCode::NotDirectory),
                Entry::File(id) => Ok(clock.stat_of_file(tree.length(id), tree.modified(id))),
            }
        })
    }

    fn set_times_at(
        mut caller: Caller<'_>,
        this: Resource<Descriptor>,
        _: PathFlags,
        path: String,
        _: types::NewTimestamp,
        _: types::NewTimestamp,
    ) -> wasmtime::Result<Filed<()>> {
        with(&mut caller, &this, |this, _| {
            let (view, below) = this.folder_to_change()?;
            view.lock().at(&path::resolve(below, &path)?.0)?;
            Ok(())
        })
    }

    fn link_at(
        mut caller: Caller<'_>,
        this: Resource<Descriptor>,
        _: PathFlags,
        _: String,
        _: Resource<Descriptor>,
        _: String,
    ) -> wasmtime::Result<Filed<()>> {
        with(&mut caller, &this, |_, _| Err(ErrorCode::Unsupported))
    }

    fn open_at(
        mut caller: Caller<'_>,
        this: Resource<Descriptor>,
        _: PathFlags,
        path: String,
        open: OpenFlags,
        flags: DescriptorFlags,
    ) -> wasmtime::Result<Filed<Resource<Descriptor>>> {
        make(&mut caller, &this, |this, now| open_at(this, &path, open, flags, now))
    }

    fn readlink_at(
        mut caller: Caller<'_>,
        this: Resource<Descriptor>,
        path: String,
    ) -> wasmtime::Result<Filed<String>> {
        with(&mut caller, &this, |this, _| {
            let (view, below) = this.folder()?;
            view.lock().at(&path::resolve(below, &path)?.0)?;
            Err(ErrorCode::Invalid)
        })
    }

    fn remove_directory_at(
        mut caller: Caller<'_>,
        this: Resource<Descriptor>,
        path: String,
    ) -> wasmtime::Result<Filed<()>> {
        with(&mut caller, &this, |this, _| {
            let (view, below) = this.folder_to_change()?;
            Ok(view.lock().remove_folder(&path::resolve(below, &path)?.0)?)
        })
    }

    fn rename_at(
        mut caller: Caller<'_>,
        this: Resource<Descriptor>,
        old_path: String,
        new_descriptor: Resource<Descriptor>,
        new_path: String,
    ) -> wasmtime::Result<Filed<()>> {
        let into = caller.get().table.get(&new_descriptor)?.clone();
        with(&mut caller, &this, |this, _| {
            let (view, below) = this.folder_to_change()?;
            let (to_view, to_below) = into.folder_to_change()?;
            if !view.is_same(to_view) {
                return Err(ErrorCode::CrossDevice);
            }
            let (from, _) = path::resolve(below, &old_path)?;
            let (to, _) = path::resolve(to_below, &new_path)?;
            Ok(view.lock().rename(&from, &to)?)
        })
    }

    fn symlink_at(
        mut caller: Caller<'_>,
        this: Resource<Descriptor>,
        _: String,
        _: String,
    ) -> wasmtime::Result<Filed<()>> {
        with(&mut caller, &this, |_, _| Err(ErrorCode::Unsupported))
    }

    fn unlink_file_at(
        mut caller: Caller<'_>,
        this: Resource<Descriptor>,
        path: String,
    ) -> wasmtime::Result<Filed<()>> {
        with(&mut caller, &this, |this, _| {
            let (view, below) = this.folder_to_change()?;
            Ok(view.lock().unlink(&path::resolve(below, &path)?.0)?)
        })
    }

    fn is_same_object(
        mut caller: Caller<'_>,
        this: Resource<Descriptor>,
        other: Resource<Descriptor>,
    ) -> wasmtime::Result<bool> {
        asking::enter(&mut caller)?;
        let table = &caller.get().table;
        Ok(match (table.get(&this)?, table.get(&other)?) {
            (Descriptor::File { file: a, .. }, Descriptor::File { file: b, .. }) => {
                a.id == b.id && a.view.is_same(&b.view)
            }
            (
                Descriptor::Folder { view: a, path: a_path, .. },
                Descriptor::Folder { view: b, path: b_path, .. },
            ) => a_path == b_path && a.is_same(b),
            _ => false,
        })
    }

    fn metadata_hash(
        mut caller: Caller<'_>,
        this: Resource<Descriptor>,
    ) -> wasmtime::Result<Filed<types::MetadataHashValue>> {
        with(&mut caller, &this, |this, _| this.hash(None))
    }

    fn metadata_hash_at(
        mut caller: Caller<'_>,
        this: Resource<Descriptor>,
        _: PathFlags,
        path: String,
    ) -> wasmtime::Result<Filed<types::MetadataHashValue>> {
        with(&mut caller, &this, |this, _| this.hash(Some(&path)))
    }

    fn drop(mut caller: Caller<'_>, this: Resource<Descriptor>) -> wasmtime::Result<()> {
        asking::enter(&mut caller)?;
        caller.get().table.delete(this)?;
        Ok(())
    }
}
