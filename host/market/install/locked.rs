//! What a lock leads to.

use super::signer::check_signature;
use crate::component::{PackedComponent, permissions_of};
use crate::error::{MarketError, Result};
use crate::lock::{Lock, LockedPlugin};
use crate::permissions::Permissions;
use crate::registry::{Registry, Repository};
use crate::statements::{BUNDLE_BYTES_MAX, BUNDLE_TYPE};
use crate::store::Store;

/// Brings every component of a lock into the store. Gives how many were fetched.
///
/// # Errors
/// When a component is not to be had, or is not the one that is locked.
pub fn fetch_locked(
    lock: &Lock,
    store: &Store,
    open: &dyn Fn(&str) -> Result<Registry>,
    offline: bool,
) -> Result<usize> {
    let mut fetched = 0;
    for locked in &lock.plugins {
        let who = || format!("{}@{}", locked.name, locked.version);
        let bytes = store.fetch(&locked.component, || {
            if offline {
                return Err(MarketError::not_found(format!(
                    "{} is not in the store, and --offline asks nobody",
                    who()
                )));
            }
            fetched += 1;
            let registry = open(&locked.registry)?;
            let repository = Repository::of(&locked.name);
            let manifest = registry.manifest(&repository, &locked.manifest)?;
            let layer = manifest.component_layer()?;
            match layer.digest == locked.component {
                true => registry.blob(&repository, layer),
                false => Err(MarketError::refused(format!(
                    "its manifest leads to the component {}, and {} is locked",
                    layer.digest, locked.component
                ))),
            }
        });
        let packed = bytes.and_then(PackedComponent::open).map_err(|error| error.of(who()))?;
        packed.check_is(&locked.name, &locked.version)?;
        check_granted(locked, &packed.permissions)?;
        if check_signature(locked, store).is_err() {
            if !offline {
                let registry = open(&locked.registry)?;
                store.keep_statements(&locked.manifest, &attached_to(&registry, locked)?)?;
            }
            check_signature(locked, store)?;
        }
    }
    Ok(fetched)
}

/// The statements that are attached to what is locked.
pub(super) fn attached_to(registry: &Registry, locked: &LockedPlugin) -> Result<Vec<Vec<u8>>> {
    let repository = Repository::of(&locked.name);
    registry.attached(&repository, &locked.manifest, BUNDLE_TYPE, BUNDLE_BYTES_MAX as u64)
}

/// What was granted to an installed plugin, read out of its component.
///
/// # Errors
/// When the component is not in the store, or has other permissions than were accepted.
pub fn permissions_granted(locked: &LockedPlugin, store: &Store) -> Result<Permissions> {
    let Some(bytes) = store.read(&locked.component)? else {
        return Err(MarketError::not_found(format!(
            "{}@{} is locked, and its component is not in the store ({})\n  fix: timeslip plugin \
             install --locked",
            locked.name,
            locked.version,
            store.path(&locked.component).display()
        )));
    };
    let permissions = permissions_of(&bytes)
        .map_err(|error| error.of(format!("{}@{}", locked.name, locked.version)))?;
    check_granted(locked, &permissions)?;
    Ok(permissions)
}

fn check_granted(locked: &LockedPlugin, permissions: &Permissions) -> Result<()> {
    let has = permissions.digest();
    match locked.permissions == has && locked.granted == has {
        true => Ok(()),
        false => Err(MarketError::refused(format!(
            "{}@{}: the lock says that {} was accepted, and the component asks for {has}: the lock \
             was changed by hand\n  fix: remove the plugin, and install it again",
            locked.name, locked.version, locked.granted
        ))),
    }
}
