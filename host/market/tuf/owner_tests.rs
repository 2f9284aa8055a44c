//! What the owner of a signed catalogue does, on every kind of registry.

use tough::schema::RoleType;

use super::examples::{after_days, install, on_each};
use super::owner::{delegate, refresh, revoke_key, rotate};
use super::report::report;
use super::{RootKeys, init};
use crate::catalogue::{Synced, sync};
use crate::digest::Digest;
use crate::examples::{NOW, on_each as on_each_place, packed, publish_at};
use crate::keys::SecretKey;

#[test]
fn roots_are_rotated_and_old_keys_sign_nothing_any_more() {
    on_each(|market| {
        market.sync("user", NOW).unwrap();
        let pin = Digest::of(&market.files()["1.root.json"]);
        let root_1 = SecretKey::read(&market.keys("owner").join("root-1.pem")).unwrap();
        let told = market.edit(&["owner"], NOW, |editor| {
            rotate(editor, RoleType::Root, None, SecretKey::generate().unwrap()).unwrap_err()
        });
        assert!(told.to_string().contains("say which one is replaced"), "{told}");
        // Too few root keys are at hand.
        for name in ["root-1", "targets", "snapshot", "timestamp"] {
            let key = SecretKey::read(&market.keys("owner").join(format!("{name}.pem"))).unwrap();
            key.write(&market.keys("few").join(format!("{name}.pem"))).unwrap();
        }
        let told = market.edit(&["few"], NOW, |editor| {
            let old = root_1.public().to_string();
            let new = SecretKey::generate().unwrap();
            rotate(editor, RoleType::Root, Some(&old), new).unwrap_err().to_string()
        });
        assert!(
            told.contains("the new root lacks signatures of the keys that are in force"),
            "{told}"
        );
        let new = SecretKey::generate().unwrap();
        new.write(&market.keys("owner").join("root-4.pem")).unwrap();
        market.edit(&["owner"], NOW, |editor| {
            rotate(editor, RoleType::Root, Some(&root_1.public().id()[..16]), new).unwrap();
        });
        for who in ["user", "new-user"] {
            assert_eq!(market.versions(who, NOW).len(), 1);
        }
        market.sync_pinned("pinning-user", &pin, NOW).unwrap();
        let status = market.edit(&["owner"], NOW, |editor| report(editor).unwrap());
        assert_eq!((status.root_version, status.first_root), (2, Some(pin)));
        let root = status.roles.iter().find(|role| role.name == "root").unwrap();
        assert!(!root.keys.contains(&root_1.public()) && root.at_hand == 3);
    });
}

#[test]
fn every_role_at_the_top_gets_a_new_key() {
    on_each(|market| {
        for role in [RoleType::Targets, RoleType::Snapshot, RoleType::Timestamp] {
            let new = SecretKey::generate().unwrap();
            new.write(&market.keys("owner").join(format!("{role}-2.pem"))).unwrap();
            let (rotated, _) =
                market.edit(&["owner"], NOW, |editor| rotate(editor, role, None, new)).unwrap();
            assert_eq!(rotated.role, role.to_string());
            std::fs::remove_file(market.keys("owner").join(format!("{role}.pem"))).unwrap();
            market.publish("acme", "acme:tool", &format!("2.{}.0", role as u8), NOW).unwrap();
        }
        assert_eq!(market.versions("user", NOW).len(), 4);
    });
}

#[test]
fn a_publishers_stolen_key_is_revoked_and_the_namespace_goes_on() {
    on_each(|market| {
        let stolen = market.key("acme");
        let (rotated, _) = market
            .edit(&["owner"], NOW, |editor| {
                let none = |_| panic!("no role at the top has it");
                revoke_key(editor, &stolen.id()[..16], &none)
            })
            .unwrap();
        assert_eq!((rotated.len(), rotated[0].role.as_str()), (1, "acme"));
        assert_eq!(market.versions("user", NOW).len(), 1);
        let told = market
            .publish_with(&["acme"], &packed("acme:tool", "1.0.1", ""), NOW)
            .unwrap_err()
            .to_string();
        assert!(told.contains("those that may: the owner's alone"), "{told}");
        let key = market.key("acme-again");
        market.edit(&["owner"], NOW, |editor| delegate(editor, "acme", &key)).unwrap();
        market.publish("acme-again", "acme:tool", "1.0.1", NOW).unwrap();
        assert_eq!(market.versions("user", NOW).len(), 2);
    });
}

#[test]
fn names_of_roles_reserved_names_and_the_catalogues_own_keys_are_not_delegated() {
    on_each(|market| {
        let key = market.key("somebody");
        let own = SecretKey::read(&market.keys("owner").join("timestamp.pem")).unwrap().public();
        market.edit(&["owner"], NOW, |editor| {
            for (namespace, told) in
                [("targets", "the name of a role"), ("wasi", "is reserved"), ("Acme", "lower case")]
            {
                let error = delegate(editor, namespace, &key).unwrap_err().to_string();
                assert!(error.contains(told), "{error}");
            }
            let error = delegate(editor, "acme", &own).unwrap_err().to_string();
            assert!(error.contains("the catalogue's own key of the role `timestamp`"), "{error}");
        });
    });
}

#[test]
fn signing_anew_keeps_a_catalogue_alive_and_a_silent_publisher_lapses_alone() {
    on_each(|market| {
        market.delegate("beta");
        market.publish("beta", "beta:tool", "1.0.0", NOW).unwrap();
        // The owner signs every day, and beta's publisher with it.
        for day in [1, 29, 65, 89, 91] {
            market.edit(&["owner", "beta"], after_days(day), refresh).unwrap();
            market.sync("user", after_days(day)).unwrap();
        }
        let now = after_days(91);
        let told = install(market, "user", "acme:tool", now).unwrap_err();
        assert!(told.contains("what its publisher signed for `acme` was good until"), "{told}");
        install(market, "user", "beta:tool", now).unwrap();
        market.edit(&["owner", "acme"], now, refresh).unwrap();
        install(market, "user", "acme:tool", now).unwrap();
    });
}

#[test]
fn an_unsigned_catalogue_is_taken_over_by_the_signed_one() {
    on_each_place(|place| {
        let registry = place.registry("registry");
        place.publish(&registry, &packed("acme:tool", "1.0.0", "")).unwrap();
        place.publish(&registry, &packed("beta:tool", "1.0.0", "")).unwrap();
        assert_eq!(place.catalogue(&registry).unwrap().names().len(), 2);
        let (copies, keys) = (place.path("copies"), place.path("keys"));
        let made = init(&registry, &copies, &keys, RootKeys::One, NOW).unwrap();
        assert_eq!((made.taken_over, made.was_there, made.root_keys.len()), (2, false, 1));
        let catalogue = place.catalogue(&registry).unwrap();
        assert!(catalogue.is_signed());
        assert_eq!(catalogue.names().len(), 2);
        let told = publish_at(&place.path(""), &registry, &packed("acme:tool", "1.0.1", ""), NOW);
        assert!(told.unwrap_err().to_string().contains("what is published there must be signed"));
        let again = init(&registry, &copies, &keys, RootKeys::One, NOW).unwrap();
        assert!(again.was_there && again.root == made.root);
        let told =
            init(&registry, &copies, &place.path("other-keys"), RootKeys::One, NOW).unwrap_err();
        assert!(told.to_string().contains("does not have its keys"), "{told}");
    });
}

#[test]
fn what_is_read_the_first_time_is_told_and_what_changed_alone_is_read_afterwards() {
    on_each(|market| {
        market.delegate("beta");
        market.publish("beta", "beta:tool", "1.0.0", NOW).unwrap();
        let read = || sync(&market.registry(), &market.copies("user"), NOW).unwrap().1;
        let first = read();
        let root = Digest::of(&market.files()["1.root.json"]);
        assert_eq!((first.first_trusted, first.namespaces_fetched), (Some(root), 2));
        assert_eq!(read(), Synced::default());
        market.publish("beta", "beta:tool", "1.0.1", NOW).unwrap();
        let third = read();
        // The namespace's role, the snapshot and the timestamp.
        assert_eq!((third.namespaces_fetched, third.files_fetched), (1, 3));
        assert_eq!(third.first_trusted, None);
    });
}
