//! A copy of a registry's catalogue, for searching without it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};

use super::entry::{Entry, tag_of};
use super::snapshot::{entries_of, latest, missing_entries};
use crate::digest::Digest;
use crate::error::{MarketError, Result};
use crate::files::{FileLock, read_if_there, write_whole};
use crate::instant::Instant;
use crate::name::PluginName;
use crate::registry::Registry;

/// The largest copy.
const COPY_BYTES_MAX: u64 = 1 << 30;

const STATE_FILE: &str = "state.json";
const LINES_FILE: &str = "catalogue.jsonl";
const LOCK_FILE: &str = ".lock";

/// What a copy was made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    /// The registry's place.
    registry: String,
    /// The digest of the snapshot.
    snapshot: Option<Digest>,
    /// The digest of each namespace's layer.
    namespaces: BTreeMap<String, Digest>,
    /// When it was made, or seen to be the newest.
    synced: Option<Instant>,
}

/// What was done to bring a copy up to date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Synced {
    /// Namespaces whose entries were fetched.
    pub namespaces_fetched: usize,
    /// Entries that the snapshot lacks, fetched one by one.
    pub entries_fetched: usize,
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
    /// The entries, one a line, sorted by name and version.
    lines: Vec<u8>,
}

/// Where the copy of a registry's catalogue is.
fn copy_folder(folder: &Path, place: &str) -> PathBuf {
    folder.join(&Digest::of(place.as_bytes()).hex()[..32])
}

/// Brings the copy of a registry's catalogue up to date.
///
/// # Errors
/// When the registry fails, or what it gives is no catalogue; the copy stays as it was.
pub fn sync(registry: &Registry, folder: &Path, now: Instant) -> Result<(Catalogue, Synced)> {
    let place = registry.place();
    let folder = copy_folder(folder, &place);
    let _turn = FileLock::take(&folder.join(LOCK_FILE))?;
    let mut copy = Copy::read(&folder, &place)?;
    let before = copy.by_namespace.clone();
    let mut synced = Synced::default();
    let snapshot = latest(registry)?;
    if let Some(snapshot) = &snapshot
        && copy.state.snapshot.as_ref() != Some(&snapshot.digest)
    {
        for (namespace, layer) in &snapshot.namespaces {
            if copy.state.namespaces.get(namespace) != Some(&layer.digest) {
                let entries = entries_of(registry, namespace, layer)?;
                let known = copy.by_namespace.entry(namespace.clone()).or_default();
                known.extend(entries.into_iter().map(|entry| (key(&entry), entry.to_line())));
                copy.state.namespaces.insert(namespace.clone(), layer.digest.clone());
                synced.namespaces_fetched += 1;
            }
        }
        copy.state.snapshot = Some(snapshot.digest.clone());
    }
    for entry in missing_entries(registry, &copy.tags())? {
        let known = copy.by_namespace.entry(entry.name.namespace().to_owned()).or_default();
        known.insert(key(&entry), entry.to_line());
        synced.entries_fetched += 1;
    }
    copy.state.synced = Some(now);
    if copy.by_namespace != before {
        write_whole(&folder.join(LINES_FILE), copy.lines().as_bytes())?;
    }
    let state = serde_json::to_vec(&copy.state).expect("a state can be written");
    write_whole(&folder.join(STATE_FILE), &state)?;
    Ok((copy.into_catalogue(), synced))
}

type Key = (PluginName, Version);

fn key(entry: &Entry) -> Key {
    (entry.name.clone(), entry.version.clone())
}

struct Copy {
    state: State,
    by_namespace: BTreeMap<String, BTreeMap<Key, String>>,
}

impl Copy {
    /// The copy as it stands; an empty one where there is none, or it is damaged.
    fn read(folder: &Path, place: &str) -> Result<Copy> {
        let nothing = Copy {
            state: State { registry: place.to_owned(), ..State::default() },
            by_namespace: BTreeMap::new(),
        };
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

    fn tags(&self) -> BTreeSet<String> {
        let keys = self.by_namespace.values().flat_map(BTreeMap::keys);
        keys.map(|(name, version)| tag_of(name, version)).collect()
    }

    fn lines(&self) -> String {
        self.by_namespace.values().flat_map(BTreeMap::values).map(String::as_str).collect()
    }

    fn into_catalogue(self) -> Catalogue {
        let lines = self.lines().into_bytes();
        let State { registry, snapshot, synced, .. } = self.state;
        Catalogue { registry, snapshot, synced, lines }
    }
}

impl Catalogue {
    /// The copy that was made last, if there is one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn last(registry: &Registry, folder: &Path) -> Result<Option<Catalogue>> {
        let place = registry.place();
        let folder = copy_folder(folder, &place);
        let state = read_if_there(&folder.join(STATE_FILE), COPY_BYTES_MAX)?;
        let Some(state) = state else { return Ok(None) };
        let lines = read_if_there(&folder.join(LINES_FILE), COPY_BYTES_MAX)?.unwrap_or_default();
        let state: State = serde_json::from_slice(&state).map_err(|error| {
            MarketError::failed(format!("{}: {error}", folder.join(STATE_FILE).display()))
        })?;
        let State { registry, snapshot, synced, .. } = state;
        Ok(Some(Catalogue { registry, snapshot, synced, lines }))
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
