//! Processes that end in the middle of changing a signed catalogue, as by `kill -9`.

use std::path::Path;
use std::process::{Command, Stdio};

use tough::schema::RoleType;

use super::change::Editor;
use super::keys::KeyRing;
use super::owner::{delegate, rotate};
use super::{RootKeys, init};
use crate::catalogue::sync;
use crate::examples::{NOW, Place, packed};
use crate::keys::SecretKey;
use crate::publish::{Publication, publish_signed};
use crate::registry::Registry;
use crate::steps::END_AT;
use crate::trust::Trust;

/// The variable with what a child of these tests does, and that with the folder that it does it in.
const DO: &str = "TIMESLIP_MARKET_TUF_TEST_DOES";
const IN: &str = "TIMESLIP_MARKET_TUF_TEST_FOLDER";

/// What the children of the other tests run; by itself it does nothing.
#[test]
fn child() {
    let (Ok(task), Ok(folder)) = (std::env::var(DO), std::env::var(IN)) else { return };
    act(Path::new(&folder), &task);
}

fn act(folder: &Path, task: &str) {
    let registry = Registry::open("./registry", folder).unwrap();
    let (copies, keys) = (folder.join("copies"), folder.join("keys"));
    if task == "init" {
        init(&registry, &copies, &keys, RootKeys::One, NOW).unwrap();
        return;
    }
    let ring = KeyRing::read(std::slice::from_ref(&keys)).unwrap();
    let editor = Editor { registry: &registry, copies: &copies, pin: None, ring: &ring, now: NOW };
    match task {
        "publish" => {
            let packed = packed("acme:tool", "1.0.0", "");
            let (catalogue, _) = sync(&registry, &copies, NOW).unwrap();
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
        "sync" => drop(sync(&registry, &folder.join("reader"), NOW).unwrap()),
        other => panic!("{other}"),
    }
}

fn run(place: &Place, task: &str, end_at: Option<u64>) -> bool {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "tuf::crash_tests::child", "--nocapture", "--test-threads", "1"])
        .env(DO, task)
        .env(IN, place.path(""))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if let Some(end_at) = end_at {
        command.env(END_AT, end_at.to_string());
    }
    command.status().unwrap().success()
}

/// Does a task that ends at its first step, then at its second, and so on until it ends by itself.
/// Gives the number of its steps.
fn at_every_step(task: &str, prepare: &dyn Fn(&Place), check: &dyn Fn(&Place, u64)) -> u64 {
    let mut steps = 0;
    loop {
        let place = Place::new();
        prepare(&place);
        let passed = run(&place, task, Some(steps));
        check(&place, steps);
        if passed {
            return steps;
        }
        steps += 1;
    }
}

fn with_namespace(place: &Place) {
    act(&place.path(""), "init");
    let key = SecretKey::generate().unwrap();
    key.write(&place.path("keys/acme.pem")).unwrap();
    let (registry, ring) =
        (place.registry("registry"), KeyRing::read(&[place.path("keys")]).unwrap());
    let copies = place.path("copies");
    let editor = Editor { registry: &registry, copies: &copies, pin: None, ring: &ring, now: NOW };
    delegate(&editor, "acme", &key.public()).unwrap();
}

fn versions(place: &Place) -> usize {
    let registry = place.registry("registry");
    let (catalogue, _) = sync(&registry, &place.path("user"), NOW).unwrap();
    assert!(catalogue.is_signed());
    catalogue.names().len()
}

#[test]
fn making_a_catalogue_that_ends_at_any_step_can_be_done_again_with_the_same_keys() {
    let steps = at_every_step("init", &|_| {}, &|place, steps| {
        let written = std::fs::read(place.path("keys/root.pem")).ok();
        act(&place.path(""), "init");
        assert_eq!(versions(place), 0, "after step {steps}");
        let root = std::fs::read(place.path("keys/root.pem")).unwrap();
        assert!(written.is_none_or(|written| written == root), "after step {steps}");
    });
    assert!(steps > 20, "there were only {steps} steps");
}

#[test]
fn publishing_that_ends_at_any_step_leaves_a_catalogue_that_verifies() {
    let steps = at_every_step("publish", &with_namespace, &|place, steps| {
        assert!(versions(place) <= 1, "after step {steps}");
        act(&place.path(""), "publish");
        assert_eq!(versions(place), 1, "after step {steps}");
    });
    assert!(steps > 20, "there were only {steps} steps");
}

#[test]
fn a_rotation_that_ends_at_any_step_leaves_a_catalogue_that_verifies() {
    let prepare = |place: &Place| {
        with_namespace(place);
        act(&place.path(""), "publish");
        assert_eq!(versions(place), 1);
    };
    let steps = at_every_step("rotate", &prepare, &|place, steps| {
        assert_eq!(versions(place), 1, "after step {steps}");
        act(&place.path(""), "rotate");
        assert_eq!(versions(place), 1, "after step {steps}");
    });
    assert!(steps > 10, "there were only {steps} steps");
}

#[test]
fn reading_that_ends_at_any_step_is_done_again_from_what_was_kept() {
    let prepare = |place: &Place| {
        with_namespace(place);
        act(&place.path(""), "sync");
        act(&place.path(""), "publish");
    };
    let steps = at_every_step("sync", &prepare, &|place, steps| {
        let registry = place.registry("registry");
        let (catalogue, _) = sync(&registry, &place.path("reader"), NOW).unwrap();
        assert_eq!(catalogue.names().len(), 1, "after step {steps}");
    });
    assert!(steps > 10, "there were only {steps} steps");
}
