//! What somebody would try who may write to a registry, or stands between it and its users, or has
//! stolen some of its keys. Every attack is tried on every kind of registry.

use std::num::NonZeroU64;

use tough::TargetName;
use tough::schema::{RoleType, Root, Targets, Timestamp};

use super::examples::{Market, forge, on_each, resign};
use super::metadata::Files;
use super::owner::rotate;
use crate::catalogue::{unsigned_entries, write_snapshot};
use crate::digest::Digest;
use crate::examples::{NOW, Place};
use crate::instant::Instant;
use crate::keys::SecretKey;
use crate::name::PluginName;

fn after(seconds: u64) -> Instant {
    Instant(NOW.0 + seconds)
}

fn owner_key(market: &Market, name: &str) -> SecretKey {
    SecretKey::read(&market.keys("owner").join(format!("{name}.pem"))).unwrap()
}

/// A user is refused, and told these things.
pub(super) fn assert_refused(market: &Market, who: &str, now: Instant, told: &[&str]) {
    let error = market.told(who, now);
    for part in told {
        assert!(error.contains(part), "`{part}` is not in: {error}");
    }
}

#[test]
fn rollback() {
    on_each(|market| {
        let old = market.files();
        market.publish("acme", "acme:tool", "1.0.1", NOW).unwrap();
        assert_eq!(market.versions("user", NOW).len(), 2);
        market.put(&old);
        assert_refused(
            market,
            "user",
            NOW,
            &["older than what was seen there before (a rollback)"],
        );
        let kept = crate::catalogue::Catalogue::last(&market.registry(), &market.copies("user"));
        assert_eq!(kept.unwrap().unwrap().names().len(), 1);
    });
}

#[test]
fn a_role_of_a_namespace_that_is_rolled_back_under_a_new_snapshot() {
    on_each(|market| {
        let old = market.files();
        market.publish("acme", "acme:tool", "1.0.1", NOW).unwrap();
        market.sync("user", NOW).unwrap();
        let mut files = market.files();
        files.insert("acme.json".to_owned(), old["acme.json"].clone());
        resign(market, &mut files, &["acme.json"]);
        market.put(&files);
        assert_refused(market, "user", NOW, &["(a rollback)", "acme.json"]);
    });
}

#[test]
fn freeze() {
    on_each(|market| {
        market.sync("user", NOW).unwrap();
        // Two days later the registry still shows the same, or somebody shows it to this user.
        market.sync("user", after(47 * 3_600)).unwrap();
        for who in ["user", "new-user"] {
            let told = ["has expired: its timestamp was good until", "(a freeze)"];
            assert_refused(market, who, after(49 * 3_600), &told);
        }
        // Newer metadata that has expired as well is told the same.
        market.publish("acme", "acme:tool", "1.0.1", NOW).unwrap();
        assert_refused(market, "user", after(49 * 3_600), &["its timestamp was good until"]);
    });
}

#[test]
fn mix_and_match() {
    on_each(|market| {
        let old = market.files();
        market.publish("acme", "acme:tool", "1.0.1", NOW).unwrap();
        let new = market.files();
        for name in ["snapshot.json", "acme.json"] {
            let mut mixed = new.clone();
            mixed.insert(name.to_owned(), old[name].clone());
            market.put(&mixed);
            assert_refused(market, "user", NOW, &["of several versions (mix and match)"]);
        }
        market.put(&new);
        assert_eq!(market.versions("user", NOW).len(), 2);
    });
}

/// Adds a target to a namespace's role.
fn add_target(role: &mut Targets, path: &str) {
    let mut target = role.targets.values().next().unwrap().clone();
    let (namespace, rest) = path.split_once('/').unwrap();
    let (name, version) = rest.split_once('/').unwrap();
    let entry = target.custom.get_mut("entry").unwrap();
    entry["name"] = format!("{namespace}:{name}").into();
    entry["version"] = version.into();
    role.targets.insert(TargetName::new(path).unwrap(), target);
    role.version = role.version.saturating_add(1);
}

#[test]
fn arbitrary_install_by_a_key_that_is_not_delegated() {
    on_each(|market| {
        market.key("mallory");
        let key = SecretKey::read(&market.keys("mallory").join("mallory.pem")).unwrap();
        let honest = market.files();
        let mut files = honest.clone();
        // Whoever does it has even stolen the keys of snapshot and timestamp.
        forge::<Targets>(&mut files, "acme.json", &[&key], |role| {
            add_target(role, "acme/evil/1.0.0")
        });
        resign(market, &mut files, &["acme.json"]);
        market.put(&files);
        assert_refused(market, "user", NOW, &["its role `acme` is not signed by the keys"]);
        // The program itself does not sign for somebody else's namespace.
        market.put(&honest);
        let evil = crate::examples::packed("acme:evil", "1.0.0", "");
        let told = market.publish_with(&["mallory"], &evil, NOW).unwrap_err().to_string();
        assert!(told.contains("no key that may sign for the namespace `acme`"), "{told}");
    });
}

#[test]
fn one_namespaces_key_signing_a_target_of_another() {
    on_each(|market| {
        market.delegate("beta");
        market.publish("beta", "beta:tool", "1.0.0", NOW).unwrap();
        let key = SecretKey::read(&market.keys("acme").join("acme.pem")).unwrap();
        let honest = market.files();
        // A version of theirs that they never had, another plugin, and a version that they have.
        for (path, told) in [
            ("beta/tool/6.6.6", "has a target that is not in its namespace"),
            ("beta/evil/1.0.0", "has a target that is not in its namespace"),
            ("beta/tool/1.0.0", "is used for the target beta/tool/1.0.0, which is not in it"),
        ] {
            let mut files = honest.clone();
            forge::<Targets>(&mut files, "acme.json", &[&key], |role| add_target(role, path));
            resign(market, &mut files, &["acme.json"]);
            market.put(&files);
            assert_refused(market, "user", NOW, &[told]);
        }
    });
}

#[test]
fn fast_forward() {
    on_each(|market| {
        let honest = market.files();
        let mut files = honest.clone();
        let (timestamp, far) = (owner_key(market, "timestamp"), NonZeroU64::new(1 << 60).unwrap());
        forge::<Timestamp>(&mut files, "timestamp.json", &[&timestamp], |one| one.version = far);
        market.put(&files);
        market.sync("user", NOW).unwrap();
        // The owner brings back what was there before: to the user that is a rollback.
        market.put(&honest);
        assert_refused(market, "user", NOW, &["(a rollback)"]);
        // With a new key of the timestamp versions begin anew.
        market.edit(&["owner"], NOW, |editor| {
            // The owner's own copy has not seen what was forged.
            rotate(editor, RoleType::Timestamp, None, SecretKey::generate().unwrap()).unwrap();
        });
        assert_eq!(market.versions("user", NOW), ["acme:tool@1.0.0"]);
    });
}

#[test]
fn wrong_key() {
    on_each(|market| {
        let other = SecretKey::generate().unwrap();
        for role in ["timestamp", "snapshot", "targets"] {
            let honest = market.files();
            let mut files = honest.clone();
            let name = format!("{role}.json");
            match role {
                "timestamp" => forge::<Timestamp>(&mut files, &name, &[&other], |_| {}),
                "snapshot" => {
                    forge::<tough::schema::Snapshot>(&mut files, &name, &[&other], |_| {});
                    let snapshot = files[&name].clone();
                    let timestamp = owner_key(market, "timestamp");
                    forge::<Timestamp>(&mut files, "timestamp.json", &[&timestamp], |one| {
                        let version = one.meta["snapshot.json"].version;
                        let meta = super::metadata::metafile(version, &snapshot);
                        one.meta.insert("snapshot.json".to_owned(), meta);
                    });
                }
                _ => {
                    forge::<Targets>(&mut files, &name, &[&other], |_| {});
                    resign(market, &mut files, &[&name]);
                }
            }
            market.put(&files);
            let told = format!("its role `{role}` is not signed by the keys that may sign it");
            assert_refused(market, "user", NOW, &[&told]);
            market.put(&honest);
        }
    });
}

fn second_root(files: &mut Files, keys: &[&SecretKey], edit: impl FnOnce(&mut Root)) {
    let first = files["1.root.json"].clone();
    files.insert("2.root.json".to_owned(), first);
    forge::<Root>(files, "2.root.json", keys, |root| {
        root.version = root.version.saturating_add(1);
        edit(root);
    });
}

#[test]
fn a_root_that_too_few_have_signed() {
    on_each(|market| {
        market.sync("user", NOW).unwrap();
        let honest = market.files();
        let (one, two) = (owner_key(market, "root-1"), owner_key(market, "root-2"));
        // One of three, and the same one twice.
        for keys in [vec![&one], vec![&one, &one]] {
            let mut files = honest.clone();
            second_root(&mut files, &keys, |_| {});
            market.put(&files);
            for who in ["user", "new-user"] {
                let told = ["its role `root` is not signed", "threshold"];
                let error = market.told(who, NOW).to_lowercase();
                assert!(told.iter().all(|part| error.contains(part)), "{error}");
            }
        }
        let mut files = honest.clone();
        second_root(&mut files, &[&one, &two], |_| {});
        market.put(&files);
        market.sync("user", NOW).unwrap();
    });
}

#[test]
fn a_root_that_names_other_keys_and_is_signed_by_them_alone() {
    on_each(|market| {
        market.sync("user", NOW).unwrap();
        let other = SecretKey::generate().unwrap();
        let mut files = market.files();
        let id = super::keys::key_id(&other.public());
        second_root(&mut files, &[&other], |root| {
            root.keys.insert(id.clone(), super::keys::record_of(&other.public()));
            let keys = root.roles.get_mut(&RoleType::Root).unwrap();
            keys.keyids = vec![id.clone()];
            keys.threshold = NonZeroU64::MIN;
        });
        market.put(&files);
        assert_refused(market, "user", NOW, &["its role `root` is not signed"]);
    });
}

#[test]
fn another_signed_catalogue_in_the_place_of_the_first() {
    on_each(|market| {
        market.sync("user", NOW).unwrap();
        let pin = Digest::of(&market.files()["1.root.json"]);
        market.sync_pinned("pinning-user", &pin, NOW).unwrap();
        let theirs = Market::new(Place::new());
        market.put(&theirs.files());
        assert_refused(market, "user", NOW, &["is refused", "is not signed by the keys"]);
        let told = market.sync_pinned("new-pinning-user", &pin, NOW).unwrap_err().to_string();
        assert!(
            told.contains(&format!("none of its roots is {pin}, which trust.toml pins")),
            "{told}"
        );
        // Whoever has seen nothing trusts what is seen first, which is why pins are there.
        market.sync("new-user", NOW).unwrap();
    });
}

#[test]
fn downgrade_to_an_unsigned_catalogue() {
    on_each(|market| {
        market.sync("user", NOW).unwrap();
        let pin = Digest::of(&market.files()["1.root.json"]);
        let entries =
            market.sync("user", NOW).unwrap().versions(&PluginName::parse("acme:tool").unwrap());
        write_snapshot(&market.registry(), entries.unwrap()).unwrap();
        assert_eq!(unsigned_entries(&market.registry()).unwrap().len(), 1);
        assert_refused(market, "user", NOW, &["nobody has signed", "(a downgrade)"]);
        let told = market.sync_pinned("new-user", &pin, NOW).unwrap_err().to_string();
        assert!(told.contains("trust.toml pins the root") && told.contains("downgrade"), "{told}");
        // Whoever never saw a signed one reads it as it is.
        assert!(!market.sync("new-user", NOW).unwrap().is_signed());
    });
}

#[test]
fn entries_that_nobody_signed_beside_a_signed_catalogue() {
    on_each(|market| {
        let name = PluginName::parse("acme:tool").unwrap();
        let own = market.sync("user", NOW).unwrap().versions(&name).unwrap().remove(0);
        let evil = crate::catalogue::Entry { name: PluginName::parse("acme:evil").unwrap(), ..own };
        let told = crate::catalogue::add_entry(&market.registry(), &evil).unwrap_err().to_string();
        assert!(told.contains("is signed, and is changed by those alone"), "{told}");
        assert_eq!(market.versions("new-user", NOW), ["acme:tool@1.0.0"]);
    });
}

#[test]
fn a_clock_that_was_set_back() {
    on_each(|market| {
        market.sync("user", after(40 * 3_600)).unwrap();
        assert_refused(market, "user", NOW, &["the clock was set back"]);
        // By a little every computer's clock is set back now and then.
        market.sync("user", after(40 * 3_600 - 60)).unwrap();
    });
}
