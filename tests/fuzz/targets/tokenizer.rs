//! Any text, counted and cut: the counts of the built-in vocabularies must be those of the whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use timeslip_words::tokenizer::Tokenizer;

fuzz_target!(|input: (u8, &str)| {
    let (tokens_max, text) = input;
    let tokenizer = Tokenizer::default();
    let whole = tokenizer.count(text);
    let (beginning, tokens) = tokenizer.truncate(text, u64::from(tokens_max));
    assert!(text.starts_with(beginning) && tokens <= u64::from(tokens_max));
    assert!(whole > u64::from(tokens_max) || beginning == text);
});
