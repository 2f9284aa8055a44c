//! `timeslip plugin export` and `timeslip plugin import`.

use serde_json::json;
use timeslip_market::error::MarketError;
use timeslip_market::install::{export as export_to, import as import_from};
use timeslip_market::registry::Registry;

use super::args::{ExportArgs, ImportBundleArgs};
use super::failure;
use super::places::Places;
use super::screen::json_text;
use crate::exit::{Exit, Failure};
use crate::output;

/// Copies what is installed into a folder.
pub(super) fn export(args: &ExportArgs) -> Result<Exit, Failure> {
    let places = Places::of(&args.places)?;
    let to = folder(&places, &args.folder)?;
    let open = |place: &str| -> Result<Registry, MarketError> { places.open(place) };
    export_to(&places.lock, &open, &to).map_err(failure)?;
    let count = places.lock.plugins.len();
    output::print(&match args.places.json {
        true => json_text(&json!({ "folder": to.place(), "plugins": count })),
        false => format!(
            "{count} exported to {to}\nthere: timeslip plugin import FOLDER, beside a copy of \
             plugins.lock\n"
        ),
    })?;
    Ok(Exit::Pass)
}

/// Brings what is locked into the store.
pub(super) fn import(args: &ImportBundleArgs) -> Result<Exit, Failure> {
    let places = Places::of(&args.places)?;
    let from = folder(&places, &args.folder)?;
    let brought = import_from(&places.lock, &places.store, &from).map_err(failure)?;
    let count = places.lock.plugins.len();
    output::print(&match args.places.json {
        true => json_text(&json!({ "locked": count, "brought": brought })),
        false => format!("{count} locked, {brought} brought from {from}\n"),
    })?;
    Ok(Exit::Pass)
}

fn folder(places: &Places, folder: &std::path::Path) -> Result<Registry, Failure> {
    let folder = std::path::absolute(folder)
        .map_err(|error| Failure::usage(format!("{}: {error}", folder.display())))?;
    places.open(&folder.display().to_string()).map_err(failure)
}
