//! The gate: `check`, `accept`, `diff`, `history` and `init`.

pub(crate) mod accept;
pub(crate) mod args;
pub(crate) mod baseline;
pub(crate) mod check;
pub(crate) mod diff;
pub(crate) mod history;
pub(crate) mod init;

mod git;
mod judge;
mod reports;
mod revision;
mod runs;
mod wall;

pub(crate) use judge::{Before, judge, verdict};
