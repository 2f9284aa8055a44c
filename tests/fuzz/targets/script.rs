//! A script from anywhere: its rules, expressions and templates, applied to a short conversation.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use timeslip_fuzz::{page, request, session};
use timeslip_timeline::backend::Words;
use timeslip_words::script::ScriptWords;
use timeslip_words::tokenizer::Tokenizer;

fuzz_target!(|bytes: &[u8]| {
    let tokenizer = Arc::new(Tokenizer::default());
    let Ok(mut words) = ScriptWords::parse("fuzz.toml", bytes, tokenizer) else { return };
    let _ = words.reply(&session("Hello"), &request("Hello"));
    let _ = words.user_answer(&session("Hello"), "Who are you?");
    let _ = words.fetch(&session("Hello"), &page("http://h/a"));
});
