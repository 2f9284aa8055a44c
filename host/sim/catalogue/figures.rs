//! The figures of a profile in the order of its file, for a person to read.

use serde::Serialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::profile::Confidence;

/// One figure of a profile.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FigureRow {
    /// Where it stands: `memory.bandwidth_bytes_per_second`, `pools.0.chips`.
    pub key: String,
    /// The value as the file writes it; `None` when it is unknown.
    pub value: Option<String>,
    /// Who says so, or where it was looked for.
    pub source: String,
    /// When.
    pub date: String,
    /// How far to trust it; `None` exactly when it is unknown.
    pub confidence: Option<Confidence>,
    /// What a reader should know besides.
    pub note: Option<String>,
}

/// The figures of a text that has been read as a profile.
pub(super) fn figures(text: &str) -> Vec<FigureRow> {
    let Ok(document) = DeTable::parse(text) else {
        return Vec::new();
    };
    let mut found = Found { text, rows: Vec::new() };
    let table = document.get_ref();
    match table.get("provenance").and_then(|value| value.get_ref().as_table()) {
        // A model has one provenance for all its numbers.
        Some(whole) => found.numbers("", table, whole),
        None => found.table("", table),
    }
    found.rows.sort_by_key(|(at, _)| *at);
    found.rows.into_iter().map(|(_, row)| row).collect()
}

/// Rows with the place where each begins.
struct Found<'a> {
    text: &'a str,
    rows: Vec<(usize, FigureRow)>,
}

impl Found<'_> {
    /// Collects the tables that are figures: those with a `source`.
    fn table(&mut self, prefix: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            self.value(&join(prefix, name.get_ref()), name.span().start, value);
        }
    }

    fn value(&mut self, key: &str, at: usize, value: &Spanned<DeValue<'_>>) {
        match value.get_ref() {
            DeValue::Table(inner) if inner.contains_key("source") => {
                // A layer profile is tables with one source, and has figures in it, as has what
                // leads to a component.
                let shown = ["value", "points", "probabilities", "dense", "file"];
                let shown = shown.iter().find_map(|key| inner.get(*key));
                let shown = shown.map(|value| self.written(value));
                self.rows.push((at, row(key, shown, inner)));
                self.table(key, inner);
            }
            DeValue::Table(inner) => self.table(key, inner),
            DeValue::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let name = match key {
                        // What software says of a chip goes by the chip's name.
                        "on" => text_of(item, "chip"),
                        _ => None,
                    };
                    let name = name.unwrap_or_else(|| index.to_string());
                    self.value(&join(key, &name), item.span().start, item);
                }
            }
            _ => {}
        }
    }

    /// Collects all numbers and truths, whose provenance is the file's.
    fn numbers(&mut self, prefix: &str, table: &DeTable<'_>, whole: &DeTable<'_>) {
        for (name, value) in table {
            if name.get_ref() != "provenance" {
                self.number(&join(prefix, name.get_ref()), value, whole);
            }
        }
    }

    fn number(&mut self, key: &str, value: &Spanned<DeValue<'_>>, whole: &DeTable<'_>) {
        match value.get_ref() {
            DeValue::Table(inner) => self.numbers(key, inner, whole),
            DeValue::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.number(&join(key, &index.to_string()), item, whole);
                }
            }
            DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) => {
                let shown = self.written(value);
                self.rows.push((value.span().start, row(key, Some(shown), whole)));
            }
            _ => {}
        }
    }

    /// The value as the file writes it, on one line.
    fn written(&self, value: &Spanned<DeValue<'_>>) -> String {
        let text = self.text.get(value.span()).unwrap_or_default();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

fn text_of(value: &Spanned<DeValue<'_>>, key: &str) -> Option<String> {
    value.get_ref().as_table()?.get(key)?.get_ref().as_str().map(str::to_owned)
}

fn row(key: &str, value: Option<String>, provenance: &DeTable<'_>) -> FigureRow {
    let text = |name: &str| {
        let text = provenance.get(name).and_then(|value| value.get_ref().as_str());
        text.map(str::to_owned)
    };
    let confidence = match text("confidence").as_deref() {
        Some("high") => Some(Confidence::High),
        Some("medium") => Some(Confidence::Medium),
        Some("low") => Some(Confidence::Low),
        Some("estimate") => Some(Confidence::Estimate),
        _ => None,
    };
    FigureRow {
        key: key.to_owned(),
        value,
        source: text("source").unwrap_or_default(),
        date: text("date").unwrap_or_default(),
        confidence,
        note: text("note"),
    }
}

fn join(prefix: &str, name: &str) -> String {
    match prefix {
        "" => name.to_owned(),
        prefix => format!("{prefix}.{name}"),
    }
}
