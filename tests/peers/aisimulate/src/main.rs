//! Runs the published crate `aisimulate-core` and our modelled machine on the same work.
//!
//! ```text
//! cd tests/peers/aisimulate
//! cargo run --release --locked             five runs of each side, then the comparison
//! cargo run --release --locked -- ROUNDS   so many runs; with 0 the comparison alone
//! ```
//!
//! Both sides have four replicas that take requests in turn, 256 requests and 8,192 tokens in a
//! step, blocks of 64 tokens, and steps of 20 ms where any token of a prompt is read and of 5 ms
//! where none is. No prompts share a beginning. `workload` has the requests.
//!
//! How many requests each side gets through in a second goes to standard error. Our machine is
//! asked as the loop of a run asks it: it learns of a request when that comes. The peer gets all
//! requests at once, in the two ways in which it was found to be fast; the ratio is with the faster
//! one. When each request came, and had its first token and its last on either side, is compared
//! to the microsecond, and goes to standard output. The exit code is 0 when the requests are equal
//! or differ for a known reason, 1 when not, 2 for arguments that are none.
//!
//! # What the sides have in common
//!
//! First come, first served. A step gives each reply under way its next token, then reads the
//! prompt that is under way, then admits while tokens, places and memory last; the first that does
//! not fit holds up the others. An admission needs memory for the whole prompt; a reply's memory
//! grows as it is written, and has no room kept for it. Who finds none takes it from the newest,
//! which goes to the front of the queue and is read again from its first token, with what it had
//! written. In that step nobody is admitted. The first token is there at the end of the step that
//! reads the prompt's last token. Who comes at the instant at which a step begins is in that step.
//!
//! # What cannot be configured away
//!
//! * The peer adds the times of reading and writing, where a step does both. For the comparison it
//!   gets the times of `flat`, in a replay for each replica. For the wall's clock it keeps its own,
//!   15 ms for reading and 5 ms for writing, which differ only where a step reads and no reply is
//!   under way.
//! * The peer checks at an admission that the whole prompt fits, but takes memory for the part that
//!   is read in that step. Where a prompt is split over several steps, others may take what it
//!   needs for the next part, so that it loses what it has later than it does here.
//! * The peer takes the time of reading from the prompt's tokens alone. Where what lost its memory
//!   is read again and a step has nothing of the prompt left but only of the reply, that step counts
//!   as one that writes, or takes no time at all where the reply does not go on in it.
//! * The peer's clock counts milliseconds in floating point. `workload` keeps to instants that are
//!   exact in it.
//!
//! `reference` is a third scheduler with these rules as switches, which has to agree with both
//! sides; a request is explained where it does, by the rules that move it there.

mod compare;
mod flat;
mod ours;
mod outcome;
mod peer;
mod reference;
mod wall;
mod workload;

use std::process::ExitCode;

use compare::Comparison;
use ours::Ours;
use workload::Workload;

const ROUNDS: usize = 5;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rounds = match arguments.as_slice() {
        [] => Some(ROUNDS),
        [rounds] => rounds.parse().ok(),
        _ => None,
    };
    let Some(rounds) = rounds else {
        eprintln!("usage: compare [ROUNDS], a number of runs; {ROUNDS} where it is left out");
        return ExitCode::from(2);
    };
    let mut unexplained = false;
    for workload in Workload::all() {
        if rounds > 0 {
            eprint!("{}", wall::text(&workload, rounds));
        }
        unexplained |= compare(&workload);
    }
    ExitCode::from(u8::from(unexplained))
}

/// Prints how a workload came through on both sides; says whether anything is unexplained.
fn compare(workload: &Workload) -> bool {
    let mut machine = Ours::new(workload.blocks);
    let ours = machine.run(workload);
    let reports = peer::run(peer::exact(workload));
    let peer = peer::outcomes(&reports, workload.requests.len());
    println!(
        "{}: {} requests, {} blocks in each replica; memory lost {} times here, {} there",
        workload.name,
        workload.requests.len(),
        workload.blocks,
        machine.preempted(),
        peer::preempted(&reports)
    );
    let comparison = Comparison::new(workload, ours, peer);
    print!("{}", comparison.text());
    comparison.is_unexplained()
}
