//! What the owner of a registry does: take in submissions, sign anew, give and take namespaces, change
//! keys, and say of a version what its publisher does not.

use tough::schema::RoleType;

use super::change::{Editor, Outcome};
use super::draft::Draft;
use super::entries::{target_name, target_with};
use super::keys::{KeyRing, find_key, key_id, public_keys, record_of};
use super::layers::check_namespace;
use super::publisher::{NewStatus, find, with_status};
use super::{ROOT_SECONDS_LEFT, TARGETS_SECONDS_LEFT};
use crate::catalogue::{Status, StatusBy};
use crate::error::{MarketError, Result};
use crate::keys::{PublicKey, SecretKey};
use crate::likeness::check_not_reserved;
use crate::name::PluginName;

/// The roles at the top.
pub(super) const TOP_ROLES: [RoleType; 4] =
    [RoleType::Root, RoleType::Targets, RoleType::Snapshot, RoleType::Timestamp];

/// Takes in every submission that verifies.
///
/// # Errors
/// When the keys of the snapshot and the timestamp are not at hand, or the registry fails.
pub fn accept(editor: &Editor<'_>) -> Result<Outcome> {
    editor.change(&|_| Ok(()))
}

/// Signs a new timestamp, and every other role that ends soon and whose keys are at hand. Takes in
/// submissions too.
///
/// # Errors
/// When the keys of the timestamp are not at hand, or the registry fails.
pub fn refresh(editor: &Editor<'_>) -> Result<Outcome> {
    editor.change(&|draft| {
        let ring = editor.ring;
        if draft.ends_within(draft.root(), ROOT_SECONDS_LEFT)
            && has_keys(draft, RoleType::Root, ring)?
        {
            draft.change_root();
        }
        let targets = &draft.targets.role;
        if draft.ends_within(targets, TARGETS_SECONDS_LEFT)
            && has_keys(draft, RoleType::Targets, ring)?
        {
            draft.targets.change();
        }
        let names: Vec<String> = draft.namespaces.keys().cloned().collect();
        for name in names {
            let ends_soon = draft.ends_within(&draft.namespaces[&name].role, TARGETS_SECONDS_LEFT);
            // The owner's key is not used for it: that a publisher still signs is what it says.
            let publishers: Vec<_> = draft.publishers(&name)?.iter().map(key_id).collect();
            let is_owners = publishers.is_empty() && draft.can_sign(&name, ring);
            if ends_soon && (is_owners || !ring.among(&publishers).is_empty()) {
                draft.namespaces.get_mut(&name).expect("it was there").change();
            }
        }
        Ok(())
    })
}

fn has_keys(draft: &Draft, role: RoleType, ring: &KeyRing) -> Result<bool> {
    let keys = draft.role_keys(role)?;
    Ok(ring.among(&keys.keyids).len() as u64 >= keys.threshold.get())
}

/// Gives a namespace to a publisher's key, beside those that may sign it already.
///
/// # Errors
/// When the name is reserved, the owner's keys are not at hand, or the registry fails.
pub fn delegate(editor: &Editor<'_>, namespace: &str, key: &PublicKey) -> Result<Outcome> {
    check_namespace(namespace)?;
    check_not_reserved(&PluginName::parse(&format!("{namespace}:any"))?)?;
    editor.change(&|draft| {
        for role in TOP_ROLES {
            if draft.role_public(role)?.contains(key) {
                return Err(MarketError::refused(format!(
                    "{key} is the catalogue's own key of the role `{role}`; a publisher has another"
                )));
            }
        }
        let mut publishers = draft.publishers(namespace)?;
        if !publishers.contains(key) {
            publishers.push(key.clone());
        }
        draft.delegate(namespace, &publishers)
    })
}

/// A role's key that was replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The role.
    pub role: String,
    /// The key that signs no more.
    pub old: PublicKey,
    /// The key that signs in its place; none where nobody does.
    pub new: Option<PublicKey>,
}

/// Replaces a key of a role at the top: the one that `old` names, or the only one. The new root is
/// signed by the old root keys and, where they change, by the new ones.
///
/// # Errors
/// When keys are missing, or the registry fails. The new key must be kept before.
pub fn rotate(
    editor: &Editor<'_>,
    role: RoleType,
    old: Option<&str>,
    new: SecretKey,
) -> Result<(Rotated, Outcome)> {
    let (_, verified) = editor.open()?;
    let draft = Draft::of(verified, editor.now);
    let keys = draft.role_public(role)?;
    let old = match (old, keys.as_slice()) {
        (Some(text), _) => find_key(text, &keys)?,
        (None, [only]) => only.clone(),
        (None, _) => {
            let listed: Vec<String> = keys.iter().map(PublicKey::short).collect();
            return Err(MarketError::refused(format!(
                "the role `{role}` has {} keys ({})\n  fix: say which one is replaced, by --replace",
                keys.len(),
                listed.join(", ")
            )));
        }
    };
    let public = new.public();
    let ring = with(editor.ring, new)?;
    let editor = Editor { ring: &ring, ..*editor };
    let outcome = editor.change(&|draft| replace(draft, role, &old, &public))?;
    Ok((Rotated { role: role.to_string(), old, new: Some(public) }, outcome))
}

/// The keys at hand with one more.
fn with(ring: &KeyRing, key: SecretKey) -> Result<KeyRing> {
    let mut all = ring.duplicate()?;
    all.add(key);
    Ok(all)
}

fn replace(draft: &mut Draft, role: RoleType, old: &PublicKey, new: &PublicKey) -> Result<()> {
    let keys = draft.role_public(role)?;
    if keys.contains(new) && !keys.contains(old) {
        // An earlier round has done it.
        return Ok(());
    }
    if !keys.contains(old) {
        // Somebody else has replaced it meanwhile.
        return Err(MarketError::refused(format!(
            "{} is no key of the role `{role}` any more; nothing is changed",
            old.short()
        )));
    }
    let names: Vec<String> = draft.namespaces.keys().cloned().collect();
    let mut publishers = Vec::new();
    for name in &names {
        publishers.push(draft.publishers(name)?);
    }
    let (old_id, new_id) = (key_id(old), key_id(new));
    let root = draft.change_root();
    let keys = root.roles.get_mut(&role).expect("it has keys");
    for id in &mut keys.keyids {
        if *id == old_id {
            *id = new_id.clone();
        }
    }
    root.keys.insert(new_id, record_of(new));
    let roles = &root.roles;
    root.keys.retain(|id, _| roles.values().any(|keys| keys.keyids.contains(id)));
    if role == RoleType::Targets {
        for (name, publishers) in names.iter().zip(publishers) {
            draft.delegate(name, &publishers)?;
        }
    }
    Ok(())
}

/// Takes a key out of every role that it may sign. In a role at the top a new key takes its place,
/// which `make` makes and keeps; a namespace is signed by its other keys, or by the owner's.
///
/// # Errors
/// When no role has this key, keys are missing, or the registry fails.
pub fn revoke_key(
    editor: &Editor<'_>,
    text: &str,
    make: &dyn Fn(RoleType) -> Result<SecretKey>,
) -> Result<(Vec<Rotated>, Outcome)> {
    let (_, verified) = editor.open()?;
    let draft = Draft::of(verified, editor.now);
    let mut in_use =
        public_keys(&draft.root().keys.keys().cloned().collect::<Vec<_>>(), &draft.root().keys);
    let delegations = draft.delegations();
    let listed: Vec<_> = delegations.keys.keys().cloned().collect();
    in_use.extend(public_keys(&listed, &delegations.keys));
    let old = find_key(text, &in_use)?;
    let (mut ring, mut rotated) = (editor.ring.duplicate()?, Vec::new());
    let mut at_top = Vec::new();
    for role in TOP_ROLES {
        if draft.role_public(role)?.contains(&old) {
            let new = make(role)?;
            at_top.push((role, new.public()));
            let (role, new_key) = (role.to_string(), Some(new.public()));
            rotated.push(Rotated { role, old: old.clone(), new: new_key });
            ring.add(new);
        }
    }
    for name in draft.namespaces.keys() {
        if draft.publishers(name)?.contains(&old) {
            rotated.push(Rotated { role: name.clone(), old: old.clone(), new: None });
        }
    }
    let editor = Editor { ring: &ring, ..*editor };
    let outcome = editor.change(&|draft| {
        for (role, new) in &at_top {
            replace(draft, *role, &old, new)?;
        }
        let names: Vec<String> = draft.namespaces.keys().cloned().collect();
        for name in names {
            let mut publishers = draft.publishers(&name)?;
            if publishers.contains(&old) {
                publishers.retain(|key| *key != old);
                draft.delegate(&name, &publishers)?;
            }
        }
        Ok(())
    })?;
    Ok((rotated, outcome))
}

/// Says of a version what its publisher does not, or takes that back (`Active`). It goes before what
/// the publisher says, now and later.
///
/// # Errors
/// When there is no such version, the owner's keys are not at hand, or the registry fails.
pub fn set_status_as_owner(editor: &Editor<'_>, new: &NewStatus) -> Result<Outcome> {
    if new.status == Status::Active {
        let (_, verified) = editor.open()?;
        find(&verified.targets.signed, new).map_err(|_| {
            MarketError::not_found(format!(
                "the owner says nothing of {}@{}, so there is nothing to take back",
                new.name, new.version
            ))
        })?;
    }
    editor.change(&|draft| {
        if new.status == Status::Active {
            if let Ok((entry, _)) = find(&draft.targets.role, new) {
                draft.targets.change().targets.remove(&target_name(&entry));
            }
            return Ok(());
        }
        let own = find(&draft.targets.role, new);
        let (entry, manifest_bytes) = match draft.namespaces.get(new.name.namespace()) {
            Some(role) => find(&role.role, new).or(own)?,
            None => own?,
        };
        let entry = with_status(entry, new, StatusBy::Registry, draft.now)?;
        let target = target_with(&entry, manifest_bytes);
        draft.targets.change().targets.insert(target_name(&entry), target);
        Ok(())
    })
}
