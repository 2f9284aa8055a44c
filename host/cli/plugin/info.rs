//! `timeslip plugin info`.

use serde_json::json;
use timeslip_market::badge::badges_of;
use timeslip_market::catalogue::Entry;
use timeslip_market::component::PackedComponent;
use timeslip_market::install::Source;
use timeslip_market::instant::Instant;
use timeslip_market::name::Reference;
use timeslip_market::permissions::Permissions;
use timeslip_market::registry::{Registry, Repository};

use super::args::InfoArgs;
use super::failure;
use super::places::{Places, now};
use super::screen::{
    age, bytes_text, facts, json_text, list_text, needs_text, permission_lines, signer_text,
};
use super::verify::{badge_lines, statements_of};
use crate::exit::{Exit, Failure};
use crate::output;

/// Says what a plugin is.
pub(super) fn info(args: &InfoArgs) -> Result<Exit, Failure> {
    let places = Places::of(&args.places)?;
    let reference = Reference::parse(&args.reference).map_err(failure)?;
    let sources = places.sources()?;
    let (source, entry) = newest(&sources, &reference)?;
    let versions = source.catalogue.versions(&reference.name).map_err(failure)?;
    let permissions = match places.is_offline() {
        true => None,
        false => Some(component_of(&places, &source.registry, &entry)?.permissions),
    };
    let statements = statements_of(&places, &source.registry, &entry)?;
    let badges = badges_of(&statements, &entry, &statements.signers(&entry), &places.trust);
    let place = source.registry.place();
    output::print(&match args.places.json {
        true => json_text(&json!({
            "registry": place,
            "entry": entry,
            "versions": versions.iter().map(|one| one.version.to_string()).collect::<Vec<_>>(),
            "permissions": permissions,
            "badges": badges.iter().map(|(badge, level)| json!({
                "badge": badge,
                "level": level.to_string(),
            })).collect::<Vec<_>>(),
        })),
        false => {
            let text = screen(&place, &entry, &versions, permissions.as_ref(), now()?);
            text + &badge_lines(&badges, &[])
        }
    })?;
    Ok(Exit::Pass)
}

/// The newest version that will do, with the registry whose catalogue has it.
///
/// # Errors
/// When no catalogue has one.
pub(super) fn newest<'a>(
    sources: &'a [Source],
    reference: &Reference,
) -> Result<(&'a Source, Entry), Failure> {
    for source in sources {
        let matching = source.catalogue.matching(&reference.name, &reference.requirement);
        if let Some(entry) = matching.map_err(failure)?.into_iter().next() {
            return Ok((source, entry));
        }
    }
    let asked: Vec<String> = sources.iter().map(|source| source.registry.place()).collect();
    Err(Failure::usage(format!(
        "there is no {reference} in {}\n  fix: timeslip plugin search WORD",
        asked.join(", ")
    )))
}

/// The component, which is fetched into the store, held against what the catalogue says of it.
///
/// # Errors
/// When it cannot be fetched, or is another one.
pub(super) fn component_of(
    places: &Places,
    registry: &Registry,
    entry: &Entry,
) -> Result<PackedComponent, Failure> {
    let repository = Repository::of(&entry.name);
    let fetched = places.store.fetch(&entry.component, || {
        let manifest = registry.manifest(&repository, &entry.manifest)?;
        registry.blob(&repository, manifest.component_layer()?)
    });
    let packed = fetched.and_then(PackedComponent::open);
    let packed = packed.map_err(failure)?;
    entry.check(&packed).map_err(failure)?;
    Ok(packed)
}

fn screen(
    place: &str,
    entry: &Entry,
    versions: &[Entry],
    permissions: Option<&Permissions>,
    now: Instant,
) -> String {
    let optional = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".to_owned());
    let versions: Vec<String> = versions.iter().map(|one| one.version.to_string()).collect();
    let mut rows = vec![
        ("does", entry.summary.clone()),
        ("from", place.to_owned()),
        ("versions", versions.join(", ")),
        ("published", age(entry, now)),
        ("authors", optional(&entry.authors)),
        ("license", optional(&entry.licenses)),
        ("source", optional(&entry.source)),
        ("signed by", signer_text(entry.signer.as_deref())),
        ("smoke run", optional(&entry.smoke)),
        ("world", optional(&entry.world)),
        ("imports", list_text(&entry.imports)),
        ("exports", list_text(&entry.exports)),
        ("component", format!("{} ({})", entry.component, bytes_text(entry.component_bytes))),
        ("permissions", entry.permissions.to_string()),
    ];
    if entry.status_note.is_some() {
        rows.insert(0, ("status", entry.status_text(place)));
    }
    let may = match permissions {
        Some(permissions) => format!("  it may\n{}", permission_lines(permissions, "    ")),
        None => format!("  it needs {}\n", needs_text(&entry.needs)),
    };
    format!("{}@{}\n{}{may}", entry.name, entry.version, facts(&rows))
}
