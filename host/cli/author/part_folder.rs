//! A folder that appears whole: made beside its place, and renamed when everything is in it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A folder beside the place that it will take; removed with all that is in it unless it takes it.
pub(super) struct PartFolder {
    /// What is removed.
    part: PathBuf,
    /// What takes the place: the part itself, or a folder in it.
    made: PathBuf,
    place: PathBuf,
}

impl PartFolder {
    /// Makes the folder, and the folders above its place.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn beside(place: &Path) -> io::Result<PartFolder> {
        let name = place.file_name().ok_or_else(|| io::Error::other("it names no folder"))?;
        let above = place.parent().unwrap_or(Path::new(""));
        fs::create_dir_all(if above.as_os_str().is_empty() { Path::new(".") } else { above })?;
        let mut part_name = std::ffi::OsString::from(".");
        part_name.push(name);
        part_name.push(format!(".{}.part", std::process::id()));
        let part = place.with_file_name(part_name);
        // A process of the same number may have been killed here.
        let _ = fs::remove_dir_all(&part);
        fs::create_dir(&part)?;
        Ok(PartFolder { made: part.clone(), part, place: place.to_owned() })
    }

    /// The folder, until it takes its place.
    pub(super) fn path(&self) -> &Path {
        &self.made
    }

    /// From here on, a folder in it is what takes its place.
    pub(super) fn descend(&mut self, inside: &str) {
        self.made = self.made.join(inside);
    }

    /// Takes its place, which must be free.
    ///
    /// # Errors
    /// When something is there.
    pub(super) fn take_place(self) -> io::Result<()> {
        if self.place.symlink_metadata().is_ok() {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists));
        }
        fs::rename(&self.made, &self.place)
    }

    /// Takes its place from the folder that is there. Of two that do so at once, one wins, and the
    /// place always holds a whole folder.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn replace(self) -> io::Result<()> {
        let mut old = self.part.clone().into_os_string();
        old.push(".old");
        let had_one = match fs::rename(&self.place, &old) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        let renamed = fs::rename(&self.made, &self.place);
        if had_one {
            if renamed.is_err() && !self.place.exists() {
                let _ = fs::rename(&old, &self.place);
            }
            let _ = fs::remove_dir_all(&old);
        }
        // Another process was faster, and what it made is as good.
        if renamed.is_err() && self.place.exists() { Ok(()) } else { renamed }
    }
}

impl Drop for PartFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_folder_appears_whole_or_not_at_all() {
        let home = tempfile::tempdir().unwrap();
        let place = home.path().join("deep/project");
        let part = PartFolder::beside(&place).unwrap();
        fs::write(part.path().join("a"), "1").unwrap();
        assert!(!place.exists());
        drop(part);
        assert!(names(&home.path().join("deep")).is_empty());
        let part = PartFolder::beside(&place).unwrap();
        fs::write(part.path().join("a"), "1").unwrap();
        part.take_place().unwrap();
        assert_eq!(fs::read_to_string(place.join("a")).unwrap(), "1");
        assert_eq!(names(&home.path().join("deep")), ["project"]);
    }

    #[test]
    fn what_is_there_is_replaced_only_where_that_is_meant() {
        let home = tempfile::tempdir().unwrap();
        let place = home.path().join("tools");
        fs::create_dir(&place).unwrap();
        fs::write(place.join("old"), "").unwrap();
        let refused = PartFolder::beside(&place).unwrap().take_place().unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(names(&place), ["old"]);
        let part = PartFolder::beside(&place).unwrap();
        fs::write(part.path().join("new"), "").unwrap();
        part.replace().unwrap();
        assert_eq!(names(&place), ["new"]);
        assert_eq!(names(home.path()), ["tools"]);
    }
}
