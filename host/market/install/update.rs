//! Newer versions of what is installed.

use super::locked::permissions_granted;
use super::resolve::Resolver;
use super::{Market, Planned};
use crate::error::{MarketError, Result};
use crate::lock::LockedPlugin;
use crate::name::{PluginName, Reference};

/// A plugin that stays as it is, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outdated {
    /// The plugin.
    pub name: PluginName,
    /// Why it is not updated.
    pub reason: String,
}

/// Finds newer versions of plugins: of those named, or of all. What only other plugins need is
/// updated as far as these allow. A plugin that cannot be updated does not keep the others from it,
/// unless it was named.
///
/// # Errors
/// When a named plugin is not installed, or cannot be updated.
pub fn plan_update(
    market: &Market<'_>,
    names: &[PluginName],
) -> Result<(Vec<Planned>, Vec<Outdated>)> {
    if let Some(name) = names.iter().find(|name| market.lock.get(name).is_none()) {
        return Err(MarketError::not_found(format!("{name} is not installed")));
    }
    let (mut planned, mut outdated): (Vec<Planned>, Vec<Outdated>) = (Vec::new(), Vec::new());
    for locked in &market.lock.plugins {
        let named = names.contains(&locked.name);
        if !(named || names.is_empty()) {
            continue;
        }
        let reference = allowed(market, locked)?;
        let mut resolver = Resolver::new(market);
        match resolver.add(&reference, None).and_then(|()| resolver.finish()) {
            Ok(found) => {
                for mut one in found {
                    if one.packed.name == locked.name {
                        one.requirement = locked.requirement.clone();
                    }
                    let known = planned.iter().any(|known| known.packed.name == one.packed.name);
                    let newer = market
                        .lock
                        .get(&one.packed.name)
                        .is_none_or(|had| had.version < one.packed.version);
                    if newer && !known {
                        planned.push(one);
                    }
                }
            }
            Err(error) if named => return Err(error),
            Err(error) => {
                outdated.push(Outdated { name: locked.name.clone(), reason: error.to_string() });
            }
        }
    }
    Ok((planned, outdated))
}

/// Which versions of an installed plugin will do: those that were asked for, and that every plugin
/// which needs it takes.
fn allowed(market: &Market<'_>, locked: &LockedPlugin) -> Result<Reference> {
    let mut requirements: Vec<String> = locked.requirement.iter().cloned().collect();
    for needing in &locked.needed_by {
        let Some(needing) = market.lock.get(needing) else { continue };
        let needs = permissions_granted(needing, market.store)?.plugins()?;
        let own = needs.into_iter().filter(|need| need.name == locked.name);
        requirements.extend(own.map(|need| need.requirement.to_string()));
    }
    // `*` beside another one is no requirement that can be read.
    requirements.retain(|one| one != "*");
    let requirement =
        if requirements.is_empty() { "*".to_owned() } else { requirements.join(", ") };
    Reference::parse(&format!("{}@{requirement}", locked.name))
}
