//! Saving what a session changed into the granted folders, as they were read or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use timeslip_market::lock::LOCK_FILE;
use timeslip_market::trust::TRUST_FILE;
use timeslip_runtime::files::{Folder, FolderChanges, SessionFiles};

use super::{Staging, cannot};
use crate::bench::GrantedFolder;
use crate::exit::Failure;

/// What a session changed in one granted folder.
struct Changed<'a> {
    granted: &'a GrantedFolder,
    place: &'a Path,
    changes: FolderChanges,
}

/// Writes what a session changed into the granted folders, and says how much that was.
pub(super) fn save(granted: &[GrantedFolder], session: &SessionFiles) -> Result<String, Failure> {
    let changed = granted.iter().filter_map(|granted| {
        let place = granted.on_disk.as_deref()?;
        let changes = session.changes(&granted.folder);
        (!changes.is_empty()).then_some(Changed { granted, place, changes })
    });
    let changed: Vec<Changed<'_>> = changed.collect();
    for Changed { granted, place, changes } in &changed {
        check_untouched(place, &granted.folder, changes)?;
        check_grants_nothing(place, changes)?;
    }
    let cannot = |one: &Changed<'_>, error| cannot("save into", one.place, &error);
    // A disk that is full shows here, before anything of the folders is changed.
    let staged = changed.iter().map(|one| staged(one).map_err(|error| cannot(one, error)));
    let staged: Vec<Staging> = staged.collect::<Result<_, _>>()?;
    for (one, staging) in changed.iter().zip(&staged) {
        put(one, staging).map_err(|error| cannot(one, error))?;
    }
    let files = |one: &Changed<'_>| one.changes.removed.len() + one.changes.written.len();
    let files: usize = changed.iter().map(files).sum();
    let folders: Vec<&str> = changed.iter().map(|one| &*one.granted.named).collect();
    Ok(match folders.is_empty() {
        true => "the session changed no files, so none are saved".to_owned(),
        false => format!("{files} files saved in {}", folders.join(", ")),
    })
}

/// Writes the new contents beside the old ones, each file under its number.
fn staged(changed: &Changed<'_>) -> io::Result<Staging> {
    let staging = Staging::inside(changed.place)?;
    for (number, bytes) in changed.changes.written.values().enumerate() {
        let mut file = fs::File::create(staging.folder.join(number.to_string()))?;
        file.write_all(bytes)?;
        file.sync_all()?;
    }
    Ok(staging)
}

/// Puts a folder into the state in which the session left it.
fn put(changed: &Changed<'_>, staging: &Staging) -> io::Result<()> {
    let Changed { place, changes, .. } = changed;
    for path in &changes.removed {
        fs::remove_file(place.join(path))?;
    }
    // What lies in a folder comes after it, and is removed before it.
    for path in changes.folders_removed.iter().rev() {
        fs::remove_dir(place.join(path))?;
    }
    for path in &changes.folders_made {
        fs::create_dir_all(place.join(path))?;
    }
    for (number, path) in changes.written.keys().enumerate() {
        let (new, file) = (staging.folder.join(number.to_string()), place.join(path));
        if let Ok(old) = fs::metadata(&file) {
            fs::set_permissions(&new, old.permissions())?;
        }
        // A link keeps leading to its file, which is what is replaced.
        fs::rename(new, file.canonicalize().unwrap_or(file))?;
    }
    Ok(())
}

/// Refuses to save over what somebody else has changed since the folder was read.
fn check_untouched(place: &Path, folder: &Folder, changes: &FolderChanges) -> Result<(), Failure> {
    let changed = |path: &str| {
        Err(Failure::run(format!(
            "{} was changed while the session ran, so nothing is saved\n  fix: run it again",
            place.join(path).display()
        )))
    };
    let read: BTreeMap<&str, &[u8]> =
        folder.files().map(|(path, bytes)| (path, &**bytes)).collect();
    for path in changes.written.keys().chain(&changes.removed) {
        let now = fs::read(place.join(path)).ok();
        if now.as_deref() != read.get(path.as_str()).copied() || leads_out(place, path) {
            return changed(path);
        }
    }
    for path in &changes.folders_removed {
        let Ok(entries) = fs::read_dir(place.join(path)) else { return changed(path) };
        let goes = |entry: io::Result<fs::DirEntry>| {
            let name = entry.ok().and_then(|entry| entry.file_name().into_string().ok());
            name.is_some_and(|name| {
                let inside = format!("{path}/{name}");
                changes.removed.contains(&inside) || changes.folders_removed.contains(&inside)
            })
        };
        if leads_out(place, path) || !entries.into_iter().all(goes) {
            return changed(path);
        }
    }
    Ok(())
}

/// Refuses the files in which people grant things to plugins: an agent that could write them would
/// grant to itself. A folder is read without regard to case on some systems.
fn check_grants_nothing(place: &Path, changes: &FolderChanges) -> Result<(), Failure> {
    let grants = |path: &&String| {
        let name = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        [LOCK_FILE, TRUST_FILE].contains(&&*name)
            || path.split('/').any(|part| part.eq_ignore_ascii_case(".timeslip"))
    };
    match changes.written.keys().chain(&changes.removed).find(grants) {
        None => Ok(()),
        Some(path) => Err(Failure::run(format!(
            "the session changed {}, by which people say what plugins may do, so nothing is \
             saved\n  fix: grant a folder without it",
            place.join(path).display()
        ))),
    }
}

/// Whether a link leads a path out of its folder, which no path did when the folder was read.
fn leads_out(place: &Path, path: &str) -> bool {
    let there = place.join(path);
    let nearest = there.ancestors().find_map(|above| above.canonicalize().ok());
    !nearest.is_some_and(|nearest| nearest.starts_with(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder on disk with these files, and the grant of it.
    fn granted(files: &[(&str, &str)]) -> (tempfile::TempDir, GrantedFolder) {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().canonicalize().unwrap();
        for (path, text) in files {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), text).unwrap();
        }
        let read = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().into()));
        let granted = GrantedFolder {
            named: "data".to_owned(),
            on_disk: Some(root),
            folder: Folder::new(read.collect()).into(),
            is_written: true,
        };
        (place, granted)
    }

    fn changes(written: &[(&str, &str)], removed: &[&str], folders: &[&str]) -> FolderChanges {
        let owned = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect();
        let written =
            written.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().into()));
        FolderChanges {
            written: written.collect(),
            removed: owned(removed),
            folders_made: Default::default(),
            folders_removed: owned(folders),
        }
    }

    fn untouched(granted: &GrantedFolder, changes: &FolderChanges) -> bool {
        let place = granted.on_disk.as_deref().unwrap();
        check_untouched(place, &granted.folder, changes).is_ok()
    }

    #[test]
    fn the_files_in_which_people_grant_things_are_not_saved() {
        let refused = |path: &str| {
            let changes = changes(&[(path, "granted = ...")], &[], &[]);
            check_grants_nothing(Path::new("data"), &changes).is_err()
        };
        for path in ["plugins.lock", "deep/Trust.toml", ".timeslip/components/sha256/a.wasm"] {
            assert!(refused(path), "{path}");
        }
        assert!(!refused("notes/plugins.lock.txt") && !refused("memory.json"));
        let removed = changes(&[], &["trust.toml"], &[]);
        assert!(check_grants_nothing(Path::new("data"), &removed).is_err());
    }

    #[test]
    fn what_somebody_changed_meanwhile_is_not_saved_over() {
        let (place, granted) = granted(&[("a", "old"), ("deep/b", "b")]);
        let (writes, goes) =
            (changes(&[("a", "new")], &[], &[]), changes(&[], &["deep/b"], &["deep"]));
        let makes = changes(&[("deep/new", "new")], &[], &[]);
        assert!([&writes, &goes, &makes].into_iter().all(|changes| untouched(&granted, changes)));
        fs::write(place.path().join("deep/new"), "theirs").unwrap();
        assert!(!untouched(&granted, &makes), "the file is somebody else's");
        assert!(!untouched(&granted, &goes), "the folder holds what the session never saw");
        fs::write(place.path().join("a"), "theirs").unwrap();
        assert!(!untouched(&granted, &writes));
        fs::remove_file(place.path().join("a")).unwrap();
        assert!(!untouched(&granted, &writes));
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_saved_through_a_link_out_of_the_folder() {
        let (place, granted) = granted(&[("deep/b", "b")]);
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("b"), "b").unwrap();
        fs::remove_dir_all(place.path().join("deep")).unwrap();
        std::os::unix::fs::symlink(outside.path(), place.path().join("deep")).unwrap();
        for changes in
            [changes(&[("deep/b", "new")], &[], &[]), changes(&[("deep/new", "")], &[], &[])]
        {
            assert!(!untouched(&granted, &changes), "{changes:?}");
        }
    }

    #[test]
    fn files_are_staged_before_any_is_replaced_and_keep_their_rights() {
        let (place, granted) = granted(&[("a", "old"), ("b", "gone"), ("c", "a file")]);
        let mut changes = changes(&[("a", "new"), ("c/d", "in a folder")], &["b", "c"], &[]);
        changes.folders_made.insert("c".to_owned());
        let root = granted.on_disk.as_deref().unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(root.join("a"), fs::Permissions::from_mode(0o750)).unwrap();
        }
        let changed = Changed { granted: &granted, place: root, changes };
        let staging = staged(&changed).unwrap();
        let read = |path: &str| fs::read_to_string(place.path().join(path)).unwrap();
        assert_eq!([read("a"), read("b"), read("c")], ["old", "gone", "a file"]);
        put(&changed, &staging).unwrap();
        drop(staging);
        assert_eq!([read("a"), read("c/d")], ["new", "in a folder"]);
        assert_eq!(fs::read_dir(root).unwrap().count(), 2, "b and what was staged are gone");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(root.join("a")).unwrap().permissions().mode() & 0o777, 0o750);
        }
    }
}
