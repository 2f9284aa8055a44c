//! The contracts as the tools of other languages read them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::embedded;
use crate::bench::ComponentKind;
use crate::exit::Failure;

/// Writes both packages of the contracts into the scratch folder, side by side: those of the
/// project's SDK, or the program's own where the SDK has none.
///
/// # Errors
/// When a file cannot be read or written.
pub(super) fn packages(sdk: &Path, scratch: &Path) -> Result<PathBuf, Failure> {
    write(sdk, &scratch.join("packages"), |path| Some(path.to_owned()))
}

/// Writes the package of a component's world into the scratch folder, with the package that it uses
/// under `deps`.
///
/// # Errors
/// As [`packages`].
pub(super) fn world(kind: ComponentKind, sdk: &Path, scratch: &Path) -> Result<PathBuf, Failure> {
    write(sdk, &scratch.join("world"), |path| {
        let (package, name) = path.split_once('/')?;
        match (kind, package) {
            (ComponentKind::Agent, "agent") | (ComponentKind::Tool, "tool") => {
                Some(name.to_owned())
            }
            (ComponentKind::Tool, "agent") => Some(format!("deps/agent/{name}")),
            // An agent uses nothing of a tool plugin's.
            _ => None,
        }
    })
}

/// Writes the contracts into a folder, each file at its place there.
fn write(
    sdk: &Path,
    folder: &Path,
    place: impl Fn(&str) -> Option<String>,
) -> Result<PathBuf, Failure> {
    let write = |(path, text): (String, Vec<u8>)| -> io::Result<()> {
        let Some(place) = place(&path) else { return Ok(()) };
        let place = folder.join(place);
        fs::create_dir_all(place.parent().expect("a file has a folder"))?;
        fs::write(place, text)
    };
    let written = contracts(sdk).and_then(|files| files.into_iter().try_for_each(write));
    written.map_err(|error| Failure::run(format!("cannot write the contracts: {error}")))?;
    Ok(folder.to_owned())
}

/// The contracts that a project has, by paths such as `agent/world.wit`.
fn contracts(sdk: &Path) -> io::Result<Vec<(String, Vec<u8>)>> {
    let own = sdk.join("wit");
    if !own.is_dir() {
        let embedded = embedded::contracts();
        return Ok(embedded.map(|(path, text)| (path.to_owned(), text.to_vec())).collect());
    }
    let mut files = Vec::new();
    for package in ["agent", "tool"] {
        for entry in fs::read_dir(own.join(package))? {
            let file = entry?.path();
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.ends_with(".wit") {
                files.push((format!("{package}/{name}"), fs::read(file)?));
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::author::encode::{World, encode};

    /// A module without anything in it lacks what a world exports, so the encoder has read the world.
    #[test]
    fn the_worlds_of_the_contracts_can_be_read() {
        let scratch = tempfile::tempdir().unwrap();
        let none = scratch.path().join("no-sdk");
        for (kind, missing) in [(ComponentKind::Agent, "run"), (ComponentKind::Tool, "definitions")]
        {
            let own = scratch.path().join(kind.name());
            let folder = world(kind, &none, &own).unwrap();
            for blocking in ["", "-blocking"] {
                let name = format!("{}{blocking}", kind.name());
                let world = World { folder: &folder, name: &name };
                let problem = encode(b"\0asm\x01\0\0\0", &world).unwrap_err();
                assert!(problem.contains(missing), "{name}: {problem}");
            }
            assert_eq!(folder.join("deps").exists(), kind == ComponentKind::Tool);
        }
        let packages = packages(&none, scratch.path()).unwrap();
        assert!(packages.join("agent/world.wit").is_file());
        assert!(packages.join("tool/world.wit").is_file());
    }

    #[test]
    fn a_project_keeps_the_contracts_that_it_was_made_with() {
        let scratch = tempfile::tempdir().unwrap();
        let sdk = scratch.path().join("sdk");
        for package in ["agent", "tool"] {
            let folder = sdk.join("wit").join(package);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("own.wit"), "old").unwrap();
        }
        let folder = world(ComponentKind::Tool, &sdk, scratch.path()).unwrap();
        assert_eq!(fs::read_to_string(folder.join("own.wit")).unwrap(), "old");
        assert_eq!(fs::read_to_string(folder.join("deps/agent/own.wit")).unwrap(), "old");
        assert!(!folder.join("world.wit").exists());
    }
}
