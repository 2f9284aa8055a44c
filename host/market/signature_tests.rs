//! Attacks on who has signed what, on every kind of registry.

use std::collections::BTreeSet;

use crate::catalogue::Entry;
use crate::digest::Digest;
use crate::examples::{NOW, Place, key, on_each, packed, publish_with};
use crate::install::{check_signature, commit, export, fetch_locked, import};
use crate::lock::Lock;
use crate::oci::{Descriptor, INDEX_TYPE, MANIFEST_TYPE, Manifest};
use crate::registry::{Moving, Push, Registry, Repository};
use crate::statements::{BUNDLE_TYPE, Statement, Subject, sign, sign_version};
use crate::trust::Trust;

fn tool() -> Repository {
    Repository::of(&crate::name::PluginName::parse("acme:tool").unwrap())
}

/// Publishes a version of the tool as the owner of a key does.
fn published(place: &Place, version: &str, by: u8) -> Entry {
    let packed = packed("acme:tool", version, "");
    publish_with(&place.path(""), &place.registry("registry"), &packed, NOW, &key(by)).unwrap()
}

fn installed(place: &Place) -> Lock {
    let trust = Trust::default();
    let planned = place.plan(vec![place.registry("registry")], &trust, &["acme:tool"]).unwrap();
    commit(&planned, &BTreeSet::new(), &place.lock_file()).unwrap();
    Lock::read(&place.lock_file()).unwrap()
}

fn subject_of(registry: &Registry, entry: &Entry) -> Descriptor {
    let (_, bytes) = registry.tagged(&tool(), &entry.version.to_string()).unwrap().unwrap();
    Descriptor::of(MANIFEST_TYPE, &bytes)
}

fn attach(registry: &Registry, entry: &Entry, bundle: &[u8]) {
    registry.attach(&tool(), &subject_of(registry, entry), BUNDLE_TYPE, bundle).unwrap();
}

/// Takes all statements out of a repository, as a registry could that wants to hide them.
fn strip(place: &Place) {
    place.remove_tags(&tool(), "sha256-");
}

#[test]
fn what_is_published_is_signed_and_its_signer_is_locked() {
    on_each(|place| {
        let entry = published(&place, "1.0.0", 1);
        assert_eq!(entry.signer, Some(key(1).public().to_string()));
        let planned = place
            .plan(vec![place.registry("registry")], &Trust::default(), &["acme:tool"])
            .unwrap();
        assert_eq!(planned[0].signer.key, Some(key(1).public()));
        assert!(planned[0].signer.is_new);
        let lock = installed(&place);
        assert_eq!(lock.plugins[0].signer, entry.signer);
        assert_eq!(check_signature(&lock.plugins[0], &place.store()), Ok(()));
    });
}

#[test]
fn a_version_without_statements_is_refused_and_never_taken_for_signed() {
    on_each(|place| {
        published(&place, "1.0.0", 1);
        strip(&place);
        let told = place.refused(place.registry("registry"), &Trust::default(), "acme:tool");
        assert!(told.contains("nobody has signed it"), "{told}");
        assert!(told.contains("--allow-unsigned acme:tool@1.0.0"), "{told}");
    });
}

#[test]
fn an_update_that_another_key_has_signed_is_refused_until_trust_names_it() {
    on_each(|place| {
        published(&place, "1.0.0", 1);
        installed(&place);
        published(&place, "1.0.1", 2);
        let told = place.refused(place.registry("registry"), &Trust::default(), "acme:tool");
        assert!(told.contains("a stolen name looks like this"), "{told}");
        assert!(told.contains(&key(2).public().to_string()), "{told}");
        let trust = |number| {
            let key = key(number).public();
            Trust::parse(&format!("[namespaces.acme]\nkeys = [\"{key}\"]\n")).unwrap()
        };
        let registry = || vec![place.registry("registry")];
        let planned = place.plan(registry(), &trust(2), &["acme:tool"]).unwrap();
        assert_eq!(planned[0].packed.version.to_string(), "1.0.1");
        assert!(!planned[0].signer.is_new);
        let told = place.refused(place.registry("registry"), &trust(3), "acme:tool");
        assert!(told.contains("lets acme be signed by"), "{told}");
    });
}

#[test]
fn a_signature_that_somebody_else_adds_does_not_make_them_the_publisher() {
    on_each(|place| {
        let entry = published(&place, "1.0.0", 1);
        let registry = place.registry("registry");
        attach(&registry, &entry, &sign_version(&entry, &key(2)).unwrap());
        let told = place.refused(place.registry("registry"), &Trust::default(), "acme:tool");
        assert!(told.contains("which of them publishes acme nobody can tell"), "{told}");
        let own = key(1).public();
        let trust = Trust::parse(&format!("[namespaces.acme]\nkeys = [\"{own}\"]\n")).unwrap();
        let planned = place.plan(vec![registry], &trust, &["acme:tool"]).unwrap();
        assert_eq!(planned[0].signer.key, Some(own));
    });
}

#[test]
fn a_signature_of_another_version_or_plugin_does_not_count() {
    on_each(|place| {
        let first = published(&place, "1.0.0", 1);
        let registry = place.registry("registry");
        strip(&place);
        // All of them hold, and none is about this version.
        let other = Entry { manifest: Digest::of(b"other"), ..first.clone() };
        attach(&registry, &first, &sign_version(&other, &key(1)).unwrap());
        let elsewhere =
            Entry { name: crate::name::PluginName::parse("evil:tool").unwrap(), ..first.clone() };
        attach(&registry, &first, &sign_version(&elsewhere, &key(1)).unwrap());
        let predicate = serde_json::json!({ "plugin": "acme:tool" });
        let of_another_kind = Statement::new(Subject::of(&first), "urn:example:praise", predicate);
        attach(&registry, &first, &sign(&of_another_kind, &key(1)).unwrap());
        let told = place.refused(registry, &Trust::default(), "acme:tool");
        assert!(told.contains("nobody has signed it"), "{told}");
        assert!(told.contains("about another manifest than"), "{told}");
        assert!(told.contains("is about `evil:tool@1.0.0`"), "{told}");
    });
}

#[test]
fn an_image_where_the_index_of_statements_is_expected_is_an_error() {
    on_each(|place| {
        let entry = published(&place, "1.0.0", 1);
        let registry = place.registry("registry");
        let (_, image) = registry.tagged(&tool(), "1.0.0").unwrap().unwrap();
        Manifest::parse(&image).unwrap();
        registry
            .push(&Push {
                repository: &tool(),
                blobs: &[],
                manifest: &image,
                tag: &format!("sha256-{}", entry.manifest.hex()),
                moving: Moving::Allowed,
            })
            .unwrap();
        let told = place.refused(registry, &Trust::default(), "acme:tool");
        assert!(
            told.contains("an image stands where the index of statements is expected"),
            "{told}"
        );
    });
}

#[test]
fn twenty_who_attach_at_once_lose_nothing() {
    on_each(|place| {
        let entry = published(&place, "1.0.0", 1);
        std::thread::scope(|scope| {
            for number in 2..22 {
                let (place, entry) = (&place, &entry);
                scope.spawn(move || {
                    let registry = place.registry("registry");
                    attach(&registry, entry, &sign_version(entry, &key(number)).unwrap());
                });
            }
        });
        let registry = place.registry("registry");
        let attached = registry.attached(&tool(), &entry.manifest, BUNDLE_TYPE, 1 << 20).unwrap();
        assert_eq!(attached.len(), 21);
        // Other programs read the index, which takes longer to be whole and is.
        let tag = format!("sha256-{}", entry.manifest.hex());
        let (_, index) = registry.tagged(&tool(), &tag).unwrap().unwrap();
        let index: serde_json::Value = serde_json::from_slice(&index).unwrap();
        assert_eq!(index["mediaType"], INDEX_TYPE);
        assert!(index["manifests"].as_array().unwrap().len() > 1);
        assert_eq!(index["manifests"][0]["artifactType"], BUNDLE_TYPE);
    });
}

#[test]
fn statements_that_trust_asks_for_must_be_there() {
    on_each(|place| {
        published(&place, "1.0.0", 1);
        let trust = |statement: &str| {
            let require =
                format!("[[require]]\nnamespace = \"*\"\nstatements = [\"{statement}\"]\n");
            Trust::parse(&require).unwrap()
        };
        let registry = || place.registry("registry");
        assert!(place.plan(vec![registry()], &trust("signature"), &["acme:tool"]).is_ok());
        for statement in ["provenance", "badge"] {
            let told = place.refused(registry(), &trust(statement), "acme:tool");
            assert!(told.contains(&format!("trust.toml asks for a {statement}")), "{told}");
        }
        assert!(
            Trust::parse("[[require]]\nnamespace = \"*\"\nstatements = [\"praise\"]\n").is_err()
        );
    });
}

#[test]
fn what_is_locked_is_held_against_its_signature_wherever_it_is_carried() {
    on_each(|place| {
        published(&place, "1.0.0", 1);
        let lock = installed(&place);
        let registry = place.registry("registry").place();
        let open = |_: &str| Registry::open(&registry, &place.path(""));
        let carried = place.registry("carried");
        export(&lock, &open, &carried).unwrap();
        let statements = place.path("components/statements");
        std::fs::remove_dir_all(&statements).unwrap();
        let told = fetch_locked(&lock, &place.store(), &open, true).unwrap_err().to_string();
        assert!(told.contains("no such signature is in the store"), "{told}");
        import(&lock, &place.store(), &carried).unwrap();
        assert_eq!(fetch_locked(&lock, &place.store(), &open, true), Ok(0));
        let mut forged = lock.clone();
        forged.plugins[0].signer = Some(key(2).public().to_string());
        assert!(fetch_locked(&forged, &place.store(), &open, false).is_err());
    });
}
