//! Puts the SDKs of `agents/sdk` and the contracts of `wit` into the program: lists of all their
//! files, so that a new file needs no other change.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Folders of what tools leave beside sources.
const LEFT_BY_TOOLS: [&str; 6] =
    ["build", "target", "node_modules", "__pycache__", "zig-out", "zig-cache"];

/// Folders that no project gets: what all SDKs are held to, and WASI's contracts.
const NOT_FOR_PROJECTS: [&str; 2] = ["conformance", "wasi"];

fn main() {
    println!("cargo::rerun-if-changed=host/cli/build.rs");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let sdks = list("SDKS", &root.join("agents/sdk"));
    let contracts = list("CONTRACTS", &root.join("wit"));
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    fs::write(folder.join("embedded_files.rs"), sdks + &contracts)
        .expect("the output folder can be written");
}

/// The constant that holds a folder's files by their paths in it, sorted.
fn list(name: &str, folder: &Path) -> String {
    let mut all = Vec::new();
    files(folder, "", &mut all);
    all.sort();
    let mut text = format!("pub(super) const {name}: &[(&str, &[u8])] = &[\n");
    for (path, file) in all {
        // The path as a Rust string: Windows has backslashes in it.
        let file = format!("{:?}", file.to_str().expect("the checkout's path is Unicode"));
        writeln!(text, "    ({path:?}, include_bytes!({file})),").expect("a text takes everything");
    }
    text + "];\n"
}

/// Adds all files of a folder by their path in it, with what goes before.
fn files(folder: &Path, before: &str, all: &mut Vec<(String, PathBuf)>) {
    let listed = fs::read_dir(folder);
    let listed = listed.unwrap_or_else(|error| panic!("cannot read {}: {error}", folder.display()));
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in listed {
        let path = entry.expect("a folder can be listed").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("a Unicode name");
        match path.is_dir() {
            true if LEFT_BY_TOOLS.contains(&name) || name.starts_with('.') => {}
            true if NOT_FOR_PROJECTS.contains(&name) => {}
            true => files(&path, &format!("{before}{name}/"), all),
            false => {
                println!("cargo::rerun-if-changed={}", path.display());
                all.push((format!("{before}{name}"), path));
            }
        }
    }
}
