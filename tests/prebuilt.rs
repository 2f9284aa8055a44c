//! The committed components: baselines depend on their bytes, so the list of digests must be true,
//! and the sources must give them.

use std::process::Command;

use sha2::{Digest, Sha256};

use crate::place::repository;

fn digests() -> Vec<(String, String)> {
    let list = std::fs::read_to_string(repository().join("agents/prebuilt/DIGESTS")).unwrap();
    let lines = list.lines().filter(|line| !line.starts_with("toolchain:"));
    lines
        .map(|line| line.split_once("  ").expect("digest and path"))
        .map(|(d, p)| (d.to_owned(), p.to_owned()))
        .collect()
}

#[test]
fn the_list_of_digests_is_true_and_whole() {
    let listed = digests();
    for (digest, path) in &listed {
        let bytes = std::fs::read(repository().join(path)).unwrap();
        let actual: String =
            Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(actual, *digest, "{path} is not the file that agents/prebuilt/DIGESTS lists");
    }
    let folders = [
        "agents/prebuilt",
        "agents/sdk/conformance/prebuilt/rust",
        "plugins/prebuilt",
        "tests/guests/prebuilt",
    ];
    for folder in folders {
        for entry in std::fs::read_dir(repository().join(folder)).unwrap() {
            let name = entry.unwrap().file_name().to_string_lossy().into_owned();
            let path = format!("{folder}/{name}");
            if name.ends_with(".wasm") {
                assert!(listed.iter().any(|(_, listed)| *listed == path), "{path} is not listed");
            }
        }
    }
}

#[test]
fn the_sources_of_a_component_give_its_bytes() {
    let output = Command::new(repository().join("agents/build"))
        .args(["--check", "calculator"])
        .env_remove("RUSTC")
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .expect("agents/build can be started");
    let told = String::from_utf8_lossy(&output.stderr);
    let no_compiler = told.contains("no Rust compiler for wasm32");
    let another_compiler = told.contains("come from another compiler");
    if no_compiler || another_compiler {
        eprintln!("skipped: the committed components' own compiler is not here:\n{told}");
        return;
    }
    assert!(output.status.success(), "{told}");
    assert!(told.contains("is what its sources give"), "{told}");
}
