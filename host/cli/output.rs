//! Results on standard output and in files, whole or not at all.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use crate::exit::Failure;

/// Writes a result to standard output. A reader that has gone, as `head` does, is no failure.
///
/// # Errors
/// When the output takes no more, say on a full disk.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::run(format!("cannot write the result to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Columns of the terminal on standard output, or what suits a file.
pub(crate) fn width() -> usize {
    const FOR_FILES: usize = 100;
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    columns
        .or_else(|| terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)))
        .unwrap_or(FOR_FILES)
}

/// Whether standard output shows colours: a terminal, unless `NO_COLOR` is set.
pub(crate) fn is_coloured() -> bool {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    io::stdout().is_terminal() && !unwanted
}

/// Writes a file: beside its place first, then renamed, so that it is never half there.
///
/// A path that is no ordinary file, such as `/dev/stdout`, is written in place.
///
/// # Errors
/// When it cannot be written; what was there before stays.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let special = fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
    let written = match special {
        true => {
            fs::OpenOptions::new().write(true).open(path).and_then(|mut file| file.write_all(bytes))
        }
        false => write_beside_and_rename(path, bytes),
    };
    written.map_err(|error| Failure::run(format!("cannot write {}: {error}", path.display())))
}

/// Whether a file can be written to this place, as far as that shows before.
///
/// # Errors
/// When it cannot: its folder is not there, or it is a folder itself.
pub(crate) fn check_place(path: &Path) -> Result<(), Failure> {
    let cannot = |problem| Err(Failure::run(format!("cannot write {}: {problem}", path.display())));
    if path.is_dir() {
        return cannot("it is a folder\n  fix: name a file in it".to_owned());
    }
    match folder_of(path) {
        folder if folder.is_dir() => Ok(()),
        folder => cannot(format!(
            "there is no folder {}\n  fix: make it, or name a file in another one",
            folder.display()
        )),
    }
}

/// Whether two paths lead to one ordinary file, or will.
pub(crate) fn is_one_file(one: &Path, other: &Path) -> bool {
    let place = |path: &Path| {
        let folder = folder_of(path).canonicalize().ok()?;
        let place = folder.join(path.file_name()?);
        Some(place.canonicalize().unwrap_or(place))
    };
    let special = fs::metadata(one).is_ok_and(|metadata| !metadata.is_file());
    !special && place(one).is_some_and(|one| place(other) == Some(one))
}

/// The folder in which a path stands.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn write_beside_and_rename(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link keeps leading to its file, which is what is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let name = path.file_name().ok_or_else(|| io::Error::other("it names no file"))?;
    let mut beside_name = name.to_owned();
    beside_name.push(format!(".{}.part", std::process::id()));
    let beside: PathBuf = path.with_file_name(beside_name);
    let written = fs::File::create(&beside)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&beside, &path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("slip.json");
        write_file(&path, b"one").unwrap();
        write_file(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("none/slip.json");
        let failure = write_file(&path, b"one").unwrap_err();
        assert!(failure.message.contains("none/slip.json"), "{failure}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
