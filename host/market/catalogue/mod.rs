//! What a registry has: one entry for each version of each plugin.
//!
//! Each entry is an artifact of its own in the repository `catalogue`, so that publishers who come at
//! the same time take nothing from each other. The tag `latest` leads to a snapshot of all entries,
//! one layer for each namespace, so that whoever has an older one fetches what changed alone. A
//! snapshot may lag; [`sync`] fetches what is missing in it, and the next publisher mends it. A layer
//! that signs the catalogue can be put around the snapshot without another form.

mod entry;
mod search;
mod snapshot;
mod sync;

pub use entry::{Entry, Status};
pub use search::{Found, Query, search};
pub use snapshot::{add_entry, write_snapshot};
pub use sync::{Catalogue, Synced, sync};

#[cfg(test)]
mod tests;
