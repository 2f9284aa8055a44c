//! Metadata as layers of one manifest.

use std::collections::BTreeMap;

use super::metadata::{Files, SNAPSHOT, TARGETS, TIMESTAMP, root_version};
use super::{
    CATALOGUE_BYTES_MAX, ROLE_NAMES, ROOT_BYTES_MAX, ROOTS_MAX, SNAPSHOT_BYTES_MAX,
    TARGETS_BYTES_MAX, TIMESTAMP_BYTES_MAX,
};
use crate::digest::Digest;
use crate::error::{MarketError, Result};
use crate::name::PluginName;
use crate::oci::{
    Annotations, Descriptor, EMPTY_CONFIG, EMPTY_TYPE, MANIFEST_TYPE, Manifest, TITLE,
};
use crate::registry::{Moving, Push, Registry, Repository};

/// The type of a signed catalogue.
pub(super) const SIGNED_TYPE: &str = "application/vnd.timeslip.catalogue.signed.v1";
/// The type of a submission.
pub(super) const SUBMISSION_TYPE: &str = "application/vnd.timeslip.catalogue.submission.v1";
/// The type of a file of metadata.
const METADATA_TYPE: &str = "application/vnd.tuf.metadata+json";
/// The tag of the newest catalogue.
pub(super) const LATEST: &str = "latest";

/// The files of a catalogue, as its manifest tells them; none of them has been fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layers {
    /// The manifest's digest.
    pub(crate) digest: Digest,
    /// The layers by the names of their files.
    pub(super) layers: BTreeMap<String, Descriptor>,
}

impl Layers {
    /// The layers of a manifest, if it is that of a signed catalogue.
    ///
    /// # Errors
    /// When one of them has a strange name, or more bytes than its role may have.
    pub(crate) fn of(digest: Digest, manifest: Manifest) -> Result<Option<Layers>> {
        match manifest.artifact_type.as_deref() {
            Some(SIGNED_TYPE) => Layers::read(digest, manifest).map(Some),
            _ => Ok(None),
        }
    }

    /// The layers of a submission.
    pub(super) fn of_submission(digest: Digest, manifest: Manifest) -> Result<Layers> {
        match manifest.artifact_type.as_deref() {
            Some(SUBMISSION_TYPE) if manifest.layers.len() == 1 => Layers::read(digest, manifest),
            _ => Err(MarketError::refused("it is no submission")),
        }
    }

    fn read(digest: Digest, manifest: Manifest) -> Result<Layers> {
        let (mut layers, mut total) = (BTreeMap::new(), 0_u64);
        for layer in manifest.layers {
            let name = layer.annotations.get(TITLE).cloned().unwrap_or_default();
            let most = bytes_max(&name)?;
            if layer.media_type != METADATA_TYPE {
                return Err(MarketError::refused(format!(
                    "its layer {name} is `{}`, and metadata are `{METADATA_TYPE}`",
                    layer.media_type.escape_debug()
                )));
            }
            if layer.size > most {
                return Err(MarketError::refused(format!(
                    "its layer {name} is announced with {} bytes, and at most {most} are fetched; \
                     nothing of it is",
                    layer.size
                )));
            }
            total = total.saturating_add(layer.size);
            if layers.insert(name.clone(), layer).is_some() {
                return Err(MarketError::refused(format!("it has {name} twice")));
            }
        }
        if total > CATALOGUE_BYTES_MAX {
            return Err(MarketError::refused(format!(
                "its layers are announced with {total} bytes, and at most {CATALOGUE_BYTES_MAX} are \
                 fetched; nothing of it is"
            )));
        }
        Ok(Layers { digest, layers })
    }
}

/// The most bytes that a file of this name may have.
fn bytes_max(name: &str) -> Result<u64> {
    let strange = || {
        MarketError::refused(format!("its layer `{}` is no file of metadata", name.escape_debug()))
    };
    match name {
        TIMESTAMP => return Ok(TIMESTAMP_BYTES_MAX),
        SNAPSHOT => return Ok(SNAPSHOT_BYTES_MAX),
        TARGETS => return Ok(TARGETS_BYTES_MAX),
        _ => {}
    }
    if let Some(version) = root_version(name) {
        let is_plain = super::metadata::root_file(version) == name;
        return (is_plain && (1..=ROOTS_MAX).contains(&version))
            .then_some(ROOT_BYTES_MAX)
            .ok_or_else(strange);
    }
    let namespace = name.strip_suffix(".json").ok_or_else(strange)?;
    check_namespace(namespace).map_err(|_| strange())?;
    Ok(TARGETS_BYTES_MAX)
}

/// Refuses what cannot be a namespace of a signed catalogue.
pub(super) fn check_namespace(namespace: &str) -> Result<()> {
    PluginName::parse(&format!("{namespace}:any"))?;
    match ROLE_NAMES.contains(&namespace) {
        true => Err(MarketError::refused(format!(
            "the namespace `{namespace}` has the name of a role of the catalogue itself; take another"
        ))),
        false => Ok(()),
    }
}

/// Fetches the files of a catalogue; those that are known already are not fetched again. Gives how
/// many were.
///
/// # Errors
/// When the registry fails, or what it gives is something else than was announced.
pub(crate) fn fetch(registry: &Registry, layers: &Layers, known: &Files) -> Result<(Files, usize)> {
    let (mut files, mut fetched) = (Files::new(), 0);
    for (name, layer) in &layers.layers {
        let is_same = |bytes: &&Vec<u8>| {
            bytes.len() as u64 == layer.size && Digest::of(bytes) == layer.digest
        };
        let bytes = match known.get(name).filter(is_same) {
            Some(bytes) => bytes.clone(),
            None => {
                fetched += 1;
                registry.blob(&Repository::catalogue(), layer)?
            }
        };
        files.insert(name.clone(), bytes);
    }
    Ok((files, fetched))
}

/// Pushes files as one manifest under a tag. The layers of `before` are there already.
pub(super) fn push(
    registry: &Registry,
    files: &Files,
    artifact_type: &str,
    tag: &str,
    before: Option<&Layers>,
) -> Result<Digest> {
    let mut layers = Vec::new();
    let mut blobs: Vec<&[u8]> = vec![EMPTY_CONFIG];
    for (name, bytes) in files {
        let mut layer = Descriptor::of(METADATA_TYPE, bytes);
        layer.annotations.insert(TITLE.to_owned(), name.clone());
        let is_there = before.and_then(|before| before.layers.get(name));
        if is_there.is_none_or(|there| there.digest != layer.digest) {
            blobs.push(bytes);
        }
        layers.push(layer);
    }
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(MANIFEST_TYPE.to_owned()),
        artifact_type: Some(artifact_type.to_owned()),
        config: Descriptor::of(EMPTY_TYPE, EMPTY_CONFIG),
        layers,
        subject: None,
        annotations: Annotations::new(),
    };
    registry.push(&Push {
        repository: &Repository::catalogue(),
        blobs: &blobs,
        manifest: &manifest.to_json(),
        tag,
        moving: Moving::Allowed,
    })
}

/// The signed catalogue of a registry as its manifest tells it; none where it has none.
pub(super) fn latest(registry: &Registry) -> Result<Option<Layers>> {
    let wrong = |error: MarketError| error.of(format!("the catalogue of {registry}"));
    match registry.tagged(&Repository::catalogue(), LATEST)? {
        None => Ok(None),
        Some((digest, bytes)) => {
            let manifest = Manifest::parse(&bytes).map_err(wrong)?;
            Layers::of(digest, manifest).map_err(wrong)
        }
    }
}
