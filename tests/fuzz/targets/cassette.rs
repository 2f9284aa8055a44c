//! A cassette from anywhere, and requests that it may not hold.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use timeslip_fuzz::{page, request, session};
use timeslip_timeline::backend::Words;
use timeslip_words::cassette::{Cassette, CassetteWords, Matching};
use timeslip_words::tokenizer::Tokenizer;

fuzz_target!(|bytes: &[u8]| {
    let Ok(cassette) = Cassette::parse("fuzz.jsonl", bytes) else { return };
    let tokenizer = Arc::new(Tokenizer::default());
    let mut words = CassetteWords::new(vec![Arc::new(cassette)], Matching::Exact, tokenizer);
    let _ = words.reply(&session("Hello"), &request("Hello"));
    let _ = words.user_answer(&session("Hello"), "Who are you?");
    let _ = words.fetch(&session("Hello"), &page("http://h/a"));
});
