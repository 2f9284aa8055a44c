//! How many requests each side gets through in a second of the wall's clock.

use std::time::{Duration, Instant};

use crate::ours::Ours;
use crate::peer::{self, Mode};
use crate::workload::Workload;

/// The ways in which a workload is run, ours first.
const WAYS: [&str; 4] = [
    "timeslip, with what became of each request",
    "aisimulate-core, one replay of four workers",
    "aisimulate-core, four replays of one worker",
    "aisimulate-core, one replay, with records of each request",
];

/// Runs a workload in all ways, so many times each and in turn, and says for a person what came of
/// it. Each run has one thread; what is prepared for a run is not in its time.
pub(crate) fn text(workload: &Workload, rounds: usize) -> String {
    let mut seconds: [Vec<f64>; WAYS.len()] = Default::default();
    for round in 0..rounds {
        for step in 0..WAYS.len() {
            // Back and forth, so that no way always runs after the same one.
            let way = if round % 2 == 0 { step } else { WAYS.len() - 1 - step };
            seconds[way].push(wall(workload, way).as_secs_f64());
        }
    }
    let requests = workload.requests.len() as f64;
    let mut text = format!("{}: requests a second, median and best of {rounds}\n", workload.name);
    let rates = seconds.map(|seconds| Rates::new(requests, seconds));
    for (way, rates) in WAYS.iter().zip(&rates) {
        text += &format!("  {:>8.0} {:>8.0}  {way}\n", rates.median, rates.best);
    }
    let over = |rate: fn(&Rates) -> f64| {
        let fastest = rates[1..].iter().map(rate).fold(0.0, f64::max);
        rate(&rates[0]) / fastest
    };
    let (median, best) = (over(|rates| rates.median), over(|rates| rates.best));
    text + &format!("  {median:>8.2} {best:>8.2}  times the fastest other\n")
}

/// Requests a second.
struct Rates {
    median: f64,
    /// What a computer that does other things as well disturbs the least.
    best: f64,
}

impl Rates {
    fn new(requests: f64, mut seconds: Vec<f64>) -> Rates {
        seconds.sort_by(f64::total_cmp);
        let (low, high) = (seconds[(seconds.len() - 1) / 2], seconds[seconds.len() / 2]);
        Rates { median: requests * 2.0 / (low + high), best: requests / seconds[0] }
    }
}

fn wall(workload: &Workload, way: usize) -> Duration {
    let peer = |mode, records| {
        let replays = peer::timed(workload, mode, records);
        timed(|| peer::run(replays))
    };
    match way {
        0 => {
            let mut ours = Ours::new(workload.blocks);
            timed(|| ours.run(workload))
        }
        1 => peer(Mode::Together, false),
        2 => peer(Mode::Apart, false),
        _ => peer(Mode::Together, true),
    }
}

/// The time of a run, without that of dropping what it gives.
fn timed<T>(run: impl FnOnce() -> T) -> Duration {
    let began = Instant::now();
    let outcome = run();
    let took = began.elapsed();
    drop(outcome);
    took
}
