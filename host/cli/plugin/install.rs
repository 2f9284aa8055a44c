//! `timeslip plugin install`.

use std::path::Path;

use serde_json::json;
use timeslip_market::catalogue::{Plugin, check_runs};
use timeslip_market::install::{Planned, commit, fetch_locked, plan};
use timeslip_market::lock::Lock;
use timeslip_market::name::Reference;
use timeslip_market::store::Store;

use super::args::InstallArgs;
use super::places::{Places, now};
use super::screen::{json_text, planned_json};
use super::{consent, failure};
use crate::bench::PROJECT_STORE;
use crate::exit::{Exit, Failure};
use crate::output;

/// Installs plugins, or exactly what is locked.
pub(super) fn install(args: &InstallArgs) -> Result<Exit, Failure> {
    let places = Places::of(&args.places)?;
    if args.locked {
        return install_locked(args, &places);
    }
    let references: Result<Vec<Reference>, _> =
        args.references.iter().map(|text| Reference::parse(text)).collect();
    let references = references.map_err(failure)?;
    let trust = consent::with_age(&places.trust, &args.consent)?;
    let sources = places.sources()?;
    let unsigned = consent::allowed_unsigned(&args.consent)?;
    let market = places.market(&sources, &trust, &unsigned)?;
    let planned = plan(&market, &references).map_err(failure)?;
    let accepted = consent::ask(&planned, &args.consent, now()?)?;
    commit(&planned, &accepted, &places.lock_file).map_err(failure)?;
    if args.vendor {
        vendor(&places)?;
    }
    output::print(&told(&planned, &places, args.places.json))?;
    Ok(Exit::Pass)
}

/// What was installed.
pub(super) fn told(planned: &[Planned], places: &Places, as_json: bool) -> String {
    let lock = places.lock_file.display();
    if as_json {
        let plugins: Vec<_> = planned.iter().map(planned_json).collect();
        return json_text(&json!({ "lock": lock.to_string(), "plugins": plugins }));
    }
    let mut text: String = planned
        .iter()
        .map(|one| match &one.before {
            Some((before, _)) if before.version != one.packed.version => {
                format!(
                    "updated {} {} -> {}\n",
                    one.packed.name, before.version, one.packed.version
                )
            }
            _ => format!("installed {}@{}\n", one.packed.name, one.packed.version),
        })
        .collect();
    text.push_str(&format!("locked in {lock}\n"));
    text
}

/// Refuses what is locked and was revoked since, and warns of what was taken back.
fn check_standing(places: &Places) -> Result<(), Failure> {
    let now = now()?;
    let mut asked = std::collections::BTreeSet::new();
    for locked in &places.lock.plugins {
        if asked.insert(&locked.registry) {
            let registry = places.open(&locked.registry).map_err(failure)?;
            places.catalogue_or_last(&registry)?;
        }
        let (name, component) = (&locked.name, &locked.component);
        let plugin = Plugin { name, component, registry: Some(&locked.registry) };
        let limit = places.trust.offline_limit;
        for warning in check_runs(places.copies(), &plugin, now, limit).map_err(failure)? {
            eprintln!("warning: {warning}");
        }
    }
    Ok(())
}

fn install_locked(args: &InstallArgs, places: &Places) -> Result<Exit, Failure> {
    if places.lock.plugins.is_empty() {
        return Err(Failure::usage(format!(
            "--locked installs what {} says, and it says nothing\n  fix: install plugins first, and \
             commit the lock",
            places.lock_file.display()
        )));
    }
    let open = |place: &str| {
        // What is locked comes from where it came from, or from the one place that was named.
        places.open(args.places.registry.first().map_or(place, String::as_str))
    };
    check_standing(places)?;
    let fetched = fetch_locked(&places.lock, &places.store, &open, places.is_offline());
    let fetched = fetched.map_err(failure)?;
    if args.vendor {
        vendor(places)?;
    }
    let count = places.lock.plugins.len();
    output::print(&match args.places.json {
        true => json_text(&json!({ "locked": count, "fetched": fetched })),
        false => format!("{count} locked, {fetched} fetched, nothing changed\n"),
    })?;
    Ok(Exit::Pass)
}

/// Keeps every component of the lock in the project's own store.
fn vendor(places: &Places) -> Result<(), Failure> {
    let project = places.lock_file.parent().unwrap_or(Path::new("."));
    let own = Store::new(project.join(PROJECT_STORE));
    for locked in &Lock::read(&places.lock_file).map_err(failure)?.plugins {
        let bytes = places.store.read(&locked.component).map_err(failure)?;
        let bytes = bytes.ok_or_else(|| {
            Failure::usage(format!(
                "{}@{} is locked, and not in the store\n  fix: timeslip plugin install --locked",
                locked.name, locked.version
            ))
        })?;
        own.insert(&bytes).map_err(failure)?;
        let statements = places.store.statements(&locked.manifest).map_err(failure)?;
        own.keep_statements(&locked.manifest, &statements).map_err(failure)?;
    }
    Ok(())
}
