//! Compiled components on disk, so that a component is compiled once per machine and engine.
//!
//! A file's name holds the component's digest and a hash of everything in the engine that compiled
//! code depends on. Files are written beside and renamed, so that concurrent runs and crashes leave
//! whole files or none; a checksum at the end tells a damaged file, which is then written anew.
//!
//! A file is mapped, not read: its pages are shared by all processes that run the component, and a
//! process gets of its own what it writes to. No file is ever written to once it has its name, so what
//! is mapped stays what the checksum was taken of.

use std::fs::File;
use std::hash::{Hash, Hasher};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use wasmtime::Engine;
use wasmtime::component::Component;
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

const CHECKSUM_BYTES: u64 = 16;

/// How much of a file is read at a time while its checksum is taken.
const CHUNK_BYTES: usize = 256 << 10;

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
        let path = self.path(engine, digest);
        let file = File::open(&path).ok()?;
        if !is_whole(&file).ok()? {
            return None;
        }
        // SAFETY: the file's name says that this engine's settings made it, its checksum that it is
        // whole, and files are replaced, never written to. The folder belongs to the user, who could
        // as well replace this program.
        unsafe { Component::deserialize_file(engine, path_of_open_file(&file, &path)) }.ok()
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

/// Whether a file ends with the checksum of what stands before it.
fn is_whole(mut file: &File) -> std::io::Result<bool> {
    let Some(code_bytes) = file.metadata()?.len().checked_sub(CHECKSUM_BYTES) else {
        return Ok(false);
    };
    let mut code = file.take(code_bytes);
    let mut hasher = Xxh3::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match code.read(&mut chunk)? {
            0 => break,
            length => hasher.update(&chunk[..length]),
        }
    }
    let mut checksum = [0; CHECKSUM_BYTES as usize];
    file.read_exact(&mut checksum)?;
    Ok(hasher.digest128().to_le_bytes() == checksum)
}

/// A path that leads to this open file, whatever has its name by now.
#[cfg(unix)]
fn path_of_open_file(file: &File, name: &Path) -> PathBuf {
    use std::os::fd::AsRawFd;

    let open = PathBuf::from(format!("/dev/fd/{}", file.as_raw_fd()));
    // Where there is no such folder, what has the name is another writer's whole file at worst.
    if open.exists() { open } else { name.to_owned() }
}

/// A path that leads to the file: here a file that is open cannot be replaced.
#[cfg(not(unix))]
fn path_of_open_file(_file: &File, name: &Path) -> PathBuf {
    name.to_owned()
}

fn write_beside_and_rename(folder: &Path, path: &Path, code: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let beside = unique_beside(path);
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

/// A name of which no other thread or process has the like.
fn unique_beside(path: &Path) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    path.with_extension(format!("{}.{number}.part", std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A component with nothing in it, in the binary format.
    const EMPTY_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    fn compiled(engine: &Engine) -> Component {
        Component::from_binary(engine, EMPTY_COMPONENT).unwrap()
    }

    #[test]
    fn what_was_stored_is_found_by_its_digest_and_engine_only() {
        let place = tempfile::tempdir().unwrap();
        let cache = CompiledCache::new(place.path().join("made/when/needed"));
        let engine = Engine::default();
        assert!(cache.load(&engine, "sha256:aa").is_none());
        cache.store(&engine, "sha256:aa", &compiled(&engine));
        assert!(cache.load(&engine, "sha256:aa").is_some());
        assert!(cache.load(&engine, "sha256:bb").is_none());
        let mut config = wasmtime::Config::new();
        let another = Engine::new(config.consume_fuel(true)).unwrap();
        assert!(cache.load(&another, "sha256:aa").is_none());
    }

    #[test]
    fn a_damaged_file_counts_as_none_and_is_written_anew() {
        let place = tempfile::tempdir().unwrap();
        let cache = CompiledCache::new(place.path().to_owned());
        let engine = Engine::default();
        cache.store(&engine, "sha256:aa", &compiled(&engine));
        let path = cache.path(&engine, "sha256:aa");
        let whole = std::fs::read(&path).unwrap();
        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 1;
        for damaged in [&whole[..0], &whole[..10], &whole[..whole.len() - 1], &flipped] {
            std::fs::write(&path, damaged).unwrap();
            assert!(cache.load(&engine, "sha256:aa").is_none());
        }
        cache.store(&engine, "sha256:aa", &compiled(&engine));
        assert_eq!(std::fs::read(&path).unwrap(), whole);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_is_mapped_and_stays_so_when_another_gets_its_name() {
        let place = tempfile::tempdir().unwrap();
        let cache = CompiledCache::new(place.path().to_owned());
        let engine = Engine::default();
        cache.store(&engine, "sha256:aa", &compiled(&engine));
        let path = cache.path(&engine, "sha256:aa");
        let mappings = || {
            let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
            maps.lines().filter(|line| line.contains(path.to_str().unwrap())).count()
        };
        assert_eq!(mappings(), 0);
        let loaded = cache.load(&engine, "sha256:aa").unwrap();
        assert!(mappings() > 0);
        let before = loaded.serialize().unwrap();
        cache.store(&engine, "sha256:aa", &compiled(&engine));
        assert!(mappings() > 0);
        assert_eq!(loaded.serialize().unwrap(), before);
    }

    #[cfg(unix)]
    #[test]
    fn the_file_that_was_checked_is_the_one_that_is_opened_again() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a");
        std::fs::write(&path, "checked").unwrap();
        let file = File::open(&path).unwrap();
        std::fs::write(place.path().join("b"), "another").unwrap();
        std::fs::rename(place.path().join("b"), &path).unwrap();
        assert_eq!(std::fs::read(path_of_open_file(&file, &path)).unwrap(), b"checked");
    }

    #[test]
    fn many_writers_leave_one_whole_file() {
        let place = tempfile::tempdir().unwrap();
        let cache = CompiledCache::new(place.path().to_owned());
        let engine = Engine::default();
        let component = compiled(&engine);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| cache.store(&engine, "sha256:aa", &component));
            }
        });
        let names: Vec<_> = std::fs::read_dir(place.path()).unwrap().collect();
        assert_eq!(names.len(), 1);
        assert!(cache.load(&engine, "sha256:aa").is_some());
    }

    #[test]
    fn a_folder_that_cannot_be_made_costs_no_run() {
        let place = tempfile::tempdir().unwrap();
        let in_the_way = place.path().join("file");
        std::fs::write(&in_the_way, "").unwrap();
        let cache = CompiledCache::new(in_the_way.join("folder"));
        let engine = Engine::default();
        cache.store(&engine, "sha256:aa", &compiled(&engine));
        assert!(cache.load(&engine, "sha256:aa").is_none());
    }
}
