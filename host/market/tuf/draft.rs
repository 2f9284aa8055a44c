//! A catalogue that is being changed, and the files that come of it.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU64;

use tough::schema::{
    DelegatedRole, Delegations, PathPattern, PathSet, Role, RoleKeys, RoleType, Root, Signed,
    Snapshot, Targets, Timestamp,
};

use super::keys::{KeyId, KeyRing, Signer, key_id, public_keys, record_of};
use super::metadata::{
    FIRST, Files, SNAPSHOT, SPECIFICATION, TARGETS, TIMESTAMP, check_root_follows, expires_at,
    instant_of, metafile, namespace_file, next, read, root_file, root_version, write,
};
use super::verify::{Verified, is_good};
use super::{
    ROOT_SECONDS, SNAPSHOT_SECONDS, SNAPSHOT_SECONDS_LEFT, TARGETS_SECONDS, TIMESTAMP_SECONDS,
};
use crate::error::{MarketError, Result};
use crate::instant::Instant;
use crate::keys::PublicKey;

/// A role of targets: as it stands in its file, or changed and to be signed.
#[derive(Clone, Debug)]
pub(super) struct TargetsDraft {
    pub(super) role: Targets,
    /// The file; none if the role was changed.
    file: Option<Vec<u8>>,
}

impl TargetsDraft {
    /// A role that has been signed already.
    pub(super) fn signed(role: Targets, file: Vec<u8>) -> TargetsDraft {
        TargetsDraft { role, file: Some(file) }
    }

    /// A role without any targets, whose first version has not been signed.
    pub(super) fn empty(now: Instant) -> TargetsDraft {
        let role = Targets {
            delegations: None,
            ..Targets::new(SPECIFICATION.to_owned(), FIRST, expires_at(now, 0))
        };
        TargetsDraft { role, file: None }
    }

    /// The role, to be changed and signed anew under the next version.
    pub(super) fn change(&mut self) -> &mut Targets {
        if self.file.take().is_some() {
            self.role.version = next(self.role.version);
        }
        &mut self.role
    }

    fn has_changed(&self) -> bool {
        self.file.is_none()
    }
}

/// A catalogue that is being changed.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) now: Instant,
    /// The roots so far.
    roots: Files,
    /// The root in force; none of a catalogue that is just being made.
    root: Option<Signed<Root>>,
    /// The root that is to be in force.
    new_root: Option<Root>,
    pub(super) targets: TargetsDraft,
    pub(super) namespaces: BTreeMap<String, TargetsDraft>,
    snapshot: Option<Signed<Snapshot>>,
    timestamp: Option<Signed<Timestamp>>,
}

impl Draft {
    /// A catalogue as it was verified.
    pub(super) fn of(verified: Verified, now: Instant) -> Draft {
        let mut files = verified.files;
        let draft =
            |role: Signed<Targets>, file: Option<Vec<u8>>| TargetsDraft { role: role.signed, file };
        let targets = draft(verified.targets, files.remove(TARGETS));
        let namespaces = verified
            .namespaces
            .into_iter()
            .map(|(name, role)| {
                let file = files.remove(&namespace_file(&name));
                (name, draft(role, file))
            })
            .collect();
        files.retain(|name, _| root_version(name).is_some());
        Draft {
            now,
            roots: files,
            root: Some(verified.root),
            new_root: None,
            targets,
            namespaces,
            snapshot: Some(verified.snapshot),
            timestamp: Some(verified.timestamp),
        }
    }

    /// A catalogue that does not exist yet.
    pub(super) fn new(root: Root, now: Instant) -> Draft {
        let mut targets = TargetsDraft::empty(now);
        targets.role.delegations = Some(Delegations::new());
        Draft {
            now,
            roots: Files::new(),
            root: None,
            new_root: Some(root),
            targets,
            namespaces: BTreeMap::new(),
            snapshot: None,
            timestamp: None,
        }
    }

    /// The root that is, or is to be, in force.
    pub(super) fn root(&self) -> &Root {
        match (&self.new_root, &self.root) {
            (Some(new), _) => new,
            (None, Some(root)) => &root.signed,
            (None, None) => unreachable!("a catalogue has a root, or is being given one"),
        }
    }

    /// The root, to be changed and signed anew under the next version.
    pub(super) fn change_root(&mut self) -> &mut Root {
        let Draft { root, new_root, .. } = self;
        new_root.get_or_insert_with(|| {
            let root = &root.as_ref().expect("a catalogue has a root").signed;
            Root { version: next(root.version), ..root.clone() }
        })
    }

    /// The keys of a role at the top.
    pub(super) fn role_keys(&self, role: RoleType) -> Result<&RoleKeys> {
        self.root()
            .roles
            .get(&role)
            .ok_or_else(|| MarketError::refused(format!("its root names no keys for `{role}`")))
    }

    /// The keys of a role at the top, as they are written.
    pub(super) fn role_public(&self, role: RoleType) -> Result<Vec<PublicKey>> {
        Ok(public_keys(&self.role_keys(role)?.keyids, &self.root().keys))
    }

    /// The delegations as they stand.
    pub(super) fn delegations(&self) -> Delegations {
        self.targets.role.delegations.clone().unwrap_or_default()
    }

    /// The delegation to a namespace.
    pub(super) fn delegation(&self, namespace: &str) -> Option<&DelegatedRole> {
        let delegations = self.targets.role.delegations.as_ref()?;
        delegations.roles.iter().find(|role| role.name == namespace)
    }

    /// Whether the keys at hand sign what every change needs: the snapshot and the timestamp.
    pub(super) fn can_publish(&self, ring: &KeyRing) -> bool {
        [RoleType::Snapshot, RoleType::Timestamp].into_iter().all(|role| {
            self.role_keys(role)
                .is_ok_and(|keys| ring.among(&keys.keyids).len() as u64 >= keys.threshold.get())
        })
    }

    /// Whether the keys at hand sign a namespace's role, the owner's among them.
    pub(super) fn can_sign(&self, namespace: &str, ring: &KeyRing) -> bool {
        self.delegation(namespace)
            .is_some_and(|role| ring.among(&role.keyids).len() as u64 >= role.threshold.get())
    }

    /// Sets who may sign a namespace's role: some publishers' keys, and those of the role `targets`.
    pub(super) fn delegate(&mut self, namespace: &str, publishers: &[PublicKey]) -> Result<()> {
        let path = PathPattern::new(format!("{namespace}/*/*")).map_err(MarketError::refused)?;
        let owners = self.role_public(RoleType::Targets)?;
        let mut delegations = self.delegations();
        let mut keyids: Vec<KeyId> = Vec::new();
        for key in publishers.iter().chain(&owners) {
            let id = key_id(key);
            if !keyids.contains(&id) {
                delegations.keys.insert(id.clone(), record_of(key));
                keyids.push(id);
            }
        }
        let role = DelegatedRole {
            name: namespace.to_owned(),
            keyids,
            threshold: FIRST,
            paths: PathSet::Paths(vec![path]),
            terminating: true,
            targets: None,
        };
        match delegations.roles.iter_mut().find(|known| known.name == namespace) {
            Some(known) => *known = role,
            None => delegations.roles.push(role),
        }
        let roles = &delegations.roles;
        let in_use = |id: &KeyId| roles.iter().any(|role| role.keyids.contains(id));
        delegations.keys.retain(|id, _| in_use(id));
        self.targets.change().delegations = Some(delegations);
        let now = self.now;
        self.namespaces.entry(namespace.to_owned()).or_insert_with(|| TargetsDraft::empty(now));
        Ok(())
    }

    /// The publishers' keys of a namespace: those that are not the owner's.
    pub(super) fn publishers(&self, namespace: &str) -> Result<Vec<PublicKey>> {
        let owners = self.role_public(RoleType::Targets)?;
        let delegations = self.delegations();
        let listed = self.delegation(namespace).map(|role| role.keyids.clone()).unwrap_or_default();
        let mut keys = public_keys(&listed, &delegations.keys);
        keys.retain(|key| !owners.contains(key));
        Ok(keys)
    }

    /// Signs what was changed, and everything that leads to it. Gives all files of the catalogue.
    ///
    /// # Errors
    /// When keys are missing.
    pub(super) fn finish(mut self, ring: &KeyRing) -> Result<Files> {
        let mut files = std::mem::take(&mut self.roots);
        self.sign_root(ring, &mut files)?;
        let mut meta = HashMap::new();
        if self.needs_signing(RoleType::Targets, &self.targets)? {
            self.targets.change();
        }
        let keys = self.role_keys(RoleType::Targets)?.clone();
        let bytes = signed_targets(&self.targets, self.now, TARGETS, &keys, ring)?;
        meta.insert(TARGETS.to_owned(), metafile(self.targets.role.version, &bytes));
        files.insert(TARGETS.to_owned(), bytes);
        let delegations = self.delegations();
        for (name, mut draft) in std::mem::take(&mut self.namespaces) {
            let Some(role) = delegations.roles.iter().find(|role| role.name == name) else {
                continue;
            };
            let file = namespace_file(&name);
            if let Some(bytes) = &draft.file
                && delegations.verify_role(&read(&file, bytes)?, &name).is_err()
            {
                draft.change();
            }
            let bytes = signed_targets(&draft, self.now, &name, &role.keys(), ring)?;
            meta.insert(file.clone(), metafile(draft.role.version, &bytes));
            files.insert(file, bytes);
        }
        let snapshot = self.sign_snapshot(meta, ring)?;
        self.sign_timestamp(&snapshot, ring, &mut files)?;
        Ok(files)
    }

    /// Whether a role is not signed by the keys that its root names now.
    fn needs_signing(&self, role: RoleType, draft: &TargetsDraft) -> Result<bool> {
        let Some(bytes) = &draft.file else { return Ok(false) };
        let signed: Signed<Targets> = read(&role.to_string(), bytes)?;
        Ok(self.root().verify_role(&signed).is_err())
    }

    fn sign_root(&mut self, ring: &KeyRing, files: &mut Files) -> Result<()> {
        let Some(mut root) = self.new_root.take() else { return Ok(()) };
        root.expires = expires_at(self.now, ROOT_SECONDS);
        let before = self.root.as_ref();
        let listed = |root: &Root| {
            root.roles.get(&RoleType::Root).map(|keys| keys.keyids.clone()).unwrap_or_default()
        };
        let mut keyids = listed(&root);
        keyids.extend(before.map(|before| listed(&before.signed)).unwrap_or_default());
        let name = root_file(root.version.get());
        let bytes = write(root, &ring.among(&keyids));
        let signed: Signed<Root> = read(&name, &bytes)?;
        check_root_follows(before.unwrap_or(&signed), &signed)?;
        files.insert(name, bytes);
        self.root = Some(signed);
        Ok(())
    }

    /// The snapshot's file with its version: as it was where it says the same and lasts.
    fn sign_snapshot(
        &mut self,
        meta: HashMap<String, tough::schema::Metafile>,
        ring: &KeyRing,
    ) -> Result<(NonZeroU64, Vec<u8>)> {
        let lasts = Instant(self.now.0 + SNAPSHOT_SECONDS_LEFT);
        if let Some(known) = &self.snapshot
            && known.signed.meta == meta
            && is_good(known, lasts)
            && self.root().verify_role(known).is_ok()
        {
            let file = snapshot_bytes(known);
            return Ok((known.signed.version, file));
        }
        let version = self.snapshot.as_ref().map_or(FIRST, |known| next(known.signed.version));
        let expires = expires_at(self.now, SNAPSHOT_SECONDS);
        let mut snapshot = Snapshot::new(SPECIFICATION.to_owned(), version, expires);
        snapshot.meta = meta;
        let keys = self.role_keys(RoleType::Snapshot)?;
        let signers = signers(ring, "snapshot", keys)?;
        Ok((version, write(snapshot, &signers)))
    }

    fn sign_timestamp(
        &mut self,
        (snapshot_version, snapshot): &(NonZeroU64, Vec<u8>),
        ring: &KeyRing,
        files: &mut Files,
    ) -> Result<()> {
        let version = self.timestamp.as_ref().map_or(FIRST, |known| next(known.signed.version));
        let expires = expires_at(self.now, TIMESTAMP_SECONDS);
        let mut timestamp = Timestamp::new(SPECIFICATION.to_owned(), version, expires);
        timestamp.meta.insert(SNAPSHOT.to_owned(), metafile(*snapshot_version, snapshot));
        let keys = self.role_keys(RoleType::Timestamp)?;
        let bytes = write(timestamp, &signers(ring, "timestamp", keys)?);
        files.insert(SNAPSHOT.to_owned(), snapshot.clone());
        files.insert(TIMESTAMP.to_owned(), bytes);
        Ok(())
    }

    /// Roles that are signed by this and end soon, in seconds from now, are to be signed anew.
    pub(super) fn ends_within<T: Role>(&self, role: &T, seconds: u64) -> bool {
        instant_of(role.expires()).0 < self.now.0.saturating_add(seconds)
    }
}

/// The bytes of a snapshot that was signed before: its file is what `write` makes of it.
fn snapshot_bytes(known: &Signed<Snapshot>) -> Vec<u8> {
    let mut value = serde_json::to_value(known).expect("a role can be written");
    value.sort_all_objects();
    serde_json::to_vec(&value).expect("a value can be written")
}

/// The file of a role of targets: as it is, or signed now.
pub(super) fn signed_targets(
    draft: &TargetsDraft,
    now: Instant,
    name: &str,
    keys: &RoleKeys,
    ring: &KeyRing,
) -> Result<Vec<u8>> {
    if let Some(file) = &draft.file
        && !draft.has_changed()
    {
        return Ok(file.clone());
    }
    let role = Targets { expires: expires_at(now, TARGETS_SECONDS), ..draft.role.clone() };
    let bytes = write(role, &signers(ring, name, keys)?);
    match bytes.len() as u64 > super::TARGETS_BYTES_MAX {
        true => Err(MarketError::refused(format!(
            "the role `{name}` would have {} bytes, and at most {} are read; publish further plugins \
             in another namespace",
            bytes.len(),
            super::TARGETS_BYTES_MAX
        ))),
        false => Ok(bytes),
    }
}

/// The keys at hand that sign a role.
fn signers<'a>(ring: &'a KeyRing, role: &str, keys: &RoleKeys) -> Result<Vec<Signer<'a>>> {
    let signers = ring.among(&keys.keyids);
    let (has, needs) = (signers.len() as u64, keys.threshold.get());
    match has >= needs {
        true => Ok(signers),
        false => Err(MarketError::refused(format!(
            "`{role}` must be signed by {needs} of its {} keys, and {has} of them are at hand; \
             nothing is changed\n  fix: name the folder that has them by --keys; `timeslip plugin \
             registry status` names the keys",
            keys.keyids.len()
        ))),
    }
}
