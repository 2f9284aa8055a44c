//! What `timeslip plugin registry` says.

use std::path::PathBuf;

use serde_json::{Value, json};
use timeslip_market::instant::{Instant, age_text};
use timeslip_market::tuf::{Initialised, Outcome, RegistryStatus, RoleStatus, RootKeys};

use crate::plugin::screen::{counted, facts};
use crate::table::columns;

/// A catalogue that was made, and what is to be done with its keys.
pub(super) fn made(place: &str, made: &Initialised, root_keys: RootKeys) -> String {
    let files = |files: &[PathBuf]| -> String {
        let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        names.join(", ")
    };
    let mut rows = vec![
        ("root", made.root.to_string()),
        ("root keys", files(&made.root_keys)),
        ("other keys", files(&made.other_keys)),
    ];
    if made.taken_over > 0 {
        rows.push(("taken over", counted(made.taken_over, "version")));
    }
    let done = if made.was_there { "is there already" } else { "was made" };
    let carry = match root_keys {
        RootKeys::TwoOfThree => {
            "Carry the three root keys away now, each to another place that no network reaches, and \
             delete them here: two of them replace every other key, and one alone does nothing.\n"
        }
        RootKeys::One => {
            "One root key is for trying things out: whoever has it, has the catalogue. Make one \
             without --dev for others to rely on.\n"
        }
    };
    format!(
        "the signed catalogue of {place} {done}\n{}{carry}Tell those who use it to pin its root in \
         trust.toml:\n  [roots]\n  \"{place}\" = \"{}\"\nThen: timeslip plugin registry delegate \
         NAMESPACE --key PUBLICKEY\nand every day: timeslip plugin registry refresh\n",
        facts(&rows),
        made.root
    )
}

/// What a change has done.
pub(super) fn outcome(place: &str, does: &str, outcome: &Outcome) -> String {
    let mut text = format!("{does}\n");
    for tag in &outcome.taken {
        text.push_str(&format!("taken in: {tag}\n"));
    }
    for (tag, why) in &outcome.left {
        text.push_str(&format!("left: {tag}: {why}\n"));
    }
    text.push_str(&format!("{place} is at {}\n", outcome.catalogue));
    text
}

/// The same, as JSON.
pub(super) fn outcome_json(place: &str, outcome: &Outcome) -> Value {
    let left = |(tag, why): &(String, String)| json!({ "tag": tag, "why": why });
    json!({
        "registry": place,
        "catalogue": outcome.catalogue,
        "taken": outcome.taken,
        "left": outcome.left.iter().map(left).collect::<Vec<_>>(),
    })
}

/// Roles, keys and until when they are good.
pub(super) fn status(place: &str, status: &RegistryStatus, now: Instant) -> String {
    let root = match &status.first_root {
        Some(root) => root.to_string(),
        None => "unknown".to_owned(),
    };
    let mut text = format!(
        "{place}\n{}",
        facts(&[
            ("first root", root),
            ("root in force", format!("version {}", status.root_version)),
            ("submissions", status.submissions.len().to_string()),
        ])
    );
    let head = ["ROLE", "VERSION", "SIGNED BY", "AT HAND", "GOOD", "VERSIONS OF PLUGINS"];
    let rows: Vec<[String; 6]> = std::iter::once(head.map(str::to_owned))
        .chain(status.roles.iter().map(|role| row(role, now)))
        .collect();
    text.push_str(&columns(&rows));
    for role in &status.roles {
        for key in &role.keys {
            text.push_str(&format!("{}: {key} ({})\n", role.name, key.short()));
        }
    }
    text
}

fn row(role: &RoleStatus, now: Instant) -> [String; 6] {
    let signed = match (role.is_namespace, role.keys.len()) {
        (true, 0) => "the owner alone".to_owned(),
        (_, keys) => format!("{} of {}", role.threshold, counted(keys, "key")),
    };
    let good = match role.expires < now {
        true => format!("ended {} ago", age_text(role.expires.seconds_until(now))),
        false => format!("for {}", age_text(now.seconds_until(role.expires))),
    };
    let has_targets = role.is_namespace || role.name == "targets";
    let targets = if has_targets { role.targets.to_string() } else { String::new() };
    [role.name.clone(), role.version.to_string(), signed, role.at_hand.to_string(), good, targets]
}

/// The same, as JSON.
pub(super) fn status_json(place: &str, status: &RegistryStatus, now: Instant) -> Value {
    let role = |role: &RoleStatus| {
        json!({
            "name": role.name,
            "namespace": role.is_namespace,
            "version": role.version,
            "threshold": role.threshold,
            "keys": role.keys,
            "at_hand": role.at_hand,
            "expires": role.expires,
            "expired": role.expires < now,
            "targets": role.targets,
        })
    };
    json!({
        "registry": place,
        "first_root": status.first_root,
        "root_version": status.root_version,
        "roles": status.roles.iter().map(role).collect::<Vec<_>>(),
        "submissions": status.submissions,
    })
}
