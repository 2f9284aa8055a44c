//! Carrying plugins to where no registry is: a folder registry with what a lock leads to.

use super::locked::attached_to;
use super::signer::check_signature;
use crate::catalogue::{Entry, add_entry};
use crate::component::PackedComponent;
use crate::error::{MarketError, Result};
use crate::lock::{Lock, LockedPlugin};
use crate::oci::{Descriptor, MANIFEST_TYPE};
use crate::registry::{Moving, Push, Registry, Repository};
use crate::statements::BUNDLE_TYPE;
use crate::store::Store;

/// Copies what a lock leads to into another registry, with its manifests to the byte.
///
/// # Errors
/// When something cannot be read, or the other registry has other contents under the same version.
pub fn export(lock: &Lock, open: &dyn Fn(&str) -> Result<Registry>, to: &Registry) -> Result<()> {
    for locked in &lock.plugins {
        let from = open(&locked.registry)?;
        let repository = Repository::of(&locked.name);
        let manifest = from.manifest(&repository, &locked.manifest)?;
        let layer = manifest.component_layer()?;
        let bytes = from.blob(&repository, layer)?;
        let config = from.blob(&repository, &manifest.config)?;
        let tagged = from.tagged(&repository, &locked.version.to_string())?;
        let manifest_bytes = match tagged {
            Some((digest, bytes)) if digest == locked.manifest => bytes,
            _ => {
                return Err(MarketError::refused(format!(
                    "{from}: the tag {} of {} leads to something else than is locked",
                    locked.version, locked.name
                )));
            }
        };
        to.push(&Push {
            repository: &repository,
            blobs: &[&config, &bytes],
            manifest: &manifest_bytes,
            tag: &locked.version.to_string(),
            moving: Moving::Refused,
        })?;
        let subject = Descriptor::of(MANIFEST_TYPE, &manifest_bytes);
        for statement in attached_to(&from, locked)? {
            to.attach(&repository, &subject, BUNDLE_TYPE, &statement)?;
        }
        let packed = PackedComponent::open(bytes)?;
        let entry = Entry::of(&packed, locked.manifest.clone(), locked.published, None);
        add_entry(to, &Entry { signer: locked.signer.clone(), ..entry })?;
    }
    Ok(())
}

/// Brings every component of a lock into the store out of a folder that was exported. Gives how many
/// were missing.
///
/// # Errors
/// When one of them is not in the folder, or is damaged.
pub fn import(lock: &Lock, store: &Store, from: &Registry) -> Result<usize> {
    let mut brought = 0;
    for locked in &lock.plugins {
        let bytes = store.fetch(&locked.component, || {
            brought += 1;
            component_of(from, locked)
        })?;
        PackedComponent::open(bytes)?.check_is(&locked.name, &locked.version)?;
        if check_signature(locked, store).is_err() {
            store.keep_statements(&locked.manifest, &attached_to(from, locked)?)?;
            check_signature(locked, store)?;
        }
    }
    Ok(brought)
}

fn component_of(from: &Registry, locked: &LockedPlugin) -> Result<Vec<u8>> {
    let repository = Repository::of(&locked.name);
    let manifest = from.manifest(&repository, &locked.manifest)?;
    let layer = manifest.component_layer()?;
    match layer.digest == locked.component {
        true => from.blob(&repository, layer),
        false => Err(MarketError::refused(format!(
            "{from}: {}@{} leads to another component than is locked",
            locked.name, locked.version
        ))),
    }
}
