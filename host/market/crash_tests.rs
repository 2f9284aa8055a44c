//! Processes that end in the middle of publishing and installing, as by `kill -9`, and many at once,
//! on every kind of registry.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Child;

use crate::catalogue::{Catalogue, sync};
use crate::children::{Task, at_every_step, run, start};
use crate::digest::Digest;
use crate::examples::{NOW, Place, on_each, packed, publish_at};
use crate::install::{Market, Source, commit, plan};
use crate::kinds::{Kind, REGISTRY};
use crate::lock::Lock;
use crate::name::{PluginName, Reference};
use crate::oci::{INDEX_TYPE, Index, type_of};
use crate::registry::{Registry, Repository};
use crate::store::Store;
use crate::trust::Trust;

/// The test that the children run.
const CHILD: &str = "crash_tests::child";

/// What the children of the other tests run; by itself it does nothing.
#[test]
fn child() {
    let Some(Task { text, folder, registry }) = Task::of_child() else { return };
    match text.split(' ').collect::<Vec<_>>().as_slice() {
        ["publish", name, version] => {
            publish_at(&folder, &registry, &packed(name, version, ""), NOW).unwrap();
        }
        ["install", name] => install(&folder, registry, name),
        other => panic!("{other:?}"),
    }
}

fn install(folder: &Path, registry: Registry, name: &str) {
    let (catalogue, _) = sync(&registry, &folder.join("catalogues"), NOW).unwrap();
    let (store, lock_file) = (Store::new(folder.join("components")), folder.join("plugins.lock"));
    let lock = Lock::read(&lock_file).unwrap();
    let market = Market {
        sources: &[Source { registry, catalogue }],
        trust: &Trust::default().with_min_release_age(Some(0)),
        store: &store,
        lock: &lock,
        now: NOW,
        offline: false,
        allow_unsigned: &[],
    };
    let planned = plan(&market, &[Reference::parse(name).unwrap()]).unwrap();
    commit(&planned, &BTreeSet::new(), &lock_file).unwrap();
}

/// Everything that is in a registry is whole: every index leads to manifests, and they to blobs.
fn check_registry(place: &Place, name: &str) -> Vec<String> {
    let (registry, name) = (place.registry(REGISTRY), PluginName::parse(name).unwrap());
    let repository = Repository::of(&name);
    let tags = registry.tags(&repository).unwrap();
    let check_manifest = |digest: &Digest| {
        let manifest = registry.manifest(&repository, digest).unwrap();
        for blob in manifest.layers.iter().chain([&manifest.config]) {
            registry.blob(&repository, blob).unwrap();
        }
    };
    for tag in &tags {
        let (digest, bytes) = registry.tagged(&repository, tag).unwrap().unwrap();
        match type_of(&bytes) == INDEX_TYPE {
            true => Index::parse(&bytes)
                .unwrap()
                .manifests
                .iter()
                .for_each(|one| check_manifest(&one.digest)),
            false => check_manifest(&digest),
        }
    }
    // What is left are the versions: the tags of statements are no versions.
    tags.into_iter().filter(|tag| !tag.starts_with("sha256-")).collect()
}

/// Every file with the name of a digest has the bytes of that digest.
fn check_blobs(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            check_blobs(&path);
        } else if let Some(hex) = path.file_stem().and_then(|stem| stem.to_str())
            && hex.len() == 64
            && path.extension().is_none_or(|extension| extension == "wasm")
            && !path.parent().unwrap().ends_with("locks")
        {
            let digest = Digest::parse(&format!("sha256:{hex}")).unwrap();
            digest.check(&path.display().to_string(), &std::fs::read(&path).unwrap()).unwrap();
        }
    }
}

/// Checks the files of a registry that is a folder. Those of a server are read through it alone,
/// since other tests write there as well.
fn check_folder(place: &Place) {
    check_blobs(&place.path(REGISTRY));
}

fn catalogue(place: &Place) -> Catalogue {
    place.catalogue(&place.registry(REGISTRY)).unwrap()
}

fn does(place: &Place, task: &str) -> bool {
    run(CHILD, place, task, None)
}

#[test]
fn publishing_that_ends_at_any_step_leaves_the_registry_whole_and_can_be_done_again() {
    for kind in Kind::each() {
        let prepare = |place: &Place| assert!(does(place, "publish acme:one 1.0.0"));
        let steps =
            at_every_step(CHILD, kind, "publish acme:tool 1.0.0", &prepare, &|place, steps| {
                check_folder(place);
                check_registry(place, "acme:tool");
                assert_eq!(check_registry(place, "acme:one"), ["1.0.0"]);
                assert!(catalogue(place).names().iter().any(|name| name.name() == "one"));
                assert!(does(place, "publish acme:tool 1.0.0"), "{kind:?}, after step {steps}");
                assert_eq!(check_registry(place, "acme:tool"), ["1.0.0"]);
                let names: Vec<String> =
                    catalogue(place).names().iter().map(ToString::to_string).collect();
                assert_eq!(names, ["acme:one", "acme:tool"], "{kind:?}, after step {steps}");
            });
        assert!(steps > 20, "{kind:?}: there were only {steps} steps");
    }
}

#[test]
fn installing_that_ends_at_any_step_leaves_the_store_and_the_lock_whole() {
    for kind in Kind::each() {
        let prepare = |place: &Place| assert!(does(place, "publish acme:tool 1.0.0"));
        let steps = at_every_step(CHILD, kind, "install acme:tool", &prepare, &|place, steps| {
            check_blobs(&place.path("components"));
            let locked = Lock::read(&place.lock_file()).unwrap();
            for plugin in &locked.plugins {
                assert!(place.store().read(&plugin.component).unwrap().is_some());
            }
            assert!(does(place, "install acme:tool"), "{kind:?}, after step {steps}");
            assert_eq!(Lock::read(&place.lock_file()).unwrap().plugins.len(), 1);
        });
        assert!(steps > 8, "{kind:?}: there were only {steps} steps");
    }
}

#[test]
fn twenty_publishers_at_once_lose_nothing() {
    on_each(|place| {
        let tasks = (0..20).map(|number| match number % 2 {
            // Versions of one plugin, and plugins of their own.
            0 => format!("publish acme:shared 1.0.{number}"),
            _ => format!("publish acme:own-{number} 1.0.0"),
        });
        let children: Vec<Child> = tasks.map(|task| start(CHILD, &place, &task, None)).collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        check_folder(&place);
        assert_eq!(check_registry(&place, "acme:shared").len(), 10);
        let (catalogue, shared) = (catalogue(&place), PluginName::parse("acme:shared").unwrap());
        assert_eq!(catalogue.versions(&shared).unwrap().len(), 10);
        assert_eq!(catalogue.names().len(), 11);
    });
}

#[test]
fn installs_at_once_into_one_project_lose_nothing() {
    on_each(|place| {
        for number in 0..6 {
            assert!(does(&place, &format!("publish acme:own-{number} 1.0.0")));
        }
        let install = |number| start(CHILD, &place, &format!("install acme:own-{number}"), None);
        let children: Vec<Child> = (0..6).map(install).collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        assert_eq!(Lock::read(&place.lock_file()).unwrap().plugins.len(), 6);
    });
}
