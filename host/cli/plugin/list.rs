//! `timeslip plugin list` and `timeslip plugin remove`.

use serde_json::json;
use timeslip_market::keys::PublicKey;
use timeslip_market::lock::{Lock, LockedPlugin};
use timeslip_market::name::PluginName;

use super::args::{ListArgs, RemoveArgs};
use super::failure;
use super::places::Places;
use super::screen::json_text;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::table::columns;

/// Lists what is installed.
pub(super) fn list(args: &ListArgs) -> Result<Exit, Failure> {
    let places = Places::of(&args.places)?;
    let lock = places.lock_file.display();
    let plugins = &places.lock.plugins;
    output::print(&match (args.places.json, plugins.is_empty()) {
        (true, _) => json_text(&json!({ "lock": lock.to_string(), "plugins": plugins })),
        (false, true) => format!("nothing is installed in {lock}\n"),
        (false, false) => screen(plugins),
    })?;
    Ok(Exit::Pass)
}

fn screen(plugins: &[LockedPlugin]) -> String {
    let head = ["NAME", "VERSION", "ASKED FOR", "SIGNED BY", "REGISTRY"].map(str::to_owned);
    let row = |one: &LockedPlugin| {
        let asked = match (&one.requirement, one.needed_by.first()) {
            (Some(requirement), _) => requirement.clone(),
            (None, Some(needing)) => format!("by {needing}"),
            (None, None) => String::new(),
        };
        let signer = one.signer.as_deref().and_then(|signer| PublicKey::parse(signer).ok());
        let signer = signer.map_or_else(|| "nobody".to_owned(), |key| key.short());
        [one.name.to_string(), one.version.to_string(), asked, signer, one.registry.clone()]
    };
    let rows: Vec<[String; 5]> = std::iter::once(head).chain(plugins.iter().map(row)).collect();
    columns(&rows)
}

/// Takes plugins out of the lock.
pub(super) fn remove(args: &RemoveArgs) -> Result<Exit, Failure> {
    let places = Places::of(&args.places)?;
    let names: Result<Vec<PluginName>, _> =
        args.names.iter().map(|name| PluginName::parse(name)).collect();
    let names = names.map_err(failure)?;
    let removed = Lock::change(&places.lock_file, |lock| {
        let mut removed = Vec::new();
        for name in &names {
            removed.extend(lock.remove(name)?);
        }
        Ok(removed)
    });
    let removed = removed.map_err(failure)?;
    output::print(&match args.places.json {
        true => json_text(&json!({ "removed": removed })),
        false => {
            removed.iter().map(|one| format!("removed {}@{}\n", one.name, one.version)).collect()
        }
    })?;
    Ok(Exit::Pass)
}
