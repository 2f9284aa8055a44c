//! Searching a copy of a catalogue.

use super::copy::{Catalogue, name_of};
use super::entry::{Entry, Status};
use crate::error::Result;

/// What is searched for. Everything that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Words that the name, the summary or the keywords have.
    pub words: Vec<String>,
    /// Interfaces that it imports, or parts of their names.
    pub imports: Vec<String>,
    /// Interfaces that it exports, or parts of their names.
    pub exports: Vec<String>,
    /// What it must not need: `net`, `fs`, `secret`, `llm`, `tools`.
    pub without: Vec<String>,
}

/// A plugin that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The newest version that is to be used.
    pub entry: Entry,
    /// How well it fits; more is better.
    pub rank: u32,
}

/// The plugins that a query takes, the best first. Of each its newest version is looked at.
///
/// # Errors
/// When the copy is damaged.
pub fn search(catalogue: &Catalogue, query: &Query) -> Result<Vec<Found>> {
    let words: Vec<String> = query.words.iter().map(|word| word.to_lowercase()).collect();
    let needles: Vec<&[u8]> = words
        .iter()
        .chain(&query.imports)
        .chain(&query.exports)
        .map(|text| text.as_bytes())
        .collect();
    let mut found = Vec::new();
    let mut lines = catalogue.lines().peekable();
    while let Some(line) = lines.next() {
        let is_newest = lines.peek().is_none_or(|next| name_of(next) != name_of(line));
        // A line without one of the texts cannot be taken, which is cheaper to see than to read it.
        if !is_newest || !needles.iter().all(|needle| contains(line, needle)) {
            continue;
        }
        let entry = Entry::parse(line)?;
        if let Some(rank) = rank(&entry, query, &words) {
            found.push(Found { entry, rank });
        }
    }
    found.sort_by(|one, other| {
        other.rank.cmp(&one.rank).then_with(|| one.entry.name.cmp(&other.entry.name))
    });
    Ok(found)
}

/// How well an entry fits, if it does.
fn rank(entry: &Entry, query: &Query, words: &[String]) -> Option<u32> {
    let has =
        |texts: &[String], part: &String| texts.iter().any(|text| text.contains(part.as_str()));
    let fits = matches!(entry.status, Status::Active | Status::Deprecated)
        && query.imports.iter().all(|part| has(&entry.imports, part))
        && query.exports.iter().all(|part| has(&entry.exports, part))
        && !query.without.iter().any(|kind| entry.needs.contains(kind));
    if !fits {
        return None;
    }
    let name = entry.name.to_string();
    let summary = entry.summary.to_lowercase();
    let mut rank = 0;
    for word in words {
        let in_keywords =
            entry.keywords.iter().any(|keyword| keyword.to_lowercase().contains(word));
        rank += if entry.name.name() == word {
            16
        } else if name.contains(word) {
            8
        } else if in_keywords {
            4
        } else if summary.contains(word) {
            2
        } else {
            return None;
        };
    }
    Some(rank)
}

/// Whether bytes hold others, whatever the case of ASCII letters; the others are in lower case or
/// names of interfaces, which are.
fn contains(line: &[u8], needle: &[u8]) -> bool {
    let Some((first, rest)) = needle.split_first() else { return true };
    let (lower, upper) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
    // Letters of other alphabets change their bytes with their case, so those are read.
    if !needle.is_ascii() {
        return true;
    }
    let mut left = line;
    while let Some(at) = left.iter().position(|byte| *byte == lower || *byte == upper) {
        let after = &left[at + 1..];
        if after.len() >= rest.len() && after[..rest.len()].eq_ignore_ascii_case(rest) {
            return true;
        }
        left = after;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_found_whatever_their_case() {
        assert!(contains(b"A Calculator", b"calc") && contains(b"abaab", b"aab"));
        assert!(!contains(b"cal", b"calc") && contains(b"x", b"") && !contains(b"", b"x"));
    }
}
