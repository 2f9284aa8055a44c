//! Which documents hold the words of a query.

use std::cmp::Reverse;

/// A document that holds at least one of the words.
pub(crate) struct Hit {
    pub(crate) path: String,
    /// The first line that holds most of the words.
    pub(crate) excerpt: String,
    words: usize,
}

/// The words of a text, in lower case.
pub(crate) fn words(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    parts.map(str::to_lowercase).collect()
}

/// What a document holds of the words, if it holds any.
pub(crate) fn hit(path: String, document: &str, wanted: &[String]) -> Option<Hit> {
    let held = held(document, wanted);
    if held == 0 {
        return None;
    }
    // Of lines that hold as many, `max_by_key` takes the last; the reversed numbers make it the first.
    let lines = document.lines().enumerate();
    let best = lines.max_by_key(|(number, line)| (self::held(line, wanted), Reverse(*number)));
    let excerpt = best.map_or(String::new(), |(_, line)| line.trim().to_owned());
    Some(Hit { path, excerpt, words: held })
}

/// The hits with most words, of equals those whose path comes first.
pub(crate) fn best(mut hits: Vec<Hit>, limit: usize) -> Vec<Hit> {
    hits.sort_by(|a, b| (Reverse(a.words), &a.path).cmp(&(Reverse(b.words), &b.path)));
    hits.truncate(limit);
    hits
}

/// How many of the wanted words a text holds.
fn held(text: &str, wanted: &[String]) -> usize {
    let words = words(text);
    wanted.iter().filter(|word| words.contains(word)).count()
}
