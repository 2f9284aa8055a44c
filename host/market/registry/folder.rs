//! A registry in a folder: an OCI image layout for each repository.
//!
//! Writers of one repository take turns by a lock file; readers need none, since every file is
//! replaced whole: blobs first, then the index that leads to them.

use std::path::PathBuf;

use super::{Moving, Push, Repository, is_published};
use crate::digest::Digest;
use crate::error::{MarketError, Result};
use crate::files::{FileLock, read_if_there, remove_leftovers, write_whole};
use crate::oci::{Descriptor, INDEX_BYTES_MAX, Index, MANIFEST_BYTES_MAX, REF_NAME, type_of};

const LAYOUT_FILE: &str = "oci-layout";
const LAYOUT: &[u8] = b"{\"imageLayoutVersion\":\"1.0.0\"}";
const INDEX_FILE: &str = "index.json";
const LOCK_FILE: &str = ".lock";
const TURN_FILE: &str = ".turn";

/// A folder of image layouts.
#[derive(Debug)]
pub(super) struct FolderRegistry {
    root: PathBuf,
}

/// A manifest with its digest.
type Found = Option<(Digest, Vec<u8>)>;

impl FolderRegistry {
    pub(super) fn new(root: PathBuf) -> FolderRegistry {
        FolderRegistry { root }
    }

    fn layout(&self, repository: &Repository) -> PathBuf {
        self.root.join(repository.as_str())
    }

    fn blob_path(&self, repository: &Repository, digest: &Digest) -> PathBuf {
        self.layout(repository).join("blobs/sha256").join(digest.hex())
    }

    fn index(&self, repository: &Repository) -> Result<Index> {
        let path = self.layout(repository).join(INDEX_FILE);
        match read_if_there(&path, INDEX_BYTES_MAX)? {
            None => Ok(Index::default()),
            Some(bytes) => Index::parse(&bytes).map_err(|error| error.of(path.display())),
        }
    }

    pub(super) fn tags(&self, repository: &Repository) -> Result<Vec<String>> {
        let index = self.index(repository)?;
        Ok(index
            .manifests
            .into_iter()
            .filter_map(|mut one| one.annotations.remove(REF_NAME))
            .collect())
    }

    pub(super) fn tagged(&self, repository: &Repository, tag: &str) -> Result<Found> {
        match self.index(repository)?.tagged(tag) {
            None => Ok(None),
            Some(descriptor) => {
                let bytes = self.blob(repository, descriptor)?;
                descriptor.check("the manifest", &bytes)?;
                Ok(Some((descriptor.digest.clone(), bytes)))
            }
        }
    }

    pub(super) fn manifest(&self, repository: &Repository, digest: &Digest) -> Result<Found> {
        let path = self.blob_path(repository, digest);
        Ok(read_if_there(&path, MANIFEST_BYTES_MAX)?.map(|bytes| (digest.clone(), bytes)))
    }

    pub(super) fn blob(&self, repository: &Repository, of: &Descriptor) -> Result<Vec<u8>> {
        let path = self.blob_path(repository, &of.digest);
        read_if_there(&path, of.size)?.ok_or_else(|| {
            MarketError::not_found(format!("the blob {} is not there", path.display()))
        })
    }

    /// Longer than a push: for whoever reads, changes and pushes.
    pub(super) fn turn(&self, repository: &Repository) -> Result<FileLock> {
        FileLock::take(&self.layout(repository).join(TURN_FILE))
    }

    pub(super) fn push(&self, push: &Push<'_>) -> Result<Digest> {
        let layout = self.layout(push.repository);
        let _turn = FileLock::take(&layout.join(LOCK_FILE))?;
        remove_leftovers(&layout);
        remove_leftovers(&layout.join("blobs/sha256"));
        let digest = Digest::of(push.manifest);
        let mut index = self.index(push.repository)?;
        match index.tagged(push.tag) {
            Some(found) if found.digest == digest => return Ok(digest),
            Some(found) if push.moving == Moving::Refused => {
                return Err(is_published(push, &found.digest));
            }
            _ => {}
        }
        for blob in push.blobs.iter().chain([&push.manifest]) {
            let path = self.blob_path(push.repository, &Digest::of(blob));
            // What has the name of its digest was renamed there whole.
            if !path.exists() {
                write_whole(&path, blob)?;
            }
        }
        if !layout.join(LAYOUT_FILE).exists() {
            write_whole(&layout.join(LAYOUT_FILE), LAYOUT)?;
        }
        index
            .manifests
            .retain(|one| one.annotations.get(REF_NAME).is_none_or(|tag| tag != push.tag));
        index.manifests.push(tagged_descriptor(push));
        let json = serde_json::to_vec(&index).expect("an index can be written");
        write_whole(&layout.join(INDEX_FILE), &json)?;
        Ok(digest)
    }
}

/// What leads to a manifest in the index, under its tag.
fn tagged_descriptor(push: &Push<'_>) -> Descriptor {
    let mut descriptor = Descriptor::of(type_of(push.manifest), push.manifest);
    descriptor.annotations.insert(REF_NAME.to_owned(), push.tag.to_owned());
    descriptor
}
