//! Watching files, by looking at them again and again: whether one changed is seen by its time and
//! its length.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant as WallInstant, SystemTime};

use crate::interrupt;

/// Between two looks.
const EVERY: Duration = Duration::from_millis(300);

/// How long files must have been left alone before a change counts as whole: editors write in
/// several steps, and checkouts many files.
const CALM: Duration = Duration::from_millis(120);

/// The longest wait for calm.
const CALM_MAX: Duration = Duration::from_secs(5);

/// Between two looks at whether there was an interruption.
const BLINK: Duration = Duration::from_millis(20);

/// Folders of what tools make of sources, and of what `timeslip check` keeps.
const LEFT_BY_TOOLS: [&str; 8] =
    ["baselines", "build", "dist", "node_modules", "target", "zig-cache", "zig-out", "__pycache__"];

/// Files that a build writes beside the sources.
const WRITTEN_BY_BUILDS: [&str; 2] = ["Cargo.lock", "go.sum"];

/// What is watched.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Watched {
    /// Folders with all that is in them, and files.
    pub(super) roots: Vec<PathBuf>,
    /// Files that are made, and so are no change.
    pub(super) made: Vec<PathBuf>,
}

/// The files that are watched, as they stood at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Snapshot {
    files: BTreeMap<PathBuf, (Option<SystemTime>, u64)>,
}

impl Watched {
    /// How the files stand now.
    pub(super) fn look(&self) -> Snapshot {
        let mut files = BTreeMap::new();
        let mut left: Vec<PathBuf> = self.roots.clone();
        while let Some(path) = left.pop() {
            let Ok(metadata) = fs::metadata(&path) else { continue };
            if metadata.is_dir() {
                let entries = fs::read_dir(&path).into_iter().flatten().flatten();
                let paths = entries.map(|entry| entry.path());
                left.extend(paths.filter(|path| is_watched(path) && !is_linked_folder(path)));
            } else if !self.made.contains(&path) {
                files.insert(path, (metadata.modified().ok(), metadata.len()));
            }
        }
        Snapshot { files }
    }

    /// Waits until files stand otherwise than before, and for a while stand still; `None` after an
    /// interruption.
    pub(super) fn changed(&self, before: &Snapshot) -> Option<Snapshot> {
        loop {
            let now = self.look();
            if now != *before {
                return self.calm(now);
            }
            pause(EVERY)?;
        }
    }

    fn calm(&self, mut seen: Snapshot) -> Option<Snapshot> {
        let began = WallInstant::now();
        loop {
            pause(CALM)?;
            let now = self.look();
            if now == seen || began.elapsed() > CALM_MAX {
                return Some(now);
            }
            seen = now;
        }
    }
}

impl Snapshot {
    /// The same files, each as it stood before where it was watched already.
    pub(super) fn with_times_of(mut self, before: &Snapshot) -> Snapshot {
        for (path, state) in &mut self.files {
            if let Some(stood) = before.files.get(path) {
                *state = *stood;
            }
        }
        self
    }

    /// The files that stand otherwise than before, or stood there alone.
    pub(super) fn since(&self, before: &Snapshot) -> Vec<PathBuf> {
        let new = self.files.iter().filter(|(path, state)| before.files.get(*path) != Some(state));
        let gone = before.files.keys().filter(|path| !self.files.contains_key(*path));
        let mut paths: Vec<PathBuf> = new.map(|(path, _)| path).chain(gone).cloned().collect();
        paths.sort();
        paths
    }
}

/// Whether a path of a watched folder is one that people write.
fn is_watched(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_left = LEFT_BY_TOOLS.contains(&&*name) && path.is_dir();
    let is_written = WRITTEN_BY_BUILDS.contains(&&*name);
    !is_left
        && !is_written
        && !name.starts_with('.')
        && !name.ends_with('~')
        && !name.ends_with(".part")
}

/// Such a folder could lead in circles.
fn is_linked_folder(path: &Path) -> bool {
    path.is_symlink() && path.is_dir()
}

/// `None` after an interruption.
fn pause(length: Duration) -> Option<()> {
    let until = WallInstant::now() + length;
    loop {
        if interrupt::happened() {
            return None;
        }
        let left = until.saturating_duration_since(WallInstant::now());
        if left.is_zero() {
            return Some(());
        }
        std::thread::sleep(left.min(BLINK));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_seen_and_what_tools_leave_is_not() {
        let home = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = home.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("src/app.py", "1");
        write("gone.py", "1");
        let made = home.path().join("out.wasm");
        let watched = Watched { roots: vec![home.path().to_owned()], made: vec![made] };
        let before = watched.look();
        for left in [
            "build/a",
            "target/a",
            ".git/a",
            "node_modules/a",
            "src/__pycache__/a",
            ".hidden",
            "app.py~",
            "out.wasm",
            "out.wasm.12.part",
            "baselines/a.json",
            "Cargo.lock",
        ] {
            write(left, "1");
        }
        assert_eq!(watched.look(), before);
        write("src/app.py", "12");
        write("src/new.py", "1");
        fs::remove_file(home.path().join("gone.py")).unwrap();
        let changed = watched.look().since(&before);
        let names = ["gone.py", "src/app.py", "src/new.py"];
        assert_eq!(changed, names.map(|name| home.path().join(name)));
    }

    #[test]
    fn a_change_that_is_still_going_on_is_waited_for() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("a");
        fs::write(&file, "").unwrap();
        let watched = Watched { roots: vec![home.path().to_owned()], made: Vec::new() };
        let before = watched.look();
        let writer = std::thread::spawn(move || {
            for length in 1..6 {
                fs::write(&file, "x".repeat(length)).unwrap();
                std::thread::sleep(CALM / 3);
            }
        });
        let after = watched.changed(&before).unwrap();
        writer.join().unwrap();
        assert_eq!(after, watched.look(), "no later write was left out");
    }
}
