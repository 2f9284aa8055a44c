//! `timeslip plugin registry rotate` and `timeslip plugin registry revoke-key`.

use std::cell::RefCell;
use std::path::PathBuf;

use serde_json::json;
use timeslip_market::tuf::{
    Outcome, RoleType, Rotated, next_key, revoke_key, rotate as replace_key,
};

use super::args::{EditArgs, RevokeKeyArgs, RotateArgs, TopRole};
use super::screen;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::plugin::editing::Editing;
use crate::plugin::failure;
use crate::plugin::screen::json_text;

fn role_of(role: TopRole) -> RoleType {
    match role {
        TopRole::Root => RoleType::Root,
        TopRole::Targets => RoleType::Targets,
        TopRole::Snapshot => RoleType::Snapshot,
        TopRole::Timestamp => RoleType::Timestamp,
    }
}

/// Replaces a key of a role.
pub(super) fn rotate(args: &RotateArgs) -> Result<Exit, Failure> {
    let editing = Editing::of(args.edit.registry.as_deref(), &args.edit.keys, args.edit.json)?;
    let (editor, folder) = (editing.editor()?, editing.first_folder()?);
    let role = role_of(args.role);
    let (file, key) = next_key(&editor, role, &folder).map_err(failure)?;
    let (rotated, outcome) =
        replace_key(&editor, role, args.replace.as_deref(), key).map_err(failure)?;
    told(&args.edit, &editing.place(), &[rotated], &[file], &outcome)?;
    Ok(Exit::Pass)
}

/// Takes a key out of every role.
pub(super) fn revoke(args: &RevokeKeyArgs) -> Result<Exit, Failure> {
    let editing = Editing::of(args.edit.registry.as_deref(), &args.edit.keys, args.edit.json)?;
    let (editor, folder) = (editing.editor()?, editing.first_folder()?);
    let files = RefCell::new(Vec::new());
    let make = |role| {
        let (file, key) = next_key(&editor, role, &folder)?;
        files.borrow_mut().push(file);
        Ok(key)
    };
    let (rotated, outcome) = revoke_key(&editor, &args.key, &make).map_err(failure)?;
    told(&args.edit, &editing.place(), &rotated, &files.borrow(), &outcome)?;
    Ok(Exit::Pass)
}

fn told(
    args: &EditArgs,
    place: &str,
    rotated: &[Rotated],
    files: &[PathBuf],
    outcome: &Outcome,
) -> Result<(), Failure> {
    if args.json {
        let mut json = screen::outcome_json(place, outcome);
        json["rotated"] = rotated
            .iter()
            .map(|one| json!({ "role": one.role, "old": one.old, "new": one.new }))
            .collect();
        json["files"] = files.iter().map(|file| json!(file.display().to_string())).collect();
        return output::print(&json_text(&json));
    }
    let mut does: Vec<String> = rotated
        .iter()
        .map(|one| match &one.new {
            Some(new) => {
                format!(
                    "`{}` is signed by {} in place of {}",
                    one.role,
                    new.short(),
                    one.old.short()
                )
            }
            None => format!("`{}` is no longer signed by {}", one.role, one.old.short()),
        })
        .collect();
    does.extend(files.iter().map(|file| format!("the new key is in {}", file.display())));
    output::print(&screen::outcome(place, &does.join("\n"), outcome))
}
