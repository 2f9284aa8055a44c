//! `timeslip hardware validate` and `schema`.

use serde_json::json;
use timeslip_sim::catalogue::{Problem, ProfileKind, profile_schema};

use super::args::{HardwareSchemaArgs, HardwareValidateArgs, SchemaKind};
use super::{catalogue, print_json};
use crate::exit::{Exit, Failure};
use crate::output;

/// Names every problem of the profiles, and what is no mistake of theirs and yet hinders a run.
pub(super) fn validate(args: &HardwareValidateArgs) -> Result<Exit, Failure> {
    let mut catalogue = catalogue(args.profiles.as_deref())?;
    for path in &args.paths {
        catalogue = match path.is_dir() {
            true => catalogue.with_folder(path),
            false => catalogue.with_file(path),
        }
        .map_err(Failure::usage)?;
    }
    let found = catalogue.validate();
    let told = |problems: &[Problem]| problems.iter().map(ToString::to_string).collect();
    let (problems, notes): (Vec<String>, Vec<String>) = (told(&found.problems), told(&found.notes));
    let count: usize = ProfileKind::ALL.map(|kind| catalogue.names(kind).count()).iter().sum();
    if args.json {
        print_json(&json!({ "profiles": count, "problems": problems, "notes": notes }))?;
    } else {
        let mut text = match problems.len() {
            0 => format!("{count} profiles, no problem\n"),
            1 => format!("{}\n{count} profiles, 1 problem\n", problems[0]),
            many => format!("{}\n{count} profiles, {many} problems\n", problems.join("\n")),
        };
        text.extend(notes.iter().map(|note| format!("note: {note}\n")));
        output::print(&text)?;
    }
    Ok(if problems.is_empty() { Exit::Pass } else { Exit::Usage })
}

/// Prints a schema that an editor checks profiles with.
pub(super) fn schema(args: &HardwareSchemaArgs) -> Result<Exit, Failure> {
    let kind = match args.kind {
        SchemaKind::Chip => ProfileKind::Chip,
        SchemaKind::Model => ProfileKind::Model,
        SchemaKind::Software => ProfileKind::Software,
        SchemaKind::Machine => ProfileKind::Machine,
    };
    output::print(&profile_schema(kind))?;
    Ok(Exit::Pass)
}
