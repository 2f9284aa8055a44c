//! Newer versions of what is installed.

use super::resolve::Resolver;
use super::{Market, Planned};
use crate::error::{MarketError, Result};
use crate::name::{PluginName, Reference};

/// A plugin that stays as it is, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outdated {
    /// The plugin.
    pub name: PluginName,
    /// Why it is not updated.
    pub reason: String,
}

/// Finds newer versions of plugins: of those named, or of all that were asked for. A plugin that
/// cannot be updated does not keep the others from it, unless it was named.
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
        let (Some(requirement), true) = (&locked.requirement, named || names.is_empty()) else {
            continue;
        };
        let reference = Reference::parse(&format!("{}@{requirement}", locked.name))?;
        let mut resolver = Resolver::new(market);
        match resolver.add(&reference, None).and_then(|()| resolver.finish()) {
            Ok(found) => {
                for one in found {
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
