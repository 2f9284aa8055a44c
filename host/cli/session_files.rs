//! What sessions wrote over granted folders: kept beside each other, or saved into the folders.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use timeslip_runtime::files::FolderChanges;

use crate::bench::{Bench, BenchFolder, GrantedFolder};
use crate::exit::Failure;
use crate::stage::Outcome;

use save::save;

mod save;

/// What a run does with its sessions' files.
#[derive(Debug)]
pub(crate) struct FileWishes<'a> {
    keep: Option<&'a Path>,
    save: bool,
}

impl<'a> FileWishes<'a> {
    /// What `--keep-files` and `--save` ask for of so many sessions, refused before anything runs
    /// if it cannot be.
    pub(crate) fn check(
        bench: &Bench,
        sessions: usize,
        keep: Option<&'a Path>,
        save: bool,
    ) -> Result<FileWishes<'a>, Failure> {
        if (save || keep.is_some()) && !bench.granted.iter().any(|folder| folder.is_written) {
            return Err(Failure::usage(
                "no component of this bench may write files\n  fix: add `write = true` beside \
                 `files` under [agent] or [[tool]]",
            ));
        }
        if save && sessions != 1 {
            return Err(Failure::usage(format!(
                "--save writes what the session changed into the granted folders, and this run has \
                 {sessions} sessions, each with files of its own\n  fix: run one by --sessions 1, \
                 or keep them all beside each other by --keep-files FOLDER",
            )));
        }
        if save && !matches!(bench.folder, BenchFolder::Disk(_)) {
            return Err(Failure::usage(
                "--save writes into granted folders, and those of the built-in example are inside \
                 the program\n  fix: use --keep-files FOLDER",
            ));
        }
        keep.map_or(Ok(()), check_empty)?;
        Ok(FileWishes { keep, save })
    }

    /// Whether the files of ended sessions are wanted.
    pub(crate) fn any(&self) -> bool {
        self.save || self.keep.is_some()
    }

    /// Does what was asked for.
    pub(crate) fn fulfil(
        &self,
        bench: &Bench,
        outcome: &Outcome,
        succeeded: bool,
    ) -> Result<(), Failure> {
        if let Some(folder) = self.keep {
            let kept = keep(folder, &bench.granted, outcome)
                .map_err(|error| cannot("write into", folder, &error))?;
            tell(&format!("the files of {kept} sessions are kept in {}", folder.display()));
        }
        let [session] = &*outcome.files else { return Ok(()) };
        if self.save && succeeded {
            tell(&save(&bench.granted, session)?);
        } else if self.save {
            tell("nothing is saved, since the session failed");
        }
        Ok(())
    }
}

/// Refuses a folder for kept files that holds something, or is none.
fn check_empty(folder: &Path) -> Result<(), Failure> {
    let wrong = |problem: &str| {
        Err(Failure::usage(format!(
            "the folder {}{problem}\n  fix: name a folder that is not there yet, or empty this one",
            folder.display()
        )))
    };
    match fs::read_dir(folder).map(|mut entries| entries.next().is_some()) {
        Ok(true) => wrong(" is not empty, and files of another run may lie there"),
        Ok(false) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => wrong(&format!(" cannot be read: {error}")),
    }
}

fn cannot(what: &str, folder: &Path, error: &io::Error) -> Failure {
    Failure::run(format!("cannot {what} {}: {error}", folder.display()))
}

/// A folder inside the one that is written to, so that files can be written whole and then be
/// renamed; it is removed with what is left in it.
struct Staging {
    folder: PathBuf,
}

impl Staging {
    fn inside(folder: &Path) -> io::Result<Staging> {
        let folder = folder.join(format!(".timeslip.{}.part", std::process::id()));
        fs::create_dir(&folder)?;
        Ok(Staging { folder })
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Standard output carries the run alone.
fn tell(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Writes what each session changed into a folder of its own, all of them or none, and gives how
/// many changed anything.
fn keep(folder: &Path, granted: &[GrantedFolder], outcome: &Outcome) -> io::Result<usize> {
    let is_new = !folder.exists();
    fs::create_dir_all(folder)?;
    let kept = keep_in(folder, granted, outcome);
    if is_new && kept.is_err() {
        let _ = fs::remove_dir(folder);
    }
    kept
}

fn keep_in(folder: &Path, granted: &[GrantedFolder], outcome: &Outcome) -> io::Result<usize> {
    let names = folder_names(granted);
    let staging = Staging::inside(folder)?;
    let mut kept = Vec::new();
    for (record, session) in outcome.record.sessions.iter().zip(&outcome.files) {
        let name = format!("{}-{}", record.id.0, plain_name(&record.task));
        let place = staging.folder.join(&name);
        let mut removed = String::new();
        for (granted, name) in granted.iter().zip(&names) {
            let changes = session.changes(&granted.folder);
            write_changes(&place.join(name), &changes)?;
            for path in &changes.removed {
                removed += &format!("{name}/{path}\n");
            }
        }
        if !removed.is_empty() {
            fs::create_dir_all(&place)?;
            fs::write(place.join("removed.txt"), removed)?;
        }
        if place.exists() {
            kept.push(name);
        }
    }
    for name in &kept {
        fs::rename(staging.folder.join(name), folder.join(name))?;
    }
    Ok(kept.len())
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
