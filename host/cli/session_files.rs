//! What sessions wrote over granted folders: kept beside each other, or saved into the folders.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use timeslip_runtime::files::{Folder, FolderChanges, SessionFiles};

use crate::bench::{Bench, BenchFolder, GrantedFolder};
use crate::exit::Failure;
use crate::output;

/// What a run does with its sessions' files.
#[derive(Debug)]
pub(crate) struct FileWishes<'a> {
    keep: Option<&'a Path>,
    save: bool,
}

impl<'a> FileWishes<'a> {
    /// What `--keep-files` and `--save` ask for, refused before anything runs if it cannot be.
    pub(crate) fn check(
        bench: &Bench,
        keep: Option<&'a Path>,
        save: bool,
    ) -> Result<FileWishes<'a>, Failure> {
        if (save || keep.is_some()) && !bench.granted.iter().any(|folder| folder.is_written) {
            return Err(Failure::usage(
                "no component of this bench may write files\n  fix: add `write = true` beside \
                 `files` under [agent] or [[tool]]",
            ));
        }
        if save && bench.sessions != 1 {
            return Err(Failure::usage(format!(
                "--save writes what the session changed into the granted folders, and this run has \
                 {} sessions, each with files of its own\n  fix: run one by --sessions 1, or keep \
                 them all beside each other by --keep-files FOLDER",
                bench.sessions
            )));
        }
        if save && !matches!(bench.folder, BenchFolder::Disk(_)) {
            return Err(Failure::usage(
                "--save writes into granted folders, and those of the built-in example are inside \
                 the program\n  fix: use --keep-files FOLDER",
            ));
        }
        if let Some(folder) = keep
            && fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
        {
            return Err(Failure::usage(format!(
                "the folder {} is not empty, and files of another run may lie there\n  fix: name a \
                 folder that is not there yet, or empty this one",
                folder.display()
            )));
        }
        Ok(FileWishes { keep, save })
    }

    /// Whether the files of ended sessions are wanted.
    pub(crate) fn any(&self) -> bool {
        self.save || self.keep.is_some()
    }

    /// Does what was asked for; `tasks` names each session's task.
    pub(crate) fn fulfil(
        &self,
        bench: &Bench,
        sessions: &[SessionFiles],
        tasks: &[&str],
        succeeded: bool,
    ) -> Result<(), Failure> {
        if let Some(folder) = self.keep {
            let kept = keep(folder, &bench.granted, sessions, tasks)?;
            tell(&format!("the files of {kept} sessions are kept in {}", folder.display()));
        }
        let [session] = sessions else { return Ok(()) };
        if self.save && succeeded {
            let saved = save(&bench.granted, session)?;
            tell(&format!("{saved} files saved"));
        } else if self.save {
            tell("nothing is saved, since the session failed");
        }
        Ok(())
    }
}

/// Standard output carries the run alone.
fn tell(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Writes what each session changed into a folder of its own, and gives how many changed anything.
fn keep(
    folder: &Path,
    granted: &[GrantedFolder],
    sessions: &[SessionFiles],
    tasks: &[&str],
) -> Result<usize, Failure> {
    let cannot = |error| Failure::run(format!("cannot write into {}: {error}", folder.display()));
    let names = folder_names(granted);
    fs::create_dir_all(folder).map_err(cannot)?;
    let mut kept = 0;
    for (number, (session, task)) in sessions.iter().zip(tasks).enumerate() {
        let place = folder.join(format!("{number}-{}", plain_name(task)));
        let mut removed = String::new();
        let mut changed = false;
        for (granted, name) in granted.iter().zip(&names) {
            let changes = session.changes(&granted.folder);
            changed |= !changes.is_empty();
            write_changes(&place.join(name), &changes).map_err(cannot)?;
            for path in &changes.removed {
                removed += &format!("{name}/{path}\n");
            }
        }
        if !removed.is_empty() {
            fs::create_dir_all(&place).map_err(cannot)?;
            fs::write(place.join("removed.txt"), removed).map_err(cannot)?;
        }
        kept += usize::from(changed);
    }
    Ok(kept)
}

fn write_changes(place: &Path, changes: &FolderChanges) -> io::Result<()> {
    for path in &changes.folders_made {
        fs::create_dir_all(place.join(path))?;
    }
    for (path, bytes) in &changes.written {
        let file = place.join(path);
        file.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(file, bytes)?;
    }
    Ok(())
}

/// A name for each granted folder: the last part of its path, numbered where several have the same.
fn folder_names(granted: &[GrantedFolder]) -> Vec<String> {
    let mut used: BTreeMap<String, usize> = BTreeMap::new();
    let names = granted.iter().map(|folder| {
        let name = plain_name(folder.named.trim_end_matches('/').rsplit('/').next().unwrap_or(""));
        let count = used.entry(name.clone()).or_default();
        *count += 1;
        if *count == 1 { name } else { format!("{name}-{count}") }
    });
    names.collect()
}

/// A name that every file system takes.
fn plain_name(text: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' };
    let name: String = text.chars().take(80).map(plain).collect();
    let name = name.trim_matches('.').to_owned();
    if name.is_empty() { "files".to_owned() } else { name }
}

/// Writes what a session changed into the granted folders, and gives how many files that were.
fn save(granted: &[GrantedFolder], session: &SessionFiles) -> Result<usize, Failure> {
    let changed: Vec<(&Path, &Folder, FolderChanges)> = granted
        .iter()
        .filter_map(|one| {
            let place = one.on_disk.as_deref()?;
            Some((place, &*one.folder, session.changes(&one.folder)))
        })
        .collect();
    for (place, folder, changes) in &changed {
        check_untouched(place, folder, changes)?;
    }
    let mut saved = 0;
    for (place, _, changes) in &changed {
        let cannot = |error| Failure::run(format!("cannot save into {}: {error}", place.display()));
        for path in &changes.removed {
            fs::remove_file(place.join(path)).map_err(cannot)?;
        }
        // What lies in a folder comes after it, and is removed before it.
        for path in changes.folders_removed.iter().rev() {
            fs::remove_dir(place.join(path)).map_err(cannot)?;
        }
        for path in &changes.folders_made {
            fs::create_dir_all(place.join(path)).map_err(cannot)?;
        }
        for (path, bytes) in &changes.written {
            output::write_file(&place.join(path), bytes)?;
        }
        saved += changes.removed.len() + changes.written.len();
    }
    Ok(saved)
}

/// Refuses to save over what somebody else has changed since the folder was read.
fn check_untouched(place: &Path, folder: &Folder, changes: &FolderChanges) -> Result<(), Failure> {
    let read: BTreeMap<&str, &[u8]> =
        folder.files().map(|(path, bytes)| (path, &**bytes)).collect();
    for path in changes.written.keys().chain(&changes.removed) {
        let file: PathBuf = place.join(path);
        let now = fs::read(&file).ok();
        if now.as_deref() != read.get(path.as_str()).copied() {
            return Err(Failure::run(format!(
                "{} was changed while the session ran, so nothing is saved\n  fix: run it again",
                file.display()
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_differ() {
        let folder = |named: &str| GrantedFolder {
            named: named.to_owned(),
            on_disk: None,
            folder: Default::default(),
            is_written: true,
        };
        let granted = [folder("data"), folder("../other/data/"), folder(".."), folder("a b")];
        assert_eq!(folder_names(&granted), ["data", "data-2", "files", "a_b"]);
    }
}
