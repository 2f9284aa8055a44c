//! `timeslip plugin registry`: a registry's signed catalogue.

pub(crate) mod args;

mod keys;
mod screen;

use serde_json::json;
use timeslip_market::keys::PublicKey;
use timeslip_market::tuf::{Outcome, RootKeys, accept, delegate, init, refresh, report};

use super::editing::Editing;
use super::failure;
use super::places::{Places, now};
use super::screen::json_text;
use crate::exit::{Exit, Failure};
use crate::output;
use args::{DelegateArgs, EditArgs, InitArgs, RegistryCommand};

/// Does what was asked for.
pub(super) fn registry(command: &RegistryCommand) -> Result<Exit, Failure> {
    match command {
        RegistryCommand::Init(args) => make(args),
        RegistryCommand::Refresh(args) => sign_anew(args),
        RegistryCommand::Accept(args) => take_in(args),
        RegistryCommand::Delegate(args) => give(args),
        RegistryCommand::Rotate(args) => keys::rotate(args),
        RegistryCommand::RevokeKey(args) => keys::revoke(args),
        RegistryCommand::Status(args) => status(args),
    }
}

fn make(args: &InitArgs) -> Result<Exit, Failure> {
    let places = Places::of_registry(Some(&args.place), args.json)?;
    let registry = places.first()?;
    let root_keys = if args.dev { RootKeys::One } else { RootKeys::TwoOfThree };
    let made = init(&registry, places.copies(), &args.keys, root_keys, now()?).map_err(failure)?;
    let place = registry.place();
    output::print(&match args.json {
        true => {
            let files = |files: &[std::path::PathBuf]| -> Vec<String> {
                files.iter().map(|file| file.display().to_string()).collect()
            };
            json_text(&json!({
                "registry": place,
                "root": made.root,
                "root_keys": files(&made.root_keys),
                "other_keys": files(&made.other_keys),
                "taken_over": made.taken_over,
                "was_there": made.was_there,
            }))
        }
        false => screen::made(&place, &made, root_keys),
    })?;
    Ok(Exit::Pass)
}

/// What a change has done, as it is printed.
fn told(args: &EditArgs, place: &str, does: &str, outcome: &Outcome) -> Result<(), Failure> {
    output::print(&match args.json {
        true => json_text(&screen::outcome_json(place, outcome)),
        false => screen::outcome(place, does, outcome),
    })
}

fn sign_anew(args: &EditArgs) -> Result<Exit, Failure> {
    let editing = Editing::of(args.registry.as_deref(), &args.keys, args.json)?;
    let outcome = refresh(&editing.editor()?).map_err(failure)?;
    told(args, &editing.place(), "signed anew", &outcome)?;
    Ok(Exit::Pass)
}

fn take_in(args: &EditArgs) -> Result<Exit, Failure> {
    let editing = Editing::of(args.registry.as_deref(), &args.keys, args.json)?;
    let outcome = accept(&editing.editor()?).map_err(failure)?;
    told(args, &editing.place(), "looked through", &outcome)?;
    Ok(if outcome.left.is_empty() { Exit::Pass } else { Exit::RunFailed })
}

fn give(args: &DelegateArgs) -> Result<Exit, Failure> {
    let editing = Editing::of(args.edit.registry.as_deref(), &args.edit.keys, args.edit.json)?;
    let key = PublicKey::parse(&args.key).map_err(failure)?;
    let outcome = delegate(&editing.editor()?, &args.namespace, &key).map_err(failure)?;
    let does = format!("`{}` may be signed by {key} ({})", args.namespace, key.short());
    told(&args.edit, &editing.place(), &does, &outcome)?;
    Ok(Exit::Pass)
}

fn status(args: &EditArgs) -> Result<Exit, Failure> {
    let editing = Editing::of(args.registry.as_deref(), &args.keys, args.json)?;
    let status = report(&editing.editor()?).map_err(failure)?;
    let now = now()?;
    output::print(&match args.json {
        true => json_text(&screen::status_json(&editing.place(), &status, now)),
        false => screen::status(&editing.place(), &status, now),
    })?;
    let has_expired = status.roles.iter().any(|role| role.expires < now);
    Ok(if has_expired { Exit::RunFailed } else { Exit::Pass })
}
