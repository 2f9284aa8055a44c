//! `timeslip plugin update`.

use serde_json::json;
use timeslip_market::install::{Outdated, commit, plan_update};
use timeslip_market::name::PluginName;

use super::args::UpdateArgs;
use super::install::told;
use super::places::{Places, now};
use super::screen::{consent_screen, json_text, planned_json};
use super::{consent, failure};
use crate::exit::{Exit, Failure};
use crate::output;

/// Installs newer versions.
pub(super) fn update(args: &UpdateArgs) -> Result<Exit, Failure> {
    let places = Places::of(&args.places)?;
    let names: Result<Vec<PluginName>, _> =
        args.names.iter().map(|name| PluginName::parse(name)).collect();
    let names = names.map_err(failure)?;
    let trust = consent::with_age(&places.trust, &args.consent)?;
    let sources = places.sources()?;
    let unsigned = consent::allowed_unsigned(&args.consent)?;
    let market = places.market(&sources, &trust, &unsigned)?;
    let (planned, outdated) = plan_update(&market, &names).map_err(failure)?;
    for Outdated { name, reason } in &outdated {
        eprintln!("{name} stays: {reason}");
    }
    if args.dry_run {
        output::print(&match args.places.json {
            true => json_text(
                &json!({ "plugins": planned.iter().map(planned_json).collect::<Vec<_>>() }),
            ),
            false => consent_screen(&planned, now()?),
        })?;
        return Ok(Exit::Pass);
    }
    if planned.is_empty() && !args.places.json {
        output::print("there is nothing newer that may be installed\n")?;
        return Ok(Exit::Pass);
    }
    let accepted = consent::ask(&planned, &args.consent, now()?)?;
    commit(&planned, &accepted, &places.lock_file).map_err(failure)?;
    output::print(&told(&planned, &places, args.places.json))?;
    Ok(Exit::Pass)
}
