//! Writing a catalogue.

use std::collections::{BTreeMap, BTreeSet};

use super::entry::{ENTRY_BYTES_MAX, Entry};
use crate::digest::Digest;
use crate::error::{MarketError, Result};
use crate::oci::{
    Annotations, Descriptor, EMPTY_CONFIG, EMPTY_TYPE, MANIFEST_TYPE, Manifest, TITLE,
};
use crate::registry::{Moving, Push, Registry, Repository};
use crate::tuf::Layers;

/// The type of a snapshot.
const CATALOGUE_TYPE: &str = "application/vnd.timeslip.catalogue.v1";
/// The type of the layer with a namespace's entries.
const NAMESPACE_TYPE: &str = "application/vnd.timeslip.catalogue.namespace.v1+jsonl";
/// The type of one entry.
const ENTRY_TYPE: &str = "application/vnd.timeslip.catalogue.entry.v1+json";
/// The tag of the newest snapshot.
pub(super) const LATEST: &str = "latest";
/// What tags of entries begin with.
pub(super) const ENTRY_TAG: &str = "entry-";

/// The largest layer of a namespace.
const NAMESPACE_BYTES_MAX: u64 = 64 << 20;

/// A snapshot as its manifest tells it.
pub(super) struct Snapshot {
    pub(super) digest: Digest,
    /// The layers by namespace.
    pub(super) namespaces: BTreeMap<String, Descriptor>,
}

/// What the newest catalogue is.
pub(super) enum Latest {
    /// There is none.
    None,
    /// Nobody has signed it.
    Unsigned(Snapshot),
    /// It is signed.
    Signed(Layers),
}

impl Latest {
    /// The snapshot of a catalogue that is not signed.
    pub(super) fn snapshot(self) -> Option<Snapshot> {
        match self {
            Latest::Unsigned(snapshot) => Some(snapshot),
            Latest::None | Latest::Signed(_) => None,
        }
    }
}

/// What the newest catalogue is.
pub(super) fn latest_of(registry: &Registry) -> Result<Latest> {
    let Some((digest, bytes)) = registry.tagged(&Repository::catalogue(), LATEST)? else {
        return Ok(Latest::None);
    };
    let wrong = |error: MarketError| error.of(format!("the catalogue of {registry}"));
    let manifest = Manifest::parse(&bytes).map_err(wrong)?;
    if let Some(layers) = Layers::of(digest.clone(), manifest.clone()).map_err(wrong)? {
        return Ok(Latest::Signed(layers));
    }
    let mut namespaces = BTreeMap::new();
    for layer in manifest.layers.into_iter().filter(|layer| layer.media_type == NAMESPACE_TYPE) {
        if layer.size > NAMESPACE_BYTES_MAX {
            let size = layer.size;
            return Err(wrong(MarketError::refused(format!(
                "a layer of {size} bytes is not read"
            ))));
        }
        let title = layer.annotations.get(TITLE).cloned().unwrap_or_default();
        namespaces.insert(title, layer);
    }
    Ok(Latest::Unsigned(Snapshot { digest, namespaces }))
}

/// The newest snapshot of a catalogue that is not signed, if there is any.
fn latest(registry: &Registry) -> Result<Option<Snapshot>> {
    match latest_of(registry)? {
        Latest::Signed(_) => Err(MarketError::refused(format!(
            "the catalogue of {registry} is signed, and is changed by those alone who have its keys\n  \
             fix: publish with --keys FOLDER"
        ))),
        other => Ok(other.snapshot()),
    }
}

/// The entries of a namespace's layer.
pub(super) fn entries_of(
    registry: &Registry,
    namespace: &str,
    layer: &Descriptor,
) -> Result<Vec<Entry>> {
    let bytes = registry.blob(&Repository::catalogue(), layer)?;
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let read = |line| {
        let entry = Entry::parse(line)?;
        match entry.name.namespace() == namespace {
            true => Ok(entry),
            false => Err(MarketError::refused(format!(
                "the layer of `{}` tells of {}, which is not in it",
                namespace.escape_debug(),
                entry.name
            ))),
        }
    };
    let entries: Result<Vec<Entry>> = lines.map(read).collect();
    entries.map_err(|error| error.of(format!("the catalogue of {registry}")))
}

/// The entry that stands under a tag of its own.
pub(super) fn single_entry(registry: &Registry, tag: &str) -> Result<Option<Entry>> {
    let repository = Repository::catalogue();
    let Some((_, bytes)) = registry.tagged(&repository, tag)? else { return Ok(None) };
    let wrong = |error: MarketError| error.of(format!("the catalogue of {registry}: {tag}"));
    let manifest = Manifest::parse(&bytes).map_err(wrong)?;
    let layer = manifest.layers.first().filter(|layer| layer.size <= ENTRY_BYTES_MAX as u64);
    let layer = layer.ok_or_else(|| wrong(MarketError::refused("it is no entry")))?;
    let entry = Entry::parse(&registry.blob(&repository, layer)?).map_err(wrong)?;
    match entry.tag() == tag {
        true => Ok(Some(entry)),
        false => Err(wrong(MarketError::refused(format!(
            "it tells of {}@{}, which has another tag",
            entry.name, entry.version
        )))),
    }
}

/// The entries that have tags and are not among those known.
pub(super) fn missing_entries(registry: &Registry, known: &BTreeSet<String>) -> Result<Vec<Entry>> {
    let tags = registry.tags(&Repository::catalogue())?;
    let missing = tags.iter().filter(|tag| tag.starts_with(ENTRY_TAG) && !known.contains(*tag));
    let mut entries = Vec::new();
    for tag in missing {
        entries.extend(single_entry(registry, tag)?);
    }
    Ok(entries)
}

/// Every entry of a catalogue that is not signed.
pub(crate) fn unsigned_entries(registry: &Registry) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for (namespace, layer) in latest(registry)?.map(|one| one.namespaces).unwrap_or_default() {
        entries.extend(entries_of(registry, &namespace, &layer)?);
    }
    let known = entries.iter().map(Entry::tag).collect();
    entries.extend(missing_entries(registry, &known)?);
    Ok(entries)
}

/// Adds an entry to a registry's catalogue.
///
/// # Errors
/// When the registry fails, or the version has another entry.
pub fn add_entry(registry: &Registry, entry: &Entry) -> Result<()> {
    push_entry(registry, entry)?;
    let snapshot = latest(registry)?;
    let mut by_namespace = BTreeMap::new();
    let mut kept = BTreeMap::new();
    let mut known = BTreeSet::new();
    for (namespace, layer) in snapshot.map(|one| one.namespaces).unwrap_or_default() {
        // The layers are read for their tags alone; those that do not change are kept as they are.
        let entries = entries_of(registry, &namespace, &layer)?;
        known.extend(entries.iter().map(Entry::tag));
        by_namespace.insert(namespace.clone(), entries);
        kept.insert(namespace, layer);
    }
    for entry in missing_entries(registry, &known)? {
        let namespace = entry.name.namespace().to_owned();
        kept.remove(&namespace);
        by_namespace.entry(namespace).or_default().push(entry);
    }
    push_snapshot(registry, by_namespace, &kept)
}

/// Writes a whole catalogue at once.
///
/// # Errors
/// When the registry fails.
pub fn write_snapshot(registry: &Registry, entries: Vec<Entry>) -> Result<()> {
    let mut by_namespace: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    for entry in entries {
        by_namespace.entry(entry.name.namespace().to_owned()).or_default().push(entry);
    }
    push_snapshot(registry, by_namespace, &BTreeMap::new())
}

fn push_entry(registry: &Registry, entry: &Entry) -> Result<()> {
    let line = entry.to_line();
    let manifest = artifact(ENTRY_TYPE, vec![Descriptor::of(ENTRY_TYPE, line.as_bytes())]);
    let push = Push {
        repository: &Repository::catalogue(),
        blobs: &[EMPTY_CONFIG, line.as_bytes()],
        manifest: &manifest.to_json(),
        tag: &entry.tag(),
        moving: Moving::Refused,
    };
    registry.push(&push).map(drop)
}

fn push_snapshot(
    registry: &Registry,
    by_namespace: BTreeMap<String, Vec<Entry>>,
    kept: &BTreeMap<String, Descriptor>,
) -> Result<()> {
    let mut blobs = vec![EMPTY_CONFIG.to_vec()];
    let mut layers = Vec::new();
    for (namespace, mut entries) in by_namespace {
        if let Some(layer) = kept.get(&namespace) {
            layers.push(layer.clone());
            continue;
        }
        entries.sort_by(|one, other| (&one.name, &one.version).cmp(&(&other.name, &other.version)));
        let text: String = entries.iter().map(Entry::to_line).collect();
        let mut layer = Descriptor::of(NAMESPACE_TYPE, text.as_bytes());
        layer.annotations.insert(TITLE.to_owned(), namespace);
        layers.push(layer);
        blobs.push(text.into_bytes());
    }
    let blobs: Vec<&[u8]> = blobs.iter().map(Vec::as_slice).collect();
    let push = Push {
        repository: &Repository::catalogue(),
        blobs: &blobs,
        manifest: &artifact(CATALOGUE_TYPE, layers).to_json(),
        tag: LATEST,
        moving: Moving::Allowed,
    };
    registry.push(&push).map(drop)
}

fn artifact(artifact_type: &str, layers: Vec<Descriptor>) -> Manifest {
    Manifest {
        schema_version: 2,
        media_type: Some(MANIFEST_TYPE.to_owned()),
        artifact_type: Some(artifact_type.to_owned()),
        config: Descriptor::of(EMPTY_TYPE, EMPTY_CONFIG),
        layers,
        subject: None,
        annotations: Annotations::new(),
    }
}
