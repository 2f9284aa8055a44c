//! Rust: cargo, and `wasm-component-ld`, which comes with every toolchain, in the linker's place.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::Job;
use crate::author::command::{Step, is_program, on_path};
use crate::author::tools::Tools;
use crate::exit::Failure;

/// What components are compiled for.
pub(in crate::author) const TARGET: &str = "wasm32-unknown-unknown";

/// Takes this folder's `rustc` before any other.
const FOLDER_VARIABLE: &str = "TIMESLIP_WASM_TOOLCHAIN";

/// Builds the package of the source folder.
pub(super) fn component(job: &Job<'_>) -> Result<Vec<u8>, Failure> {
    let folder = job.folder();
    let compiler = compiler(&job.tools, folder)?;
    let cargo = on_path("cargo").ok_or_else(|| job.tools.missing("cargo"));
    let mut step = match cargo {
        Ok(cargo) => Step::new(cargo, folder),
        Err(missing) => return Err(missing?),
    };
    step = step
        .args(["build", "--release", "--quiet", "--target", TARGET])
        .args(["--message-format", "json-render-diagnostics"])
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-component-ld")
        .env("RUSTC", &compiler);
    if ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"].iter().all(|name| std::env::var_os(name).is_none())
    {
        step = step.env("CARGO_ENCODED_RUSTFLAGS", without_places(folder, &compiler));
    }
    let messages = step.output()?;
    let file = component_file(&messages, folder).ok_or_else(|| {
        Failure::usage(format!(
            "{}: the package in {} makes no component\n  fix: add to its Cargo.toml\n    [lib]\n    \
             crate-type = [\"cdylib\"]",
            job.tools.place,
            folder.display()
        ))
    })?;
    job.written(&file)
}

/// A compiler for the target: what the variable names, the one in use in the source folder, or the
/// one that `--setup` unpacked.
///
/// # Errors
/// When none of them is there.
pub(in crate::author) fn compiler(tools: &Tools<'_>, folder: &Path) -> Result<PathBuf, Failure> {
    if let Some(named) = std::env::var_os(FOLDER_VARIABLE).filter(|value| !value.is_empty()) {
        let compiler = PathBuf::from(named).join("rustc");
        return match is_program(&compiler) {
            true => Ok(compiler),
            false => Err(Failure::usage(format!(
                "{FOLDER_VARIABLE} names a folder without an executable rustc: {}",
                compiler.display()
            ))),
        };
    }
    let in_use = on_path("rustc").filter(|compiler| {
        let asked = Command::new(compiler)
            .args(["--print", "target-libdir", "--target", TARGET])
            .current_dir(folder)
            .output();
        let library = asked.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
        library.is_ok_and(|library| !library.is_empty() && Path::new(&library).is_dir())
    });
    if let Some(compiler) = in_use {
        return Ok(compiler);
    }
    let unpacked = tools.kit.folder()?;
    match unpacked.join("complete").exists() {
        true => Ok(unpacked.join("rustc")),
        false => Err(tools.missing("rustc")?),
    }
}

/// Flags that keep the places of sources, crates and the compiler out of the component, so that it
/// has the same bytes wherever it is built.
fn without_places(folder: &Path, compiler: &Path) -> String {
    let sysroot = Command::new(compiler).args(["--print", "sysroot"]).current_dir(folder).output();
    let sysroot = sysroot.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let cargo_home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    let mut places = vec![(folder.to_owned(), "/project")];
    places.extend(sysroot.ok().map(|sysroot| (PathBuf::from(sysroot), "/rust")));
    if let Some(cargo_home) = cargo_home {
        // The folder of a registry has a name that depends on the mirror in use.
        let registries = std::fs::read_dir(cargo_home.join("registry/src"));
        let registries = registries.into_iter().flatten().flatten();
        places.push((cargo_home, "/cargo"));
        places.extend(registries.map(|registry| (registry.path(), "/registry")));
    }
    let flag =
        |(from, to): &(PathBuf, &str)| format!("--remap-path-prefix={}={to}", from.display());
    places.iter().map(flag).collect::<Vec<_>>().join("\u{1f}")
}

/// The file that cargo's messages name for the folder's own package.
fn component_file(messages: &str, folder: &Path) -> Option<PathBuf> {
    let manifest = folder.join("Cargo.toml");
    let artifacts = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let own = artifacts.filter(|message| {
        let of = message["manifest_path"].as_str().map(Path::new);
        message["reason"] == "compiler-artifact" && of == Some(&manifest)
    });
    let files = own.filter_map(|message| message["filenames"].as_array().cloned());
    let mut files = files.flatten().filter_map(|file| file.as_str().map(PathBuf::from));
    files.rfind(|file| file.extension().is_some_and(|extension| extension == "wasm"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_component_is_the_one_of_the_own_package() {
        let message = |manifest: &str, file: &str| {
            serde_json::json!({
                "reason": "compiler-artifact", "manifest_path": manifest, "filenames": [file],
            })
        };
        let messages = format!(
            "{}\n{}\n{}\nno JSON\n",
            message("/other/Cargo.toml", "/t/other.wasm"),
            message("/mine/Cargo.toml", "/t/mine.wasm"),
            message("/mine/Cargo.toml", "/t/libmine.rlib"),
        );
        let found = component_file(&messages, Path::new("/mine"));
        assert_eq!(found, Some(PathBuf::from("/t/mine.wasm")));
        assert_eq!(component_file(&messages, Path::new("/none")), None);
    }
}
