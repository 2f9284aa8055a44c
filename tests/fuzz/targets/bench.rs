//! A bench from anywhere, up to what it says; what it leads to has targets of its own.
#![no_main]
#![allow(dead_code, unreachable_pub, missing_docs)]

use libfuzzer_sys::fuzz_target;

// The command line is no library, so its readers are taken by their files.
#[path = "../../../host/cli/bench/build_file.rs"]
mod build_file;
#[path = "../../../host/cli/bench/endpoint_file.rs"]
mod endpoint_file;
#[path = "../../../host/cli/exit.rs"]
mod exit;
#[path = "../../../host/cli/bench/file.rs"]
mod file;
#[path = "../../../host/cli/bench/gate_file.rs"]
mod gate_file;
#[path = "../../../host/cli/bench/mcp_file.rs"]
mod mcp_file;
#[path = "../../../host/cli/bench/text.rs"]
mod text;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = text::TomlText::new("fuzz.toml".to_owned(), bytes.to_vec()) else { return };
    match text.parse::<file::BenchFile>() {
        Ok(bench) => drop((text.place_of(&bench.name), text.place_of_key("machines"))),
        Err(failure) => assert!(failure.message.starts_with("fuzz.toml:"), "{failure}"),
    }
});
