//! What somebody would try who stands between a signed catalogue and one of its readers. A folder has
//! no wire, so this is tried on servers alone.

use super::examples::{Market, after_days, versions_of};
use super::layers::LATEST;
use super::owner::refresh;
use crate::catalogue::{Catalogue, sync};
use crate::digest::Digest;
use crate::examples::{NOW, Place};
use crate::instant::Instant;
use crate::kinds::Kind;
use crate::loopback::{Proxy, Reply, damages};
use crate::oci::{Annotations, Descriptor, EMPTY_CONFIG, EMPTY_TYPE, MANIFEST_TYPE, Manifest};
use crate::registry::Repository;

const LATEST_PATH: &str = "/catalogue/manifests/latest";

/// A market with somebody who stands before it.
struct Wire {
    market: Market,
    proxy: Proxy,
}

fn on_each_server(does: impl Fn(&Wire)) {
    for kind in Kind::servers() {
        println!("on the kind {kind:?}");
        let place = Place::of(kind);
        let proxy = place.proxy();
        does(&Wire { market: Market::new(place), proxy });
    }
}

impl Wire {
    fn latest(&self) -> Vec<u8> {
        self.market.registry().tagged(&Repository::catalogue(), LATEST).unwrap().unwrap().1
    }

    /// The versions that a reader sees whom somebody stands before.
    fn versions(&self, who: &str, now: Instant) -> Result<Vec<String>, String> {
        let registry = self.market.place.registry_behind(&self.proxy);
        let synced = sync(&registry, &self.market.copies(who), now);
        let (catalogue, _) = synced.map_err(|error| error.to_string())?;
        Ok(versions_of(&catalogue))
    }

    /// What that reader has kept.
    fn kept(&self, who: &str) -> Option<Vec<String>> {
        let registry = self.market.place.registry_behind(&self.proxy);
        let kept = Catalogue::last(&registry, &self.market.copies(who)).unwrap();
        kept.map(|catalogue| versions_of(&catalogue))
    }
}

#[test]
fn one_reader_is_shown_an_old_catalogue() {
    on_each_server(|wire| {
        let old = wire.latest();
        wire.market.publish("acme", "acme:tool", "1.0.1", NOW).unwrap();
        assert_eq!(wire.versions("user", NOW).unwrap().len(), 2);
        wire.proxy.answer(LATEST_PATH, move |_, _| Reply::new(200, &[], &old));
        let told = wire.versions("user", NOW).unwrap_err();
        assert!(told.contains("older than what was seen there before (a rollback)"), "{told}");
        assert_eq!(wire.kept("user").unwrap().len(), 2);
        // The others see what is there.
        assert_eq!(wire.market.versions("other", NOW).len(), 2);
    });
}

#[test]
fn one_reader_is_shown_the_same_catalogue_for_ever() {
    on_each_server(|wire| {
        let old = wire.latest();
        wire.proxy.answer(LATEST_PATH, move |_, _| Reply::new(200, &[], &old));
        assert_eq!(wire.versions("user", NOW).unwrap().len(), 1);
        wire.market.publish("acme", "acme:tool", "1.0.1", NOW).unwrap();
        wire.market.edit(&["owner"], after_days(1), refresh).unwrap();
        assert_eq!(wire.versions("user", after_days(1)).unwrap().len(), 1);
        let after = Instant(after_days(2).0 + 3_600);
        for who in ["user", "new-user"] {
            let told = wire.versions(who, after).unwrap_err();
            assert!(told.contains("its timestamp was good until"), "{told}");
            assert!(told.contains("(a freeze)"), "{told}");
        }
        assert_eq!(wire.kept("new-user"), None);
        assert_eq!(wire.market.versions("other", after).len(), 2);
    });
}

#[test]
fn a_failure_is_never_taken_for_a_registry_without_a_catalogue() {
    on_each_server(|wire| {
        for who in ["user", "new-user"] {
            for status in [401, 403, 500] {
                for part in [LATEST_PATH, "/catalogue/blobs/"] {
                    wire.proxy.answer(part, move |_, _| Reply::new(status, &[], b"no"));
                    let told = wire.versions(who, NOW).unwrap_err();
                    assert!(told.contains(&format!("answered {status}")), "{told}");
                    assert_eq!(wire.kept(who), None);
                }
            }
            wire.proxy.be_honest();
            assert_eq!(wire.versions(who, NOW).unwrap().len(), 1);
        }
    });
}

fn unsigned() -> Vec<u8> {
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(MANIFEST_TYPE.to_owned()),
        artifact_type: None,
        config: Descriptor::of(EMPTY_TYPE, EMPTY_CONFIG),
        layers: Vec::new(),
        subject: None,
        annotations: Annotations::new(),
    };
    manifest.to_json()
}

#[test]
fn one_reader_is_shown_no_catalogue_or_one_that_nobody_signed() {
    on_each_server(|wire| {
        let pin = Digest::of(&wire.market.files()["1.root.json"]);
        assert_eq!(wire.versions("user", NOW).unwrap().len(), 1);
        let none = || Reply::new(404, &[], b"");
        let without_keys = || Reply::new(200, &[], &unsigned());
        let replies: [fn() -> Reply; 2] = [none, without_keys];
        for (reply, expected) in replies.into_iter().zip(["has no catalogue", "nobody has signed"])
        {
            wire.proxy.answer(LATEST_PATH, move |_, _| reply());
            let told = wire.versions("user", NOW).unwrap_err();
            assert!(told.contains(expected) && told.contains("(a downgrade)"), "{told}");
            assert_eq!(wire.kept("user").unwrap().len(), 1);
            let registry = wire.market.place.registry_behind(&wire.proxy);
            let copies = wire.market.copies("pinning-user");
            let told = crate::catalogue::sync_pinned(&registry, &copies, Some(&pin), NOW);
            let told = told.unwrap_err().to_string();
            assert!(told.contains(expected) && told.contains("trust.toml pins"), "{told}");
        }
    });
}

#[test]
fn metadata_that_are_truncated_others_broken_off_or_without_end() {
    on_each_server(|wire| {
        for (damage, expected) in damages() {
            wire.proxy.answer("/catalogue/blobs/", move |_, reply| Reply {
                body: damage(reply.bytes()),
                ..reply
            });
            let told = wire.versions("user", NOW).unwrap_err();
            assert!(told.contains(expected), "{told}");
            assert_eq!(wire.kept("user"), None);
        }
        wire.proxy.be_honest();
        assert_eq!(wire.versions("user", NOW).unwrap().len(), 1);
    });
}
