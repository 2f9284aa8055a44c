//! `timeslip report`, `export` and `view`, and the first two as flags of other commands: results as
//! an HTML file to be looked at, in the formats of other programs, and step by step.

pub(crate) mod args;
pub(crate) mod export;
mod post;
pub(crate) mod report;
pub(crate) mod view;
