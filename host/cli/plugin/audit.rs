//! `timeslip plugin audit`.

use serde_json::json;
use timeslip_market::catalogue::{Catalogue, Entry, Status};
use timeslip_market::install::{Source, check_signature, permissions_granted};
use timeslip_market::lock::LockedPlugin;

use super::args::AuditArgs;
use super::failure;
use super::places::Places;
use super::screen::{counted, json_text};
use crate::exit::{Exit, Failure};
use crate::output;

/// One thing that was found.
struct Finding {
    name: String,
    /// Whether it is a fault rather than something to know.
    is_fault: bool,
    text: String,
}

/// Holds what is installed against the store, the catalogue and trust.toml.
pub(super) fn audit(args: &AuditArgs) -> Result<Exit, Failure> {
    let places = Places::of(&args.places)?;
    let sources = places.sources()?;
    let mut findings = Vec::new();
    for locked in &places.lock.plugins {
        let name = format!("{}@{}", locked.name, locked.version);
        let mut found = |is_fault, text| {
            findings.push(Finding { name: name.clone(), is_fault, text });
        };
        if let Err(error) = permissions_granted(locked, &places.store) {
            found(true, error.to_string());
        }
        if let Err(error) = check_signature(locked, &places.store) {
            found(true, error.to_string());
        }
        if let Some(why) = places.trust.denial(&locked.name, &locked.version) {
            found(true, format!("denied by trust.toml: {why}"));
        }
        let source = sources.iter().find(|one| one.registry.place() == locked.registry);
        for (is_fault, text) in of_catalogue(locked, source)? {
            found(is_fault, text);
        }
        if locked.signer.is_none() {
            found(false, "signed by nobody".to_owned());
        }
    }
    let faults = findings.iter().filter(|one| one.is_fault).count();
    let json = || {
        let one =
            |one: &Finding| json!({ "plugin": one.name, "fault": one.is_fault, "text": one.text });
        json!({ "faults": faults, "findings": findings.iter().map(one).collect::<Vec<_>>() })
    };
    output::print(&match args.places.json {
        true => json_text(&json()),
        false => screen(&findings, places.lock.plugins.len(), faults),
    })?;
    Ok(if faults == 0 { Exit::Pass } else { Exit::RunFailed })
}

/// What a catalogue says of an installed plugin.
fn of_catalogue(
    locked: &LockedPlugin,
    source: Option<&Source>,
) -> Result<Vec<(bool, String)>, Failure> {
    let Some(Source { catalogue, .. }) = source else {
        let text = format!("{} is not asked, so nothing is known of it", locked.registry);
        return Ok(vec![(false, text)]);
    };
    let versions = versions(catalogue, locked)?;
    let Some(entry) = versions.iter().find(|entry| entry.version == locked.version) else {
        return Ok(vec![(false, "no catalogue tells of it: another program pushed it".to_owned())]);
    };
    let mut said = Vec::new();
    if entry.manifest != locked.manifest || entry.component != locked.component {
        said.push((true, format!("the catalogue of {} has other contents", locked.registry)));
    }
    match entry.status {
        Status::Active => {}
        Status::Deprecated | Status::Yanked => {
            said.push((false, entry.status_text(&catalogue.registry)));
        }
        Status::Revoked => {
            let status = entry.status_text(&catalogue.registry);
            said.push((true, format!("must not run: {status}")));
        }
    }
    let newest = versions.last().filter(|newest| newest.version > locked.version);
    said.extend(newest.map(|newest| (false, format!("{} is newer", newest.version))));
    Ok(said)
}

fn versions(catalogue: &Catalogue, locked: &LockedPlugin) -> Result<Vec<Entry>, Failure> {
    catalogue.versions(&locked.name).map_err(failure)
}

fn screen(findings: &[Finding], plugins: usize, faults: usize) -> String {
    let mut text = String::new();
    for Finding { name, is_fault, text: said } in findings {
        let kind = if *is_fault { "fault" } else { "note" };
        text.push_str(&format!("{kind}  {name}: {said}\n"));
    }
    text.push_str(&format!("{plugins} installed, {}\n", counted(faults, "fault")));
    text
}
