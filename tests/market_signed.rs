//! A registry with a signed catalogue, from the command line.

use timeslip_market::keys::SecretKey;

use crate::market::Market;

/// What names the registry and the keys.
const AT: &str = "--registry ./registry --keys keys";
const PUBLISH: &str = "plugin publish plugins/memory --registry ./registry --keys keys";

/// A registry whose owner has given the namespace `timeslip` to a publisher's key.
fn signed() -> Market {
    let market = Market::new();
    let made = market.run("plugin registry init ./registry --keys keys --dev").passed();
    assert!(made.contains("was made") && made.contains("[roots]"), "{made}");
    let key = SecretKey::generate().unwrap();
    key.write(&market.place.path("keys/publisher.pem")).unwrap();
    let delegate = format!("plugin registry delegate timeslip --key {} {AT}", key.public());
    assert!(market.run(&delegate).passed().contains("`timeslip` may be signed by"));
    market
}

fn install(market: &Market) {
    let install = "plugin install timeslip:memory --registry ./registry";
    let asked = market.asked(install);
    market.run(&format!("{install} --accept-permissions {asked}")).passed();
}

#[test]
fn a_signed_catalogue_is_made_published_into_read_and_described() {
    let market = signed();
    let published = market.run(PUBLISH).passed();
    assert!(published.contains("catalogued   under the key of `timeslip`"), "{published}");
    let first = market.run("plugin search memory --registry ./registry");
    assert!(first.stderr.is_empty(), "publishing has seen it: {}", first.stderr);
    assert!(first.passed().contains("1 found in"));
    let status = market.run(&format!("plugin registry status {AT}")).passed();
    for line in ["first root", "timestamp", "for 2 days", "timeslip", "1 of 1 key"] {
        assert!(status.contains(line), "{line}: {status}");
    }
    let json = market.run(&format!("plugin registry status {AT} --json")).passed();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["roles"][4]["targets"], 1);
    let again = market.run("plugin registry init ./registry --keys keys --dev").passed();
    assert!(again.contains("is there already"), "{again}");
    let refused = market.run("plugin publish plugins/memory --registry ./registry").failed(2);
    assert!(refused.contains("no key that may sign for the namespace `timeslip`"), "{refused}");
}

#[test]
fn what_was_revoked_does_not_run_even_where_it_is_locked() {
    let market = signed();
    market.run(PUBLISH).passed();
    install(&market);
    market.write_bench("timeslip:memory@^0.1", "\"plugins/memory/kept\"");
    market.run("run").passed();
    let revoke = "plugin revoke timeslip:memory@0.1.0 --owner";
    let mut command = market.command(revoke, "1800000000");
    command.args(AT.split(' ')).args(["--why", "It tells strangers."]);
    assert!(command.status().unwrap().success());
    let faults = market.run("plugin audit --registry ./registry").stdout;
    assert!(faults.contains("must not run: revoked by the owner of"), "{faults}");
    let refused = market.run("run").failed(2);
    assert!(refused.contains("timeslip:memory@0.1.0 does not run: it was revoked by"), "{refused}");
    assert!(refused.contains("It tells strangers."), "{refused}");
    let locked = market.run("plugin install --locked").failed(2);
    assert!(locked.contains("does not run"), "{locked}");
    let unyank = format!("plugin unyank timeslip:memory@0.1.0 --owner {AT}");
    assert!(market.run(&unyank).passed().contains("is resolved again"));
    market.run("plugin install --locked").passed();
    market.run("run").passed();
}

#[test]
fn keys_are_rotated_and_what_is_held_back_from_a_reader_is_noticed() {
    let market = signed();
    market.run(PUBLISH).passed();
    market.run("plugin search memory --registry ./registry").passed();
    let rotated = market.run(&format!("plugin registry rotate root {AT}")).passed();
    assert!(rotated.contains("the new key is in keys/root-2.pem"), "{rotated}");
    std::fs::remove_file(market.place.path("keys/root.pem")).unwrap();
    market.run("plugin search memory --registry ./registry").passed();
    // Three days later.
    let late = |words: &str| market.command(words, "1800259200").output().unwrap();
    let frozen = late("plugin search memory --registry ./registry");
    let told = String::from_utf8(frozen.stderr).unwrap();
    assert_eq!(frozen.status.code(), Some(2), "{told}");
    assert!(told.contains("has expired: its timestamp was good until"), "{told}");
    assert_eq!(late(&format!("plugin registry refresh {AT}")).status.code(), Some(0));
    assert_eq!(late("plugin search memory --registry ./registry").status.code(), Some(0));
}
