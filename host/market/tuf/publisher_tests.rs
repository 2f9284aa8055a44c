//! What publishers do with a signed catalogue, on every kind of registry.

use tough::TargetName;
use tough::schema::Targets;

use super::Editor;
use super::examples::{forge, name, on_each};
use super::metadata::{Files, hashes};
use super::owner::accept;
use super::publisher::Published;
use super::report::report;
use super::submission::leave;
use crate::catalogue::sync;
use crate::digest::Digest;
use crate::examples::{NOW, packed};
use crate::keys::SecretKey;
use crate::publish::{Publication, publish_signed};
use crate::registry::Repository;
use crate::trust::Trust;

#[test]
fn a_publisher_without_the_owners_keys_submits_and_the_owner_takes_it_in() {
    on_each(|market| {
        let submit = |version| {
            market.publish_with(&["acme"], &packed("acme:tool", version, ""), NOW).unwrap().1
        };
        let Published::Submitted(first) = submit("1.0.1") else { panic!("it was published") };
        assert!(first.starts_with("submitted-acme-"), "{first}");
        assert!(matches!(submit("1.0.2"), Published::Submitted(_)));
        assert_eq!(market.versions("user", NOW).len(), 1);
        let pending = market.edit(&["owner"], NOW, |editor| report(editor).unwrap()).submissions;
        assert_eq!(pending.len(), 2);
        let outcome = market.edit(&["owner"], NOW, |editor| accept(editor).unwrap());
        assert!(!outcome.taken.is_empty() && outcome.left.is_empty(), "{outcome:?}");
        assert_eq!(market.versions("user", NOW).len(), 3);
        let again = market.edit(&["owner"], NOW, |editor| accept(editor).unwrap());
        assert!(again.taken.is_empty(), "{again:?}");
    });
}

#[test]
fn submissions_are_taken_in_with_the_keys_on_a_server_alone() {
    on_each(|market| {
        // The keys that a server holds: not those of the role `targets`.
        for role in ["snapshot", "timestamp"] {
            let key = SecretKey::read(&market.keys("owner").join(format!("{role}.pem"))).unwrap();
            key.write(&market.keys("online").join(format!("{role}.pem"))).unwrap();
        }
        market.publish_with(&["acme"], &packed("acme:tool", "1.0.1", ""), NOW).unwrap();
        let outcome = market.edit(&["online"], NOW, |editor| accept(editor).unwrap());
        assert_eq!(outcome.taken.len(), 1);
        assert_eq!(market.versions("user", NOW).len(), 2);
        // Another submission that does not build on it, as of a publisher who had not seen it.
        let old = Files::from([("acme.json".to_owned(), market.files()["acme.json"].clone())]);
        let mut forged = old.clone();
        let key = SecretKey::read(&market.keys("acme").join("acme.pem")).unwrap();
        forge::<Targets>(&mut forged, "acme.json", &[&key], |role| {
            role.targets.retain(|name, _| !name.raw().ends_with("1.0.0"));
            let (path, target) = role.targets.iter().next().unwrap();
            let mut target = target.clone();
            target.custom.get_mut("entry").unwrap()["version"] = "1.0.3".into();
            assert_eq!(path.raw(), "acme/tool/1.0.1");
            role.targets.insert(TargetName::new("acme/tool/1.0.3").unwrap(), target);
            role.version = role.version.saturating_add(1);
        });
        leave(&market.registry(), "acme", forged["acme.json"].clone()).unwrap();
        let outcome = market.edit(&["online"], NOW, |editor| accept(editor).unwrap());
        assert!(outcome.left[0].1.contains("its publisher publishes once more"), "{outcome:?}");
        assert_eq!(market.versions("user", NOW).len(), 2);
    });
}

#[test]
fn submissions_of_others_and_those_that_change_a_version_are_left() {
    on_each(|market| {
        market.key("mallory");
        let mallory = SecretKey::read(&market.keys("mallory").join("mallory.pem")).unwrap();
        let acme = SecretKey::read(&market.keys("acme").join("acme.pem")).unwrap();
        let submit = |key: &SecretKey, edit: &dyn Fn(&mut Targets)| {
            let mut files = market.files();
            forge::<Targets>(&mut files, "acme.json", &[key], |role| {
                role.version = role.version.saturating_add(1);
                edit(role);
            });
            leave(&market.registry(), "acme", files["acme.json"].clone()).unwrap()
        };
        let theirs = submit(&mallory, &|_| {});
        let changed = submit(&acme, &|role| {
            let target = role.targets.values_mut().next().unwrap();
            let other = Digest::of(b"another manifest");
            target.hashes = hashes(&other);
            target.custom.get_mut("entry").unwrap()["manifest"] = other.to_string().into();
        });
        let outcome = market.edit(&["owner"], NOW, |editor| accept(editor).unwrap());
        let why = |tag: &str| &outcome.left.iter().find(|(left, _)| left == tag).unwrap().1;
        assert!(why(&theirs).contains("it is not signed by a key of `acme`"), "{outcome:?}");
        assert!(why(&changed).contains("it has other contents for acme/tool/1.0.0"), "{outcome:?}");
    });
}

#[test]
fn who_has_no_key_of_the_namespace_publishes_nothing() {
    on_each(|market| {
        market.key("beta");
        let told = |who: &[&str], name| {
            market.publish_with(who, &packed(name, "1.0.0", ""), NOW).unwrap_err().to_string()
        };
        let error = told(&["beta", "owner"], "beta:tool");
        let key = market.key("beta").to_string();
        assert!(error.contains("is not delegated to anybody") && error.contains(&key), "{error}");
        let error = told(&["beta"], "acme:other");
        assert!(error.contains("no key that may sign for the namespace `acme`"), "{error}");
        let tags = market.registry().tags(&Repository::of(&name("acme:other")));
        assert_eq!(tags, Ok(Vec::new()), "nothing was pushed");
    });
}

#[test]
fn twenty_publishers_at_once_lose_nothing() {
    on_each(|market| {
        market.delegate("beta");
        let many: Vec<(&str, String)> = (0..20)
            .map(|number| match number % 2 {
                0 => ("acme", format!("acme:own-{number}")),
                _ => ("beta", format!("beta:own-{number}")),
            })
            .collect();
        std::thread::scope(|scope| {
            for (who, name) in &many {
                scope.spawn(move || {
                    let packed = packed(name, "1.0.0", "");
                    let copies = format!("publisher-{}", name.replace(':', "-"));
                    let ring = market.ring(&[who, "owner"]);
                    let (registry, copies) = (market.registry(), market.copies(&copies));
                    let editor = Editor {
                        registry: &registry,
                        copies: &copies,
                        pin: None,
                        ring: &ring,
                        now: NOW,
                    };
                    let (catalogue, _) = sync(&registry, &copies, NOW).unwrap();
                    let smoke = "passed".to_owned();
                    let publication = Publication {
                        packed: &packed,
                        smoke,
                        now: NOW,
                        key: &crate::examples::key(1),
                        statements: &|_| Vec::new(),
                    };
                    let trust = Trust::default();
                    publish_signed(&editor, &catalogue, &trust, &publication).unwrap();
                });
            }
        });
        assert_eq!(market.versions("user", NOW).len(), 21);
    });
}
