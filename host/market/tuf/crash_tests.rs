//! Processes that end in the middle of changing a signed catalogue, as by `kill -9`, on every kind
//! of registry.

use std::path::Path;

use tough::schema::RoleType;

use super::change::Editor;
use super::keys::KeyRing;
use super::owner::{delegate, rotate};
use super::{RootKeys, init};
use crate::catalogue::sync;
use crate::children::{self, Task};
use crate::examples::{NOW, Place, packed};
use crate::keys::SecretKey;
use crate::kinds::{Kind, REGISTRY};
use crate::publish::{Publication, publish_signed};
use crate::registry::Registry;
use crate::trust::Trust;

/// What the children of the other tests run; by itself it does nothing.
#[test]
fn child() {
    let Some(Task { text, folder, registry }) = Task::of_child() else { return };
    act(&folder, &registry, &text);
}

fn act(folder: &Path, registry: &Registry, task: &str) {
    let (copies, keys) = (folder.join("copies"), folder.join("keys"));
    if task == "init" {
        init(registry, &copies, &keys, RootKeys::One, NOW).unwrap();
        return;
    }
    let ring = KeyRing::read(std::slice::from_ref(&keys)).unwrap();
    let editor = Editor { registry, copies: &copies, pin: None, ring: &ring, now: NOW };
    match task {
        "publish" => {
            let packed = packed("acme:tool", "1.0.0", "");
            let (catalogue, _) = sync(registry, &copies, NOW).unwrap();
            let publication = Publication {
                packed: &packed,
                smoke: "passed".to_owned(),
                now: NOW,
                key: &crate::examples::key(1),
                statements: &|_| Vec::new(),
            };
            publish_signed(&editor, &catalogue, &Trust::default(), &publication).unwrap();
        }
        "rotate" => {
            let file = keys.join("root-2.pem");
            if !file.exists() {
                SecretKey::generate().unwrap().write(&file).unwrap();
            }
            let new = SecretKey::read(&file).unwrap();
            let old = SecretKey::read(&keys.join("root.pem")).unwrap().public().to_string();
            // Whoever was cut off after the tag had moved is told that it is done.
            if let Err(error) = rotate(&editor, RoleType::Root, Some(&old), new) {
                assert!(error.to_string().contains("no key in use here"), "{error}");
            }
        }
        "sync" => drop(sync(registry, &folder.join("reader"), NOW).unwrap()),
        other => panic!("{other}"),
    }
}

fn does(place: &Place, task: &str) {
    act(&place.path(""), &place.registry(REGISTRY), task);
}

/// Does a task that ends at every one of its steps, on every kind of registry. A file of a folder
/// takes more steps than what is sent to a server, so half as many will do there.
fn at_every_step(
    task: &str,
    steps_min: u64,
    prepare: &dyn Fn(&Place),
    check: &dyn Fn(&Place, u64),
) {
    for kind in Kind::each() {
        println!("on the kind {kind:?}");
        let child = "tuf::crash_tests::child";
        let steps = children::at_every_step(child, kind, task, prepare, check);
        let steps_min = if kind == Kind::Folder { steps_min } else { steps_min / 2 };
        assert!(steps > steps_min, "{kind:?}: there were only {steps} steps");
    }
}

fn with_namespace(place: &Place) {
    does(place, "init");
    let key = SecretKey::generate().unwrap();
    key.write(&place.path("keys/acme.pem")).unwrap();
    let (registry, ring) =
        (place.registry(REGISTRY), KeyRing::read(&[place.path("keys")]).unwrap());
    let copies = place.path("copies");
    let editor = Editor { registry: &registry, copies: &copies, pin: None, ring: &ring, now: NOW };
    delegate(&editor, "acme", &key.public()).unwrap();
}

fn versions(place: &Place) -> usize {
    let registry = place.registry(REGISTRY);
    let (catalogue, _) = sync(&registry, &place.path("user"), NOW).unwrap();
    assert!(catalogue.is_signed());
    catalogue.names().len()
}

#[test]
fn making_a_catalogue_that_ends_at_any_step_can_be_done_again_with_the_same_keys() {
    at_every_step("init", 20, &|_| {}, &|place, steps| {
        let written = std::fs::read(place.path("keys/root.pem")).ok();
        does(place, "init");
        assert_eq!(versions(place), 0, "after step {steps}");
        let root = std::fs::read(place.path("keys/root.pem")).unwrap();
        assert!(written.is_none_or(|written| written == root), "after step {steps}");
    });
}

#[test]
fn publishing_that_ends_at_any_step_leaves_a_catalogue_that_verifies() {
    at_every_step("publish", 20, &with_namespace, &|place, steps| {
        assert!(versions(place) <= 1, "after step {steps}");
        does(place, "publish");
        assert_eq!(versions(place), 1, "after step {steps}");
    });
}

#[test]
fn a_rotation_that_ends_at_any_step_leaves_a_catalogue_that_verifies() {
    let prepare = |place: &Place| {
        with_namespace(place);
        does(place, "publish");
        assert_eq!(versions(place), 1);
    };
    at_every_step("rotate", 10, &prepare, &|place, steps| {
        assert_eq!(versions(place), 1, "after step {steps}");
        does(place, "rotate");
        assert_eq!(versions(place), 1, "after step {steps}");
    });
}

#[test]
fn reading_that_ends_at_any_step_is_done_again_from_what_was_kept() {
    let prepare = |place: &Place| {
        with_namespace(place);
        does(place, "sync");
        does(place, "publish");
    };
    at_every_step("sync", 10, &prepare, &|place, steps| {
        let registry = place.registry(REGISTRY);
        let (catalogue, _) = sync(&registry, &place.path("reader"), NOW).unwrap();
        assert_eq!(catalogue.names().len(), 1, "after step {steps}");
    });
}
