//! What publishers leave who cannot publish alone: a namespace's role, signed by them, with what it is
//! to have. Each has a tag of its own, so that those who come at once take nothing from each other.

use std::collections::BTreeSet;

use tough::schema::{Signed, Target, Targets};

use super::draft::{Draft, TargetsDraft};
use super::entries::{entry_of, statements_of};
use super::keys::KeyRing;
use super::layers::{Layers, SUBMISSION_TYPE, fetch, push};
use super::metadata::{Files, namespace_file, read};
use super::verify::is_good;
use crate::catalogue::StatusBy;
use crate::digest::Digest;
use crate::error::{MarketError, Result};
use crate::oci::Manifest;
use crate::registry::{Registry, Repository};

/// What tags of submissions begin with.
const TAG: &str = "submitted-";

/// Submissions that are older than a namespace's role by more versions than this are not looked at
/// any more: whoever signed a later version has taken them in long ago.
const VERSIONS_BACK: u64 = 100;

/// A submission as its registry has it. Nobody has verified it.
#[derive(Debug)]
pub(super) struct Submission {
    pub(super) tag: String,
    pub(super) namespace: String,
    role: Signed<Targets>,
    file: Vec<u8>,
}

/// What became of a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// The catalogue has everything of it already.
    Before,
    /// It is in the draft.
    Now,
    /// It cannot be taken in, and why.
    Refused(String),
}

/// Leaves a namespace's role. Gives the tag.
pub(super) fn leave(registry: &Registry, namespace: &str, file: Vec<u8>) -> Result<String> {
    let version = read::<Targets>(namespace, &file)?.signed.version;
    let digest = Digest::of(&file);
    let tag = format!("{TAG}{namespace}-{version}-{}", &digest.hex()[..16]);
    let files = Files::from([(namespace_file(namespace), file)]);
    push(registry, &files, SUBMISSION_TYPE, &tag, None)?;
    Ok(tag)
}

/// The namespace and the version that a tag names.
fn parts(tag: &str) -> Option<(&str, u64)> {
    let (rest, _) = tag.strip_prefix(TAG)?.rsplit_once('-')?;
    let (namespace, version) = rest.rsplit_once('-')?;
    Some((namespace, version.parse().ok()?))
}

/// The submissions to a catalogue that may not be in it yet. Those in `settled` are known to be.
pub(super) fn pending(
    registry: &Registry,
    draft: &Draft,
    settled: &BTreeSet<String>,
) -> Result<Vec<Submission>> {
    let mut tags = registry.tags(&Repository::catalogue())?;
    tags.sort();
    let mut submissions = Vec::new();
    for tag in tags.into_iter().filter(|tag| !settled.contains(tag)) {
        let Some((namespace, version)) = parts(&tag) else { continue };
        let current = draft.namespaces.get(namespace).map(|role| role.role.version.get());
        if current.is_some_and(|current| version.saturating_add(VERSIONS_BACK) > current) {
            submissions.extend(of_tag(registry, namespace, &tag)?);
        }
    }
    Ok(submissions)
}

/// The submission under a tag; none where what is there is none, which is not the others' fault.
fn of_tag(registry: &Registry, namespace: &str, tag: &str) -> Result<Option<Submission>> {
    let Some((digest, manifest)) = registry.tagged(&Repository::catalogue(), tag)? else {
        return Ok(None);
    };
    let layers =
        Manifest::parse(&manifest).and_then(|manifest| Layers::of_submission(digest, manifest));
    let Ok(layers) = layers else { return Ok(None) };
    let file = namespace_file(namespace);
    let (mut files, _) = fetch(registry, &layers, &Files::new())?;
    let Some(bytes) = files.remove(&file) else { return Ok(None) };
    let Ok(role) = read::<Targets>(&file, &bytes) else { return Ok(None) };
    let (tag, namespace) = (tag.to_owned(), namespace.to_owned());
    Ok(Some(Submission { tag, namespace, role, file: bytes }))
}

/// Takes a submission into a draft, once it is verified against the delegation.
pub(super) fn take_in(draft: &mut Draft, submission: Submission, ring: &KeyRing) -> Taken {
    match check(draft, &submission) {
        Ok(()) => {}
        Err(error) => return Taken::Refused(error.to_string()),
    }
    let can_sign = draft.can_sign(&submission.namespace, ring);
    let Some(current) = draft.namespaces.get_mut(&submission.namespace) else {
        return Taken::Refused("it is not delegated to anybody".to_owned());
    };
    let merged = match union(&current.role, &submission.role.signed) {
        Ok(None) => return Taken::Before,
        Ok(Some(merged)) => merged,
        Err(error) => return Taken::Refused(error.to_string()),
    };
    if can_sign {
        current.change().targets = merged.targets;
        return Taken::Now;
    }
    let is_newer = submission.role.signed.version > current.role.version;
    match is_newer && merged.targets == submission.role.signed.targets {
        true => {
            *current = TargetsDraft::signed(submission.role.signed, submission.file);
            Taken::Now
        }
        false => Taken::Refused(
            "it was signed before what the catalogue has now, and without it\n  fix: its publisher \
             publishes once more"
                .to_owned(),
        ),
    }
}

/// Holds a submission against the delegation, and its targets against the namespace.
pub(super) fn check(draft: &Draft, submission: &Submission) -> Result<()> {
    let Submission { namespace, role, .. } = submission;
    draft.delegations().verify_role(role, namespace).map_err(|error| {
        MarketError::refused(format!("it is not signed by a key of `{namespace}`: {error}"))
    })?;
    if !is_good(role, draft.now) {
        return Err(MarketError::refused("it has expired"));
    }
    if role.signed.delegations.as_ref().is_some_and(|delegations| !delegations.roles.is_empty()) {
        return Err(MarketError::refused("it hands its namespace on, which it may not do"));
    }
    for statement in statements_of(&role.signed, StatusBy::Publisher)? {
        let name = statement.entry.name;
        if name.namespace() != namespace {
            return Err(MarketError::refused(format!("it has {name}, which is not its own")));
        }
    }
    Ok(())
}

impl Submission {
    /// The role, once [`check`] has passed.
    pub(super) fn role(&self) -> &Targets {
        &self.role.signed
    }
}

/// One role with what another has beyond it; none if that is nothing. Of two statuses of a version the
/// later one is taken.
pub(super) fn union(one: &Targets, other: &Targets) -> Result<Option<Targets>> {
    let mut merged = one.clone();
    let mut has_changed = false;
    for (name, target) in &other.targets {
        let is_news = match one.targets.get(name) {
            None => true,
            Some(known) if known.hashes != target.hashes => {
                return Err(MarketError::refused(format!(
                    "it has other contents for {}, which is published already",
                    name.raw().escape_debug()
                )));
            }
            Some(known) => status_instant(name, target)? > status_instant(name, known)?,
        };
        if is_news {
            merged.targets.insert(name.clone(), target.clone());
            has_changed = true;
        }
    }
    Ok(has_changed.then_some(merged))
}

fn status_instant(name: &tough::TargetName, target: &Target) -> Result<u64> {
    let note = entry_of(name, target)?.status_note;
    Ok(note.map_or(0, |note| note.at.0))
}
