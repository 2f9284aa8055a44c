//! `timeslip report` and `timeslip export`, and the same as flags of other commands: results as an
//! HTML file to be looked at, and in the formats of other programs.

pub(crate) mod args;
pub(crate) mod export;
mod post;
pub(crate) mod report;
