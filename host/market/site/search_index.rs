//! What the script of the first page searches.
//!
//! It comes as scripts rather than as JSON, since a page that is opened as a file may load no other
//! kind of file. Each hands over one text, which is read as JSON and holds nothing that runs.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Shown;
use super::words::{Kind, NEEDS, short_signer, status_number};
use crate::badge::Level;

/// Plugins in one script: some hundred kilobytes, so that a browser reads it in an instant.
const PART_PLUGINS: usize = 2_000;

/// The last second of the year 9999: a browser has no name for much later ones.
const SECONDS_MAX: u64 = 253_402_300_799;

/// Texts that many plugins share, each once.
#[derive(Default)]
struct Texts<'a> {
    numbers: BTreeMap<&'a str, usize>,
    texts: Vec<&'a str>,
}

impl<'a> Texts<'a> {
    fn number(&mut self, text: &'a str) -> usize {
        let (numbers, texts) = (&mut self.numbers, &mut self.texts);
        *numbers.entry(text).or_insert_with(|| {
            texts.push(text);
            texts.len() - 1
        })
    }
}

/// The scripts, at least one.
pub(super) fn parts(shown: &[Shown<'_>]) -> Vec<String> {
    match shown.is_empty() {
        true => vec![part(shown)],
        false => shown.chunks(PART_PLUGINS).map(part).collect(),
    }
}

fn part(shown: &[Shown<'_>]) -> String {
    let mut texts = Texts::default();
    let plugins: Vec<Value> = shown.iter().map(|one| row(one, &mut texts)).collect();
    let part = json!({ "texts": texts.texts, "plugins": plugins }).to_string();
    format!("(globalThis.timeslipPlugins ??= []).push(JSON.parse({}));\n", quoted(&part))
}

/// A text as a script writes it.
fn quoted(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    // Nothing of it ends a script or a line, wherever it is put.
    quoted.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// One plugin; the script names the columns in the same order.
fn row<'a>(plugin: &Shown<'a>, texts: &mut Texts<'a>) -> Value {
    let entry = &plugin.main.entry;
    let needs: Vec<usize> = entry
        .needs
        .iter()
        .map(|need| {
            let known = NEEDS.iter().position(|(kind, ..)| kind == need);
            known.unwrap_or_else(|| NEEDS.len() + texts.number(need))
        })
        .collect();
    let kind = Kind::ALL.iter().position(|kind| *kind == Kind::of(entry));
    let badge = plugin.main.best_level();
    let mut numbers =
        |of: &'a [String]| -> Vec<usize> { of.iter().map(|text| texts.number(text)).collect() };
    let (imports, exports) = (numbers(&entry.imports), numbers(&entry.exports));
    json!([
        entry.name.to_string(),
        entry.version.to_string(),
        entry.summary,
        entry.keywords,
        kind,
        needs,
        imports,
        exports,
        entry.world.as_deref().map(|world| texts.number(world)),
        status_number(entry.status),
        entry.published.map(|published| published.0.min(SECONDS_MAX)),
        entry.signer.as_deref().map(short_signer),
        badge.map(level_number),
    ])
}

/// A level as a number: three that have names, and then how often it was reproduced.
fn level_number(level: Level) -> u64 {
    match level {
        Level::Unvouched => 0,
        Level::SelfReported => 1,
        Level::Measured => 2,
        Level::Reproduced(times) => 2 + u64::from(times),
    }
}
