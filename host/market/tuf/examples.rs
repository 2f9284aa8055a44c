//! A registry with a signed catalogue, those who have keys of it, and those who have stolen some.

use std::path::PathBuf;

use serde_json::Value;
use tough::schema::{Role, Signed};

use super::change::Editor;
use super::keys::{KeyId, KeyRing};
use super::layers::{LATEST, Layers, SIGNED_TYPE, fetch, latest, push};
use super::metadata::{Files, metafile, read, write};
use super::owner::delegate;
use super::publisher::{NewStatus, Published};
use super::{RootKeys, init};
use crate::catalogue::{Catalogue, Entry, Plugin, Status, check_runs, sync, sync_pinned};
use crate::component::PackedComponent;
use crate::digest::Digest;
use crate::error::Result;
use crate::examples::{self, NOW, Place, packed};
use crate::install::{Market as Installing, Source, commit, plan};
use crate::instant::Instant;
use crate::keys::{PublicKey, SecretKey};
use crate::kinds::REGISTRY;
use crate::lock::Lock;
use crate::name::{PluginName, Reference};
use crate::publish::{Publication, publish_signed};
use crate::registry::Registry;
use crate::store::Store;
use crate::trust::Trust;

/// A registry with a signed catalogue.
pub(super) struct Market {
    pub(super) place: Place,
}

/// Does the same on every kind of registry that is here.
pub(super) fn on_each(does: impl Fn(&Market)) {
    examples::on_each(|place| does(&Market::new(place)));
}

impl Market {
    /// A catalogue of a namespace `acme`, with acme:tool@1.0.0.
    pub(super) fn new(place: Place) -> Market {
        let market = Market::empty(place);
        market.delegate("acme");
        market.publish("acme", "acme:tool", "1.0.0", NOW).unwrap();
        market
    }

    /// A catalogue of nothing.
    pub(super) fn empty(place: Place) -> Market {
        let market = Market { place };
        let (copies, keys) = (market.copies("owner"), market.keys("owner"));
        init(&market.registry(), &copies, &keys, RootKeys::TwoOfThree, NOW).unwrap();
        market
    }

    pub(super) fn registry(&self) -> Registry {
        self.place.registry(REGISTRY)
    }

    pub(super) fn copies(&self, who: &str) -> PathBuf {
        self.place.path(&format!("{who}-copies"))
    }

    /// The folder of somebody's keys.
    pub(super) fn keys(&self, who: &str) -> PathBuf {
        self.place.path(&format!("{who}-keys"))
    }

    pub(super) fn ring(&self, who: &[&str]) -> KeyRing {
        let folders: Vec<PathBuf> = who.iter().map(|who| self.keys(who)).collect();
        KeyRing::read(&folders).unwrap()
    }

    /// A key that somebody has, made the first time it is asked for.
    pub(super) fn key(&self, who: &str) -> PublicKey {
        let file = self.keys(who).join(format!("{who}.pem"));
        if !file.exists() {
            SecretKey::generate().unwrap().write(&file).unwrap();
        }
        SecretKey::read(&file).unwrap().public()
    }

    /// Does something with somebody's keys.
    pub(super) fn edit<T>(
        &self,
        who: &[&str],
        now: Instant,
        does: impl FnOnce(&Editor<'_>) -> T,
    ) -> T {
        let (registry, ring, copies) = (self.registry(), self.ring(who), self.copies(who[0]));
        does(&Editor { registry: &registry, copies: &copies, pin: None, ring: &ring, now })
    }

    /// Gives a namespace to who is called so.
    pub(super) fn delegate(&self, namespace: &str) {
        let key = self.key(namespace);
        self.edit(&["owner"], NOW, |editor| delegate(editor, namespace, &key)).unwrap();
    }

    /// Publishes with a publisher's keys and the owner's.
    pub(super) fn publish(
        &self,
        who: &str,
        name: &str,
        version: &str,
        now: Instant,
    ) -> Result<(Entry, Published)> {
        self.publish_with(&[who, "owner"], &packed(name, version, ""), now)
    }

    pub(super) fn publish_with(
        &self,
        who: &[&str],
        packed: &PackedComponent,
        now: Instant,
    ) -> Result<(Entry, Published)> {
        self.edit(who, now, |editor| {
            let (catalogue, _) = sync(editor.registry, editor.copies, now)?;
            let publication = Publication {
                packed,
                smoke: "passed".to_owned(),
                now,
                key: &examples::key(1),
                statements: &|_| Vec::new(),
            };
            publish_signed(editor, &catalogue, &Trust::default(), &publication)
        })
    }

    /// What a user reads.
    pub(super) fn sync(&self, who: &str, now: Instant) -> Result<Catalogue> {
        Ok(sync(&self.registry(), &self.copies(who), now)?.0)
    }

    pub(super) fn sync_pinned(&self, who: &str, pin: &Digest, now: Instant) -> Result<Catalogue> {
        Ok(sync_pinned(&self.registry(), &self.copies(who), Some(pin), now)?.0)
    }

    /// Why a user is refused.
    pub(super) fn told(&self, who: &str, now: Instant) -> String {
        self.sync(who, now).expect_err("it was taken").to_string()
    }

    /// What the catalogue has, as a user reads it.
    pub(super) fn versions(&self, who: &str, now: Instant) -> Vec<String> {
        versions_of(&self.sync(who, now).unwrap())
    }

    /// The files of the catalogue as they are.
    pub(super) fn files(&self) -> Files {
        fetch(&self.registry(), &self.layers(), &Files::new()).unwrap().0
    }

    pub(super) fn layers(&self) -> Layers {
        latest(&self.registry()).unwrap().unwrap()
    }

    /// Puts files in the place of the catalogue, as whoever may write to the registry can.
    pub(super) fn put(&self, files: &Files) {
        push(&self.registry(), files, SIGNED_TYPE, LATEST, None).unwrap();
    }
}

/// What a catalogue has.
pub(super) fn versions_of(catalogue: &Catalogue) -> Vec<String> {
    let entries = catalogue.entries().unwrap();
    entries.iter().map(|entry| format!("{}@{}", entry.name, entry.version)).collect()
}

/// Changes a file and signs it with keys, whether they may or not.
pub(super) fn forge<T: Role + serde::de::DeserializeOwned>(
    files: &mut Files,
    name: &str,
    keys: &[&SecretKey],
    edit: impl FnOnce(&mut T),
) {
    let mut signed: Signed<T> = read(name, &files[name]).unwrap();
    edit(&mut signed.signed);
    let ring =
        KeyRing::of(keys.iter().map(|key| SecretKey::from_pkcs8(key.pkcs8()).unwrap()).collect());
    let ids: Vec<KeyId> = ring.public().iter().map(super::keys::key_id).collect();
    files.insert(name.to_owned(), write(signed.signed, &ring.among(&ids)));
}

/// Signs snapshot and timestamp over files as they are, with the owner's keys: as whoever has stolen
/// those that are on a server.
pub(super) fn resign(market: &Market, files: &mut Files, names: &[&str]) {
    use tough::schema::{Snapshot, Timestamp};
    let key =
        |role: &str| SecretKey::read(&market.keys("owner").join(format!("{role}.pem"))).unwrap();
    let changed: Vec<(String, Vec<u8>)> =
        names.iter().map(|name| ((*name).to_owned(), files[*name].clone())).collect();
    forge::<Snapshot>(files, "snapshot.json", &[&key("snapshot")], |snapshot| {
        snapshot.version = snapshot.version.saturating_add(1);
        for (name, bytes) in &changed {
            let value: Value = serde_json::from_slice(bytes).unwrap();
            let version = value["signed"]["version"].as_u64().unwrap().try_into().unwrap();
            snapshot.meta.insert(name.clone(), metafile(version, bytes));
        }
    });
    let snapshot = files["snapshot.json"].clone();
    let value: Value = serde_json::from_slice(&snapshot).unwrap();
    let version = value["signed"]["version"].as_u64().unwrap().try_into().unwrap();
    forge::<Timestamp>(files, "timestamp.json", &[&key("timestamp")], |timestamp| {
        timestamp.version = timestamp.version.saturating_add(1);
        timestamp.meta.insert("snapshot.json".to_owned(), metafile(version, &snapshot));
    });
}

pub(super) const DAY: u64 = 86_400;

pub(super) fn after_days(days: u64) -> Instant {
    Instant(NOW.0 + days * DAY)
}

pub(super) fn name(text: &str) -> PluginName {
    PluginName::parse(text).unwrap()
}

pub(super) fn new_status(status: Status, why: &str) -> NewStatus {
    let version = semver::Version::new(1, 0, 0);
    NewStatus { name: name("acme:tool"), version, status, why: Some(why.to_owned()) }
}

/// Installs a plugin for a user.
pub(super) fn install(
    market: &Market,
    who: &str,
    reference: &str,
    now: Instant,
) -> std::result::Result<Lock, String> {
    let lock_file = market.place.path(&format!("{who}.lock"));
    let (registry, store) = (market.registry(), Store::new(market.place.path("components")));
    let catalogue = market.sync(who, now).map_err(|error| error.to_string())?;
    let lock = Lock::read(&lock_file).unwrap();
    let installing = Installing {
        sources: &[Source { registry, catalogue }],
        trust: &Trust::default().with_min_release_age(Some(0)),
        store: &store,
        lock: &lock,
        now,
        offline: false,
        allow_unsigned: &[],
    };
    let planned = plan(&installing, &[Reference::parse(reference).unwrap()]);
    let planned = planned.map_err(|error| error.to_string())?;
    commit(&planned, &std::collections::BTreeSet::new(), &lock_file).unwrap();
    Ok(Lock::read(&lock_file).unwrap())
}

/// Whether what a user has locked runs.
pub(super) fn runs(
    market: &Market,
    who: &str,
    lock: &Lock,
    now: Instant,
    limit: Option<u64>,
) -> std::result::Result<Vec<String>, String> {
    let locked = &lock.plugins[0];
    let (name, component) = (&locked.name, &locked.component);
    let plugin = Plugin { name, component, registry: Some(&locked.registry) };
    let checked = check_runs(&market.copies(who), &plugin, now, limit);
    checked.map_err(|error| error.to_string())
}
