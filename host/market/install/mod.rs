//! From a reference to a component in the store and a line in the lock.
//!
//! [`plan`] finds and fetches everything and grants nothing; [`commit`] writes the lock once a person
//! has accepted what is asked for. What is fetched and not accepted stays in the store, where nothing
//! leads to it.

mod bundle;
mod locked;
mod resolve;
mod signer;
mod update;

use std::collections::BTreeSet;
use std::path::Path;

use semver::Version;

use crate::catalogue::{Catalogue, Entry};
use crate::component::{PackedComponent, WitChange};
use crate::digest::Digest;
use crate::error::{MarketError, Result};
use crate::instant::Instant;
use crate::keys::PublicKey;
use crate::lock::{Lock, LockedPlugin};
use crate::name::{PluginName, Reference};
use crate::permissions::{Change, Permissions};
use crate::registry::Registry;
use crate::store::Store;
use crate::trust::Trust;

pub use bundle::{export, import};
pub use locked::{fetch_locked, permissions_granted};
pub use signer::{FoundSigner, check_signature, fetch_statements};
pub use update::{Outdated, plan_update};

use resolve::Resolver;

/// A registry with the copy of its catalogue.
#[derive(Debug)]
pub struct Source {
    /// The registry.
    pub registry: Registry,
    /// The copy of its catalogue.
    pub catalogue: Catalogue,
}

/// What planning goes by.
#[derive(Debug)]
pub struct Market<'a> {
    /// The registries, in the order in which they are asked.
    pub sources: &'a [Source],
    /// From where what may come.
    pub trust: &'a Trust,
    /// Where components are kept.
    pub store: &'a Store,
    /// What is installed.
    pub lock: &'a Lock,
    /// Now.
    pub now: Instant,
    /// Whether no registry is to be asked.
    pub offline: bool,
    /// The versions that a person takes although nobody has signed them.
    pub allow_unsigned: &'a [(PluginName, Version)],
}

/// A plugin that is to be installed or updated.
#[derive(Debug)]
pub struct Planned {
    /// The component.
    pub packed: PackedComponent,
    /// What the catalogue says of it.
    pub entry: Entry,
    /// The registry's place.
    pub registry: String,
    /// The digest of the catalogue.
    pub catalogue: Option<Digest>,
    /// Which versions will do; none if only other plugins need it.
    pub requirement: Option<String>,
    /// The plugins that need it.
    pub needed_by: Vec<PluginName>,
    /// What was installed before, with what was granted to it.
    pub before: Option<(LockedPlugin, Permissions)>,
    /// How its interfaces change.
    pub wit_changes: Vec<WitChange>,
    /// Who has signed it.
    pub signer: FoundSigner,
}

impl Planned {
    /// What it asks for beyond what was granted, and what it gives up.
    pub fn changes(&self) -> Vec<Change> {
        let nothing = Permissions::default();
        let granted = self.before.as_ref().map_or(&nothing, |(_, granted)| granted);
        self.packed.permissions.difference_from(granted)
    }

    /// Whether a person has to accept something.
    pub fn needs_consent(&self) -> bool {
        match &self.before {
            None => !self.packed.permissions.is_nothing(),
            Some((_, granted)) => !granted.covers(&self.packed.permissions),
        }
    }

    fn locked(&self) -> LockedPlugin {
        let permissions = self.packed.permissions.digest();
        LockedPlugin {
            name: self.packed.name.clone(),
            requirement: self.requirement.clone(),
            needed_by: self.needed_by.clone(),
            version: self.packed.version.clone(),
            registry: self.registry.clone(),
            manifest: self.entry.manifest.clone(),
            component: self.packed.digest.clone(),
            granted: permissions.clone(),
            permissions,
            signer: self.signer.key.as_ref().map(PublicKey::to_string),
            catalogue: self.catalogue.clone(),
            published: self.entry.published,
            world: self.packed.surface.world().map(str::to_owned),
        }
    }
}

/// Finds and fetches plugins and all that they need. What is installed already and will do stays.
///
/// # Errors
/// When one of them is not there, is refused, or is not what its registry says.
pub fn plan(market: &Market<'_>, references: &[Reference]) -> Result<Vec<Planned>> {
    let mut resolver = Resolver::new(market);
    for reference in references {
        resolver.add(reference, None)?;
    }
    resolver.finish()
}

/// Writes what was planned into the lock.
///
/// # Errors
/// When something is asked for that is not accepted, or the lock cannot be written.
pub fn commit(planned: &[Planned], accepted: &BTreeSet<Digest>, lock: &Path) -> Result<()> {
    for plugin in planned.iter().filter(|plugin| plugin.needs_consent()) {
        let asked = plugin.packed.permissions.digest();
        if !accepted.contains(&asked) {
            return Err(MarketError::refused(format!(
                "what {}@{} asks for was not accepted; nothing is installed\n  fix: read it, and \
                 install with --accept-permissions {asked}",
                plugin.packed.name, plugin.packed.version
            )));
        }
    }
    Lock::change(lock, |lock| {
        for plugin in planned {
            // Somebody may have installed another version since.
            let now = lock.get(&plugin.packed.name).map(|now| &now.component);
            let then = plugin.before.as_ref().map(|(before, _)| &before.component);
            if now != then && now != Some(&plugin.packed.digest) {
                return Err(MarketError::refused(format!(
                    "another version of {} was installed meanwhile; nothing is changed\n  fix: try \
                     again",
                    plugin.packed.name
                )));
            }
            lock.put(plugin.locked());
        }
        for plugin in planned {
            note_needs(lock, plugin)?;
        }
        Ok(())
    })
}

/// Writes beside each plugin that one needs that it does, and beside no other.
fn note_needs(lock: &mut Lock, plugin: &Planned) -> Result<()> {
    let name = &plugin.packed.name;
    let needs = plugin.packed.permissions.plugins()?;
    for other in &mut lock.plugins {
        other.needed_by.retain(|needing| needing != name);
        if needs.iter().any(|need| need.name == other.name) {
            other.needed_by.push(name.clone());
            other.needed_by.sort();
        }
    }
    Ok(())
}
