//! What a registry has: one entry for each version of each plugin.
//!
//! Each entry is an artifact of its own in the repository `catalogue`, so that publishers who come at
//! the same time take nothing from each other. The tag `latest` leads to a snapshot of all entries,
//! one layer for each namespace, so that whoever has an older one fetches what changed alone. A
//! snapshot may lag; [`sync`] fetches what is missing in it, and the next publisher mends it.
//!
//! A registry whose owner has keys has a signed catalogue in that place instead ([`crate::tuf`]): the tag
//! leads to signed metadata, and what nobody has signed is not looked at. The copy that is searched is
//! the same.

mod copy;
mod entry;
mod search;
mod snapshot;
mod standing;
mod sync;

pub use entry::{Entry, Status, StatusBy, StatusNote};

pub use copy::{Catalogue, Signed};
pub(crate) use entry::ENTRY_BYTES_MAX;
pub use search::{Found, Query, search};
pub use snapshot::{add_entry, write_snapshot};
pub use standing::{Plugin, check_runs};
pub use sync::{Synced, sync, sync_pinned};

pub(crate) use copy::copy_folder;
pub(crate) use snapshot::unsigned_entries;

#[cfg(test)]
mod tests;
