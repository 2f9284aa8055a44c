//! `timeslip hardware reach`: what it takes to reach a speed for each user.

use timeslip_sim::reach::{Question, reach};

use super::args::HardwareReachArgs;
use super::{catalogue, print_json};
use crate::exit::{Exit, Failure};
use crate::output;

/// Prints, for machines and the models that each serves, the batch up to which users get the target.
pub(super) fn answer(args: &HardwareReachArgs) -> Result<Exit, Failure> {
    let target = args.target;
    if !(target.is_finite() && target > 0.0) {
        return Err(Failure::usage(format!(
            "--target is {target}\n  fix: give tokens per second of one user, more than 0"
        )));
    }
    let catalogue = catalogue(args.profiles.as_deref())?;
    let question = Question {
        target_tokens_per_second: target,
        machine: args.machine.clone(),
        model: args.model.clone(),
    };
    let reach = reach(&catalogue, &question).map_err(Failure::usage)?;
    if let Some(page) = &args.markdown {
        output::write_file(page, reach.page().as_bytes())?;
    }
    match args.json {
        true => print_json(&reach),
        false => {
            output::print(&reach.to_string())?;
            Ok(Exit::Pass)
        }
    }
}
