//! Puts the repository's profiles into the program: a list of all files of `hardware-profiles`, so
//! that a new file needs no other change.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

const KINDS: [&str; 4] = ["chips", "machines", "models", "software"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let profiles = manifest.join("../../hardware-profiles");
    let mut all = Vec::new();
    files(&profiles, "", &mut all);
    all.sort();
    let mut constants = String::new();
    let mut texts = String::new();
    let mut bytes = String::new();
    for (index, (name, file)) in all.into_iter().enumerate() {
        // The path as a Rust string: Windows has backslashes in it.
        let path = format!("{:?}", file.to_str().expect("the checkout's path is Unicode"));
        writeln!(constants, "const FILE_{index}: &str = include_str!({path});").unwrap();
        if is_profile(&name) {
            writeln!(texts, "    ({name:?}, FILE_{index}),").unwrap();
        }
        writeln!(bytes, "    ({name:?}, FILE_{index}.as_bytes()),").unwrap();
    }
    let list = format!(
        "{constants}\n\
         /// Paths in the folder and texts, sorted by path.\n\
         pub(crate) const TEXTS: &[(&str, &str)] = &[\n{texts}];\n\n\
         /// Paths and contents of all files of the folder of profiles, sorted by path.\n\
         pub const BUILT_IN: &[(&str, &[u8])] = &[\n{bytes}];\n"
    );
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    fs::write(folder.join("built_in_profiles.rs"), list).expect("the output folder can be written");
}

fn is_profile(name: &str) -> bool {
    let kind = name.split_once('/').filter(|(_, file)| file.ends_with(".toml"));
    kind.is_some_and(|(kind, file)| KINDS.contains(&kind) && !file.contains('/'))
}

/// Adds all files of a folder by their path in it, with what goes before.
fn files(folder: &Path, before: &str, all: &mut Vec<(String, PathBuf)>) {
    println!("cargo::rerun-if-changed={}", folder.display());
    let listed = fs::read_dir(folder);
    let listed = listed.unwrap_or_else(|error| panic!("cannot read {}: {error}", folder.display()));
    for entry in listed {
        let path = entry.expect("a folder can be listed").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("a Unicode name");
        let name = format!("{before}{name}");
        match path.is_dir() {
            true => files(&path, &format!("{name}/"), all),
            false => {
                println!("cargo::rerun-if-changed={}", path.display());
                all.push((name, path));
            }
        }
    }
}
