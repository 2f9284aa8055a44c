//! Reading a signed catalogue: the client's workflow (section 5 of the specification), done by `tough`,
//! and what it leaves to its caller.
//!
//! `tough` takes the computer's own clock, and ends with the first role that has expired. Here the
//! instant is given, and a namespace whose publisher has not signed for long lapses alone, as section
//! 5.6.7 has it: the targets of that role cannot be found. So expiry is checked here, for every role.

use std::collections::BTreeMap;

use tough::schema::{PathSet, Role, RoleType, Root, Signed, Snapshot, Targets, Timestamp};
use tough::{ExpirationEnforcement, Limits, Repository, RepositoryLoader, TargetName};

use super::layers::check_namespace;
use super::metadata::{
    Files, SNAPSHOT, TARGETS, TIMESTAMP, instant_of, namespace_file, newest_root, read,
    root_version,
};
use super::transport::MemoryTransport;
use super::{
    ROOT_BYTES_MAX, ROOTS_MAX, SNAPSHOT_BYTES_MAX, TARGETS_BYTES_MAX, TIMESTAMP_BYTES_MAX,
};
use crate::digest::Digest;
use crate::error::{MarketError, Result};
use crate::files::cannot;
use crate::instant::Instant;

/// A catalogue whose signatures, versions and digests hold. Whether it has expired is asked of it.
#[derive(Clone, Debug)]
pub(crate) struct Verified {
    pub(super) root: Signed<Root>,
    pub(super) timestamp: Signed<Timestamp>,
    pub(super) snapshot: Signed<Snapshot>,
    pub(crate) targets: Signed<Targets>,
    /// The roles of namespaces.
    pub(crate) namespaces: BTreeMap<String, Signed<Targets>>,
    /// The files that all of it was read from.
    pub(crate) files: Files,
}

/// The root that trust begins with where nothing was seen before: the one that is pinned, else the
/// first of the chain.
///
/// # Errors
/// When the chain has no such root.
pub(crate) fn first_root<'a>(files: &'a Files, pin: Option<&Digest>) -> Result<&'a [u8]> {
    let mut roots = files.iter().filter(|(name, _)| root_version(name).is_some());
    match pin {
        Some(pin) => roots
            .find(|(_, bytes)| Digest::of(bytes) == *pin)
            .map(|(_, bytes)| &**bytes)
            .ok_or_else(|| {
                MarketError::refused(format!(
                    "none of its roots is {pin}, which trust.toml pins for it: it is somebody \
                         else's catalogue, or the pin is wrong"
                ))
            }),
        None => files
            .get("1.root.json")
            .map(Vec::as_slice)
            .ok_or_else(|| MarketError::refused("it has no 1.root.json, with which trust begins")),
    }
}

/// Verifies the files of a catalogue, beginning with a root that is trusted, against the files that
/// were verified last (none the first time).
///
/// # Errors
/// When a signature, a version, a digest or a path is not as it must be. Nothing is kept then.
pub(crate) fn verify(trusted_root: &[u8], last: &Files, files: Files) -> Result<Verified> {
    let datastore = tempfile::tempdir()
        .map_err(|error| cannot("make a folder in", &std::env::temp_dir(), &error))?;
    for name in [TIMESTAMP, SNAPSHOT] {
        let Some(bytes) = last.get(name) else { continue };
        let path = datastore.path().join(name);
        std::fs::write(&path, bytes).map_err(|error| cannot("write", &path, &error))?;
    }
    let loader =
        RepositoryLoader::new(&trusted_root, MemoryTransport::base(), MemoryTransport::base())
            .transport(MemoryTransport::new(files.clone()))
            .limits(Limits {
                max_root_size: ROOT_BYTES_MAX,
                max_targets_size: TARGETS_BYTES_MAX,
                max_timestamp_size: TIMESTAMP_BYTES_MAX,
                max_snapshot_size: SNAPSHOT_BYTES_MAX,
                max_root_updates: ROOTS_MAX,
            })
            .datastore(datastore.path())
            .expiration_enforcement(ExpirationEnforcement::Unsafe);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|error| MarketError::failed(format!("cannot read metadata: {error}")))?;
    let repository = runtime.block_on(loader.load()).map_err(|error| refusal(&error, &files))?;
    verified(&repository, files)
}

/// What `tough` has verified, with what it leaves to be checked: every delegation is one of ours.
fn verified(repository: &Repository, files: Files) -> Result<Verified> {
    let mut targets = repository.targets().clone();
    let mut namespaces = BTreeMap::new();
    for role in targets.signed.delegations.iter_mut().flat_map(|all| &mut all.roles) {
        check_namespace(&role.name)?;
        let wrong = |problem: &str| {
            MarketError::refused(format!("its delegation to `{}` {problem}", role.name))
        };
        if !role.terminating || !is_own_path(&role.name, &role.paths) {
            return Err(wrong("is not of that namespace's paths alone"));
        }
        // `tough` leaves roles out that the snapshot does not list, and with one of them all others.
        let Some(signed) = role.targets.take() else {
            return Err(wrong("leads to a file that its snapshot does not list"));
        };
        // `tough` asks whether a target is in a namespace that somebody may sign, and not whose.
        let is_own = |target: &&TargetName| target.raw().starts_with(&format!("{}/", role.name));
        if let Some(other) = signed.signed.targets.keys().find(|target| !is_own(target)) {
            let other = other.raw().escape_debug();
            return Err(wrong(&format!("is used for the target {other}, which is not in it")));
        }
        let delegates = signed.signed.delegations.as_ref();
        if delegates.is_some_and(|delegations| !delegations.roles.is_empty()) {
            return Err(wrong("is handed on, which a namespace may not do"));
        }
        namespaces.insert(role.name.clone(), signed);
    }
    Ok(Verified {
        root: repository.root().clone(),
        timestamp: repository.timestamp().clone(),
        snapshot: repository.snapshot().clone(),
        targets,
        namespaces,
        files,
    })
}

fn is_own_path(namespace: &str, paths: &PathSet) -> bool {
    match paths {
        PathSet::Paths(paths) => {
            matches!(paths.as_slice(), [one] if one.value() == format!("{namespace}/*/*"))
        }
        PathSet::PathHashPrefixes(_) => false,
    }
}

impl Verified {
    /// Until when all of it is good, and the role that ends first. Namespaces are not looked at.
    pub(crate) fn expires(&self) -> (Instant, &'static str) {
        let roles = [
            (instant_of(self.root.signed.expires), "root"),
            (instant_of(self.timestamp.signed.expires), "timestamp"),
            (instant_of(self.snapshot.signed.expires), "snapshot"),
            (instant_of(self.targets.signed.expires), "targets"),
        ];
        roles.into_iter().min_by_key(|(at, _)| *at).expect("there are four")
    }

    /// Until when each namespace's role is good.
    pub(crate) fn namespace_expiries(&self) -> BTreeMap<String, Instant> {
        let of = |(name, role): (&String, &Signed<Targets>)| {
            (name.clone(), instant_of(role.signed.expires))
        };
        self.namespaces.iter().map(of).collect()
    }

    /// The version of the newest root.
    pub(crate) fn root_version(&self) -> u64 {
        self.root.signed.version.get()
    }
}

/// Why `tough` refuses a catalogue, as the attack that it may be.
fn refusal(error: &tough::error::Error, files: &Files) -> MarketError {
    use tough::error::Error;
    let causes = chain_text(error);
    MarketError::refused(match error {
        Error::OlderMetadata { role: RoleType::Root, .. } => {
            format!("its chain of roots has a gap, or one of them twice: {causes}")
        }
        Error::OlderMetadata { .. }
        | Error::OlderSnapshotInTimestamp { .. }
        | Error::SnapshotRoleRollback { .. } => {
            format!("it is older than what was seen there before (a rollback): {causes}")
        }
        Error::SnapshotRoleMissing { .. } => {
            format!("it leaves out a role that it had before (a rollback): {causes}")
        }
        Error::VerifyMetadata { role: RoleType::Targets, .. } => {
            let role = unsigned_role(files).unwrap_or_else(|| "targets".to_owned());
            format!("its role `{role}` is not signed by the keys that may sign it: {causes}")
        }
        Error::VerifyMetadata { role, .. } => {
            format!("its role `{role}` is not signed by the keys that may sign it: {causes}")
        }
        Error::VerifyTrustedMetadata { .. } => {
            format!("its first root is not signed by its own keys: {causes}")
        }
        Error::VersionMismatch { .. } => {
            format!("its files are of several versions (mix and match): {causes}")
        }
        Error::Transport { .. } if causes.contains("mismatch") => {
            format!("its files are of several versions (mix and match): {causes}")
        }
        Error::Transport { .. } if causes.contains("exceeded") => {
            format!("one of its files has more bytes than were announced: {causes}")
        }
        Error::InvalidPath { .. } => {
            format!("a namespace's role has a target that is not in its namespace: {causes}")
        }
        _ => causes,
    })
}

/// An error with its causes, none of them twice.
fn chain_text(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !text.contains(&said) {
            text.push_str(&format!(": {said}"));
        }
        cause = inner.source();
    }
    text.escape_debug().to_string()
}

/// The first of the roles below the root that is not signed as it must be.
fn unsigned_role(files: &Files) -> Option<String> {
    let (_, root) = newest_root(files)?;
    let root: Signed<Root> = read("root", root).ok()?;
    let targets: Signed<Targets> = read(TARGETS, files.get(TARGETS)?).ok()?;
    if root.signed.verify_role(&targets).is_err() {
        return Some("targets".to_owned());
    }
    let delegations = targets.signed.delegations?;
    let is_unsigned = |name: &&String| {
        let file = namespace_file(name);
        let role = files.get(&file).and_then(|bytes| read::<Targets>(&file, bytes).ok());
        role.is_some_and(|role| delegations.verify_role(&role, name).is_err())
    };
    delegations.roles.iter().map(|role| &role.name).find(is_unsigned).cloned()
}

/// Whether a role is good at an instant.
pub(super) fn is_good<T: Role>(role: &Signed<T>, now: Instant) -> bool {
    instant_of(role.signed.expires()) >= now
}
