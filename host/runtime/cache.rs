//! Compiled components on disk, so that a component is compiled once per machine and engine.
//!
//! A file's name holds the component's digest and a hash of everything in the engine that compiled
//! code depends on. Files are written beside and renamed, so that concurrent runs and crashes leave
//! whole files or none; a checksum at the end tells a damaged file, which is then written anew.

use std::hash::{Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};

use wasmtime::Engine;
use wasmtime::component::Component;
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

const CHECKSUM_BYTES: usize = 16;

/// A folder of compiled components.
#[derive(Clone, Debug)]
pub(crate) struct CompiledCache {
    folder: PathBuf,
}

impl CompiledCache {
    pub(crate) fn new(folder: PathBuf) -> CompiledCache {
        CompiledCache { folder }
    }

    /// The compiled component, if a whole file of it is there.
    pub(crate) fn load(&self, engine: &Engine, digest: &str) -> Option<Component> {
        let bytes = std::fs::read(self.path(engine, digest)).ok()?;
        let (code, checksum) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM_BYTES)?)?;
        if xxh3_128(code).to_le_bytes() != checksum {
            return None;
        }
        // SAFETY: the file's name says that this engine's settings made it, its checksum that it is
        // whole. The folder belongs to the user, who could as well replace this program.
        unsafe { Component::deserialize(engine, code) }.ok()
    }

    /// Keeps a compiled component. A cache that cannot be written costs time, never a run.
    pub(crate) fn store(&self, engine: &Engine, digest: &str, component: &Component) {
        let path = self.path(engine, digest);
        let kept = component
            .serialize()
            .map_err(std::io::Error::other)
            .and_then(|code| write_beside_and_rename(&self.folder, &path, &code));
        if let Err(error) = kept {
            tracing::warn!(path = %path.display(), %error, "the compiled component is not kept");
        }
    }

    fn path(&self, engine: &Engine, digest: &str) -> PathBuf {
        let mut hasher = Xxh3::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let engine = hasher.finish();
        self.folder.join(format!("{}-{engine:016x}.cwasm", digest.trim_start_matches("sha256:")))
    }
}

fn write_beside_and_rename(folder: &Path, path: &Path, code: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let beside = path.with_extension(format!("{}.part", std::process::id()));
    let written = std::fs::File::create(&beside).and_then(|mut file| {
        file.write_all(code)?;
        file.write_all(&xxh3_128(code).to_le_bytes())?;
        std::fs::rename(&beside, path)
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    written
}
