//! The copy of a registry's catalogue on this computer: one line for each entry.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};

use super::entry::{Entry, tag_of};
use crate::digest::Digest;
use crate::error::{MarketError, Result};
use crate::files::read_if_there;
use crate::instant::{Instant, age_text};
use crate::name::PluginName;
use crate::registry::Registry;

/// The largest copy.
const COPY_BYTES_MAX: u64 = 1 << 30;

pub(super) const STATE_FILE: &str = "state.json";
pub(super) const LINES_FILE: &str = "catalogue.jsonl";

/// How far this computer's clock may be set back without being taken for wrong, in seconds.
const CLOCK_TOLERANCE: u64 = 300;

/// What a signed catalogue's copy is good for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// The digest of the first root of its chain, which trust.toml can pin.
    pub first_root: Option<Digest>,
    /// Until when all of it is good.
    pub expires: Instant,
    /// The role that ends then.
    pub ends_first: String,
    /// Until when each namespace's role is good.
    pub namespaces: BTreeMap<String, Instant>,
}

/// What a copy was made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// The registry's place.
    pub(super) registry: String,
    /// The digest of the snapshot.
    pub(super) snapshot: Option<Digest>,
    /// The digest of what each namespace's lines were made of.
    pub(super) namespaces: BTreeMap<String, Digest>,
    /// When it was made, or seen to be the newest.
    pub(super) synced: Option<Instant>,
    /// What it is good for, if the catalogue is signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) signed: Option<Signed>,
}

/// A copy of a registry's catalogue.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// The registry's place.
    pub registry: String,
    /// The digest of the snapshot that it was made of.
    pub snapshot: Option<Digest>,
    /// When it was made, or seen to be the newest.
    pub synced: Option<Instant>,
    /// What it is good for, if it is signed.
    pub signed: Option<Signed>,
    /// The entries, one a line, sorted by name and version.
    lines: Vec<u8>,
}

/// Where the copy of a registry's catalogue is.
pub(crate) fn copy_folder(folder: &Path, place: &str) -> PathBuf {
    folder.join(&Digest::of(place.as_bytes()).hex()[..32])
}

pub(super) type Key = (PluginName, Version);

pub(super) fn key(entry: &Entry) -> Key {
    (entry.name.clone(), entry.version.clone())
}

pub(super) struct Copy {
    pub(super) state: State,
    pub(super) by_namespace: BTreeMap<String, BTreeMap<Key, String>>,
}

impl Copy {
    /// A copy of nothing.
    pub(super) fn empty(place: &str) -> Copy {
        let state = State { registry: place.to_owned(), ..State::default() };
        Copy { state, by_namespace: BTreeMap::new() }
    }

    /// What it is good for, without its entries.
    pub(super) fn as_catalogue(&self) -> Catalogue {
        let State { registry, snapshot, synced, signed, .. } = self.state.clone();
        Catalogue { registry, snapshot, synced, signed, lines: Vec::new() }
    }

    /// The copy as it stands; an empty one where there is none, or it is damaged.
    pub(super) fn read(folder: &Path, place: &str) -> Result<Copy> {
        let nothing = Copy::empty(place);
        let state = read_if_there(&folder.join(STATE_FILE), COPY_BYTES_MAX)?;
        let lines = read_if_there(&folder.join(LINES_FILE), COPY_BYTES_MAX)?;
        let state: Option<State> = state.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let (Some(state), Some(lines)) = (state.filter(|one| one.registry == place), lines) else {
            return Ok(nothing);
        };
        let mut by_namespace: BTreeMap<String, BTreeMap<Key, String>> = BTreeMap::new();
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let Ok(entry) = Entry::parse(line) else { return Ok(nothing) };
            let known = by_namespace.entry(entry.name.namespace().to_owned()).or_default();
            known.insert(key(&entry), entry.to_line());
        }
        Ok(Copy { state, by_namespace })
    }

    pub(super) fn tags(&self) -> BTreeSet<String> {
        let keys = self.by_namespace.values().flat_map(BTreeMap::keys);
        keys.map(|(name, version)| tag_of(name, version)).collect()
    }

    pub(super) fn lines(&self) -> String {
        self.by_namespace.values().flat_map(BTreeMap::values).map(String::as_str).collect()
    }

    pub(super) fn into_catalogue(self) -> Catalogue {
        let lines = self.lines().into_bytes();
        let State { registry, snapshot, synced, signed, .. } = self.state;
        Catalogue { registry, snapshot, synced, signed, lines }
    }
}

impl Catalogue {
    /// The copy that was made last, if there is one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn last(registry: &Registry, folder: &Path) -> Result<Option<Catalogue>> {
        Catalogue::of_folder(&copy_folder(folder, &registry.place()))
    }

    /// The copy in a folder of its own.
    pub(super) fn of_folder(folder: &Path) -> Result<Option<Catalogue>> {
        let state = read_if_there(&folder.join(STATE_FILE), COPY_BYTES_MAX)?;
        let Some(state) = state else { return Ok(None) };
        let lines = read_if_there(&folder.join(LINES_FILE), COPY_BYTES_MAX)?.unwrap_or_default();
        let state: State = serde_json::from_slice(&state).map_err(|error| {
            MarketError::failed(format!("{}: {error}", folder.join(STATE_FILE).display()))
        })?;
        let State { registry, snapshot, synced, signed, .. } = state;
        Ok(Some(Catalogue { registry, snapshot, synced, signed, lines }))
    }

    /// Whether it is signed.
    pub fn is_signed(&self) -> bool {
        self.signed.is_some()
    }

    /// How old it is, in seconds.
    ///
    /// # Errors
    /// When it was made later than now: this computer's clock was set back, and then nobody can tell
    /// what has expired.
    pub fn age(&self, now: Instant) -> Result<u64> {
        let synced = self.synced.unwrap_or_default();
        match now.0.saturating_add(CLOCK_TOLERANCE) < synced.0 {
            true => Err(MarketError::refused(format!(
                "this computer's clock says {now}, and the catalogue of {} was verified at {synced}: \
                 the clock was set back, so nobody can tell what has expired\n  fix: set the clock \
                 (SOURCE_DATE_EPOCH counts as one)",
                self.registry
            ))),
            false => Ok(synced.seconds_until(now)),
        }
    }

    /// Refuses a copy to resolve by that is too old: one whose signatures have expired, or older than a
    /// limit in seconds.
    ///
    /// # Errors
    /// When it is, or the clock was set back.
    pub fn check_is_current(&self, now: Instant, limit: Option<u64>) -> Result<()> {
        let age = self.age(now)?;
        let place = &self.registry;
        if let Some(limit) = limit.filter(|limit| age > *limit) {
            return Err(MarketError::refused(format!(
                "the copy of the catalogue of {place} is {} old, and trust.toml allows {} \
                 (offline_limit)\n  fix: search once without --offline",
                age_text(age),
                age_text(limit)
            )));
        }
        match &self.signed {
            Some(signed) if signed.expires < now => Err(MarketError::refused(format!(
                "the signed catalogue of {place} has expired: its {} was good until {}. Its owner has \
                 not signed anew, or somebody keeps newer metadata from this computer (a freeze)\n  \
                 fix: search once without --offline; its owner runs `timeslip plugin registry refresh`",
                signed.ends_first, signed.expires
            ))),
            _ => Ok(()),
        }
    }

    /// When a namespace's role ended, if it has: its publisher has not signed for long.
    pub fn lapsed(&self, namespace: &str, now: Instant) -> Option<Instant> {
        let expires = self.signed.as_ref()?.namespaces.get(namespace)?;
        (*expires < now).then_some(*expires)
    }

    /// The lines, one for each version.
    pub(super) fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
    }

    /// All versions of a plugin, the oldest first.
    ///
    /// # Errors
    /// When the copy is damaged.
    pub fn versions(&self, name: &PluginName) -> Result<Vec<Entry>> {
        let begins = format!("{{\"name\":\"{name}\",");
        let own = self.lines().filter(|line| line.starts_with(begins.as_bytes()));
        own.map(Entry::parse).collect()
    }

    /// The versions that a requirement takes, the newest first.
    ///
    /// # Errors
    /// When the copy is damaged.
    pub fn matching(&self, name: &PluginName, requirement: &VersionReq) -> Result<Vec<Entry>> {
        let mut versions = self.versions(name)?;
        versions.retain(|entry| {
            // `*` takes no pre-release, as Cargo has it.
            requirement.matches(&entry.version)
        });
        versions.reverse();
        Ok(versions)
    }

    /// All entries, by name, and of each name the oldest version first.
    ///
    /// # Errors
    /// When the copy is damaged.
    pub fn entries(&self) -> Result<Vec<Entry>> {
        self.lines().map(Entry::parse).collect()
    }

    /// Every plugin's name, once.
    pub fn names(&self) -> Vec<PluginName> {
        let mut names: Vec<PluginName> = Vec::new();
        for line in self.lines() {
            let Some(name) = name_of(line) else { continue };
            if names.last().is_none_or(|last| last.to_string() != name) {
                names.extend(PluginName::parse(name));
            }
        }
        names
    }
}

/// The name that a line begins with.
pub(super) fn name_of(line: &[u8]) -> Option<&str> {
    let rest = line.strip_prefix(b"{\"name\":\"")?;
    let end = rest.iter().position(|byte| *byte == b'"')?;
    std::str::from_utf8(&rest[..end]).ok()
}
