//! What a badge says: how fast and how dear a plugin's suite runs on one modelled machine.
//!
//! Runs are in virtual time, so that whoever has the same suite, plugin, machine and host version gets
//! the same figures to the bit. Figures of different machines are never ranked against each other.

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::name::PluginName;

/// The type of the statement's predicate.
pub const BADGE_PREDICATE: &str = "urn:timeslip:benchmark:v1";

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
    /// The digest of the machine's profile.
    pub machine_digest: Digest,
    /// The model.
    pub model: String,
    /// The digest of the model's profile.
    pub model_digest: Digest,
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

/// How far a badge is to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The publisher's own key has signed it.
    SelfReported,
    /// The registry's key has signed it.
    Measured,
    /// So many keys that are neither have signed the same figures.
    Reproduced(u32),
}
