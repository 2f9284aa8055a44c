//! The kinds of registries that every attack is tried on, and what those can do to each of them who
//! have its disk, or its memory.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::digest::Digest;
use crate::loopback::Memory;
use crate::oci::REF_NAME;
use crate::registry::Repository;

/// The variable with the host and port of a registry server that others wrote, and that with the
/// folder of its store. Without them it is left out.
const REAL: &str = "TIMESLIP_TEST_REGISTRY";
const REAL_DATA: &str = "TIMESLIP_TEST_REGISTRY_DATA";

/// The registry of a place that can be damaged.
pub(crate) const REGISTRY: &str = "registry";

/// A kind of registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A folder.
    Folder,
    /// A server in the memory of the tests.
    Memory,
    /// A server that others wrote.
    Real,
}

impl Kind {
    /// Those that are here.
    pub(crate) fn each() -> impl Iterator<Item = Kind> {
        [Kind::Folder].into_iter().chain(Kind::servers())
    }

    /// Those of them that are servers, which somebody can stand before.
    pub(crate) fn servers() -> impl Iterator<Item = Kind> {
        let real = std::env::var_os(REAL).map(|_| Kind::Real);
        [Kind::Memory].into_iter().chain(real)
    }
}

/// Where the registries of one test are.
pub(crate) enum Holder {
    Folder(PathBuf),
    Memory(Memory),
    /// A server keeps what other tests pushed, so each test has a prefix of its own.
    Real {
        host: String,
        prefix: String,
        data: PathBuf,
    },
}

impl Holder {
    /// A place for a test, where a folder is in this one.
    pub(crate) fn of(kind: Kind, folder: &Path) -> Holder {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        match kind {
            Kind::Folder => Holder::Folder(folder.to_owned()),
            Kind::Memory => Holder::Memory(Memory::start()),
            Kind::Real => {
                let number = NEXT.fetch_add(1, Ordering::Relaxed);
                let data =
                    std::env::var_os(REAL_DATA).expect("it stands beside the other variable");
                Holder::Real {
                    host: std::env::var(REAL).expect("it was there"),
                    prefix: format!("t-{}-{number}", std::process::id()),
                    data: PathBuf::from(data).join("docker/registry/v2"),
                }
            }
        }
    }

    /// The place of the registry with a name.
    pub(crate) fn place(&self, name: &str) -> String {
        match self {
            Holder::Folder(folder) => folder.join(name).display().to_string(),
            Holder::Memory(memory) => format!("{}/{name}", memory.host),
            Holder::Real { host, prefix, .. } => format!("{host}/{prefix}/{name}"),
        }
    }

    /// The host and port of a server.
    pub(crate) fn host(&self) -> &str {
        match self {
            Holder::Folder(_) => panic!("a folder has no host"),
            Holder::Memory(memory) => &memory.host,
            Holder::Real { host, .. } => host,
        }
    }

    /// How often a blob was read, where that is counted.
    pub(crate) fn reads_of(&self, digest: &Digest) -> Option<usize> {
        match self {
            Holder::Memory(memory) => Some(memory.reads_of(digest)),
            Holder::Folder(_) | Holder::Real { .. } => None,
        }
    }

    /// Puts other bytes in the place of a blob. A real registry keeps the same bytes once for all of
    /// its repositories, so they must be those of one test alone.
    pub(crate) fn replace_blob(&self, repository: &Repository, digest: &Digest, bytes: &[u8]) {
        let hex = digest.hex();
        let path = match self {
            Holder::Memory(memory) => return memory.replace_blob(digest, bytes),
            Holder::Folder(folder) => {
                let layout = folder.join(REGISTRY).join(repository.as_str());
                layout.join("blobs/sha256").join(hex)
            }
            Holder::Real { data, .. } => {
                data.join("blobs/sha256").join(&hex[..2]).join(hex).join("data")
            }
        };
        assert!(path.is_file(), "there is no blob {digest}");
        std::fs::write(path, bytes).unwrap();
    }

    /// Takes the tags of a repository away that begin so.
    pub(crate) fn remove_tags(&self, repository: &Repository, begin: &str) {
        match self {
            Holder::Memory(memory) => {
                memory.remove_tags(&format!("{REGISTRY}/{}", repository.as_str()), begin);
            }
            Holder::Folder(folder) => {
                remove_from_index(&folder.join(REGISTRY).join(repository.as_str()), begin);
            }
            Holder::Real { data, prefix, .. } => {
                let of = data.join("repositories").join(prefix).join(REGISTRY);
                let tags = of.join(repository.as_str()).join("_manifests/tags");
                for tag in std::fs::read_dir(tags).unwrap().map(|entry| entry.unwrap()) {
                    if tag.file_name().to_str().unwrap().starts_with(begin) {
                        std::fs::remove_dir_all(tag.path()).unwrap();
                    }
                }
            }
        }
    }
}

fn remove_from_index(layout: &Path, begin: &str) {
    let path = layout.join("index.json");
    let mut index: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let manifests = index["manifests"].as_array_mut().unwrap();
    manifests.retain(|one| !one["annotations"][REF_NAME].as_str().unwrap().starts_with(begin));
    std::fs::write(&path, serde_json::to_vec(&index).unwrap()).unwrap();
}
