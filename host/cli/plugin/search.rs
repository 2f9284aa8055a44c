//! `timeslip plugin search`.

use serde_json::json;
use timeslip_market::catalogue::{Found, Query, search as search_in};

use super::args::SearchArgs;
use super::failure;
use super::places::Places;
use super::screen::{json_text, needs_text};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::table::columns;

/// Searches the catalogues of all registries.
pub(super) fn search(args: &SearchArgs) -> Result<Exit, Failure> {
    let places = Places::of(&args.places)?;
    let query = Query {
        words: args.words.clone(),
        imports: args.imports.clone(),
        exports: args.exports.clone(),
        without: args.without.clone(),
    };
    let sources = places.sources()?;
    let mut found: Vec<(String, Found)> = Vec::new();
    for source in &sources {
        let in_it = search_in(&source.catalogue, &query).map_err(failure)?;
        found.extend(in_it.into_iter().map(|one| (source.registry.place(), one)));
    }
    found.sort_by(|(_, one), (_, other)| {
        other.rank.cmp(&one.rank).then_with(|| one.entry.name.cmp(&other.entry.name))
    });
    let asked: Vec<String> = sources.iter().map(|source| source.registry.place()).collect();
    let shown = &found[..found.len().min(args.limit)];
    match args.places.json {
        true => output::print(&json_text(&json!({
            "registries": asked,
            "found": found.len(),
            "plugins": shown.iter().map(|(registry, one)| json!({
                "registry": registry,
                "entry": one.entry,
            })).collect::<Vec<_>>(),
        })))?,
        false => output::print(&screen(shown, found.len(), &asked))?,
    }
    Ok(Exit::Pass)
}

fn screen(shown: &[(String, Found)], found: usize, asked: &[String]) -> String {
    let head = ["NAME", "VERSION", "NEEDS", "WHAT IT DOES"].map(str::to_owned);
    let row = |(_, one): &(String, Found)| {
        let entry = &one.entry;
        let needs = needs_text(&entry.needs);
        [entry.name.to_string(), entry.version.to_string(), needs, entry.summary.clone()]
    };
    let rows: Vec<[String; 4]> = std::iter::once(head).chain(shown.iter().map(row)).collect();
    let table = if shown.is_empty() { String::new() } else { columns(&rows) };
    let more = match found - shown.len() {
        0 => String::new(),
        _ => format!(", {} shown", shown.len()),
    };
    format!("{table}{found} found{more} in {}\n", asked.join(", "))
}
