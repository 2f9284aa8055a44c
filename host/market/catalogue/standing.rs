//! Whether what is locked may still run, by the copies of catalogues that were verified last. Nobody is
//! asked for it: a run goes on without a network.

use std::fs;
use std::path::{Path, PathBuf};

use super::copy::{Catalogue, copy_folder};
use super::entry::{Entry, Status};
use crate::digest::Digest;
use crate::error::{MarketError, Result};
use crate::instant::{Instant, age_text};
use crate::name::PluginName;

/// A plugin that is to run.
#[derive(Clone, Copy, Debug)]
pub struct Plugin<'a> {
    /// What it is called.
    pub name: &'a PluginName,
    /// The digest of its component.
    pub component: &'a Digest,
    /// The place of the registry that it came from, if that is known. Otherwise every copy is looked at.
    pub registry: Option<&'a str>,
}

/// Refuses a plugin that was revoked, and one whose registry was asked too long ago where there is a
/// limit, in seconds. Gives what is to be warned of.
///
/// # Errors
/// When it must not run, or a copy cannot be read.
pub fn check_runs(
    copies: &Path,
    plugin: &Plugin<'_>,
    now: Instant,
    limit: Option<u64>,
) -> Result<Vec<String>> {
    let mut warnings = Vec::new();
    let folders = match plugin.registry {
        Some(place) => vec![copy_folder(copies, place)],
        None => all_copies(copies),
    };
    let mut is_known = false;
    for folder in folders {
        let Some(catalogue) = Catalogue::of_folder(&folder)? else { continue };
        is_known = true;
        let own = catalogue.versions(plugin.name)?;
        let Some(entry) = own.iter().find(|entry| entry.component == *plugin.component) else {
            continue;
        };
        warnings.extend(check_status(&catalogue, entry)?);
        warnings.extend(check_age(&catalogue, now, limit)?);
    }
    match (limit, plugin.registry) {
        (Some(limit), Some(place)) if !is_known => Err(MarketError::refused(format!(
            "{} does not run: the catalogue of {place} was never fetched on this computer, and \
             trust.toml wants it to be at most {} old (offline_limit)\n  fix: timeslip plugin audit",
            plugin.name,
            age_text(limit)
        ))),
        _ => Ok(warnings),
    }
}

fn all_copies(copies: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(copies) else { return Vec::new() };
    let mut folders: Vec<PathBuf> = entries.filter_map(|one| Some(one.ok()?.path())).collect();
    folders.sort();
    folders
}

fn check_status(catalogue: &Catalogue, entry: &Entry) -> Result<Option<String>> {
    let who = format!("{}@{}", entry.name, entry.version);
    let status = entry.status_text(&catalogue.registry);
    match entry.status {
        Status::Revoked => Err(MarketError::refused(format!(
            "{who} does not run: it was {status}\n  fix: timeslip plugin update {}, or remove it",
            entry.name
        ))),
        Status::Yanked => Ok(Some(format!("{who} was {status}"))),
        Status::Deprecated => Ok(Some(format!("{who} is {status}"))),
        Status::Active => Ok(None),
    }
}

/// What is to be said of a copy's age.
fn check_age(catalogue: &Catalogue, now: Instant, limit: Option<u64>) -> Result<Option<String>> {
    if limit.is_none() && !catalogue.is_signed() {
        return Ok(None);
    }
    let place = &catalogue.registry;
    let age = match catalogue.age(now) {
        Ok(age) => age,
        Err(error) if limit.is_some() => return Err(error),
        Err(error) => return Ok(Some(error.to_string())),
    };
    match (limit, &catalogue.signed) {
        (Some(limit), _) if age > limit => Err(MarketError::refused(format!(
            "plugins of {place} do not run: its catalogue was verified {} ago, and trust.toml allows {} \
             (offline_limit), since one of them may have been revoked meanwhile\n  fix: timeslip plugin \
             audit",
            age_text(age),
            age_text(limit)
        ))),
        (_, Some(signed)) if signed.expires < now => Ok(Some(format!(
            "the catalogue of {place} was verified {} ago and has expired, so nobody can tell whether a \
             plugin was revoked meanwhile; `timeslip plugin audit` asks",
            age_text(age)
        ))),
        _ => Ok(None),
    }
}
