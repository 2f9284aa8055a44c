//! The time per output token of a load in closed form, for a fit: what the engine arrives at when all
//! its chats are under way.

use timeslip_sim::deployment::Deployment;

use crate::scenario::{Groups, Load};

/// The mean of the lengths that are asked, which are of four fifths to all of what is stated.
const MEAN_LENGTH: f64 = 0.9;

/// Seconds per output token.
///
/// While a reply is written, each of the other chats of its group reads a prompt once, which makes
/// steps longer by what that prompt takes beside the replies. Groups that only write read nothing.
pub(super) fn output_token_seconds(deployment: &Deployment, groups: Groups, load: &Load) -> f64 {
    let input = (MEAN_LENGTH * load.input_tokens as f64) as u64;
    let output = (MEAN_LENGTH * load.output_tokens as f64).max(1.0);
    let workers = match groups {
        Groups::Together(_) => 1,
        Groups::Apart { decode, .. } => decode.count,
    };
    let chats = load.concurrency.div_ceil(workers).max(1);
    let cost = &deployment.writer().cost;
    let mut work = deployment.no_work();
    let proposed = deployment.speculation.as_ref().map_or(0, |given| given.proposed_tokens);
    for _ in 0..chats {
        work.add_drafted(input + (0.5 * output) as u64, proposed);
    }
    let tokens_per_step = deployment.mean_tokens_per_step();
    let steps_seconds = cost.seconds(&work);
    let writing = steps_seconds / tokens_per_step;
    if matches!(groups, Groups::Apart { .. }) {
        return writing;
    }
    work.add_prefill(0, input.max(1), true);
    let reading = cost.seconds(&work) - steps_seconds;
    writing + (chats - 1) as f64 / output * reading
}
