//! A profile's file and those that it inherits from, read as one.
//!
//! What a file says goes before what its parent says. Tables are merged key by key; a figure is
//! replaced whole, since its value and its source belong together. Of a list of tables the nearer
//! file says which there are, and each takes what it leaves out from the parent's of the same name:
//! pools by `role`, served models by `model`, tiers and parts by `name`, drafts by `target`, and
//! what software says of single chips by `chip`.

use std::borrow::Cow;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::text::{ProfileError, line_of};

/// The texts of a profile and of those it inherits from, the nearest first. Each has its own range
/// of places, so that every value of the merged table still leads to its file and line.
pub(crate) struct InheritedFiles<'a> {
    files: Vec<PlacedFile<'a>>,
}

struct PlacedFile<'a> {
    start: usize,
    path: &'a Path,
    text: &'a str,
    /// The text behind as many spaces as the texts before it have bytes.
    placed: Cow<'a, str>,
}

impl<'a> InheritedFiles<'a> {
    pub(crate) fn new(files: impl IntoIterator<Item = (&'a Path, &'a str)>) -> InheritedFiles<'a> {
        let mut start = 0;
        let place = |(path, text): (&'a Path, &'a str)| {
            let placed = match start {
                0 => Cow::Borrowed(text),
                start => Cow::Owned(" ".repeat(start) + text),
            };
            let file = PlacedFile { start, path, text, placed };
            start += text.len() + 1;
            file
        };
        InheritedFiles { files: files.into_iter().map(place).collect() }
    }

    /// The file that is asked for.
    pub(crate) fn own_path(&self) -> &'a Path {
        self.files[0].path
    }

    /// The text of the file that is asked for.
    pub(crate) fn own_text(&self) -> &'a str {
        self.files[0].text
    }

    /// All files as one table.
    ///
    /// # Errors
    /// Where one of them is no TOML.
    pub(crate) fn merged(&self) -> Result<Spanned<DeTable<'_>>, ProfileError> {
        let mut merged: Option<Spanned<DeTable<'_>>> = None;
        for file in &self.files {
            let table = DeTable::parse(&file.placed).map_err(|error| {
                self.error(error.span().map_or(file.start, |span| span.start), error.message())
            })?;
            match &mut merged {
                None => merged = Some(table),
                Some(merged) => merge(merged.get_mut(), table.into_inner()),
            }
        }
        Ok(merged.expect("a profile has a file"))
    }

    /// The error that stands at a place.
    pub(crate) fn error(&self, at: usize, message: impl Into<String>) -> ProfileError {
        let file = self.file(at);
        let message = message.into().trim_end().replace('\n', "; ");
        let line = line_of(file.text, at - file.start);
        ProfileError::Invalid { path: file.path.to_owned(), line, message }
    }

    /// The file of a place, where it is not the one that is asked for.
    pub(crate) fn inherited_from(&self, at: usize) -> Option<PathBuf> {
        let file = self.file(at);
        (file.start > 0).then(|| file.path.to_owned())
    }

    /// What a file writes at a range of places.
    pub(crate) fn written(&self, range: Range<usize>) -> &str {
        self.file(range.start).placed.get(range).unwrap_or_default()
    }

    fn file(&self, at: usize) -> &PlacedFile<'a> {
        let found = self.files.iter().rev().find(|file| file.start <= at);
        found.expect("the first file begins at 0")
    }
}

/// Adds to a table what it does not say itself.
fn merge<'i>(own: &mut DeTable<'i>, inherited: DeTable<'i>) {
    for (key, value) in inherited {
        match own.get_mut(&key) {
            Some(said) => merge_value(key.get_ref(), said.get_mut(), value.into_inner()),
            None => {
                own.insert(key, value);
            }
        }
    }
}

fn merge_value<'i>(key: &str, own: &mut DeValue<'i>, inherited: DeValue<'i>) {
    match (own, inherited) {
        (DeValue::Table(own), DeValue::Table(inherited))
            if !is_figure(own) && !is_figure(&inherited) =>
        {
            merge(own, inherited);
        }
        (DeValue::Array(own), DeValue::Array(inherited)) => {
            let Some(name) = named_by(key) else {
                return;
            };
            for item in inherited {
                let DeValue::Table(item) = item.into_inner() else {
                    continue;
                };
                let own = own.iter_mut().find_map(|own| match own.get_mut() {
                    DeValue::Table(own) if is_same(name, own, &item) => Some(own),
                    _ => None,
                });
                if let Some(own) = own {
                    merge(own, item);
                }
            }
        }
        _ => {}
    }
}

/// Whether a table is a figure or something else that has a source.
fn is_figure(table: &DeTable<'_>) -> bool {
    ["source", "value", "unknown"].into_iter().any(|key| table.contains_key(key))
}

/// The key that tells the tables of a list apart.
fn named_by(list: &str) -> Option<&'static str> {
    match list {
        "pools" => Some("role"),
        "serves" => Some("model"),
        "kv_tiers" | "parts" => Some("name"),
        "drafts" => Some("target"),
        "on" => Some("chip"),
        _ => None,
    }
}

fn is_same(name: &str, one: &DeTable<'_>, other: &DeTable<'_>) -> bool {
    let of = |table: &DeTable<'_>| {
        table.get(name).and_then(|value| value.get_ref().as_str()).map(str::to_owned)
    };
    of(one).is_some() && of(one) == of(other)
}

/// Where a dotted key stands in a merged table: the place of its last part, or of the last one that
/// is there.
pub(crate) fn place_of(table: &Spanned<DeTable<'_>>, key: &str) -> Option<usize> {
    let mut parts = key.split('.');
    let first = parts.next()?;
    let (name, mut value) = table.get_ref().get_key_value(first)?;
    let mut at = name.span().start;
    for part in parts {
        match value.get_ref() {
            DeValue::Table(inner) => {
                let Some((name, next)) = inner.get_key_value(part) else {
                    break;
                };
                (at, value) = (name.span().start, next);
            }
            DeValue::Array(items) => {
                let Some(next) = part.parse().ok().and_then(|index: usize| items.get(index)) else {
                    break;
                };
                (at, value) = (next.span().start, next);
            }
            _ => break,
        }
    }
    Some(at)
}
