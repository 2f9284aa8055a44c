//! The catalogue as a web site: files that any server, or none, shows.
//!
//! Start with [`SiteInput`], which is all that a site is made of, and [`write_site`]. `index` lists
//! every plugin in pages without any script, and `search_index` holds what the script of the first
//! page searches; `plugin` makes the page of one plugin. `folder` puts the files where they belong
//! and `server` shows them on this computer.
//!
//! Architecture invariants: a page is the same bytes whenever its plugin is the same, so ages are
//! reckoned by the reader's browser; `html` alone writes markup, and no text reaches it but as text;
//! pages load nothing from elsewhere, and figures of different machines stand in no common scale.

mod badges;
mod facts;
mod folder;
mod frame;
mod html;
mod index;
mod plugin;
mod search_index;
mod server;
mod units;
mod versions;
mod words;

#[cfg(test)]
mod crash_tests;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod server_tests;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

use semver::Version;

use crate::badge::{Badge, Level};
use crate::catalogue::Entry;
use crate::component::{PackedComponent, wit_text};
use crate::error::{MarketError, Result};
use crate::instant::Instant;
use crate::name::PluginName;
use crate::permissions::Permissions;

use folder::SiteFolder;
pub use server::SiteServer;

/// Everything that a site is made of.
#[derive(Clone, Debug)]
pub struct SiteInput {
    /// The registries that it shows.
    pub registries: Vec<String>,
    /// When their catalogues were fetched or found to be the newest.
    pub synced: Option<Instant>,
    /// What is known of the catalogues, in a sentence: who has signed them, or that nobody has.
    pub catalogue: String,
    /// The plugins, in any order.
    pub plugins: Vec<SitePlugin>,
}

/// A plugin with all its versions.
#[derive(Clone, Debug)]
pub struct SitePlugin {
    /// The registry that it comes from.
    pub registry: String,
    /// Its versions, in any order; at least one.
    pub versions: Vec<SiteVersion>,
}

/// One version with what is known beside its entry. What is not at hand is left out, and the page
/// says so.
#[derive(Clone, Debug)]
pub struct SiteVersion {
    /// What the catalogue says.
    pub entry: Entry,
    /// What it may do, where the component or a statement is at hand.
    pub permissions: Option<Permissions>,
    /// What was measured, each with how far it is to be believed.
    pub badges: Vec<(Badge, Level)>,
    /// Its interfaces as WIT, where the component is at hand.
    pub wit: Option<String>,
    /// Why it is deprecated, taken back or revoked.
    pub reason: Option<String>,
}

impl SiteVersion {
    /// A version of which nothing but its entry is at hand.
    pub fn of(entry: Entry) -> SiteVersion {
        SiteVersion { entry, permissions: None, badges: Vec::new(), wit: None, reason: None }
    }

    /// A version whose component is at hand, which says what it may do and has its interfaces.
    ///
    /// # Errors
    /// When the component is damaged, or another one than the catalogue announces.
    pub fn with_component(entry: Entry, bytes: Vec<u8>) -> Result<SiteVersion> {
        let packed = PackedComponent::open(bytes)?;
        entry.check(&packed)?;
        let wit = Some(wit_text(&packed.bytes)?);
        Ok(SiteVersion { permissions: Some(packed.permissions), wit, ..SiteVersion::of(entry) })
    }

    /// The badges that are of this version: one of something else says nothing of it.
    fn own_badges(&self) -> impl Iterator<Item = &(Badge, Level)> {
        let entry = &self.entry;
        self.badges.iter().filter(|(badge, _)| {
            badge.plugin == entry.name
                && badge.version == entry.version
                && badge.manifest == entry.manifest
        })
    }

    /// How far its badge that is most to be believed is.
    fn best_level(&self) -> Option<Level> {
        self.own_badges().map(|(_, level)| *level).max()
    }
}

/// What was done to bring a site up to date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SiteWritten {
    /// Plugins in it.
    pub plugins: usize,
    /// Files in it.
    pub files: usize,
    /// Files that are new or have changed; the others are those of the site before.
    pub changed: usize,
    /// Files of the site before that are gone.
    pub removed: usize,
}

/// Writes a site into a folder: beside it first, so that it is whole or not there.
///
/// # Errors
/// When the folder holds something that is no site or not of it, a plugin is in two registries or
/// has no version, or a disk fails; the folder is then as it was.
pub fn write_site(input: &SiteInput, folder: &Path) -> Result<SiteWritten> {
    let shown = shown_plugins(input)?;
    let mut site = SiteFolder::begin(folder)?;
    make_files(input, &shown, &mut |path, bytes| site.put(path, bytes))?;
    let (files, changed, removed) = site.finish()?;
    Ok(SiteWritten { plugins: shown.len(), files, changed, removed })
}

/// Takes a file of a site, by its path from the site's folder on.
type Put<'a> = dyn FnMut(&str, &[u8]) -> Result<()> + 'a;

/// Makes every file of a site.
fn make_files(input: &SiteInput, shown: &[Shown<'_>], put: &mut Put<'_>) -> Result<()> {
    put("style.css", include_bytes!("site.css"))?;
    put("script/page.js", include_bytes!("script/page.js"))?;
    put("script/search.js", include_bytes!("script/search.js"))?;
    let parts = search_index::parts(shown);
    let scripts: Vec<String> =
        (1..=parts.len()).map(|number| format!("search/{number}.js")).collect();
    for (script, part) in scripts.iter().zip(&parts) {
        put(script, part.as_bytes())?;
    }
    index::pages(input, shown, &scripts, put)?;
    for plugin in shown {
        let page = plugin::page_of(plugin, &input.catalogue);
        put(&page_path(plugin.name()), page.as_bytes())?;
    }
    Ok(())
}

/// A plugin as the site shows it: its versions in order, and the one that stands for it.
struct Shown<'a> {
    registry: &'a str,
    /// The newest first.
    versions: Vec<&'a SiteVersion>,
    /// The newest version that is to be used, else the newest.
    main: &'a SiteVersion,
}

impl Shown<'_> {
    fn name(&self) -> &PluginName {
        &self.main.entry.name
    }
}

/// The plugins by name.
fn shown_plugins(input: &SiteInput) -> Result<Vec<Shown<'_>>> {
    let mut shown: BTreeMap<&PluginName, Shown<'_>> = BTreeMap::new();
    for plugin in &input.plugins {
        let mut versions: Vec<&SiteVersion> = plugin.versions.iter().collect();
        versions.sort_by(|one, other| other.entry.version.cmp(&one.entry.version));
        let Some(main) = main_version(&versions) else {
            return Err(MarketError::refused("a plugin without any version has no page"));
        };
        let name = &main.entry.name;
        if let Some(stranger) = versions.iter().find(|one| one.entry.name != *name) {
            let stranger = &stranger.entry.name;
            return Err(MarketError::refused(format!("{stranger} is no version of {name}")));
        }
        if let Some(other) = shown.get(name) {
            return Err(MarketError::refused(format!(
                "{name} is in two registries, {} and {}, and a reader could not tell which is \
                 meant; make a site of each, or say in trust.toml which one its namespace is in",
                other.registry, plugin.registry
            )));
        }
        shown.insert(name, Shown { registry: &plugin.registry, versions, main });
    }
    Ok(shown.into_values().collect())
}

/// The version that stands for a plugin, of its versions with the newest first.
fn main_version<'a>(versions: &[&'a SiteVersion]) -> Option<&'a SiteVersion> {
    let is_used = |one: &&&SiteVersion| plugin::is_installed(one.entry.status);
    let is_release = |version: &Version| version.pre.is_empty();
    let usable = || versions.iter().filter(is_used);
    usable()
        .find(|one| is_release(&one.entry.version))
        .or_else(|| usable().next())
        .or_else(|| versions.first())
        .copied()
}

/// Where a plugin's page is. Parts of names have single hyphens alone, so two of them part the
/// namespace from the name, and no name is one that some file system keeps for itself.
fn page_path(name: &PluginName) -> String {
    format!("plugin/{}--{}.html", name.namespace(), name.name())
}
