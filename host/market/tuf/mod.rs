//! The signed catalogue: metadata of The Update Framework (TUF specification 1.0), read with [`tough`].
//!
//! All metadata are layers of one manifest in the repository `catalogue` under the tag `latest`, so that
//! every update is one move of one tag: the chain `1.root.json`, `2.root.json`, … (section 4.3 of the
//! specification), `timestamp.json` (4.6), `snapshot.json` (4.4), `targets.json` (4.5), and
//! `NAMESPACE.json` for each namespace, to which the paths `NAMESPACE/*/*` are delegated. A target is
//! called `namespace/name/version`; its length and digest are those of the version's manifest, and its
//! `custom` holds the [`Entry`](crate::catalogue::Entry).
//!
//! A delegation names the keys of the namespace's publisher and, beside them, those of the role
//! `targets`. These add no power (that role gives and takes delegations), and let the registry's owner
//! set a namespace up before its publisher has signed anything, and keep it alive when a key is lost:
//! a role that no listed key has signed would make the whole catalogue invalid.
//!
//! What the owner says of a version stands in `targets.json` itself, which is searched first
//! (section 5.6.7), so it wins over what the publisher says.
//!
//! Reading is `verify`; writing is a `Editor::change` to a `draft::Draft`. A publisher without the
//! keys of the roles `snapshot` and `timestamp` leaves a `submission`, which whoever has them takes in.

mod change;
mod draft;
mod entries;
mod init;
mod kept;
mod keys;
mod layers;
mod metadata;
mod owner;
mod publisher;
mod report;
mod submission;
mod transport;
mod verify;

pub use change::{Editor, Outcome};
pub use init::{Initialised, RootKeys, init, next_key};
pub use keys::KeyRing;
pub use owner::{Rotated, accept, delegate, refresh, revoke_key, rotate, set_status_as_owner};
pub use publisher::{NewStatus, Published, set_status};
pub use tough::schema::RoleType;

pub use report::{RegistryStatus, RoleStatus, report};

pub(crate) use entries::statements_of;
pub(crate) use kept::{Kept, refused, start};
pub(crate) use layers::{Layers, fetch};
pub(crate) use publisher::{open_to_publish, publish_entry};
pub(crate) use verify::{Verified, verify};

#[cfg(test)]
mod attack_tests;
#[cfg(test)]
mod crash_tests;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod many_tests;
#[cfg(test)]
mod owner_tests;
#[cfg(test)]
mod publisher_tests;
#[cfg(test)]
mod size_attack_tests;
#[cfg(test)]
mod status_tests;
#[cfg(test)]
mod wire_tests;

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// How long each role is good for, in seconds, and from how much left on it is signed anew.
const ROOT_SECONDS: u64 = 365 * DAY;
const ROOT_SECONDS_LEFT: u64 = 90 * DAY;
const TARGETS_SECONDS: u64 = 90 * DAY;
const TARGETS_SECONDS_LEFT: u64 = 30 * DAY;
const SNAPSHOT_SECONDS: u64 = 30 * DAY;
const SNAPSHOT_SECONDS_LEFT: u64 = 10 * DAY;
/// How long somebody may keep newer metadata from a reader without being noticed.
const TIMESTAMP_SECONDS: u64 = 48 * HOUR;

/// The largest file of each role, in bytes. `tough` reads no file of targets above 10 MiB either.
const ROOT_BYTES_MAX: u64 = 256 << 10;
const TIMESTAMP_BYTES_MAX: u64 = 16 << 10;
const SNAPSHOT_BYTES_MAX: u64 = 8 << 20;
const TARGETS_BYTES_MAX: u64 = 10 << 20;
/// The largest catalogue, in bytes.
const CATALOGUE_BYTES_MAX: u64 = 512 << 20;
/// The longest chain of roots.
const ROOTS_MAX: u64 = 1_024;

/// Names of namespaces whose files would have the names of other roles' files.
const ROLE_NAMES: [&str; 4] = ["root", "snapshot", "targets", "timestamp"];
