//! Catalogues with more, or with other files, than a reader should fetch.

use super::attack_tests::assert_refused;
use super::examples::{Market, on_each};
use super::layers::{LATEST, SIGNED_TYPE, push};
use crate::digest::Digest;
use crate::examples::NOW;
use crate::oci::{Descriptor, Manifest};
use crate::registry::{Moving, Push, Repository};

/// Announces a layer with more bytes than it has.
fn announce(market: &Market, name: &str, size: u64) -> Digest {
    let registry = market.registry();
    let (_, bytes) = registry.tagged(&Repository::catalogue(), LATEST).unwrap().unwrap();
    let mut manifest = Manifest::parse(&bytes).unwrap();
    let title = |layer: &&mut Descriptor| layer.annotations.values().any(|title| title == name);
    let layer = manifest.layers.iter_mut().find(title).unwrap();
    layer.size = size;
    let digest = layer.digest.clone();
    registry
        .push(&Push {
            repository: &Repository::catalogue(),
            blobs: &[],
            manifest: &manifest.to_json(),
            tag: LATEST,
            moving: Moving::Allowed,
        })
        .unwrap();
    digest
}

#[test]
fn endless_data() {
    on_each(|market| {
        for (name, size) in [
            ("1.root.json", 1 << 20),
            ("timestamp.json", 1 << 20),
            ("snapshot.json", 1 << 30),
            ("targets.json", 1 << 40),
            ("acme.json", u64::MAX / 2),
        ] {
            let honest = market.files();
            let reads = |digest: &Digest| market.place.reads_of(digest);
            let digest = crate::digest::Digest::of(&honest[name]);
            let before = reads(&digest);
            announce(market, name, size);
            let told = ["its layer ", name, "is announced with", "nothing of it is"];
            assert_refused(market, "user", NOW, &told);
            assert_eq!(reads(&digest), before, "{name} was fetched");
            market.put(&honest);
        }
        // The descriptor is honest, and the server sends without end.
        let digest = Digest::of(&market.files()["timestamp.json"]);
        market.place.replace_blob(&Repository::catalogue(), &digest, &vec![b' '; 9 << 20]);
        let error = market.told("user", NOW);
        assert!(error.contains("sends more than") || error.contains("is larger than"), "{error}");
    });
}

#[test]
fn more_layers_than_a_catalogue_has_altogether() {
    on_each(|market| {
        let registry = market.registry();
        let (_, bytes) = registry.tagged(&Repository::catalogue(), LATEST).unwrap().unwrap();
        let mut manifest = Manifest::parse(&bytes).unwrap();
        for number in 0..60 {
            let mut layer = manifest.layers[0].clone();
            layer.size = 10 << 20;
            let title = format!("space-{number}.json");
            layer.annotations.values_mut().for_each(|text| text.clone_from(&title));
            manifest.layers.push(layer);
        }
        registry
            .push(&Push {
                repository: &Repository::catalogue(),
                blobs: &[],
                manifest: &manifest.to_json(),
                tag: LATEST,
                moving: Moving::Allowed,
            })
            .unwrap();
        assert_refused(market, "user", NOW, &["its layers are announced with", "nothing of it is"]);
    });
}

#[test]
fn a_manifest_of_a_catalogue_with_strange_files() {
    on_each(|market| {
        let honest = market.files();
        for name in ["../evil.json", "x", "0.root.json", "01.root.json", "root.json", "Acme.json"] {
            let mut files = honest.clone();
            files.insert(name.to_owned(), b"{}".to_vec());
            push(&market.registry(), &files, SIGNED_TYPE, LATEST, None).unwrap();
            assert_refused(market, "user", NOW, &["is no file of metadata"]);
        }
    });
}
