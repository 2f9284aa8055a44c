//! Entries of the catalogue as targets.

use std::collections::HashMap;

use tough::TargetName;
use tough::schema::{Target, Targets};

use super::metadata::{digest_of, hashes};
use crate::catalogue::{ENTRY_BYTES_MAX, Entry, StatusBy};
use crate::error::{MarketError, Result};
use crate::registry::{Registry, Repository};

/// The key in `custom` with the entry.
const ENTRY: &str = "entry";

/// The target of a version.
pub(super) fn target_name(entry: &Entry) -> TargetName {
    let Entry { name, version, .. } = entry;
    TargetName::new(format!("{}/{}/{version}", name.namespace(), name.name()))
        .expect("a plugin's name and version make a path")
}

/// An entry as a target, held against the registry: the version's tag leads to the manifest.
pub(super) fn target_of(registry: &Registry, entry: &Entry) -> Result<Target> {
    let tag = entry.version.to_string();
    let found = registry.tagged(&Repository::of(&entry.name), &tag)?;
    match found {
        Some((digest, bytes)) if digest == entry.manifest => {
            Ok(target_with(entry, bytes.len() as u64))
        }
        _ => Err(MarketError::refused(format!(
            "{registry}: the tag {tag} of {} does not lead to {}, so it is not catalogued",
            entry.name, entry.manifest
        ))),
    }
}

/// An entry as a target whose manifest has so many bytes.
pub(super) fn target_with(entry: &Entry, manifest_bytes: u64) -> Target {
    let value = serde_json::to_value(entry).expect("an entry can be written");
    Target {
        length: manifest_bytes,
        hashes: hashes(&entry.manifest),
        custom: HashMap::from([(ENTRY.to_owned(), value)]),
        _extra: HashMap::new(),
    }
}

/// The entry of a target, held against the target's own name and digest.
pub(super) fn entry_of(name: &TargetName, target: &Target) -> Result<Entry> {
    let wrong = |problem: String| {
        let name = name.raw().escape_debug();
        MarketError::refused(format!("the target `{name}` {problem}"))
    };
    let value = target.custom.get(ENTRY).ok_or_else(|| wrong("has no entry".to_owned()))?;
    let entry: Entry = serde_json::from_value(value.clone())
        .map_err(|error| wrong(format!("has no entry: {error}")))?;
    entry.check_texts().map_err(|error| wrong(error.to_string()))?;
    if entry.to_line().len() > ENTRY_BYTES_MAX {
        let kib = ENTRY_BYTES_MAX >> 10;
        return Err(wrong(format!("has an entry of more than {kib} KiB")));
    }
    let is_same = target_name(&entry) == *name && digest_of(&target.hashes)? == entry.manifest;
    match is_same {
        true => Ok(entry),
        false => Err(wrong(format!(
            "has the entry of {}@{} with the manifest {}, which is another",
            entry.name, entry.version, entry.manifest
        ))),
    }
}

/// What a role says of versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    /// The version, with the status that the role gives it.
    pub(crate) entry: Entry,
    /// The bytes of its manifest.
    pub(super) manifest_bytes: u64,
}

/// Everything that a role says, sorted by name and version. Who set a status is who signs the role.
pub(crate) fn statements_of(role: &Targets, by: StatusBy) -> Result<Vec<Statement>> {
    let mut statements = Vec::with_capacity(role.targets.len());
    for (name, target) in &role.targets {
        let mut entry = entry_of(name, target)?;
        if let Some(note) = &mut entry.status_note {
            note.by = by;
        }
        statements.push(Statement { entry, manifest_bytes: target.length });
    }
    statements.sort_by(|one, other| {
        let (one, other) = (&one.entry, &other.entry);
        (&one.name, &one.version).cmp(&(&other.name, &other.version))
    });
    Ok(statements)
}
