//! Paths inside a folder: no way out of it.

/// The longest path, in bytes.
pub(crate) const PATH_BYTES_MAX: usize = 4096;

/// Why a path leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PathProblem {
    /// It is empty.
    Empty,
    /// It begins at the root, or goes out of the folder.
    Outside,
    /// It is too long.
    TooLong,
    /// It has a character in it that no path has.
    Invalid,
}

/// A path below a folder, without `.` and `..`; whether it may only name a folder.
pub(crate) fn resolve(folder: &str, path: &str) -> Result<(String, bool), PathProblem> {
    if path.is_empty() {
        return Err(PathProblem::Empty);
    }
    if path.len() + folder.len() > PATH_BYTES_MAX {
        return Err(PathProblem::TooLong);
    }
    if path.contains(['\0', '\\']) {
        return Err(PathProblem::Invalid);
    }
    if path.starts_with('/') {
        return Err(PathProblem::Outside);
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop().ok_or(PathProblem::Outside)?),
            part => parts.push(part),
        }
    }
    let last = path.rsplit('/').next().unwrap_or_default();
    let names_folder = matches!(last, "" | "." | "..");
    Ok((join(folder, &parts.join("/")), names_folder))
}

/// A path below a folder; the folder of all is the empty one.
pub(crate) fn join(folder: &str, path: &str) -> String {
    match (folder, path) {
        ("", path) => path.to_owned(),
        (folder, "") => folder.to_owned(),
        _ => format!("{folder}/{path}"),
    }
}

/// The folder that a path lies in.
pub(crate) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_below_its_folder() {
        let there = |path| resolve("a", path).map(|(path, _)| path);
        assert_eq!(there("b/./c//d"), Ok("a/b/c/d".to_owned()));
        assert_eq!(there("b/../c"), Ok("a/c".to_owned()));
        assert_eq!(there("."), Ok("a".to_owned()));
        assert_eq!(there(".."), Err(PathProblem::Outside));
        assert_eq!(there("b/../../c"), Err(PathProblem::Outside));
        assert_eq!(there("/b"), Err(PathProblem::Outside));
        assert_eq!(there(""), Err(PathProblem::Empty));
        assert_eq!(there("b\0"), Err(PathProblem::Invalid));
        assert_eq!(there(&"b/".repeat(PATH_BYTES_MAX)), Err(PathProblem::TooLong));
        assert_eq!(resolve("", "b/"), Ok(("b".to_owned(), true)));
        assert_eq!(resolve("", "b"), Ok(("b".to_owned(), false)));
    }
}
