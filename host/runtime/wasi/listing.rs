//! Where a guest finds its files: the preopened folder, and what lies in one.

use wasmtime::component::Resource;

use super::Host;
use super::descriptor::{Descriptor, Filed};
use crate::asking::{self, Caller};
use crate::bindings::wasi::wasi::filesystem::{preopens, types};
use crate::context::Context;
use crate::files::tree::Entry;
use types::{DescriptorType, ErrorCode};

/// What lies in a folder, as far as it has not been read yet.
#[expect(unreachable_pub, reason = "bindgen! re-exports it")]
pub struct EntryStream(std::vec::IntoIter<types::DirectoryEntry>);

impl EntryStream {
    /// What lies in a folder now.
    pub(super) fn of(folder: &Descriptor) -> Filed<EntryStream> {
        let (view, path) = folder.folder()?;
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
    }
}

impl preopens::Host for Context {}
impl types::HostDirectoryEntryStream for Context {}

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
