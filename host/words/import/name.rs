//! Names for conversations: readable, unique, and fit for files.

use std::collections::HashSet;

use super::split::{Found, Key};

/// Longer texts are cut: they are names, and become names of files.
const LENGTH_MAX: usize = 60;

/// A name for each conversation: `task-07-trial-1` after its own keys, else `conversation-001`.
pub(super) fn name_all(found: &[Found<'_>]) -> Vec<String> {
    let key_digits = digits(found.iter().filter_map(|found| found.key.as_ref()), 2);
    let trial_digits = digits(found.iter().filter_map(|found| found.trial.as_ref()), 1);
    let number_digits = found.len().to_string().len().max(3);
    let mut taken = HashSet::new();
    let name = |found: &Found<'_>| {
        let key = found.key.as_ref().and_then(|key| written(key, "task-", key_digits));
        let trial = found.trial.as_ref().and_then(|trial| written(trial, "", trial_digits));
        let stem = match (key, trial) {
            (Some(key), Some(trial)) => format!("{key}-trial-{trial}"),
            (Some(key), None) => key,
            (None, _) => format!("conversation-{:0number_digits$}", found.number),
        };
        let again = (2..).map(|time| format!("{stem}-{time}"));
        let name = std::iter::once(stem.clone()).chain(again).find(|name| !taken.contains(name));
        let name = name.expect("there are more numbers than conversations");
        taken.insert(name.clone());
        name
    };
    found.iter().map(name).collect()
}

/// The digits of the largest number, at least so many, so that names sort by number.
fn digits<'k>(keys: impl Iterator<Item = &'k Key>, least: usize) -> usize {
    let lengths = keys.filter_map(|key| match key {
        Key::Number(number) => Some(number.to_string().len()),
        Key::Text(_) => None,
    });
    lengths.max().unwrap_or(0).max(least)
}

/// A number behind its prefix, or the letters and digits of a text; `None` when it has none.
fn written(key: &Key, prefix: &str, digits: usize) -> Option<String> {
    let text = match key {
        Key::Number(number) => return Some(format!("{prefix}{number:0digits$}")),
        Key::Text(text) => text.to_lowercase(),
    };
    let words = text.split(|character: char| !character.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let mut name = words.join("-");
    name.truncate(LENGTH_MAX);
    let name = name.trim_end_matches('-');
    (!name.is_empty()).then(|| name.to_owned())
}
