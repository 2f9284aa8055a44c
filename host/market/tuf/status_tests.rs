//! Statuses of versions, and what is locked, on every kind of registry.

use super::examples::{DAY, after_days, install, new_status, on_each, runs};
use super::owner::set_status_as_owner;
use super::publisher::{Published, set_status};
use crate::catalogue::{Plugin, Status, check_runs};
use crate::digest::Digest;
use crate::examples::NOW;
use crate::instant::Instant;

#[test]
fn a_version_that_was_taken_back_is_not_resolved_and_what_is_locked_goes_on() {
    on_each(|market| {
        market.publish("acme", "acme:tool", "0.9.0", NOW).unwrap();
        let lock = install(market, "user", "acme:tool", NOW).unwrap();
        assert_eq!(runs(market, "user", &lock, NOW, None), Ok(Vec::new()));
        let yanked = new_status(Status::Yanked, "it forgets what it was told");
        let done = market.edit(&["acme", "owner"], NOW, |editor| set_status(editor, &yanked));
        assert!(matches!(done, Ok(Published::Catalogued(_))), "{done:?}");
        let other = install(market, "new-user", "acme:tool", NOW).unwrap();
        assert_eq!(other.plugins[0].version.to_string(), "0.9.0");
        let told = install(market, "newer-user", "acme:tool@=1.0.0", NOW).unwrap_err();
        let why = "acme:tool@1.0.0 was taken back by the publisher of `acme` on 2027-01-15T08:00:00Z: \
                   it forgets what it was told";
        assert!(told.contains(why), "{told}");
        market.sync("user", NOW).unwrap();
        assert_eq!(runs(market, "user", &lock, NOW, None), Ok(vec![why.to_owned()]));
        let active = new_status(Status::Active, "it was something else");
        market.edit(&["acme", "owner"], NOW, |editor| set_status(editor, &active)).unwrap();
        let other = install(market, "newer-user", "acme:tool", NOW).unwrap();
        assert_eq!(other.plugins[0].version.to_string(), "1.0.0");
    });
}

#[test]
fn what_was_revoked_while_it_was_locked_does_not_run_and_the_owner_goes_before_the_publisher() {
    on_each(|market| {
        let lock = install(market, "user", "acme:tool", NOW).unwrap();
        let revoked = new_status(Status::Revoked, "it sends mail to strangers");
        market.edit(&["owner"], NOW, |editor| set_status_as_owner(editor, &revoked)).unwrap();
        // Nobody is asked when something runs, so it counts from the next sync on.
        assert_eq!(runs(market, "user", &lock, NOW, None), Ok(Vec::new()));
        market.sync("user", NOW).unwrap();
        let told = runs(market, "user", &lock, NOW, None).unwrap_err();
        let place = market.registry().place();
        assert!(told.contains(&format!("does not run: it was revoked by the owner of {place} on")));
        assert!(told.contains("it sends mail to strangers") && told.contains("fix: timeslip"));
        let told = install(market, "new-user", "acme:tool", NOW).unwrap_err();
        assert!(told.contains("was revoked by the owner of"), "{told}");
        // The publisher says that it is all right, later.
        let active = new_status(Status::Active, "nothing is wrong with it");
        let later = Instant(NOW.0 + 100);
        market.edit(&["acme", "owner"], later, |editor| set_status(editor, &active)).unwrap();
        market.sync("user", later).unwrap();
        assert!(runs(market, "user", &lock, later, None).is_err());
        market.edit(&["owner"], later, |editor| set_status_as_owner(editor, &active)).unwrap();
        market.sync("user", later).unwrap();
        assert_eq!(runs(market, "user", &lock, later, None), Ok(Vec::new()));
    });
}

#[test]
fn a_plugin_that_was_pinned_by_its_digest_alone_is_revoked_as_well() {
    on_each(|market| {
        let lock = install(market, "user", "acme:tool", NOW).unwrap();
        let revoked = new_status(Status::Revoked, "it sends mail to strangers");
        market.edit(&["acme", "owner"], NOW, |editor| set_status(editor, &revoked)).unwrap();
        market.sync("user", NOW).unwrap();
        let (name, component) = (&lock.plugins[0].name, &lock.plugins[0].component);
        let checked = |component| {
            let plugin = Plugin { name, component, registry: None };
            check_runs(&market.copies("user"), &plugin, NOW, None)
        };
        let told = checked(component).unwrap_err().to_string();
        assert!(told.contains("revoked by the publisher of `acme`"), "{told}");
        assert_eq!(checked(&Digest::of(b"another")), Ok(Vec::new()));
    });
}

#[test]
fn offline_past_the_limit() {
    on_each(|market| {
        let lock = install(market, "user", "acme:tool", NOW).unwrap();
        let copy = market.sync("user", NOW).unwrap();
        let week = Some(7 * DAY);
        assert_eq!(copy.check_is_current(after_days(1), week), Ok(()));
        let told = copy.check_is_current(after_days(3), week).unwrap_err().to_string();
        assert!(told.contains("has expired: its timestamp was good until"), "{told}");
        let told = copy.check_is_current(after_days(3), Some(DAY)).unwrap_err().to_string();
        assert!(told.contains("is 3 days old, and trust.toml allows 1 day"), "{told}");
        // Running warns, and is refused past a limit that was set.
        let warned = runs(market, "user", &lock, after_days(30), None).unwrap();
        assert!(warned[0].contains("was verified 30 days ago and has expired"), "{warned:?}");
        let told = runs(market, "user", &lock, after_days(8), week).unwrap_err();
        assert!(told.contains("was verified 8 days ago, and trust.toml allows 7 days"), "{told}");
        let told = runs(market, "nobody", &lock, NOW, week).unwrap_err();
        assert!(told.contains("was never fetched on this computer"), "{told}");
    });
}
