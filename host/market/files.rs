//! Files that are whole or not there, whatever happens while they are written.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{MarketError, Result};
use crate::steps;

/// What ends the name of a file that is being written.
const PART: &str = ".part";

/// Writes a file beside its place, makes sure that it is on disk, and gives it its name.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    make_folder(folder)?;
    let beside = beside(folder, path);
    let written = File::create(&beside)
        .and_then(|mut file| {
            // In halves, so that a test can stop in the middle.
            let (first, second) = bytes.split_at(bytes.len() / 2);
            file.write_all(first)?;
            steps::step();
            file.write_all(second)?;
            file.sync_all()
        })
        .and_then(|()| {
            steps::step();
            fs::rename(&beside, path)
        })
        .and_then(|()| sync_folder(folder));
    steps::step();
    written.map_err(|error| {
        let _ = fs::remove_file(&beside);
        cannot("write", path, &error)
    })
}

/// Where a file grows that is to have a path in a folder. No two writers grow the same.
fn beside(folder: &Path, path: &Path) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    name.push(format!(".{}.{number}{PART}", std::process::id()));
    folder.join(name)
}

/// Writes a file that its owner alone may read, where there is none yet: whole, or not at all. Of
/// several writers at once one alone succeeds.
pub(crate) fn write_secret(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    make_folder(folder)?;
    let beside = beside(folder, path);
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options
        .open(&beside)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            steps::step();
            file.sync_all()
        })
        .and_then(|()| fs::hard_link(&beside, path))
        .and_then(|()| sync_folder(folder));
    steps::step();
    let _ = fs::remove_file(&beside);
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => MarketError::refused(format!(
            "{} is there already, and is not written over",
            path.display()
        )),
        _ => cannot("write", path, &error),
    })
}

/// Makes a rename last: the folder itself is written to disk.
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    match cfg!(unix) {
        true => File::open(folder)?.sync_all(),
        false => Ok(()),
    }
}

pub(crate) fn make_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|error| cannot("make the folder", folder, &error))
}

/// A file of at most so many bytes, or none where there is no such file.
pub(crate) fn read_if_there(path: &Path, bytes_max: u64) -> Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot("read", path, &error)),
    };
    let mut bytes = Vec::new();
    let read = file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| cannot("read", path, &error))?;
    match bytes.len() as u64 > bytes_max {
        true => Err(MarketError::refused(format!(
            "{} is larger than {bytes_max} bytes, which is the most it may have",
            path.display()
        ))),
        false => Ok(Some(bytes)),
    }
}

pub(crate) fn cannot(does: &str, path: &Path, error: &std::io::Error) -> MarketError {
    MarketError::failed(format!("cannot {does} {}: {error}", path.display()))
}

/// A lock that other processes respect, held until it is dropped or the process ends.
#[derive(Debug)]
pub(crate) struct FileLock {
    _file: File,
}

impl FileLock {
    /// Waits until nobody else holds it.
    pub(crate) fn take(path: &Path) -> Result<FileLock> {
        if let Some(folder) = path.parent() {
            make_folder(folder)?;
        }
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .map_err(|error| cannot("open the lock", path, &error))?;
        file.lock().map_err(|error| cannot("lock", path, &error))?;
        Ok(FileLock { _file: file })
    }
}

/// Removes what a writer that was killed left in a folder. The caller holds the folder's lock, so
/// that nobody is writing there.
pub(crate) fn remove_leftovers(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let leftovers: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.to_str().is_some_and(|path| path.ends_with(PART)))
        .collect();
    for path in leftovers {
        let _ = fs::remove_file(path);
    }
}
