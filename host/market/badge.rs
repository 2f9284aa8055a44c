//! What a badge says: how fast and how dear a plugin's suite runs on one modelled machine.
//!
//! Runs are in virtual time, so that whoever has the same suite, plugin, machine and host version gets
//! the same figures to the bit. Figures of different machines are never ranked against each other.

use std::collections::BTreeSet;
use std::fmt;

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::catalogue::Entry;
use crate::digest::Digest;
use crate::error::{MarketError, Result};
use crate::keys::PublicKey;
use crate::name::PluginName;
use crate::statements::Statements;
use crate::trust::Trust;

/// The type of the statement's predicate.
pub const BADGE_PREDICATE: &str = "urn:timeslip:benchmark:v1";

/// The longest name of a suite, a machine, a model or a version, in bytes.
const NAME_MAX: usize = 256;

/// A median and a 95th percentile (nearest rank) over a suite's sessions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spread {
    /// The median.
    pub median: f64,
    /// The 95th percentile.
    pub p95: f64,
}

/// One suite on one machine. What is not known is left out, never 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Badge {
    /// The plugin.
    pub plugin: PluginName,
    /// Its version.
    #[serde(with = "crate::name::version_text")]
    pub version: Version,
    /// The digest of its OCI manifest, which is the statement's subject too.
    pub manifest: Digest,
    /// The suite's name.
    pub suite: String,
    /// The digest of the suite: of its bench and of every file that the bench names.
    pub suite_digest: Digest,
    /// The machine, as `--on` names it.
    pub machine: String,
    /// The digest of the machine with the model placed on it: of the profiles of both.
    pub machine_digest: Digest,
    /// The model.
    pub model: String,
    /// The version of the program that ran it.
    pub host_version: String,
    /// The digest of the slip that the figures are of.
    pub slip_digest: Digest,
    /// Whether any figure rests on an estimate rather than on a measurement or a datasheet.
    pub is_estimate: bool,
    /// Sessions that were run.
    pub sessions: u64,
    /// Seconds a task takes.
    pub task_seconds: Spread,
    /// Output tokens per second and user while decoding.
    pub tokens_per_second: Option<Spread>,
    /// Seconds to the first token of an answer.
    pub first_token_seconds: Option<Spread>,
    /// Joules a task.
    pub task_joules: Option<Spread>,
    /// US dollars a task.
    pub task_dollars: Option<Spread>,
}

impl Spread {
    /// The spread of some values; none where there are none.
    pub fn of(mut values: Vec<f64>) -> Option<Spread> {
        values.sort_by(f64::total_cmp);
        let nearest_rank = |percent: usize| {
            let rank = (values.len() * percent).div_ceil(100).max(1);
            values.get(rank - 1).copied()
        };
        Some(Spread { median: nearest_rank(50)?, p95: nearest_rank(95)? })
    }
}

impl Badge {
    /// Holds the badge against the version that it is attached to.
    ///
    /// # Errors
    /// When it is about another one.
    pub fn check_is_of(&self, entry: &Entry) -> Result<()> {
        let is_of = self.plugin == entry.name
            && self.version == entry.version
            && self.manifest == entry.manifest;
        match is_of {
            true => Ok(()),
            false => Err(MarketError::refused(format!(
                "a badge is of {}@{} ({}), and attached to {}@{} ({})",
                self.plugin, self.version, self.manifest, entry.name, entry.version, entry.manifest
            ))),
        }
    }

    /// Whether its names can be shown: whoever signs a badge writes them.
    fn is_plain(&self) -> bool {
        [&self.suite, &self.machine, &self.model, &self.host_version]
            .iter()
            .all(|name| name.len() <= NAME_MAX && !name.chars().any(char::is_control))
    }

    /// Holds the badge against what the same suite gives here and now.
    ///
    /// # Errors
    /// When it was made on another machine of the same name, is stale, or has other figures.
    pub fn check_reproduced(&self, here: &Badge) -> Result<()> {
        let what = format!("{} on {}", self.suite, self.machine);
        let differs = |which: &str, said: &dyn fmt::Display, found: &dyn fmt::Display| {
            Err(MarketError::refused(format!(
                "{what}: {which}: the badge has {said}, and here it is {found}"
            )))
        };
        if (&self.machine, &self.model) != (&here.machine, &here.model)
            || self.machine_digest != here.machine_digest
        {
            return differs("other hardware", &self.machine_digest, &here.machine_digest);
        }
        if self.host_version != here.host_version {
            return differs(
                "stale, made by another version of timeslip",
                &self.host_version,
                &here.host_version,
            );
        }
        if self.suite_digest != here.suite_digest {
            return differs(
                "stale, made with another suite",
                &self.suite_digest,
                &here.suite_digest,
            );
        }
        match self == here {
            true => Ok(()),
            false => differs(
                "its figures are not those of this run, so it is wrong or forged",
                &self.slip_digest,
                &here.slip_digest,
            ),
        }
    }
}

/// The badges among the statements of a version, each once, with how far it is to be believed. Those
/// of another version, and what is no badge, are left out.
///
/// Anybody can make any number of keys, so that a key counts for something only where it is a
/// publisher's of this version, or `trust` names it.
pub fn badges_of(
    statements: &Statements,
    entry: &Entry,
    publishers: &[PublicKey],
    trust: &Trust,
) -> Vec<(Badge, Level)> {
    let mut found: Vec<(Badge, BTreeSet<&PublicKey>)> = Vec::new();
    for signed in &statements.held {
        let is_badge = signed.statement.predicate_type == BADGE_PREDICATE;
        let badge = is_badge
            .then(|| serde_json::from_value::<Badge>(signed.statement.predicate.clone()).ok())
            .flatten()
            .filter(|badge| badge.check_is_of(entry).is_ok() && badge.is_plain());
        let Some(badge) = badge else { continue };
        match found.iter_mut().find(|(known, _)| *known == badge) {
            Some((_, signers)) => _ = signers.insert(&signed.signer),
            None => found.push((badge, BTreeSet::from([&signed.signer]))),
        }
    }
    let level = |signers: BTreeSet<&PublicKey>| {
        // Nobody reproduces or measures what is their own.
        let is_other = |key: &&&PublicKey| {
            trust.badge_keys().contains(key)
                && !publishers.contains(key)
                && !trust.registry_keys().contains(key)
        };
        let is_measured = signers
            .iter()
            .any(|key| trust.registry_keys().contains(key) && !publishers.contains(key));
        match u32::try_from(signers.iter().filter(is_other).count()).unwrap_or(u32::MAX) {
            0 if is_measured => Level::Measured,
            0 if signers.iter().any(|key| publishers.contains(key)) => Level::SelfReported,
            0 => Level::Unvouched,
            others => Level::Reproduced(others),
        }
    };
    found.into_iter().map(|(badge, signers)| (badge, level(signers))).collect()
}

/// How far a badge is to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Keys have signed it of which nothing is known.
    Unvouched,
    /// The publisher's own key has signed it.
    SelfReported,
    /// The registry's key has signed it: one of `registry_keys` in trust.toml.
    Measured,
    /// So many keys that are neither, and that `badge_keys` in trust.toml names, have signed the same
    /// figures.
    Reproduced(u32),
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Level::Unvouched => f.write_str("by keys that nobody here vouches for"),
            Level::SelfReported => f.write_str("self-reported"),
            Level::Measured => f.write_str("measured by the registry"),
            Level::Reproduced(times) => write!(f, "reproduced ×{times}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::{key, packed};
    use crate::statements::{Statement, Subject, sign};

    fn entry() -> Entry {
        Entry::of(&packed("acme:tool", "1.0.0", ""), Digest::of(b"manifest"), None, None)
    }

    fn badge() -> Badge {
        Badge {
            plugin: entry().name,
            version: entry().version,
            manifest: entry().manifest,
            suite: "suite".to_owned(),
            suite_digest: Digest::of(b"suite"),
            machine: "rack".to_owned(),
            machine_digest: Digest::of(b"rack"),
            model: "model".to_owned(),
            host_version: "0.1.0".to_owned(),
            slip_digest: Digest::of(b"slip"),
            is_estimate: true,
            sessions: 2,
            task_seconds: Spread { median: 1.0, p95: 2.0 },
            tokens_per_second: None,
            first_token_seconds: None,
            task_joules: None,
            task_dollars: None,
        }
    }

    fn levels(badges: &[(Badge, u8)]) -> Vec<Level> {
        let bundle = |(badge, by): &(Badge, u8)| {
            let predicate = serde_json::to_value(badge).unwrap();
            let statement = Statement::new(Subject::of(&entry()), BADGE_PREDICATE, predicate);
            sign(&statement, &key(*by)).unwrap()
        };
        let bundles: Vec<Vec<u8>> = badges.iter().map(bundle).collect();
        let statements = Statements::read(&Subject::of(&entry()), &bundles);
        // The publisher would like to be more than that.
        let [own, registry] = [1, 2].map(|number| key(number).public());
        let others = [1, 3, 4].map(|number| format!("{:?}", key(number).public().to_string()));
        let trust = Trust::parse(&format!(
            "registry_keys = [\"{registry}\", \"{own}\"]\nbadge_keys = [{}]\n",
            others.join(", ")
        ));
        let badges = badges_of(&statements, &entry(), &[own], &trust.unwrap());
        badges.into_iter().map(|(_, level)| level).collect()
    }

    #[test]
    fn percentiles_are_values_that_occurred() {
        let spread = |values: &[f64]| Spread::of(values.to_vec());
        assert_eq!(spread(&[]), None);
        assert_eq!(spread(&[3.0]), Some(Spread { median: 3.0, p95: 3.0 }));
        let hundred: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(spread(&hundred), Some(Spread { median: 50.0, p95: 95.0 }));
    }

    #[test]
    fn a_level_says_who_has_signed_and_nobody_measures_himself() {
        let badge = badge();
        assert_eq!(levels(&[(badge.clone(), 1)]), [Level::SelfReported]);
        assert_eq!(levels(&[(badge.clone(), 1), (badge.clone(), 1)]), [Level::SelfReported]);
        assert_eq!(levels(&[(badge.clone(), 1), (badge.clone(), 2)]), [Level::Measured]);
        let several = [(badge.clone(), 1), (badge.clone(), 3), (badge.clone(), 4)];
        assert_eq!(levels(&several), [Level::Reproduced(2)]);
        // Keys that somebody has made for it count for nothing.
        let strangers = [(badge.clone(), 1), (badge.clone(), 5), (badge.clone(), 6)];
        assert_eq!(levels(&strangers), [Level::SelfReported]);
        assert_eq!(levels(&strangers[1..]), [Level::Unvouched]);
        let better = Badge { task_seconds: Spread { median: 0.5, p95: 0.5 }, ..badge.clone() };
        // The figures that are another's come first, since they are sorted by what they say.
        assert_eq!(levels(&[(badge, 3), (better, 1)]), [Level::SelfReported, Level::Reproduced(1)]);
    }

    #[test]
    fn a_badge_of_another_version_or_manifest_does_not_count() {
        let other = Badge { manifest: Digest::of(b"other"), ..badge() };
        assert_eq!(levels(&[(other.clone(), 1)]), []);
        let told = other.check_is_of(&entry()).unwrap_err().to_string();
        assert!(told.contains("and attached to acme:tool@1.0.0"), "{told}");
    }

    #[test]
    fn a_badge_with_names_that_would_write_on_the_screen_does_not_count() {
        for suite in ["\u{1b}[2J", "a\nb", &"a".repeat(NAME_MAX + 1)] {
            assert_eq!(levels(&[(Badge { suite: suite.to_owned(), ..badge() }, 1)]), []);
        }
    }

    #[test]
    fn what_is_not_reproduced_says_why() {
        let told = |other: Badge| badge().check_reproduced(&other).unwrap_err().to_string();
        assert_eq!(badge().check_reproduced(&badge()), Ok(()));
        let rack = Badge { machine_digest: Digest::of(b"faster rack"), ..badge() };
        assert!(told(rack).contains("other hardware"));
        let version = Badge { host_version: "0.2.0".to_owned(), ..badge() };
        assert!(told(version).contains("stale, made by another version of timeslip"));
        let suite = Badge { suite_digest: Digest::of(b"easier suite"), ..badge() };
        assert!(told(suite).contains("stale, made with another suite"));
        let figures = Badge { task_seconds: Spread { median: 0.5, p95: 2.0 }, ..badge() };
        assert!(told(figures).contains("wrong or forged"));
    }
}
