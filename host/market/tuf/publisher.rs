//! What a publisher does: add a version to the namespace's role, or change a version's status there.

use tough::schema::{RoleKeys, Targets};

use super::change::Editor;
use super::draft::{Draft, signed_targets};
use super::entries::{entry_of, target_name, target_of, target_with};
use super::layers::Layers;
use super::submission::{check, leave, pending, union};
use super::verify::Verified;
use crate::catalogue::{Entry, Status, StatusBy, StatusNote};
use crate::digest::Digest;
use crate::error::{MarketError, Result};
use crate::instant::Instant;
use crate::keys::PublicKey;
use crate::name::PluginName;

/// Where a change by a publisher is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Published {
    /// In the catalogue, whose manifest has this digest.
    Catalogued(Digest),
    /// Submitted under this tag, until whoever has the keys of the snapshot and the timestamp takes
    /// it in.
    Submitted(String),
}

/// Reads the catalogue, and refuses a publisher who has no key of the namespace, before anything is
/// pushed.
///
/// # Errors
/// When the namespace is not delegated to a key that is at hand, or the registry fails.
pub(crate) fn open_to_publish(
    editor: &Editor<'_>,
    name: &PluginName,
) -> Result<(Layers, Verified)> {
    let opened = editor.open()?;
    check_may_sign(editor, &Draft::of(opened.1.clone(), editor.now), name.namespace())?;
    Ok(opened)
}

/// Adds a published version to the catalogue, under the key of its namespace.
///
/// # Errors
/// When the namespace is not delegated to a key that is at hand, or the registry fails.
pub(crate) fn publish_entry(
    editor: &Editor<'_>,
    opened: (Layers, Verified),
    entry: &Entry,
) -> Result<Published> {
    let target = target_of(editor.registry, entry)?;
    edit_namespace(editor, opened, entry.name.namespace(), &|role| {
        let name = target_name(entry);
        let known = role.targets.get(&name).map(|known| entry_of(&name, known)).transpose()?;
        match known {
            Some(known) if known.manifest == entry.manifest => Ok(()),
            Some(known) => Err(MarketError::refused(format!(
                "{}@{} is catalogued already, with the manifest {}; a published version is never \
                 changed, so publish the next one",
                entry.name, entry.version, known.manifest
            ))),
            None => {
                role.targets.insert(name, target.clone());
                Ok(())
            }
        }
    })
}

/// A version's new status.
#[derive(Clone, Debug)]
pub struct NewStatus {
    /// The plugin.
    pub name: PluginName,
    /// The version.
    pub version: semver::Version,
    /// The status.
    pub status: Status,
    /// Why.
    pub why: Option<String>,
}

/// Changes a version's status as its publisher.
///
/// # Errors
/// When there is no such version, the namespace is not delegated to a key that is at hand, or the
/// registry fails.
pub fn set_status(editor: &Editor<'_>, new: &NewStatus) -> Result<Published> {
    edit_namespace(editor, editor.open()?, new.name.namespace(), &|role| {
        let (entry, manifest_bytes) = find(role, new)?;
        let entry = with_status(entry, new, StatusBy::Publisher, editor.now)?;
        role.targets.insert(target_name(&entry), target_with(&entry, manifest_bytes));
        Ok(())
    })
}

/// The entry of a version in a role, with the bytes of its manifest.
pub(super) fn find(role: &Targets, new: &NewStatus) -> Result<(Entry, u64)> {
    let NewStatus { name, version, .. } = new;
    let path = format!("{}/{}/{version}", name.namespace(), name.name());
    match role.targets.iter().find(|(target, _)| target.raw() == path) {
        Some((name, target)) => Ok((entry_of(name, target)?, target.length)),
        None => Err(MarketError::not_found(format!("the catalogue has no {name}@{version}"))),
    }
}

/// An entry with another status.
pub(super) fn with_status(
    entry: Entry,
    new: &NewStatus,
    by: StatusBy,
    now: Instant,
) -> Result<Entry> {
    // A later status goes before an earlier one, whatever the clocks of those who set them say.
    let before = entry.status_note.as_ref().map_or(0, |note| note.at.0 + 1);
    let note = StatusNote { by, at: Instant(now.0.max(before)), why: new.why.clone() };
    let entry = Entry { status: new.status, status_note: Some(note), ..entry };
    entry.check_texts()?;
    Ok(entry)
}

/// Changes a namespace's role: in the catalogue where the keys for that are at hand, else as a
/// submission.
fn edit_namespace(
    editor: &Editor<'_>,
    opened: (Layers, Verified),
    namespace: &str,
    edit: &dyn Fn(&mut Targets) -> Result<()>,
) -> Result<Published> {
    let draft = Draft::of(opened.1.clone(), editor.now);
    check_may_sign(editor, &draft, namespace)?;
    let is_alone = draft.can_publish(editor.ring);
    if !is_alone || !editor.registry.is_folder() {
        let tag = submit(editor, draft, namespace, edit)?;
        if !is_alone {
            return Ok(Published::Submitted(tag));
        }
    }
    let outcome = editor.change_from(Some(opened), &|draft| {
        check_may_sign(editor, draft, namespace)?;
        let role = draft.namespaces.get_mut(namespace).expect("a delegation has a role");
        let mut changed = role.role.clone();
        edit(&mut changed)?;
        if changed.targets != role.role.targets {
            role.change().targets = changed.targets;
        }
        Ok(())
    })?;
    Ok(Published::Catalogued(outcome.catalogue))
}

/// Signs and leaves a namespace's role with a change, on top of what was submitted before.
fn submit(
    editor: &Editor<'_>,
    mut draft: Draft,
    namespace: &str,
    edit: &dyn Fn(&mut Targets) -> Result<()>,
) -> Result<String> {
    let settled = editor.kept().settled()?;
    let earlier = pending(editor.registry, &draft, &settled)?;
    let keys: RoleKeys =
        draft.delegation(namespace).map(|role| role.keys()).expect("it was asked for before");
    let mut role = draft.namespaces.remove(namespace).expect("a delegation has a role");
    let mut version = role.role.version;
    for earlier in earlier.iter().filter(|earlier| earlier.namespace == namespace) {
        // What others left there who may not is not built upon.
        if check(&draft, earlier).is_ok()
            && let Ok(Some(merged)) = union(&role.role, earlier.role())
        {
            version = version.max(earlier.role().version);
            role.role.targets = merged.targets;
        }
    }
    role.role.version = version;
    edit(&mut role.role)?;
    role.change();
    let file = signed_targets(&role, editor.now, namespace, &keys, editor.ring)?;
    leave(editor.registry, namespace, file)
}

fn check_may_sign(editor: &Editor<'_>, draft: &Draft, namespace: &str) -> Result<()> {
    let Editor { registry, ring, .. } = editor;
    if draft.can_sign(namespace, ring) {
        return Ok(());
    }
    let own = ring.public();
    let shown = own.first().map_or("PUBLICKEY".to_owned(), PublicKey::to_string);
    if draft.delegation(namespace).is_none() {
        return Err(MarketError::refused(format!(
            "the namespace `{namespace}` is not delegated to anybody in the signed catalogue of \
             {registry}, so nobody may publish there\n  fix: its owner runs `timeslip plugin registry \
             delegate {namespace} --key {shown}`"
        )));
    }
    let may: Vec<String> =
        draft.publishers(namespace)?.iter().map(|key| format!("{key} ({})", key.short())).collect();
    Err(MarketError::refused(format!(
        "no key that may sign for the namespace `{namespace}` in {registry} is at hand; those that may: \
         {}\n  fix: name the folder with such a key by --keys, or let the owner delegate the \
         namespace to {shown}",
        if may.is_empty() { "the owner's alone".to_owned() } else { may.join(", ") }
    )))
}
