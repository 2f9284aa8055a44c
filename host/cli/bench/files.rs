//! Where a bench's paths lead: to the file system, or into the program for the built-in example.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use timeslip_runtime::files::Folder;
use timeslip_timeline::conversation::nearest;

use super::notes::Notes;
use crate::built_in;

/// The largest file that a grant reads, and the most of all files together.
const GRANT_BYTES_MAX: u64 = 1 << 30;

/// The folder that a bench's paths start from.
#[derive(Clone, Debug)]
pub(crate) enum BenchFolder {
    /// A folder of the file system.
    Disk(PathBuf),
    /// A folder of the file system, of which is noted what is read.
    Noted(PathBuf, Notes),
    /// A folder as it was at another revision.
    AtRevision(RevisionFolder),
    /// A folder inside this program, with `/` between its parts.
    BuiltIn(&'static str),
}

/// A bench's folder in a repository, of which another revision is checked out elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct RevisionFolder {
    /// The other revision's files.
    pub(crate) tree: PathBuf,
    /// The repository.
    pub(crate) root: PathBuf,
    /// The bench's folder from either.
    pub(crate) inside: PathBuf,
}

impl RevisionFolder {
    /// Where a path of the bench leads: into the other revision, or, outside the repository, to
    /// where it leads today.
    fn path(&self, path: &str) -> PathBuf {
        let today = tidy(&self.root.join(&self.inside).join(path));
        match today.strip_prefix(&self.root) {
            Ok(inside) => self.tree.join(inside),
            Err(_) => today,
        }
    }
}

impl BenchFolder {
    /// How a path of the bench reads in a message.
    pub(crate) fn shown(&self, path: &str) -> String {
        match self {
            BenchFolder::Disk(folder) | BenchFolder::Noted(folder, _) => {
                tidy(&folder.join(path)).display().to_string()
            }
            BenchFolder::AtRevision(folder) => folder.path(path).display().to_string(),
            BenchFolder::BuiltIn(folder) => match built_in::file(&join(folder, path)) {
                None if Path::new(path).is_file() => path.to_owned(),
                _ => format!("built in: {}", join(folder, path)),
            },
        }
    }

    /// How the bench would name a file that is on disk.
    ///
    /// # Errors
    /// When either cannot be found.
    pub(crate) fn way_to(&self, file: &Path) -> io::Result<String> {
        let folder = match self {
            BenchFolder::Disk(folder) | BenchFolder::Noted(folder, _) => folder,
            // What is not inside the program is looked for on disk.
            BenchFolder::BuiltIn(_) => return Ok(tidy(file).display().to_string()),
            BenchFolder::AtRevision(folder) => &folder.tree.join(&folder.inside),
        };
        let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let (from, to) = (here.canonicalize()?, std::path::absolute(file)?);
        // The file may not be there yet, so its folder is what is found.
        let to = match (to.parent(), to.file_name()) {
            (Some(parent), Some(name)) => parent.canonicalize()?.join(name),
            _ => to,
        };
        Ok(path_from(&from, &to))
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        match self {
            BenchFolder::Disk(folder) => fs::read(folder.join(path)),
            BenchFolder::Noted(folder, notes) => {
                let place = folder.join(path);
                notes.check_inside(&place)?;
                let bytes = fs::read(&place)?;
                self.note_way(path);
                notes.file(&place, &bytes);
                Ok(bytes)
            }
            BenchFolder::AtRevision(folder) => fs::read(folder.path(path)),
            BenchFolder::BuiltIn(folder) => match built_in::file(&join(folder, path)) {
                Some(bytes) => Ok(bytes.to_vec()),
                None => fs::read(path),
            },
        }
    }

    /// The path of a file whose name is almost that of one that is not there, in the same folder.
    pub(crate) fn nearest_file(&self, path: &str) -> Option<String> {
        let (above, name) = path.rsplit_once('/').map_or(("", path), |(above, name)| (above, name));
        let entries =
            fs::read_dir(self.on_disk(if above.is_empty() { "." } else { above })?).ok()?;
        let files = entries.filter_map(|entry| {
            let path = entry.ok()?.path();
            path.is_file().then(|| path.file_name()?.to_str().map(str::to_owned))?
        });
        let files: Vec<String> = files.collect();
        let near = nearest(name, files.iter().map(String::as_str))?;
        (near != name).then(|| path[..path.len() - name.len()].to_owned() + near)
    }

    /// The place of a folder of profiles on disk; a bench inside the program has none.
    pub(crate) fn on_disk(&self, path: &str) -> Option<PathBuf> {
        match self {
            BenchFolder::Disk(folder) | BenchFolder::Noted(folder, _) => Some(folder.join(path)),
            BenchFolder::AtRevision(folder) => Some(folder.path(path)),
            BenchFolder::BuiltIn(_) => None,
        }
    }

    /// All files of a folder, read now, so that every session sees the same bytes.
    ///
    /// # Errors
    /// A sentence that names the file and what is wrong with it.
    pub(crate) fn grant(&self, path: &str) -> Result<Folder, String> {
        match self {
            BenchFolder::Disk(folder) => grant_from_disk(&folder.join(path)),
            BenchFolder::Noted(folder, notes) => {
                let place = folder.join(path);
                let inside = notes.check_inside(&place);
                inside.map_err(|error| format!("cannot read the folder `{path}`: {error}"))?;
                let granted = grant_from_disk(&place)?;
                self.note_way(path);
                granted.files().for_each(|(inside, bytes)| notes.file(&place.join(inside), bytes));
                if granted.files().next().is_none() {
                    self.note_problem(|| format!("the granted folder `{path}` is empty"));
                }
                Ok(granted)
            }
            BenchFolder::AtRevision(folder) => grant_from_disk(&folder.path(path)),
            BenchFolder::BuiltIn(folder) => {
                let files = built_in::folder(&join(folder, path));
                Ok(Folder::new(files.map(|(path, bytes)| (path, bytes.into())).collect()))
            }
        }
    }
}

/// Notes, where anything is noted.
impl BenchFolder {
    /// A file that belongs to the bench, wherever it was read from.
    pub(super) fn note_file(&self, path: &str, bytes: &[u8]) {
        if let BenchFolder::Noted(folder, notes) = self {
            notes.file(&folder.join(path), bytes);
        }
    }

    /// Why the bench would not be the same elsewhere.
    pub(super) fn note_problem(&self, problem: impl FnOnce() -> String) {
        if let BenchFolder::Noted(_, notes) = self {
            notes.problem(problem());
        }
    }

    fn note_way(&self, path: &str) {
        if Path::new(path).is_absolute() {
            self.note_problem(|| format!("`{path}` leads to a place of this computer alone"));
        }
    }
}

/// A folder's files by their paths inside it.
fn grant_from_disk(folder: &Path) -> Result<Folder, String> {
    let root = folder
        .canonicalize()
        .and_then(|root| match root.is_dir() {
            true => Ok(root),
            false => Err(io::Error::from(io::ErrorKind::NotADirectory)),
        })
        .map_err(|error| format!("cannot read the folder {}: {error}", tidy(folder).display()))?;
    let mut files = BTreeMap::new();
    let mut left_bytes = GRANT_BYTES_MAX;
    let mut folders = vec![(root.clone(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        let cannot =
            |path: &Path, error: io::Error| format!("cannot read {}: {error}", path.display());
        let entries = fs::read_dir(&folder).map_err(|error| cannot(&folder, error))?;
        for entry in entries {
            let path = entry.map_err(|error| cannot(&folder, error))?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let name =
                name.ok_or_else(|| format!("{} has a name that is not UTF-8", path.display()))?;
            let inside = format!("{prefix}{name}");
            let real = path.canonicalize().map_err(|error| cannot(&path, error))?;
            if !real.starts_with(&root) {
                return Err(format!(
                    "{} leads out of the granted folder; grant the folder it leads to, or remove it",
                    path.display()
                ));
            }
            if path.is_symlink() && real.is_dir() {
                return Err(format!(
                    "{} is a link to a folder, which could lead in circles; remove it",
                    path.display()
                ));
            }
            match real.is_dir() {
                true => folders.push((path, inside + "/")),
                false => {
                    let bytes = read_within(&real, &mut left_bytes)
                        .map_err(|error| cannot(&path, error))?;
                    files.insert(inside, bytes);
                }
            }
        }
    }
    Ok(Folder::new(files))
}

fn read_within(path: &Path, left_bytes: &mut u64) -> io::Result<Arc<[u8]>> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is neither a file nor a folder"));
    }
    let too_large = || io::Error::other("the granted files are larger than 1 GiB together");
    *left_bytes = left_bytes.checked_sub(metadata.len()).ok_or_else(too_large)?;
    fs::read(path).map(Arc::from)
}

/// Takes `.` and `..` out of a path where its own parts allow it.
pub(crate) fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(tidy.components().next_back(), Some(Component::Normal(_))) =>
            {
                tidy.pop();
            }
            other => tidy.push(other),
        }
    }
    if tidy.as_os_str().is_empty() { PathBuf::from(".") } else { tidy }
}

/// An absolute path without detours.
///
/// # Errors
/// When the current folder cannot be found.
pub(crate) fn absolute(path: &Path) -> io::Result<PathBuf> {
    std::path::absolute(path).map(|path| tidy(&path))
}

/// The way from a folder to a file, both absolute, with `/` between its parts.
pub(crate) fn path_from(folder: &Path, file: &Path) -> String {
    let common = folder.components().zip(file.components()).take_while(|(a, b)| a == b).count();
    let up = folder.components().skip(common).map(|_| "..".to_owned());
    let down =
        file.components().skip(common).map(|part| part.as_os_str().to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<_>>().join("/")
}

/// A path inside the program, without `.` and `..`.
fn join(folder: &str, path: &str) -> String {
    let joined = tidy(&Path::new(folder).join(path));
    joined.to_string_lossy().replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_from_a_folder_goes_up_and_down() {
        let way = |folder, file| path_from(Path::new(folder), Path::new(file));
        assert_eq!(way("/a/b", "/a/b/c.wasm"), "c.wasm");
        assert_eq!(way("/a/b", "/a/x/c.wasm"), "../x/c.wasm");
        assert_eq!(way("/a", "/x/y"), "../x/y");
    }

    #[test]
    fn a_grant_holds_the_files_of_a_folder_and_nothing_beyond_it() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir_all(place.path().join("data/deep")).unwrap();
        fs::write(place.path().join("data/a.json"), "1").unwrap();
        fs::write(place.path().join("data/deep/b.json"), "2").unwrap();
        fs::write(place.path().join("secret"), "3").unwrap();
        let grant = grant_from_disk(&place.path().join("data")).unwrap();
        let paths: Vec<&str> = grant.files().map(|(path, _)| path).collect();
        assert_eq!(paths, ["a.json", "deep/b.json"]);
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(place.path().join("secret"), place.path().join("data/link"))
                .unwrap();
            let refusal = grant_from_disk(&place.path().join("data")).unwrap_err();
            assert!(refusal.contains("leads out of the granted folder"), "{refusal}");
        }
        assert!(grant_from_disk(&place.path().join("none")).unwrap_err().contains("none"));
        assert!(grant_from_disk(&place.path().join("secret")).unwrap_err().contains("cannot read"));
    }

    #[test]
    fn a_file_with_almost_the_name_is_found_in_the_same_folder() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir_all(place.path().join("deep/reviewed.wasm")).unwrap();
        fs::write(place.path().join("deep/reviewer.wasm"), "").unwrap();
        let folder = BenchFolder::Disk(place.path().to_owned());
        let near = |path| folder.nearest_file(path);
        assert_eq!(near("deep/reviewe.wasm").as_deref(), Some("deep/reviewer.wasm"));
        assert_eq!(near("deep/supervisor.wasm"), None);
        assert_eq!(near("none/reviewer.wasm"), None);
    }

    #[test]
    fn paths_are_shown_without_detours() {
        let folder = BenchFolder::Disk(PathBuf::from("benches/a"));
        assert_eq!(folder.shown("../b/./c.wasm"), "benches/b/c.wasm");
        assert_eq!(tidy(Path::new("../x")), Path::new("../x"));
    }
}
