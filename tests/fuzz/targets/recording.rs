//! A recording of another program from anywhere: what is imported must be a cassette that opens.
#![no_main]

use libfuzzer_sys::fuzz_target;
use timeslip_words::cassette::Cassette;
use timeslip_words::import::{ImportOptions, openai_messages};

fuzz_target!(|bytes: &[u8]| {
    let options =
        ImportOptions { source: "fuzz".to_owned(), recorded_model: None, rewrites: Vec::new() };
    let Ok(imported) = openai_messages("fuzz.json", bytes, &options) else { return };
    for conversation in imported.conversations {
        Cassette::parse("imported.jsonl", conversation.cassette.as_bytes())
            .expect("an imported cassette opens");
    }
});
