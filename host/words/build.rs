//! Lays out the vocabularies of OpenAI's tokenizers as tables that need no loading.
//!
//! A vocabulary is 200,000 byte strings with their ranks. Reading it into hash maps at start-up
//! costs tens of milliseconds, which is more than a small run takes altogether. So the hash table
//! is laid out here, once, and the program looks words up in its own read-only memory.
//!
//! A table is, in 32-bit little-endian numbers: the number of tokens, the number of slots, the
//! start of each token and the end of the last, the slots (a rank, or all ones for none), and then
//! the bytes of all tokens.

use std::path::PathBuf;
use std::{env, fs};

use tiktoken_rs::CoreBPE;
use xxhash_rust::xxh3::xxh3_64;

const EMPTY: u32 = u32::MAX;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names the output folder"));
    let vocabularies =
        [("o200k_base", tiktoken_rs::o200k_base()), ("cl100k_base", tiktoken_rs::cl100k_base())];
    for (name, vocabulary) in vocabularies {
        let tokens = ordinary_tokens(&vocabulary.expect("the vocabulary is part of the library"));
        fs::write(folder.join(format!("{name}.table")), table(&tokens))
            .expect("the output folder can be written");
    }
}

/// The ordinary tokens in the order of their ranks, which have no gap; special tokens follow a gap.
fn ordinary_tokens(vocabulary: &CoreBPE) -> Vec<Vec<u8>> {
    (0..).map_while(|rank| vocabulary.decode_bytes(&[rank]).ok()).collect()
}

fn table(tokens: &[Vec<u8>]) -> Vec<u8> {
    let slots = slots(tokens);
    let mut numbers = vec![tokens.len() as u32, slots.len() as u32, 0];
    for token in tokens {
        numbers.push(numbers.last().expect("it holds the first start") + token.len() as u32);
    }
    numbers.extend(slots);
    let mut bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    bytes.extend(tokens.iter().flatten());
    bytes
}

/// An open-addressing hash table, at most three quarters full, searched slot after slot.
fn slots(tokens: &[Vec<u8>]) -> Vec<u32> {
    let mut slots = vec![EMPTY; (tokens.len() * 4 / 3).next_power_of_two()];
    let mask = slots.len() - 1;
    for (rank, token) in tokens.iter().enumerate() {
        let mut slot = xxh3_64(token) as usize & mask;
        while slots[slot] != EMPTY {
            slot = (slot + 1) & mask;
        }
        slots[slot] = rank as u32;
    }
    slots
}
