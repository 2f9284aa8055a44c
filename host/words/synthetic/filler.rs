//! Text that has exactly so many tokens.

use timeslip_timeline::chance::Chance;

use crate::tokenizer::Tokenizer;

/// Words that are one token each, after a space, in both built-in vocabularies.
const WORDS: [&str; 64] = [
    "time", "line", "water", "light", "house", "world", "small", "green", "paper", "river",
    "stone", "north", "sound", "field", "glass", "horse", "table", "round", "story", "plant",
    "night", "early", "heavy", "clear", "point", "order", "place", "large", "white", "black",
    "short", "young", "great", "first", "right", "under", "above", "every", "never", "again",
    "close", "front", "level", "metal", "month", "music", "piece", "phone", "power", "quiet",
    "radio", "scale", "shape", "sheet", "south", "space", "speed", "store", "train", "value",
    "voice", "wheel", "whole", "cloud",
];

/// Short ends that may make up the last tokens with a tokenizer that splits the words.
const ENDS: [&str; 8] = [" a", " I", ".", " 1", "!", " the", "\n", " of"];

/// Writes filler for one tokenizer.
pub(super) struct Filler {
    /// Those that the tokenizer keeps whole; all of them when it splits every one.
    words: Vec<&'static str>,
}

impl Filler {
    /// Chooses words that this tokenizer keeps whole.
    pub(super) fn new(tokenizer: &Tokenizer) -> Filler {
        let is_whole = |word: &&str| {
            tokenizer.count(word) == 1 && tokenizer.count(&format!("{word} {word}")) == 2
        };
        let mut words: Vec<&str> = WORDS.into_iter().filter(is_whole).collect();
        if words.is_empty() {
            words = WORDS.to_vec();
        }
        Filler { words }
    }

    /// A text of this many tokens. It begins at a drawn word and goes round from there.
    ///
    /// The built-in tokenizers, and all that can write some short word in one token, reach every
    /// number exactly; another may stay a token short.
    pub(super) fn write(&self, tokenizer: &Tokenizer, tokens: u64, chance: &mut Chance) -> String {
        let first = chance.next_between(0, self.words.len() as u64 - 1) as usize;
        let mut words = tokens as usize;
        let mut text = self.text(first, words);
        let mut counted = tokenizer.count_anew(&text);
        while counted > tokens {
            // At most as many words as their share of the tokens, and at least one fewer.
            words = (words * tokens as usize / counted as usize).min(words - 1);
            text = self.text(first, words);
            counted = tokenizer.count_anew(&text);
        }
        while counted < tokens {
            let longer = ENDS.iter().map(|end| format!("{text}{end}"));
            let next = longer
                .map(|text| (tokenizer.count_anew(&text), text))
                .filter(|(longer, _)| (counted + 1..=tokens).contains(longer))
                .min();
            let Some((longer, end)) = next else { break };
            (counted, text) = (longer, end);
        }
        tokenizer.remember(&text, counted);
        text
    }

    fn text(&self, first: usize, words: usize) -> String {
        let round = self.words.iter().cycle().skip(first).take(words);
        let mut text = String::with_capacity(words * 6);
        for word in round {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(word);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every character is a token, as for a model that reads bytes.
    const CHARACTERS: &str = r#"{"version":"1.0","truncation":null,"padding":null,
        "added_tokens":[],"normalizer":null,
        "pre_tokenizer":{"type":"Split","pattern":{"Regex":"(?s:.)"},"behavior":"Isolated","invert":false},
        "post_processor":null,"decoder":null,
        "model":{"type":"WordLevel","vocab":{"[UNK]":0},"unk_token":"[UNK]"}}"#;

    fn filler_has_its_tokens(tokenizer: &Tokenizer, tokens: u64, seed: u64) {
        let mut chance = Chance::new(seed, "test", 0);
        let text = Filler::new(tokenizer).write(tokenizer, tokens, &mut chance);
        assert_eq!(tokenizer.count_anew(&text), tokens, "{text:?}");
        assert_eq!(tokenizer.count(&text), tokens, "the count that was noted");
    }

    #[test]
    fn every_word_is_one_token_of_the_built_in_tokenizers() {
        for name in ["o200k_base", "cl100k_base"] {
            let tokenizer = Tokenizer::built_in(name).unwrap();
            assert_eq!(Filler::new(&tokenizer).words, WORDS, "{name}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn filler_has_exactly_the_tokens_asked_for(tokens in 0u64..3000, seed: u64) {
            for name in ["o200k_base", "cl100k_base"] {
                filler_has_its_tokens(&Tokenizer::built_in(name).unwrap(), tokens, seed);
            }
        }

        #[test]
        fn filler_is_exact_with_a_tokenizer_that_splits_words(tokens in 0u64..60, seed: u64) {
            let tokenizer = Tokenizer::of_model("t.json", CHARACTERS.as_bytes()).unwrap();
            filler_has_its_tokens(&tokenizer, tokens, seed);
        }
    }
}
