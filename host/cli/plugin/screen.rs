//! What the commands of the marketplace say of plugins.

use timeslip_market::catalogue::{Entry, Status};
use timeslip_market::component::PackedComponent;
use timeslip_market::install::{FoundSigner, Planned};
use timeslip_market::instant::{Instant, age_text};
use timeslip_market::permissions::{ChangeKind, Permissions};

use crate::table::columns;

/// What stands where nobody has signed.
const UNSIGNED: &str = "nobody: whoever may write to this registry may publish this name";

/// Who has signed, as the catalogue or the lock says it.
pub(super) fn signer_text(signer: Option<&str>) -> String {
    signer.unwrap_or(UNSIGNED).to_owned()
}

/// Who has signed what is to be installed.
fn found_signer_text(found: &FoundSigner) -> String {
    match &found.key {
        None => UNSIGNED.to_owned(),
        Some(key) if found.is_new => format!(
            "{key}, seen for the first time: later versions must have the same, and whether it is \
             the author's nobody but the author can say"
        ),
        Some(key) => key.to_string(),
    }
}

/// Lines of a name and a text, below a title.
pub(super) fn facts(rows: &[(&str, String)]) -> String {
    let rows: Vec<[String; 2]> =
        rows.iter().map(|(name, text)| [format!("  {name}"), text.clone()]).collect();
    columns(&rows)
}

/// The permissions, each with its reason.
pub(super) fn permission_lines(permissions: &Permissions, indent: &str) -> String {
    let phrases = permissions.phrases();
    if phrases.is_empty() {
        return format!("{indent}nothing\n");
    }
    let rows: Vec<[String; 2]> =
        phrases.into_iter().map(|(what, why)| [format!("{indent}{what}"), why]).collect();
    columns(&rows)
}

/// What a plugin needs, in one cell.
pub(super) fn needs_text(needs: &[String]) -> String {
    if needs.is_empty() { "nothing".to_owned() } else { needs.join(" ") }
}

/// A number of things.
pub(super) fn counted(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// A number of bytes.
pub(super) fn bytes_text(bytes: u64) -> String {
    format!("{:.1} KiB", bytes as f64 / 1024.0)
}

/// What was packed.
pub(super) fn packed_facts(packed: &PackedComponent) -> Vec<(&'static str, String)> {
    vec![
        ("component", packed.digest.to_string()),
        ("world", packed.surface.world().unwrap_or("none of ours").to_owned()),
        ("imports", list_text(&packed.surface.imports)),
        ("exports", list_text(&packed.surface.exports)),
        ("permissions", packed.permissions.digest().to_string()),
    ]
}

pub(super) fn list_text(texts: &[String]) -> String {
    if texts.is_empty() { "nothing".to_owned() } else { texts.join(", ") }
}

/// How long ago a version was published.
pub(super) fn age(entry: &Entry, now: Instant) -> String {
    match entry.published {
        None => "at an unknown time".to_owned(),
        Some(published) => format!("{} ago", age_text(published.seconds_until(now))),
    }
}

/// What is to be accepted: of a new plugin everything, of an update the difference.
pub(super) fn consent_screen(planned: &[Planned], now: Instant) -> String {
    let mut text = String::new();
    for plugin in planned {
        let (packed, entry) = (&plugin.packed, &plugin.entry);
        match &plugin.before {
            Some((before, _)) if before.version != packed.version => text.push_str(&format!(
                "{} {} -> {}  from {}\n",
                packed.name, before.version, packed.version, plugin.registry
            )),
            _ => text.push_str(&format!(
                "{}@{}  from {}\n",
                packed.name, packed.version, plugin.registry
            )),
        }
        let by = packed.about.authors.as_deref().unwrap_or("an author who is not named");
        text.push_str(&facts(&[
            ("does", packed.about.description.clone()),
            ("published", format!("{} by {by}", age(entry, now))),
            ("signed by", found_signer_text(&plugin.signer)),
        ]));
        if entry.status == Status::Deprecated {
            text.push_str(&format!("  warning: it is {}\n", entry.status_text(&plugin.registry)));
        }
        if let [first, ..] = plugin.needed_by.as_slice() {
            text.push_str(&format!("  needed by  {first}\n"));
        }
        for change in &plugin.wit_changes {
            text.push_str(&format!("  interface: {}\n", change.text));
        }
        text.push_str(&asked_lines(plugin));
        text.push('\n');
    }
    text
}

/// What a plugin asks for.
fn asked_lines(plugin: &Planned) -> String {
    let permissions = &plugin.packed.permissions;
    let digest = permissions.digest();
    if plugin.before.is_none() {
        let asks = permission_lines(permissions, "    ");
        return format!("  it may, once you accept {digest}:\n{asks}");
    }
    let changes = plugin.changes();
    if changes.is_empty() {
        return "  it may do what it may do now, and nothing else\n".to_owned();
    }
    let rows: Vec<[String; 2]> = changes
        .into_iter()
        .map(|change| {
            let sign = match change.kind {
                ChangeKind::Added => "+",
                ChangeKind::GivenUp => "-",
            };
            [format!("    {sign} {}", change.phrase), change.why]
        })
        .collect();
    format!("  what it may do changes, once you accept {digest}:\n{}", columns(&rows))
}

/// A planned plugin, as JSON.
pub(super) fn planned_json(plugin: &Planned) -> serde_json::Value {
    let change = |change: &timeslip_market::permissions::Change| {
        let kind = match change.kind {
            ChangeKind::Added => "added",
            ChangeKind::GivenUp => "given_up",
        };
        serde_json::json!({ "kind": kind, "what": change.phrase, "why": change.why })
    };
    serde_json::json!({
        "name": plugin.packed.name.to_string(),
        "version": plugin.packed.version.to_string(),
        "from": plugin.before.as_ref().map(|(before, _)| before.version.to_string()),
        "registry": plugin.registry,
        "manifest": plugin.entry.manifest,
        "component": plugin.packed.digest,
        "permissions": plugin.packed.permissions.digest(),
        "needs_consent": plugin.needs_consent(),
        "changes": plugin.changes().iter().map(change).collect::<Vec<_>>(),
        "signer": plugin.signer.key,
    })
}

/// JSON as it is printed.
pub(super) fn json_text(value: &serde_json::Value) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("a value can be written");
    text.push('\n');
    text
}
