//! Wall clock.
use super::args::CheckArgs;
use super::runs::Setup;
use crate::bench::Bench;
use crate::exit::{Exit, Failure};
use std::path::Path;
pub(super) fn check_wall(_: &CheckArgs, _: &Path, _: &Bench, _: &[Setup]) -> Result<Exit, Failure> {
    Err(Failure::usage("not yet"))
}
