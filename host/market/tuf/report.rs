//! What a signed catalogue is made of, in plain words.

use tough::schema::RoleType;

use super::change::Editor;
use super::draft::Draft;
use super::keys::public_keys;
use super::metadata::{instant_of, root_file};
use super::owner::TOP_ROLES;
use super::submission::{Taken, pending, take_in};
use crate::digest::Digest;
use crate::error::Result;
use crate::instant::Instant;
use crate::keys::PublicKey;

/// A role of a catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleStatus {
    /// The role's name; a namespace's is the namespace.
    pub name: String,
    /// Whether it is a namespace's.
    pub is_namespace: bool,
    /// Its version.
    pub version: u64,
    /// How many of its keys must sign.
    pub threshold: u64,
    /// The keys that may sign it; of a namespace its publishers'.
    pub keys: Vec<PublicKey>,
    /// How many of them are at hand.
    pub at_hand: usize,
    /// Until when it is good.
    pub expires: Instant,
    /// The versions of plugins that it tells of.
    pub targets: usize,
}

/// A signed catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryStatus {
    /// The digest of the first root, which trust.toml can pin.
    pub first_root: Option<Digest>,
    /// The version of the root in force.
    pub root_version: u64,
    /// The roles: those at the top, then namespaces.
    pub roles: Vec<RoleStatus>,
    /// The tags of submissions that the catalogue does not have.
    pub submissions: Vec<String>,
}

/// Says what a registry's signed catalogue is made of. It may have expired.
///
/// # Errors
/// When the registry has none, fails, or its catalogue does not verify.
pub fn report(editor: &Editor<'_>) -> Result<RegistryStatus> {
    let (_, verified) = editor.open()?;
    let expiries = [
        (RoleType::Root, verified.root.signed.version, instant_of(verified.root.signed.expires)),
        (
            RoleType::Targets,
            verified.targets.signed.version,
            instant_of(verified.targets.signed.expires),
        ),
        (
            RoleType::Snapshot,
            verified.snapshot.signed.version,
            instant_of(verified.snapshot.signed.expires),
        ),
        (
            RoleType::Timestamp,
            verified.timestamp.signed.version,
            instant_of(verified.timestamp.signed.expires),
        ),
    ];
    let namespace_expiries = verified.namespace_expiries();
    let first_root = verified.files.get(&root_file(1)).map(|bytes| Digest::of(bytes));
    let root_version = verified.root_version();
    let mut draft = Draft::of(verified, editor.now);
    let own = editor.ring.public();
    let at_hand = |keys: &[PublicKey]| keys.iter().filter(|key| own.contains(key)).count();
    let mut roles = Vec::new();
    for role in TOP_ROLES {
        let listed = draft.role_keys(role)?;
        let keys = public_keys(&listed.keyids, &draft.root().keys);
        let (_, version, expires) =
            expiries.iter().find(|(of, _, _)| *of == role).expect("it has all roles at the top");
        let is_targets = role == RoleType::Targets;
        roles.push(RoleStatus {
            name: role.to_string(),
            is_namespace: false,
            version: version.get(),
            threshold: listed.threshold.get(),
            at_hand: at_hand(&keys),
            keys,
            expires: *expires,
            targets: if is_targets { draft.targets.role.targets.len() } else { 0 },
        });
    }
    for (name, role) in &draft.namespaces {
        let keys = draft.publishers(name)?;
        roles.push(RoleStatus {
            name: name.clone(),
            is_namespace: true,
            version: role.role.version.get(),
            threshold: 1,
            at_hand: at_hand(&keys),
            keys,
            expires: namespace_expiries[name],
            targets: role.role.targets.len(),
        });
    }
    let settled = editor.kept().settled()?;
    let mut submissions = Vec::new();
    for submission in pending(editor.registry, &draft, &settled)? {
        let tag = submission.tag.clone();
        if take_in(&mut draft, submission, editor.ring) != Taken::Before {
            submissions.push(tag);
        }
    }
    Ok(RegistryStatus { first_root, root_version, roles, submissions })
}
