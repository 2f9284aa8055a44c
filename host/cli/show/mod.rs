//! `timeslip report`, and the `--report` of commands: results as an HTML file to be looked at.

pub(crate) mod args;
pub(crate) mod report;
