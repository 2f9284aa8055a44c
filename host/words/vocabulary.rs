//! Byte-pair encoding over the tables that `build.rs` laid out.
//!
//! A text is split by the vocabulary's pattern, and each piece is merged pair by pair, lowest rank
//! first, as OpenAI's `tiktoken` does; the tests hold this against `tiktoken-rs` token by token.
//! Special tokens such as `<|endoftext|>` are read as ordinary text: they have no place in a
//! message.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::LazyLock;

use regex_automata::meta::Regex;
use regex_automata::{Anchored, Input};
use xxhash_rust::xxh3::xxh3_64;

/// The vocabulary of GPT-4o and later.
pub(crate) static O200K_BASE: Vocabulary = Vocabulary::new(
    include_bytes!(concat!(env!("OUT_DIR"), "/o200k_base.table")),
    LazyLock::new(|| pattern(O200K_PATTERN)),
);

/// The vocabulary of GPT-3.5 and GPT-4.
pub(crate) static CL100K_BASE: Vocabulary = Vocabulary::new(
    include_bytes!(concat!(env!("OUT_DIR"), "/cl100k_base.table")),
    LazyLock::new(|| pattern(CL100K_PATTERN)),
);

/// The patterns of `tiktoken/tiktoken_ext/openai_public.py`, less their last two alternatives,
/// `\s+(?!\S)|\s+`: a look-ahead, which [`pattern`] adds in a form that an automaton can run.
const O200K_PATTERN: &str = concat!(
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"|\p{N}{1,3}",
    r"| ?[^\s\p{L}\p{N}]+[\r\n/]*",
    r"|\s*[\r\n]+",
);
const CL100K_PATTERN: &str = concat!(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)",
    r"|[^\r\n\p{L}\p{N}]?\p{L}+",
    r"|\p{N}{1,3}",
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*",
    r"|\s*[\r\n]+",
);

const EMPTY: u32 = u32::MAX;

/// A vocabulary in read-only memory.
pub(crate) struct Vocabulary {
    table: &'static [u8],
    pattern: LazyLock<Regex>,
}

impl Vocabulary {
    const fn new(table: &'static [u8], pattern: LazyLock<Regex>) -> Vocabulary {
        Vocabulary { table, pattern }
    }

    /// The number of tokens of a text.
    pub(crate) fn count(&self, text: &str) -> u64 {
        self.pieces(text)
            .map(|piece| match self.rank(piece.as_bytes()) {
                Some(_) => 1,
                None => self.merge(piece.as_bytes()).len() as u64,
            })
            .sum()
    }

    /// Where each token of a text ends, in bytes. A token may end inside a character.
    pub(crate) fn token_ends(&self, text: &str) -> Vec<usize> {
        let mut ends = Vec::new();
        let mut start = 0;
        for piece in self.pieces(text) {
            match self.rank(piece.as_bytes()) {
                Some(_) => ends.push(start + piece.len()),
                None => ends.extend(self.merge(piece.as_bytes()).iter().map(|end| start + end)),
            }
            start += piece.len();
        }
        ends
    }

    fn pieces<'t>(&self, text: &'t str) -> impl Iterator<Item = &'t str> {
        let mut rest = text;
        std::iter::from_fn(move || {
            let found = self.pattern.find(Input::new(rest).anchored(Anchored::Yes))?;
            let mut end = found.end();
            if found.pattern().as_usize() == LOOK_AHEAD {
                let ahead = rest[..end].chars().next_back().expect("the pattern matches two");
                end -= ahead.len_utf8();
            }
            let (piece, after) = rest.split_at(end);
            rest = after;
            Some(piece)
        })
    }

    /// Where each token of a piece ends.
    ///
    /// Of all neighbours whose union is a token, those of the lowest rank are joined first, the
    /// leftmost of equals. A heap keeps a piece of any length (a megabyte of one letter, say) from
    /// costing its square.
    fn merge(&self, piece: &[u8]) -> Vec<usize> {
        // A part is known by its first byte: `ends[start]` is 0 once it is joined to its left.
        let mut ends: Vec<usize> = (1..=piece.len()).collect();
        let mut before: Vec<usize> = (0..piece.len()).map(|start| start.wrapping_sub(1)).collect();
        let mut heap = BinaryHeap::new();
        let candidate = |start: usize, end: usize| {
            self.rank(&piece[start..end]).map(|rank| Reverse((rank, start, end)))
        };
        heap.extend((0..piece.len().saturating_sub(1)).filter_map(|at| candidate(at, at + 2)));
        while let Some(Reverse((_, start, end))) = heap.pop() {
            let middle = ends[start];
            if middle == 0 || middle >= end || ends[middle] != end {
                continue;
            }
            ends[start] = end;
            ends[middle] = 0;
            if end < piece.len() {
                before[end] = start;
                heap.extend(candidate(start, ends[end]));
            }
            if start > 0 {
                heap.extend(candidate(before[start], end));
            }
        }
        ends.retain(|end| *end != 0);
        ends
    }

    fn rank(&self, piece: &[u8]) -> Option<u32> {
        let (tokens, slots) = (self.number(0) as usize, self.number(1) as usize);
        let (starts_at, slots_at) = (2, 3 + tokens);
        let bytes_at = 4 * (slots_at + slots);
        let mut slot = xxh3_64(piece) as usize & (slots - 1);
        loop {
            let rank = self.number(slots_at + slot);
            if rank == EMPTY {
                return None;
            }
            let start = bytes_at + self.number(starts_at + rank as usize) as usize;
            let end = bytes_at + self.number(starts_at + rank as usize + 1) as usize;
            if &self.table[start..end] == piece {
                return Some(rank);
            }
            slot = (slot + 1) & (slots - 1);
        }
    }

    fn number(&self, place: usize) -> u32 {
        let bytes = self.table[4 * place..4 * place + 4].try_into().expect("it is four bytes");
        u32::from_le_bytes(bytes)
    }
}

const LOOK_AHEAD: usize = 1;

/// `first|\s+(?!\S)|\s+` without a look-ahead: white space up to the end of the text, or white
/// space whose last character is then given back.
fn pattern(first: &str) -> Regex {
    Regex::new_many(&[&format!(r"{first}|\s+$"), r"\s+\s", r"\s+"])
        .expect("the patterns are constants")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tiktoken_rs::{CoreBPE, cl100k_base_singleton, o200k_base_singleton};

    use super::*;

    fn agree(text: &str) {
        let pairs: [(&Vocabulary, &CoreBPE); 2] =
            [(&O200K_BASE, o200k_base_singleton()), (&CL100K_BASE, cl100k_base_singleton())];
        for (ours, reference) in pairs {
            let mut end = 0;
            let expected: Vec<usize> = reference
                .encode_ordinary(text)
                .iter()
                .map(|token| {
                    end += reference.decode_bytes(&[*token]).expect("it is a token").len();
                    end
                })
                .collect();
            assert_eq!(ours.token_ends(text), expected, "{text:?}");
            assert_eq!(ours.count(text), expected.len() as u64, "{text:?}");
        }
    }

    #[test]
    fn tokens_are_those_of_the_reference() {
        for text in [
            "",
            "a",
            "Hello, world!",
            "  indented\n\n\tcode()  \n",
            "trailing   ",
            "1234567890 1,234.56",
            "don't WON'T I'LL",
            "naïve café 東京タワー 🚀🚀 \u{200d}\u{fe0f}",
            "{\"name\": \"get_user_details\", \"arguments\": {\"user_id\": \"mia_li_3668\"}}",
            "<|endoftext|>",
            "x\u{a0}\u{a0}y\u{3000} z",
        ] {
            agree(text);
        }
    }

    #[test]
    fn a_long_run_of_one_letter_does_not_cost_its_square() {
        agree(&"a".repeat(5_000));
        let spaces = " ".repeat(300_000);
        assert!(O200K_BASE.count(&spaces) < 10_000);
    }

    proptest! {
        #[test]
        fn tokens_of_any_text_are_those_of_the_reference(text in any::<String>()) {
            agree(&text);
        }

        #[test]
        fn tokens_of_texts_like_writing_are_those_of_the_reference(
            text in "([A-Za-z]{1,12}|[ \n\t]{1,5}|[0-9]{1,5}|[.,;:'\"!?/(){}-]{1,4}|[äßéЖ中🚀]){0,60}"
        ) {
            agree(&text);
        }
    }
}
