//! The granted folder, as WASI's file system: one preopened folder `/`, or none without a grant.
//!
//! There are no links, and every file and folder has the time of its last writing, or of the
//! session's beginning.

use timeslip_timeline::time::Instant;
use wasmtime::component::Resource;

use super::Host;
use super::descriptor::{Clock, Descriptor, Filed, open_at};
use super::listing::EntryStream;
use super::streams::{InputStream, OutputStream, READ_BYTES_MAX, StreamFault};
use crate::asking::{self, Caller};
use crate::bindings::wasi::wasi::filesystem::types;
use crate::context::Context;
use crate::files::path;
use crate::files::tree::Entry;
use types::{DescriptorFlags, DescriptorStat, DescriptorType, ErrorCode, OpenFlags, PathFlags};

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

impl types::HostWithStore<Context> for Host {
    fn filesystem_error_code(
        mut caller: Caller<'_>,
        fault: Resource<StreamFault>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        asking::enter(&mut caller)?;
        Ok(Some(caller.get().table.get(&fault)?.0))
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
        make(&mut caller, &this, |this, _| EntryStream::of(this))
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
