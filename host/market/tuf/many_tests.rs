//! Ten thousand plugins in a signed catalogue.

use std::time::Instant as WallInstant;

use super::entries::{target_name, target_with};
use super::examples::Market;
use crate::catalogue::{Catalogue, Entry, Query, search, sync};
use crate::digest::Digest;
use crate::examples::{NOW, Place, packed};
use crate::kinds::Kind;
use crate::name::PluginName;

/// What `tough` reads of one file of targets at most.
const TARGETS_BYTES_MAX: usize = 10 << 20;

/// A hundred namespaces of a hundred plugins, signed by the owner.
fn fill(market: &Market) {
    let pattern = Entry::of(&packed("acme:tool", "1.0.0", ""), Digest::of(b""), Some(NOW), None);
    market.edit(&["owner"], NOW, |editor| {
        editor
            .change(&|draft| {
                for number in 0..10_000 {
                    let namespace = format!("space-{}", number % 100);
                    if draft.delegation(&namespace).is_none() {
                        draft.delegate(&namespace, &[])?;
                    }
                    let name = PluginName::parse(&format!("{namespace}:tool-{number}"))?;
                    let entry = Entry {
                        manifest: Digest::of(name.to_string().as_bytes()),
                        summary: format!("Answers questions about subject number {number}."),
                        name,
                        ..pattern.clone()
                    };
                    let role = draft.namespaces.get_mut(&namespace).expect("it was delegated");
                    role.change().targets.insert(target_name(&entry), target_with(&entry, 1_000));
                }
                Ok(())
            })
            .unwrap();
    });
}

#[test]
fn ten_thousand_plugins_are_read_once_and_then_by_what_changed() {
    let market = Market::empty(Place::of(Kind::Memory));
    fill(&market);
    let files = market.files();
    assert_eq!(files.len(), 104);
    assert!(files.values().all(|bytes| bytes.len() < TARGETS_BYTES_MAX));
    let timed = |what: &str| {
        let begin = WallInstant::now();
        let (catalogue, synced) = sync(&market.registry(), &market.copies("user"), NOW).unwrap();
        println!("{what}: {:?}", begin.elapsed());
        (catalogue.names().len(), synced.namespaces_fetched, synced.files_fetched)
    };
    assert_eq!(timed("the first time"), (10_000, 100, 104));
    assert_eq!(timed("when nothing has changed"), (10_000, 0, 0));
    market.delegate("acme");
    market.publish("acme", "acme:one", "1.0.0", NOW).unwrap();
    // Targets, snapshot, timestamp and the new role.
    assert_eq!(timed("when one namespace has changed"), (10_001, 1, 4));
    let bytes: usize = market.files().values().map(Vec::len).sum();
    println!("{bytes} bytes of metadata");
    let registry = market.registry();
    let search_once = |_| {
        let begin = WallInstant::now();
        let copy = Catalogue::last(&registry, &market.copies("user")).unwrap().unwrap();
        let query = Query { words: vec!["4321".to_owned()], ..Query::default() };
        assert_eq!(search(&copy, &query).unwrap().len(), 1);
        begin.elapsed()
    };
    // How long it takes is printed, and asserted nowhere: other programs run on this computer too.
    let least = (0..20).map(search_once).min().unwrap();
    println!("search: {least:?}");
}
