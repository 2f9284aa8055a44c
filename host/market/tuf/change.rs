//! Changing a catalogue: what is there is read and verified, changed, signed, and pushed under the tag.
//!
//! In a folder, writers take turns by a lock. A server has no such thing, and lets whoever comes last
//! have the tag; so publishers leave a submission first, and every writer goes round again until the
//! catalogue has all submissions that there are. Whoever pushed last has looked for them after that, so
//! the catalogue in the end has everything that was submitted before, and who submits later pushes later.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::draft::Draft;
use super::kept::{Kept, refused, start};
use super::keys::KeyRing;
use super::layers::{LATEST, Layers, SIGNED_TYPE, fetch, latest, push};
use super::submission::{Taken, pending, take_in};
use super::verify::{Verified, verify};
use crate::catalogue::copy_folder;
use crate::digest::Digest;
use crate::error::{MarketError, Result};
use crate::instant::Instant;
use crate::registry::{Registry, Repository};

/// How often a writer goes round, and how long it waits after the first time; the second time twice
/// that, and so on up to the longest wait.
const TRIES: u32 = 40;
const FIRST_WAIT: Duration = Duration::from_millis(20);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Somebody who changes a signed catalogue.
#[derive(Debug)]
pub struct Editor<'a> {
    /// The registry.
    pub registry: &'a Registry,
    /// Where copies of catalogues are kept.
    pub copies: &'a Path,
    /// The digest of a root that is trusted, if trust.toml pins one for this registry.
    pub pin: Option<&'a Digest>,
    /// The keys at hand.
    pub ring: &'a KeyRing,
    /// Now.
    pub now: Instant,
}

/// What a change has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The digest of the catalogue's manifest.
    pub catalogue: Digest,
    /// The tags of submissions that were taken in.
    pub taken: Vec<String>,
    /// The tags of submissions that could not be, and why.
    pub left: Vec<(String, String)>,
}

impl Editor<'_> {
    pub(super) fn kept(&self) -> Kept {
        Kept::of(&copy_folder(self.copies, &self.registry.place()))
    }

    /// The catalogue as it is, verified. It may have expired, since it is about to be signed anew.
    pub(super) fn open(&self) -> Result<(Layers, Verified)> {
        let place = self.registry.place();
        let Some(layers) = latest(self.registry)? else {
            return Err(MarketError::refused(format!(
                "the catalogue of {place} is not signed\n  fix: its owner runs `timeslip plugin \
                 registry init {place} --keys FOLDER`"
            )));
        };
        let known = self.kept().read()?;
        let (files, _) = fetch(self.registry, &layers, &known)?;
        let verified = start(known, &files, self.pin)
            .and_then(|(root, last)| verify(&root, &last, files))
            .map_err(|error| refused(&place, error))?;
        Ok((layers, verified))
    }

    /// Changes the catalogue, with every submission that verifies.
    pub(super) fn change(&self, edit: &dyn Fn(&mut Draft) -> Result<()>) -> Result<Outcome> {
        self.change_from(None, edit)
    }

    /// The same, where the catalogue was read before: it is not verified once more if it is still the
    /// same.
    pub(super) fn change_from(
        &self,
        mut opened: Option<(Layers, Verified)>,
        edit: &dyn Fn(&mut Draft) -> Result<()>,
    ) -> Result<Outcome> {
        let _turn = self.registry.turn(&Repository::catalogue())?;
        let kept = self.kept();
        let mut settled = kept.settled()?;
        let (mut taken, mut wait) = (Vec::new(), FIRST_WAIT);
        for _ in 0..TRIES {
            let now_there = latest(self.registry)?;
            let (layers, verified) = match opened.take() {
                Some((layers, verified)) if now_there.as_ref() == Some(&layers) => {
                    (layers, verified)
                }
                _ => self.open()?,
            };
            let mut draft = Draft::of(verified, self.now);
            edit(&mut draft)?;
            let round = self.take_submissions(&mut draft, &mut settled)?;
            taken.extend(round.taken);
            let changed = draft.clone();
            let files = draft.finish(self.ring)?;
            let pushed = push(self.registry, &files, SIGNED_TYPE, LATEST, Some(&layers))?;
            if self.has_settled(&pushed, changed, &mut settled)? {
                kept.write_settled(&settled)?;
                return Ok(Outcome { catalogue: pushed, taken, left: round.left });
            }
            std::thread::sleep(wait);
            wait = (wait * 2).min(LONGEST_WAIT);
        }
        Err(MarketError::failed(format!(
            "{}: others changed the catalogue {TRIES} times meanwhile; what was submitted stays \
             submitted\n  fix: try again",
            self.registry
        )))
    }

    /// Whether a catalogue that was pushed is still there, and has all submissions that there are.
    fn has_settled(
        &self,
        pushed: &Digest,
        mut changed: Draft,
        settled: &mut BTreeSet<String>,
    ) -> Result<bool> {
        if self.registry.is_folder() {
            return Ok(true);
        }
        if latest(self.registry)?.is_none_or(|layers| layers.digest != *pushed) {
            return Ok(false);
        }
        Ok(self.take_submissions(&mut changed, settled)?.taken.is_empty())
    }

    fn take_submissions(&self, draft: &mut Draft, settled: &mut BTreeSet<String>) -> Result<Round> {
        let mut round = Round::default();
        for submission in pending(self.registry, draft, settled)? {
            let tag = submission.tag.clone();
            match take_in(draft, submission, self.ring) {
                Taken::Before => {
                    settled.insert(tag);
                }
                Taken::Now => round.taken.push(tag),
                Taken::Refused(why) => round.left.push((tag, why)),
            }
        }
        Ok(round)
    }
}

#[derive(Default)]
struct Round {
    taken: Vec<String>,
    left: Vec<(String, String)>,
}
