//! Counts tokens, each distinct text once per process.
//!
//! A conversation is sent again with every chat, so the same texts are asked for over and over: a
//! count is remembered under a 128-bit hash of its text, in a table that threads share. The table is
//! bounded, since a server counts for as long as it runs.

use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::DashMap;
use timeslip_timeline::conversation::nearest;
use xxhash_rust::xxh3::xxh3_128;

use crate::digest::sha256_hex;
use crate::error::FileError;
use crate::vocabulary::{CL100K_BASE, O200K_BASE, Vocabulary};

/// The tokenizers that are built in, the default first.
pub const BUILT_IN_TOKENIZERS: [&str; 2] = ["o200k_base", "cl100k_base"];

/// Counts that are remembered, at some 60 bytes each; then all are forgotten, and counted again when
/// they are asked for.
const REMEMBERED_MAX: usize = 1_000_000;

/// Turns texts into numbers of tokens.
///
/// Shared by all threads of a process, best in one `Arc`, since it remembers what it has counted.
pub struct Tokenizer {
    name: String,
    engine: Engine,
    counted: DashMap<TextKey, u64>,
    /// How many counts were written down since the table was empty.
    written: AtomicUsize,
}

enum Engine {
    BuiltIn(&'static Vocabulary),
    OfModel(Box<tokenizers::Tokenizer>),
}

/// Stands for a text: two texts of equal length and equal 128-bit hash are taken to be the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TextKey {
    pub(crate) hash: u128,
    pub(crate) length_bytes: usize,
}

/// A built-in tokenizer that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no built-in tokenizer `{name}`: {advice}")]
pub struct UnknownTokenizer {
    name: String,
    advice: String,
}

impl Default for Tokenizer {
    /// `o200k_base`, the vocabulary of GPT-4o.
    fn default() -> Tokenizer {
        Tokenizer::with_engine("o200k_base".to_owned(), Engine::BuiltIn(&O200K_BASE))
    }
}

impl Tokenizer {
    /// One of [`BUILT_IN_TOKENIZERS`]. Takes no time: their tables need no loading.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn built_in(name: &str) -> Result<Tokenizer, UnknownTokenizer> {
        match name {
            "o200k_base" => Ok(Tokenizer::default()),
            "cl100k_base" => {
                Ok(Tokenizer::with_engine(name.to_owned(), Engine::BuiltIn(&CL100K_BASE)))
            }
            _ => Err(UnknownTokenizer {
                name: name.to_owned(),
                advice: match nearest(name, BUILT_IN_TOKENIZERS) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!(
                        "use {}, or the path of the model's tokenizer.json",
                        BUILT_IN_TOKENIZERS.join(" or ")
                    ),
                },
            }),
        }
    }

    /// A model's own tokenizer, from the bytes of its `tokenizer.json` (the format of Hugging
    /// Face's `tokenizers` library).
    ///
    /// # Errors
    /// When the bytes are not such a file.
    pub fn of_model(file: &str, bytes: &[u8]) -> Result<Tokenizer, FileError> {
        let engine = tokenizers::Tokenizer::from_bytes(bytes).map_err(|error| FileError {
            file: file.to_owned(),
            line: None,
            column: None,
            problem: format!("this is no tokenizer.json: {error}"),
            fix: "give the file `tokenizer.json` of the model's repository".to_owned(),
        })?;
        let name = format!("{file} (sha256 {})", &sha256_hex(bytes)[..12]);
        Ok(Tokenizer::with_engine(name, Engine::OfModel(Box::new(engine))))
    }

    fn with_engine(name: String, engine: Engine) -> Tokenizer {
        Tokenizer { name, engine, counted: DashMap::new(), written: AtomicUsize::new(0) }
    }

    /// The built-in's name, or a model's file with the beginning of its digest.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of tokens of a text.
    pub fn count(&self, text: &str) -> u64 {
        self.count_once(TextKey::of(text), || self.count_anew(text))
    }

    /// The beginning of a text that has at most this many tokens, and the number it has.
    ///
    /// Cut between tokens; where that would split a character, before the character.
    pub fn truncate<'t>(&self, text: &'t str, tokens_max: u64) -> (&'t str, u64) {
        let counted = self.count(text);
        if counted <= tokens_max {
            return (text, counted);
        }
        let Some(last) = tokens_max.checked_sub(1) else {
            return ("", 0);
        };
        let mut end = self.token_ends(text)[last as usize].min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        (&text[..end], tokens_max)
    }

    /// The number remembered under a key, or else what `count` says, which is then remembered.
    pub(crate) fn count_once(&self, key: TextKey, count: impl FnOnce() -> u64) -> u64 {
        if let Some(known) = self.counted.get(&key) {
            return *known;
        }
        let tokens = count();
        self.write_down(key, tokens, REMEMBERED_MAX);
        tokens
    }

    fn write_down(&self, key: TextKey, tokens: u64, most: usize) {
        if self.written.fetch_add(1, Ordering::Relaxed) >= most {
            // The one that follows is the first again.
            self.written.store(1, Ordering::Relaxed);
            self.counted.clear();
        }
        self.counted.insert(key, tokens);
    }

    /// Notes the count of a text that is known without encoding it.
    pub(crate) fn remember(&self, text: &str, tokens: u64) {
        self.write_down(TextKey::of(text), tokens, REMEMBERED_MAX);
    }

    /// The number of tokens of a text that is not worth remembering.
    pub(crate) fn count_anew(&self, text: &str) -> u64 {
        match &self.engine {
            Engine::BuiltIn(vocabulary) => vocabulary.count(text),
            Engine::OfModel(model) => encode(model, text).len() as u64,
        }
    }

    fn token_ends(&self, text: &str) -> Vec<usize> {
        match &self.engine {
            Engine::BuiltIn(vocabulary) => vocabulary.token_ends(text),
            Engine::OfModel(model) => {
                encode(model, text).get_offsets().iter().map(|(_, end)| *end).collect()
            }
        }
    }
}

impl TextKey {
    fn of(text: &str) -> TextKey {
        TextKey { hash: xxh3_128(text.as_bytes()), length_bytes: text.len() }
    }
}

fn encode(model: &tokenizers::Tokenizer, text: &str) -> tokenizers::Encoding {
    // Encoding fails only for a model without an unknown token that meets an unknown word, and such
    // a model cannot be served either; an empty encoding keeps a run about other things going.
    model.encode_fast(text, false).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A word-level tokenizer of three words, in the format of a model's own file.
    const WORD_LEVEL: &str = r#"{"version":"1.0","truncation":null,"padding":null,
        "added_tokens":[],"normalizer":null,"pre_tokenizer":{"type":"Whitespace"},
        "post_processor":null,"decoder":null,
        "model":{"type":"WordLevel","vocab":{"[UNK]":0,"hello":1,"world":2},"unk_token":"[UNK]"}}"#;

    #[test]
    fn the_default_is_gpt_4o_and_others_can_be_chosen() {
        assert_eq!(Tokenizer::default().count("hello there, world"), 4);
        assert_eq!(Tokenizer::built_in("cl100k_base").unwrap().count("Hello, world!"), 4);
        let own = Tokenizer::of_model("m/tokenizer.json", WORD_LEVEL.as_bytes()).unwrap();
        assert_eq!(own.count("hello big world"), 3);
        assert!(own.name().starts_with("m/tokenizer.json (sha256 "));
    }

    #[test]
    fn a_wrong_name_or_file_is_explained() {
        let wrong = Tokenizer::built_in("o200k").err().unwrap().to_string();
        insta::assert_snapshot!(wrong, @"there is no built-in tokenizer `o200k`: use o200k_base or cl100k_base, or the path of the model's tokenizer.json");
        let wrong = Tokenizer::of_model("t.json", b"{}").err().unwrap().to_string();
        assert!(wrong.starts_with("t.json: this is no tokenizer.json: "), "{wrong}");
    }

    #[test]
    fn a_text_is_cut_at_its_limit_and_never_inside_a_character() {
        let tokenizer = Tokenizer::default();
        assert_eq!(tokenizer.truncate("one two three", 2), ("one two", 2));
        assert_eq!(tokenizer.truncate("one two three", 3), ("one two three", 3));
        assert_eq!(tokenizer.truncate("one two three", 0), ("", 0));
        let text = "🚀🛰️🦀𓀀𓀁";
        for tokens_max in 0..20 {
            let (cut, tokens) = tokenizer.truncate(text, tokens_max);
            assert!(text.starts_with(cut) && tokens <= tokens_max);
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let tokenizer = Tokenizer::default();
        for number in 0..25 {
            tokenizer.write_down(TextKey::of(&number.to_string()), 1, 10);
            assert!(tokenizer.counted.len() <= 10);
        }
        assert_eq!(tokenizer.count("24"), 1);
    }

    #[test]
    fn threads_share_what_was_counted() {
        let tokenizer = Tokenizer::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope
                    .spawn(|| (0..100).for_each(|n| assert!(tokenizer.count(&n.to_string()) == 1)));
            }
        });
        assert_eq!(tokenizer.counted.len(), 100);
    }
}
