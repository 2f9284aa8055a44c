//! `timeslip plugin yank`, `unyank`, `deprecate` and `revoke`: the status of a published version.

use serde_json::json;
use timeslip_market::catalogue::Status;
use timeslip_market::name::{PluginName, parse_version};
use timeslip_market::tuf::{NewStatus, Published, set_status, set_status_as_owner};

use super::args::StatusArgs;
use super::editing::Editing;
use super::failure;
use super::screen::json_text;
use crate::exit::{Exit, Failure};
use crate::output;

/// Changes the status of a version.
pub(super) fn change(args: &StatusArgs, status: Status) -> Result<Exit, Failure> {
    let new = read(args, status)?;
    let editing = Editing::of(args.edit.registry.as_deref(), &args.edit.keys, args.edit.json)?;
    let editor = editing.editor()?;
    let published = match args.owner {
        true => set_status_as_owner(&editor, &new)
            .map(|outcome| Published::Catalogued(outcome.catalogue)),
        false => set_status(&editor, &new),
    };
    let published = published.map_err(failure)?;
    let what = format!("{}@{}", new.name, new.version);
    let (catalogue, submitted) = match &published {
        Published::Catalogued(digest) => (Some(digest), None),
        Published::Submitted(tag) => (None, Some(tag)),
    };
    let place = editing.place();
    if args.edit.json {
        output::print(&json_text(&json!({
            "registry": place,
            "name": new.name.to_string(),
            "version": new.version.to_string(),
            "status": new.status,
            "by": if args.owner { "registry" } else { "publisher" },
            "why": new.why,
            "catalogue": catalogue,
            "submitted": submitted,
        })))?;
        return Ok(Exit::Pass);
    }
    let now_is = match status {
        Status::Active => "is resolved again",
        Status::Deprecated => "is deprecated: whoever installs it is warned",
        Status::Yanked => "is not resolved any more: what is locked goes on",
        Status::Revoked => "does not run any more, once those who have it sync",
    };
    output::print(&match submitted {
        None => format!("{what} {now_is} ({place})\n"),
        Some(tag) => format!(
            "{what}: submitted to {place} as {tag}; it holds once the owner runs `timeslip plugin \
             registry accept`\n"
        ),
    })?;
    Ok(Exit::Pass)
}

fn read(args: &StatusArgs, status: Status) -> Result<NewStatus, Failure> {
    let Some((name, version)) = args.version.split_once('@') else {
        return Err(Failure::usage(format!(
            "`{}` names no version\n  fix: write namespace:name@1.2.3",
            args.version.escape_debug()
        )));
    };
    let name = PluginName::parse(name).map_err(failure)?;
    let version = parse_version(version).map_err(failure)?;
    Ok(NewStatus { name, version, status, why: args.why.clone() })
}
