//! `timeslip plugin site` and `timeslip plugin serve`: the catalogue for a browser.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use timeslip_market::badge::{Badge, Level, badges_of};
use timeslip_market::catalogue::Entry;
use timeslip_market::error::Result as MarketResult;
use timeslip_market::install::{Source, fetch_statements};
use timeslip_market::name::PluginName;
use timeslip_market::registry::Repository;
use timeslip_market::site::{
    SiteInput, SitePlugin, SiteServer, SiteVersion, SiteWritten, write_site,
};
use timeslip_market::statements::{Statements, Subject};

use super::args::{ComponentArgs, PlaceArgs, ServeSiteArgs, SiteArgs};
use super::failure;
use super::places::Places;
use super::screen::{counted, json_text};
use crate::exit::{Exit, Failure};
use crate::{interrupt, output};

/// What the site says of who has signed the catalogues.
fn signed_text(sources: &[Source]) -> &'static str {
    let signed = sources.iter().filter(|source| source.catalogue.is_signed()).count();
    match signed {
        0 => "Nobody has signed it: whoever may write to the registry has written it.",
        all if all == sources.len() => {
            "It is signed, and was verified down from the root that is trusted for its registry."
        }
        _ => {
            "Some of it is signed and verified; the rest has whoever may write to its registry written."
        }
    }
}

/// Makes a site in a folder.
pub(super) fn site(args: &SiteArgs) -> Result<Exit, Failure> {
    let input = input(&args.places, args.components)?;
    let written = write_site(&input, &args.out).map_err(failure)?;
    let folder = args.out.display().to_string();
    output::print(&match args.places.json {
        true => {
            let mut told = told_json(&written);
            told["folder"] = folder.into();
            json_text(&told)
        }
        false => format!(
            "{} in {folder}: {}, {} changed, {} gone\nopen {} in a browser\n",
            counted(written.plugins, "plugin"),
            counted(written.files, "file"),
            written.changed,
            written.removed,
            args.out.join("index.html").display()
        ),
    })?;
    Ok(Exit::Pass)
}

/// Makes a site in a folder of its own, and shows it until it is interrupted.
pub(super) fn serve(args: &ServeSiteArgs) -> Result<Exit, Failure> {
    let input = input(&args.places, args.components)?;
    let place = tempfile::tempdir()
        .map_err(|error| Failure::run(format!("cannot make a folder for the site: {error}")))?;
    let folder = place.path().join("site");
    let written = write_site(&input, &folder).map_err(failure)?;
    let server = SiteServer::start(&folder, args.listen).map_err(failure)?;
    let address = format!("http://{}/", server.address());
    output::print(&match args.places.json {
        true => {
            let mut told = told_json(&written);
            told["listening"] = address.into();
            format!("{told}\n")
        }
        false => format!("{} on {address}\n", counted(written.plugins, "plugin")),
    })?;
    interrupt::wait();
    Ok(Exit::Pass)
}

fn told_json(written: &SiteWritten) -> Value {
    json!({
        "plugins": written.plugins,
        "files": written.files,
        "changed": written.changed,
        "removed": written.removed,
    })
}

/// Everything that the registries' catalogues tell, and of components what is at hand.
fn input(args: &PlaceArgs, components: ComponentArgs) -> Result<SiteInput, Failure> {
    interrupt::watch();
    let places = Places::of(args)?;
    let sources = places.sources()?;
    let mut plugins = Vec::new();
    for source in &sources {
        plugins.extend(plugins_of(&places, source, components.components)?);
    }
    Ok(SiteInput {
        registries: sources.iter().map(|source| source.registry.place()).collect(),
        // What all of it was known at.
        synced: sources.iter().filter_map(|source| source.catalogue.synced).min(),
        catalogue: signed_text(&sources).to_owned(),
        plugins,
    })
}

/// The plugins of a registry, but for those whose namespace is in another one.
fn plugins_of(
    places: &Places,
    source: &Source,
    is_fetching: bool,
) -> Result<Vec<SitePlugin>, Failure> {
    let registry = source.registry.place();
    let mut plugins: BTreeMap<PluginName, Vec<SiteVersion>> = BTreeMap::new();
    for entry in source.catalogue.entries().map_err(failure)? {
        interrupt::check()?;
        let owner = places.trust.namespaces.get(entry.name.namespace());
        if owner.is_none_or(|owner| *owner == registry) {
            let name = entry.name.clone();
            plugins.entry(name).or_default().push(version(places, source, entry, is_fetching));
        }
    }
    let plugin = |versions| SitePlugin { registry: registry.clone(), versions };
    Ok(plugins.into_values().map(plugin).collect())
}

/// A version with its component where that is at hand. One that is missing, or is another one than
/// the catalogue announces, is told, and the page then says what the catalogue alone knows.
fn version(places: &Places, source: &Source, entry: Entry, is_fetching: bool) -> SiteVersion {
    let shown = component(places, source, &entry, is_fetching).and_then(|component| {
        component.map(|bytes| SiteVersion::with_component(entry.clone(), bytes)).transpose()
    });
    let (name, number) = (&entry.name, &entry.version);
    let mut version = match shown {
        Ok(Some(version)) => version,
        Ok(None) => SiteVersion::of(entry.clone()),
        Err(error) => {
            eprintln!("{name}@{number}: nothing of its component is shown: {error}");
            SiteVersion::of(entry.clone())
        }
    };
    version.reason = entry.status_note.as_ref().and_then(|note| note.why.clone());
    match badges(places, source, &entry, is_fetching) {
        Ok(badges) => version.badges = badges,
        Err(error) => eprintln!("{name}@{number}: none of its badges is shown: {error}"),
    }
    version
}

/// The badges that are attached to a version, each held against its signature.
fn badges(
    places: &Places,
    source: &Source,
    entry: &Entry,
    is_fetching: bool,
) -> MarketResult<Vec<(Badge, Level)>> {
    let registry = &source.registry;
    let bundles = match is_fetching || (registry.is_folder() && !places.is_offline()) {
        true => fetch_statements(registry, entry)?,
        false => places.store.statements(&entry.manifest)?,
    };
    let statements = Statements::read(&Subject::of(entry), &bundles);
    let publishers = statements.signers(entry);
    Ok(badges_of(&statements, entry, &publishers, &places.trust))
}

/// A version's component: out of the store, out of a registry that is a folder, or out of any where
/// it is to be fetched.
fn component(
    places: &Places,
    source: &Source,
    entry: &Entry,
    is_fetching: bool,
) -> MarketResult<Option<Vec<u8>>> {
    if let Some(bytes) = places.store.read(&entry.component)? {
        return Ok(Some(bytes));
    }
    let registry = &source.registry;
    let get = || {
        let repository = Repository::of(&entry.name);
        let manifest = registry.manifest(&repository, &entry.manifest)?;
        registry.blob(&repository, manifest.component_layer()?)
    };
    if is_fetching {
        places.store.fetch(&entry.component, get).map(Some)
    } else if registry.is_folder() && !places.is_offline() {
        get().map(Some)
    } else {
        Ok(None)
    }
}
