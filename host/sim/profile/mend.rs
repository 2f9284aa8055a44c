//! Reads on behind a mistake of form, so that a person hears of all of them at once.
//!
//! The reader of TOML stops at the first mistake. Here each is mended in memory as its message
//! suggests, and the profile is read again, until it has the right form or nothing helps.

use std::borrow::Cow;
use std::ops::Range;

use timeslip_timeline::conversation::nearest;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer, Error};

use super::inherited::InheritedFiles;
use super::text::{Profile, ProfileError, in_plain_words};

/// More mistakes than anyone reads at once.
const MISTAKES_MAX: usize = 32;

/// The place of what was mended, which is in no file.
const NOWHERE: usize = usize::MAX;

/// All mistakes of form in a profile, of which `first` is the first.
pub(super) fn mistakes<P: Profile>(
    files: &InheritedFiles<'_>,
    mut document: Spanned<DeTable<'_>>,
    first: Error,
) -> Vec<ProfileError> {
    let whole = document.span();
    let mut told = Vec::new();
    let mut next = Some(first);
    while let Some(error) = next.take() {
        let at = error.span().map_or(0, |span| span.start);
        // A guess that does not suit its place is no mistake of the file.
        if at == NOWHERE {
            break;
        }
        let message = files.error(at, in_plain_words(error.message()));
        if told.contains(&message) {
            break;
        }
        told.push(message);
        if told.len() == MISTAKES_MAX || !mend(document.get_mut(), &whole, &error) {
            break;
        }
        next = P::deserialize(Deserializer::from(document.clone())).err();
    }
    told
}

/// Mends what an error points at; whether it could.
fn mend(table: &mut DeTable<'_>, whole: &Range<usize>, error: &Error) -> bool {
    let (message, Some(span)) = (error.message(), error.span()) else {
        return false;
    };
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let (Some(name), known) = (quoted.first(), quoted.get(1..).unwrap_or_default()) else {
        return replace(table, &span, fitting(message));
    };
    if message.starts_with("unknown field ") {
        return rename(table, &span, nearest(name, known.iter().copied()));
    }
    if message.starts_with("unknown variant ") {
        return known.first().is_some_and(|word| replace(table, &span, text(word)));
    }
    match (message.starts_with("missing field "), span == *whole) {
        (true, true) => add(table, name),
        (true, false) => table_at(table, &span).is_some_and(|table| add(table, name)),
        (false, _) => replace(table, &span, fitting(message)),
    }
}

/// A value of the type that a message asks for; a figure where it asks for no other.
fn fitting(message: &str) -> DeValue<'static> {
    let asks = |kinds: &[&str]| kinds.iter().any(|kind| message.ends_with(kind));
    if asks(&["expected f64", "expected u64", "expected usize"]) {
        return number();
    }
    if asks(&["expected a string", "path string"]) {
        return text("2026");
    }
    match asks(&["expected a boolean"]) {
        true => DeValue::Boolean(true),
        false => figure(),
    }
}

fn number() -> DeValue<'static> {
    let one = DeValue::parse("1").expect("this is TOML");
    one.into_inner()
}

fn text(word: &str) -> DeValue<'static> {
    DeValue::String(Cow::Owned(word.to_owned()))
}

fn figure() -> DeValue<'static> {
    let mut table = DeTable::new();
    for (key, value) in [
        ("value", number()),
        ("source", text("mended")),
        ("date", text("2026")),
        ("confidence", text("high")),
    ] {
        table.insert(nowhere(Cow::Borrowed(key)), nowhere(value));
    }
    DeValue::Table(table)
}

fn nowhere<T>(value: T) -> Spanned<T> {
    Spanned::new(NOWHERE..NOWHERE, value)
}

/// Adds a key that is missing.
fn add(table: &mut DeTable<'_>, name: &str) -> bool {
    let words = [
        "about",
        "chip",
        "date",
        "default_model",
        "does",
        "host_cpu",
        "model",
        "name",
        "source",
        "target",
        "title",
    ];
    let value = match words.contains(&name) {
        true => text("2026"),
        false => figure(),
    };
    table.insert(nowhere(Cow::Owned(name.to_owned())), nowhere(value));
    true
}

/// Gives a key the name that was meant, or removes it where none is near or it is there already.
fn rename(table: &mut DeTable<'_>, span: &Range<usize>, meant: Option<&str>) -> bool {
    let key = table.keys().find(|key| key.span() == *span).map(|key| key.get_ref().clone());
    if let Some(key) = key {
        let value = table.remove(&*key).expect("the key was found");
        if let Some(meant) = meant.filter(|meant| !table.contains_key(*meant)) {
            table.insert(Spanned::new(span.clone(), Cow::Owned(meant.to_owned())), value);
        }
        return true;
    }
    tables_in(table).any(|table| rename(table, span, meant))
}

/// Puts another value in a place.
fn replace(table: &mut DeTable<'_>, span: &Range<usize>, by: DeValue<'static>) -> bool {
    let mut values: Vec<&mut Spanned<DeValue<'_>>> = table.iter_mut().map(|(_, v)| v).collect();
    while let Some(value) = values.pop() {
        if value.span() == *span {
            *value = nowhere(by);
            return true;
        }
        match value.get_mut() {
            DeValue::Table(inner) => values.extend(inner.iter_mut().map(|(_, value)| value)),
            DeValue::Array(items) => values.extend(items.iter_mut()),
            _ => {}
        }
    }
    false
}

/// The table that stands in a place.
fn table_at<'t, 'i>(
    table: &'t mut DeTable<'i>,
    span: &Range<usize>,
) -> Option<&'t mut DeTable<'i>> {
    let mut values: Vec<&mut Spanned<DeValue<'i>>> = table.iter_mut().map(|(_, v)| v).collect();
    while let Some(value) = values.pop() {
        let here = value.span() == *span;
        match value.get_mut() {
            DeValue::Table(inner) => match here {
                true => return Some(inner),
                false => values.extend(inner.iter_mut().map(|(_, value)| value)),
            },
            DeValue::Array(items) => values.extend(items.iter_mut()),
            _ => {}
        }
    }
    None
}

/// The tables that a table holds, those of its lists too.
fn tables_in<'t, 'i>(table: &'t mut DeTable<'i>) -> impl Iterator<Item = &'t mut DeTable<'i>> {
    let mut found = Vec::new();
    let mut values: Vec<&mut Spanned<DeValue<'i>>> = table.iter_mut().map(|(_, v)| v).collect();
    while let Some(value) = values.pop() {
        match value.get_mut() {
            DeValue::Table(inner) => found.push(inner),
            DeValue::Array(items) => values.extend(items.iter_mut()),
            _ => {}
        }
    }
    found.into_iter()
}
