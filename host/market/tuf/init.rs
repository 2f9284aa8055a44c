//! Making a signed catalogue, and the files of its keys.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use tough::schema::{RoleKeys, RoleType, Root, Signed};

use super::ROOT_SECONDS;
use super::change::Editor;
use super::draft::Draft;
use super::entries::{target_name, target_of};
use super::keys::{KeyId, KeyRing, key_id, record_of};
use super::layers::{LATEST, SIGNED_TYPE, check_namespace, latest, push};
use super::metadata::{FIRST, SPECIFICATION, expires_at, read, root_file, root_version};
use super::owner::TOP_ROLES;
use crate::catalogue::unsigned_entries;
use crate::digest::Digest;
use crate::error::{MarketError, Result};
use crate::files::FileLock;
use crate::instant::Instant;
use crate::keys::{PublicKey, SecretKey};
use crate::registry::{Registry, Repository};

/// How many root keys there are, and how many of them must sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RootKeys {
    /// Two of three.
    TwoOfThree,
    /// The only one: for trying things out.
    One,
}

/// A catalogue that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Initialised {
    /// The digest of its first root, which trust.toml can pin.
    pub root: Digest,
    /// The files of its root keys.
    pub root_keys: Vec<PathBuf>,
    /// The files of the other keys.
    pub other_keys: Vec<PathBuf>,
    /// Entries of the unsigned catalogue that was there before, which were taken over.
    pub taken_over: usize,
    /// Whether it was there already, made with these very keys.
    pub was_there: bool,
}

/// The files of the keys that a role gets, in a folder.
fn key_files(folder: &Path, role: RoleType, root_keys: RootKeys) -> Vec<PathBuf> {
    let names: Vec<String> = match (role, root_keys) {
        (RoleType::Root, RootKeys::TwoOfThree) => {
            (1..=3).map(|number| format!("root-{number}")).collect()
        }
        _ => vec![role.to_string()],
    };
    names.iter().map(|name| folder.join(format!("{name}.pem"))).collect()
}

/// A key out of its file, which is made where it is not there yet. Whoever was cut off goes on with
/// the keys that were written.
fn key_of(file: &Path) -> Result<SecretKey> {
    if file.exists() {
        return SecretKey::read(file);
    }
    let key = SecretKey::generate()?;
    key.write(file)?;
    Ok(key)
}

/// Makes the keys and the signed catalogue of a registry. What an unsigned catalogue has is taken over,
/// signed by the owner alone. Doing it again changes nothing.
///
/// # Errors
/// When the registry has a signed catalogue of other keys, or something cannot be written.
pub fn init(
    registry: &Registry,
    copies: &Path,
    keys: &Path,
    root_keys: RootKeys,
    now: Instant,
) -> Result<Initialised> {
    let _turn = registry.turn(&Repository::catalogue())?;
    let _keys_turn = FileLock::take(&keys.join(".lock"))?;
    if latest(registry)?.is_some() {
        return again(registry, copies, keys, root_keys, now);
    }
    let mut root = Root {
        spec_version: SPECIFICATION.to_owned(),
        consistent_snapshot: false,
        version: FIRST,
        expires: expires_at(now, ROOT_SECONDS),
        keys: HashMap::new(),
        roles: HashMap::new(),
        _extra: HashMap::new(),
    };
    let mut ring = KeyRing::default();
    for role in TOP_ROLES {
        let mut keyids = Vec::new();
        for file in key_files(keys, role, root_keys) {
            let key = key_of(&file)?;
            let public = key.public();
            root.keys.insert(key_id(&public), record_of(&public));
            keyids.push(key_id(&public));
            ring.add(key);
        }
        let threshold = match keyids.len() {
            1 => FIRST,
            _ => FIRST.saturating_add(1),
        };
        root.roles.insert(role, RoleKeys { keyids, threshold, _extra: HashMap::new() });
    }
    let mut draft = Draft::new(root, now);
    let taken_over = take_over(registry, &mut draft)?;
    let files = draft.finish(&ring)?;
    push(registry, &files, SIGNED_TYPE, LATEST, None)?;
    let digest = Digest::of(&files[&root_file(1)]);
    Ok(told(keys, root_keys, digest, taken_over, false))
}

fn told(
    keys: &Path,
    root_keys: RootKeys,
    root: Digest,
    taken_over: usize,
    was_there: bool,
) -> Initialised {
    let of = |role| key_files(keys, role, root_keys);
    let others = [RoleType::Targets, RoleType::Snapshot, RoleType::Timestamp];
    Initialised {
        root,
        root_keys: of(RoleType::Root),
        other_keys: others.into_iter().flat_map(of).collect(),
        taken_over,
        was_there,
    }
}

/// What is told where a signed catalogue is there already.
fn again(
    registry: &Registry,
    copies: &Path,
    keys: &Path,
    root_keys: RootKeys,
    now: Instant,
) -> Result<Initialised> {
    let none = KeyRing::default();
    let editor = Editor { registry, copies, pin: None, ring: &none, now };
    let (_, verified) = editor.open()?;
    let first = root_file(1);
    let bytes = &verified.files[&first];
    let root: Signed<Root> = read(&first, bytes)?;
    let mut own: Vec<PublicKey> = Vec::new();
    for role in TOP_ROLES {
        for file in key_files(keys, role, root_keys).iter().filter(|file| file.exists()) {
            own.push(SecretKey::read(file)?.public());
        }
    }
    let is_own =
        !own.is_empty() && own.iter().all(|key| root.signed.keys.contains_key(&key_id(key)));
    match is_own {
        true => Ok(told(keys, root_keys, Digest::of(bytes), 0, true)),
        false => Err(MarketError::refused(format!(
            "{registry} has a signed catalogue already, and {} does not have its keys; nothing is \
             changed\n  fix: take another place, or name the folder with its keys",
            keys.display()
        ))),
    }
}

/// Takes the entries of an unsigned catalogue into a new one. Gives how many.
fn take_over(registry: &Registry, draft: &mut Draft) -> Result<usize> {
    let entries = unsigned_entries(registry)?;
    for entry in &entries {
        let namespace = entry.name.namespace();
        check_namespace(namespace)?;
        if draft.delegation(namespace).is_none() {
            draft.delegate(namespace, &[])?;
        }
        let target = target_of(registry, entry)?;
        let role = draft.namespaces.get_mut(namespace).expect("it was delegated");
        role.change().targets.insert(target_name(entry), target);
    }
    Ok(entries.len())
}

/// A new key for a role at the top, in a file of its own: `ROLE-2.pem`, `ROLE-3.pem`, … A key that was
/// made for this and is in no root yet is taken, so that whoever was cut off goes on with it.
///
/// # Errors
/// When the registry has no signed catalogue, or the file cannot be written.
pub fn next_key(
    editor: &Editor<'_>,
    role: RoleType,
    folder: &Path,
) -> Result<(PathBuf, SecretKey)> {
    let (_, verified) = editor.open()?;
    let mut used: Vec<KeyId> = Vec::new();
    for (name, bytes) in verified.files.iter().filter(|(name, _)| root_version(name).is_some()) {
        used.extend(read::<Root>(name, bytes)?.signed.keys.into_keys());
    }
    let file = |number: u32| folder.join(format!("{role}-{number}.pem"));
    let mut number = 2;
    loop {
        let key = key_of(&file(number))?;
        if !used.contains(&key_id(&key.public())) {
            return Ok((file(number), key));
        }
        number += 1;
    }
}
