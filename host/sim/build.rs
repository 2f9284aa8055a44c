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
    let mut constants = String::new();
    let mut texts = String::new();
    let mut bytes = String::new();
    for (index, (name, file)) in KINDS.iter().flat_map(|kind| files(&profiles, kind)).enumerate() {
        // The path as a Rust string: Windows has backslashes in it.
        let path = format!("{:?}", file.to_str().expect("the checkout's path is Unicode"));
        writeln!(constants, "const FILE_{index}: &str = include_str!({path});").unwrap();
        writeln!(texts, "    ({name:?}, FILE_{index}),").unwrap();
        writeln!(bytes, "    ({name:?}, FILE_{index}.as_bytes()),").unwrap();
    }
    let list = format!(
        "{constants}\n\
         /// Paths in the folder and texts, sorted by path.\n\
         pub(crate) const TEXTS: &[(&str, &str)] = &[\n{texts}];\n\n\
         /// Paths in the folder and contents of the profiles that are built in, sorted by path.\n\
         pub const BUILT_IN: &[(&str, &[u8])] = &[\n{bytes}];\n"
    );
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    fs::write(folder.join("built_in_profiles.rs"), list).expect("the output folder can be written");
}

/// The profiles of one kind, by their path in the folder of profiles, sorted.
fn files(profiles: &Path, kind: &str) -> Vec<(String, PathBuf)> {
    let folder = profiles.join(kind);
    println!("cargo::rerun-if-changed={}", folder.display());
    let listed = fs::read_dir(&folder);
    let listed = listed.unwrap_or_else(|error| panic!("cannot read {}: {error}", folder.display()));
    let mut files: Vec<(String, PathBuf)> = listed
        .map(|entry| entry.expect("a folder can be listed").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .map(|path| {
            println!("cargo::rerun-if-changed={}", path.display());
            let name = path.file_name().and_then(|name| name.to_str()).expect("a Unicode name");
            (format!("{kind}/{name}"), path.clone())
        })
        .collect();
    files.sort();
    files
}
