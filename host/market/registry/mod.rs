//! Where plugins are: a folder, or a registry that speaks the OCI distribution protocol.
//!
//! Both hold the same: the repository `namespace/name` of each plugin with a tag for each version,
//! and the repository `catalogue`.

mod auth;
mod folder;
mod http;
mod location;
mod referrers;
mod remote;

use std::fmt;
use std::path::Path;

use crate::digest::Digest;
use crate::error::{MarketError, Result};
use crate::files::FileLock;
use crate::name::PluginName;
use crate::oci::{Descriptor, Manifest};

use folder::FolderRegistry;
use location::Location;
use remote::RemoteRegistry;

/// A registry.
#[derive(Debug)]
pub struct Registry {
    location: Location,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Folder(FolderRegistry),
    Remote(Box<RemoteRegistry>),
}

/// A part of a registry: the manifests of one plugin, or the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Repository(String);

impl Repository {
    /// Where a plugin's versions are.
    pub fn of(name: &PluginName) -> Repository {
        Repository(format!("{}/{}", name.namespace(), name.name()))
    }

    /// Where the catalogue is. No plugin's repository is called so, since theirs have two parts.
    pub fn catalogue() -> Repository {
        Repository("catalogue".to_owned())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a tag that is there may be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moving {
    /// It may: the tag stands for the newest.
    Allowed,
    /// It may not: the tag is a version.
    Refused,
}

/// Something to push: blobs first, then the manifest that leads to them, then its tag.
#[derive(Debug)]
pub struct Push<'a> {
    /// The repository.
    pub repository: &'a Repository,
    /// The blobs.
    pub blobs: &'a [&'a [u8]],
    /// The manifest.
    pub manifest: &'a [u8],
    /// The tag.
    pub tag: &'a str,
    /// Whether the tag may be moved.
    pub moving: Moving,
}

impl Registry {
    /// A registry by its place: a folder's path, or `HOST[:PORT]/PREFIX`. Paths that do not begin
    /// with `/` start from `base`.
    ///
    /// # Errors
    /// When the text is no place, or the connection cannot be set up.
    pub fn open(place: &str, base: &Path) -> Result<Registry> {
        let location = Location::parse(place, base)?;
        let kind = match &location {
            Location::Folder(folder) => Kind::Folder(FolderRegistry::new(folder.clone())),
            Location::Remote(address) => Kind::Remote(Box::new(RemoteRegistry::new(address)?)),
        };
        Ok(Registry { location, kind })
    }

    /// The place, in the one form in which locks hold it.
    pub fn place(&self) -> String {
        self.location.to_string()
    }

    /// Whether it is a folder, to which nobody else publishes.
    pub fn is_folder(&self) -> bool {
        matches!(self.kind, Kind::Folder(_))
    }

    /// All tags of a repository; none where there is no such repository.
    ///
    /// # Errors
    /// When the registry fails; a failure is never taken for an empty list.
    pub fn tags(&self, repository: &Repository) -> Result<Vec<String>> {
        match &self.kind {
            Kind::Folder(folder) => folder.tags(repository),
            Kind::Remote(remote) => remote.tags(repository),
        }
        .map_err(|error| error.of(self))
    }

    /// The manifest that a tag leads to, if it leads anywhere.
    ///
    /// # Errors
    /// When the registry fails, or what it gives is none.
    pub fn tagged(&self, repository: &Repository, tag: &str) -> Result<Option<(Digest, Vec<u8>)>> {
        match &self.kind {
            Kind::Folder(folder) => folder.tagged(repository, tag),
            Kind::Remote(remote) => remote.manifest(repository, tag),
        }
        .map_err(|error| error.of(self))
    }

    /// The manifest with a digest.
    ///
    /// # Errors
    /// When it is not there, or has another digest.
    pub fn manifest(&self, repository: &Repository, digest: &Digest) -> Result<Manifest> {
        let found = match &self.kind {
            Kind::Folder(folder) => folder.manifest(repository, digest),
            Kind::Remote(remote) => remote.manifest(repository, digest.as_str()),
        }
        .map_err(|error| error.of(self))?;
        let Some((_, bytes)) = found else {
            return Err(MarketError::not_found(format!(
                "{self}: {} has no manifest {digest}",
                repository.as_str()
            )));
        };
        digest
            .check("the manifest", &bytes)
            .and_then(|()| Manifest::parse(&bytes))
            .map_err(|error| error.of(self))
    }

    /// The bytes that a descriptor leads to, held against their length and digest.
    ///
    /// # Errors
    /// When they are not there, are others, or there are more of them.
    pub fn blob(&self, repository: &Repository, descriptor: &Descriptor) -> Result<Vec<u8>> {
        let what = format!("the blob {}", descriptor.digest);
        let bytes = match &self.kind {
            Kind::Folder(folder) => folder.blob(repository, descriptor),
            Kind::Remote(remote) => remote.blob(repository, descriptor),
        };
        bytes
            .and_then(|bytes| descriptor.check(&what, &bytes).map(|()| bytes))
            .map_err(|error| error.of(self))
    }

    /// Keeps other writers of a repository waiting until it is dropped, where the registry is a folder.
    /// A server has no such thing.
    ///
    /// # Errors
    /// When the lock's file cannot be made.
    pub(crate) fn turn(&self, repository: &Repository) -> Result<Option<FileLock>> {
        match &self.kind {
            Kind::Folder(folder) => folder.turn(repository).map(Some),
            Kind::Remote(_) => Ok(None),
        }
    }

    /// Pushes a manifest with its blobs under a tag. Pushing the same again changes nothing.
    ///
    /// # Errors
    /// When the registry fails, or the tag leads to something else and may not be moved.
    pub fn push(&self, push: &Push<'_>) -> Result<Digest> {
        match &self.kind {
            Kind::Folder(folder) => folder.push(push),
            Kind::Remote(remote) => remote.push(push),
        }
        .map_err(|error| error.of(self))
    }
}

impl fmt::Display for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.location)
    }
}

/// The refusal to move a version's tag.
fn is_published(push: &Push<'_>, found: &Digest) -> MarketError {
    MarketError::refused(format!(
        "{} {} is published already, with other contents ({found}); a published version is never \
         changed, so publish the next one",
        push.repository.as_str().replacen('/', ":", 1),
        push.tag
    ))
}

#[cfg(test)]
mod remote_tests;
