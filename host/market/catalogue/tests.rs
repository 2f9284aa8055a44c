use std::time::Instant as WallInstant;

use super::{Catalogue, Entry, Query, add_entry, search, sync, write_snapshot};
use crate::digest::Digest;
use crate::error::Result;
use crate::examples::{NET, NOW, Place, on_each, packed};
use crate::name::PluginName;

fn entry(name: &str, version: &str, permissions: &str) -> Entry {
    let packed = packed(name, version, permissions);
    let manifest = Digest::of(format!("{name}@{version}").as_bytes());
    Entry {
        summary: format!("It does what {name} does."),
        ..Entry::of(&packed, manifest, Some(NOW), None)
    }
}

/// Ten thousand plugins in a hundred namespaces.
fn many() -> Vec<Entry> {
    let pattern = entry("acme:tool", "1.0.0", "");
    let entry = |number: usize| {
        let text = format!("space-{}:tool-{number}", number % 100);
        let name = PluginName::parse(&text).unwrap();
        let summary = format!("Answers questions about subject number {number}.");
        let needs = if number.is_multiple_of(3) { vec!["net".to_owned()] } else { Vec::new() };
        Entry { name, summary, needs, ..pattern.clone() }
    };
    (0..10_000).map(entry).collect()
}

fn names(catalogue: &Catalogue, query: &Query) -> Vec<String> {
    let found = search(catalogue, query).unwrap();
    found.into_iter().map(|one| one.entry.name.to_string()).collect()
}

#[test]
fn a_copy_is_brought_up_to_date_by_what_changed_alone() {
    let place = Place::new();
    let registry = place.registry("registry");
    write_snapshot(&registry, many()).unwrap();
    let sync_now = || sync(&registry, &place.path("catalogues"), NOW).unwrap();
    let (catalogue, first) = sync_now();
    assert_eq!((catalogue.names().len(), first.namespaces_fetched), (10_000, 100));
    assert_eq!(catalogue.entries().unwrap().len(), 10_000);
    let (_, second) = sync_now();
    assert_eq!((second.namespaces_fetched, second.entries_fetched), (0, 0));
    add_entry(&registry, &entry("space-7:newest", "1.0.0", "")).unwrap();
    let (catalogue, third) = sync_now();
    assert_eq!((third.namespaces_fetched, third.entries_fetched), (1, 0));
    assert_eq!(catalogue.names().len(), 10_001);
}

#[test]
fn of_ten_thousand_plugins_those_are_found_that_were_meant() {
    let place = Place::new();
    let registry = place.registry("registry");
    write_snapshot(&registry, many()).unwrap();
    sync(&registry, &place.path("catalogues"), NOW).unwrap();
    for (word, found) in [("4321", 1), ("tool-99", 111), ("nothing-like-it", 0)] {
        let query = Query { words: vec![word.to_owned()], ..Query::default() };
        // How long it takes is printed, and asserted nowhere: other programs run on this computer too.
        let timed = |_| {
            let begin = WallInstant::now();
            let copy = Catalogue::last(&registry, &place.path("catalogues")).unwrap().unwrap();
            assert_eq!(search(&copy, &query).unwrap().len(), found, "{word}");
            begin.elapsed()
        };
        let least = (0..20).map(timed).min().unwrap();
        eprintln!("10,000 plugins, `{word}`: found in {least:?} at the least");
    }
}

#[test]
fn an_entry_that_the_snapshot_lacks_is_found_nevertheless() {
    on_each(|place| {
        let registry = place.registry("registry");
        add_entry(&registry, &entry("acme:one", "1.0.0", "")).unwrap();
        let before = vec![entry("acme:one", "1.0.0", "")];
        add_entry(&registry, &entry("acme:two", "1.0.0", "")).unwrap();
        // Somebody who read the catalogue before writes it after.
        write_snapshot(&registry, before).unwrap();
        let (catalogue, synced) = sync(&registry, &place.path("catalogues"), NOW).unwrap();
        assert_eq!((catalogue.names().len(), synced.entries_fetched), (2, 1));
    });
}

#[test]
fn plugins_are_found_by_words_interfaces_and_what_they_do_not_need() {
    let place = Place::new();
    let registry = place.registry("registry");
    let mut one = entry("acme:search", "1.0.0", NET);
    one.imports = vec!["timeslip:tool/http@0.1.0".to_owned()];
    one.keywords = vec!["Web".to_owned()];
    let other = entry("acme:files", "1.0.0", "");
    let newer = entry("acme:files", "1.1.0", "");
    write_snapshot(&registry, vec![one, other, newer]).unwrap();
    let catalogue = place.catalogue(&registry).unwrap();
    let text = |text: &str| vec![text.to_owned()];
    let by = |query: Query| names(&catalogue, &query);
    assert_eq!(by(Query::default()), ["acme:files", "acme:search"]);
    assert_eq!(by(Query { words: text("WEB"), ..Query::default() }), ["acme:search"]);
    assert_eq!(by(Query { without: text("net"), ..Query::default() }), ["acme:files"]);
    assert_eq!(by(Query { imports: text("tool/http"), ..Query::default() }), ["acme:search"]);
    assert!(by(Query { exports: text("tool/http"), ..Query::default() }).is_empty());
    let found = search(&catalogue, &Query { words: text("files"), ..Query::default() }).unwrap();
    assert_eq!(found[0].entry.version.to_string(), "1.1.0");
}

#[test]
fn an_entry_with_texts_that_a_terminal_obeys_is_refused() {
    let line = entry("acme:tool", "1.0.0", "").to_line();
    assert!(Entry::parse(line.as_bytes()).is_ok());
    let parse = |from: &str, to: &str| -> Result<Entry> {
        Entry::parse(line.replacen(from, to, 1).as_bytes())
    };
    assert!(parse("It does", "\\u001b[2JIt does").is_err());
    assert!(parse("acme:tool", "acme:..").is_err());
    assert!(parse("1.0.0", "1.0.0+x").is_err());
    assert!(parse("It does", &"x".repeat(70_000)).is_err());
}
