//! Bringing the copy of a registry's catalogue up to date.

use std::collections::BTreeMap;
use std::path::Path;

use super::copy::{Catalogue, Copy, LINES_FILE, STATE_FILE, Signed, copy_folder, key};
use super::entry::{Entry, StatusBy};
use super::snapshot::{Latest, Snapshot, entries_of, latest_of, missing_entries};
use crate::digest::Digest;
use crate::error::{MarketError, Result};
use crate::files::{FileLock, write_whole};
use crate::instant::Instant;
use crate::registry::Registry;
use crate::tuf::{Kept, Layers, Verified, fetch, refused, start, statements_of, verify};

const LOCK_FILE: &str = ".lock";

/// What was done to bring a copy up to date.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Synced {
    /// Namespaces whose entries were read anew.
    pub namespaces_fetched: usize,
    /// Entries that the snapshot lacks, fetched one by one.
    pub entries_fetched: usize,
    /// Files of a signed catalogue that were fetched.
    pub files_fetched: usize,
    /// The root that is trusted from now on because nothing was known of this registry before.
    pub first_trusted: Option<Digest>,
}

/// Brings the copy of a registry's catalogue up to date. A signed one is trusted from its first root on
/// when it is seen for the first time, and an unsigned one is not taken in its place afterwards.
///
/// # Errors
/// When the registry fails, or what it gives is no catalogue; the copy stays as it was.
pub fn sync(registry: &Registry, folder: &Path, now: Instant) -> Result<(Catalogue, Synced)> {
    sync_pinned(registry, folder, None, now)
}

/// The same, where trust.toml may pin a root of the catalogue by its digest.
///
/// # Errors
/// When the registry fails, or what it gives is not what is trusted; the copy stays as it was.
pub fn sync_pinned(
    registry: &Registry,
    folder: &Path,
    pin: Option<&Digest>,
    now: Instant,
) -> Result<(Catalogue, Synced)> {
    let place = registry.place();
    let folder = copy_folder(folder, &place);
    let _turn = FileLock::take(&folder.join(LOCK_FILE))?;
    let mut copy = Copy::read(&folder, &place)?;
    let before = copy.by_namespace.clone();
    let (latest, kept) = (latest_of(registry)?, Kept::of(&folder));
    let synced = match latest {
        Latest::Signed(layers) => sync_signed(registry, &kept, pin, now, &layers, &mut copy)
            .map_err(|error| refused(&place, error))?,
        other => {
            check_may_be_unsigned(&place, &kept, pin, &other)?;
            sync_unsigned(registry, other.snapshot(), &mut copy)?
        }
    };
    if copy.by_namespace != before {
        write_whole(&folder.join(LINES_FILE), copy.lines().as_bytes())?;
    }
    copy.state.synced = Some(now);
    let state = serde_json::to_vec(&copy.state).expect("a state can be written");
    write_whole(&folder.join(STATE_FILE), &state)?;
    Ok((copy.into_catalogue(), synced))
}

/// Refuses an unsigned catalogue where a signed one was seen before, or is asked for.
fn check_may_be_unsigned(
    place: &str,
    kept: &Kept,
    pin: Option<&Digest>,
    found: &Latest,
) -> Result<()> {
    let why = match (pin, kept.is_there()?) {
        (Some(pin), _) => format!("trust.toml pins the root {pin} for it"),
        (None, true) => "a signed one was seen there before".to_owned(),
        (None, false) => return Ok(()),
    };
    let what = match found {
        Latest::None => "has no catalogue",
        _ => "has a catalogue that nobody has signed",
    };
    Err(MarketError::refused(format!(
        "{place} {what}, and {why}: somebody has put it in the place of the signed one (a downgrade); \
         nothing of it is used\n  fix: ask its owner"
    )))
}

fn sync_unsigned(
    registry: &Registry,
    snapshot: Option<Snapshot>,
    copy: &mut Copy,
) -> Result<Synced> {
    let mut synced = Synced::default();
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
    Ok(synced)
}

/// Verifies a signed catalogue, keeps its files, and makes the lines of those namespaces anew that have
/// changed.
fn sync_signed(
    registry: &Registry,
    kept: &Kept,
    pin: Option<&Digest>,
    now: Instant,
    layers: &Layers,
    copy: &mut Copy,
) -> Result<Synced> {
    let known = kept.read()?;
    let is_pinned = pin.is_none_or(|pin| known.values().any(|bytes| Digest::of(bytes) == *pin));
    let last = copy.as_catalogue();
    if last.is_signed() {
        last.age(now)?;
    }
    let is_same = copy.state.snapshot.as_ref() == Some(&layers.digest) && is_pinned;
    if is_same && last.is_signed() && !known.is_empty() {
        last.check_is_current(now, None)?;
        return Ok(Synced::default());
    }
    let is_first = known.is_empty();
    let (files, files_fetched) = fetch(registry, layers, &known)?;
    let (root, trusted) = start(known.clone(), &files, pin)?;
    let verified = verify(&root, &trusted, files)?;
    let signed = signed_of(&verified);
    let mut next = Copy::empty(&copy.state.registry);
    next.state.synced = Some(now);
    next.state.signed = Some(signed.clone());
    next.as_catalogue().check_is_current(now, None)?;
    let mut synced = Synced { files_fetched, ..Synced::default() };
    if copy.state.signed.is_none() {
        *copy = Copy::empty(&copy.state.registry);
    }
    synced.namespaces_fetched = take_entries(&verified, copy)?;
    kept.write(&known, &verified.files)?;
    copy.state.snapshot = Some(layers.digest.clone());
    synced.first_trusted = signed.first_root.clone().filter(|_| is_first && pin.is_none());
    copy.state.signed = Some(signed);
    Ok(synced)
}

fn signed_of(verified: &Verified) -> Signed {
    let (expires, ends_first) = verified.expires();
    Signed {
        first_root: verified.files.get("1.root.json").map(|bytes| Digest::of(bytes)),
        expires,
        ends_first: ends_first.to_owned(),
        namespaces: verified.namespace_expiries(),
    }
}

/// Makes the lines of those namespaces anew that have changed. What the owner says goes before what a
/// publisher says. Gives how many have changed.
fn take_entries(verified: &Verified, copy: &mut Copy) -> Result<usize> {
    let mut owners: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    for statement in statements_of(&verified.targets.signed, StatusBy::Registry)? {
        let namespace = statement.entry.name.namespace().to_owned();
        owners.entry(namespace).or_default().push(statement.entry);
    }
    let is_known =
        |name: &String| verified.namespaces.contains_key(name) || owners.contains_key(name);
    copy.by_namespace.retain(|name, _| is_known(name));
    copy.state.namespaces.retain(|name, _| is_known(name));
    let mut changed = 0;
    let names = verified.namespaces.keys().chain(owners.keys());
    for name in names.collect::<std::collections::BTreeSet<_>>() {
        let own = owners.get(name).map(Vec::as_slice).unwrap_or_default();
        let file = verified.files.get(&format!("{name}.json")).map(|bytes| Digest::of(bytes));
        let mut made_of: String = own.iter().map(Entry::to_line).collect();
        made_of.push_str(file.as_ref().map_or("", Digest::as_str));
        let made_of = Digest::of(made_of.as_bytes());
        if copy.state.namespaces.get(name) == Some(&made_of) {
            continue;
        }
        let mut lines = BTreeMap::new();
        if let Some(role) = verified.namespaces.get(name) {
            for statement in statements_of(&role.signed, StatusBy::Publisher)? {
                lines.insert(key(&statement.entry), statement.entry.to_line());
            }
        }
        lines.extend(own.iter().map(|entry| (key(entry), entry.to_line())));
        copy.by_namespace.insert(name.clone(), lines);
        copy.state.namespaces.insert(name.clone(), made_of);
        changed += 1;
    }
    Ok(changed)
}
