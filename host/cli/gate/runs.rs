//! Running a bench on each of the machines that its gate names, several at a time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use timeslip_gate::slip::Slip;
use timeslip_sim::deployment::Deployment;

use super::args::BenchArgs;
use crate::bench::{Bench, MachineChoice};
use crate::exit::Failure;
use crate::parallel::in_parallel;
use crate::progress::Progress;
use crate::stage::{deploy, run_bench};

/// The machines of one run.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// The machines, the first of which serves requests that name no model.
    pub(crate) machines: Vec<MachineChoice>,
}

impl Setup {
    /// Its machines, joined by `+`.
    pub(crate) fn name(&self) -> String {
        let name = |choice: &MachineChoice| match &choice.model {
            Some(model) => format!("{}:{model}", choice.machine),
            None => choice.machine.clone(),
        };
        self.machines.iter().map(name).collect::<Vec<_>>().join("+")
    }
}

/// A run that is over.
pub(crate) struct Ran {
    /// On what.
    pub(crate) setup: Setup,
    /// The machines, with the models placed on them.
    pub(crate) deployments: Vec<Deployment>,
    /// Its slip.
    pub(crate) slip: Slip,
}

/// The runs that a bench's gate, or the command line, asks for.
pub(crate) fn setups(bench: &Bench, args: &BenchArgs) -> Vec<Setup> {
    let split = |on: &String| on.split('+').map(|machine| machine.trim().to_owned()).collect();
    let (groups, place): (Vec<Vec<String>>, &str) = match args.on.is_empty() {
        true => (bench.gate.on.clone(), "[check] on"),
        false => (args.on.iter().map(split).collect(), "--on"),
    };
    if groups.is_empty() {
        return vec![Setup { machines: bench.machines.clone() }];
    }
    let choice = |on: &String| MachineChoice::parse(on, place.to_owned());
    groups.iter().map(|group| Setup { machines: group.iter().map(choice).collect() }).collect()
}

/// Runs a bench on every setup. The results are in the order of the setups, whatever the number of
/// threads.
///
/// # Errors
/// The first setup's, in their order, that cannot be run.
pub(crate) fn run_all(
    bench: &Bench,
    setups: &[Setup],
    threads: usize,
) -> Result<Vec<Ran>, Failure> {
    let progress = Mutex::new(Progress::new(bench.sessions * setups.len()));
    let ended = AtomicUsize::new(0);
    // Sessions that run one after the other use one thread, so several runs share the cores.
    let workers = threads.min(setups.len()).max(1);
    let threads_each = (threads / workers).max(1);
    let ran = in_parallel(setups.len(), workers, |index| {
        run_one(bench, &setups[index], threads_each, &mut |now| {
            let ended = ended.fetch_add(1, Ordering::Relaxed) + 1;
            progress.lock().expect("no thread panics with it").session_ended(ended, now);
        })
    });
    ran.into_iter().collect()
}

fn run_one(
    bench: &Bench,
    setup: &Setup,
    threads: usize,
    on_session_end: &mut dyn FnMut(timeslip_timeline::time::Instant),
) -> Result<Ran, Failure> {
    let deployments = deploy(bench, &setup.machines)?;
    let outcome = run_bench(bench, &setup.machines, threads, &mut |_, now| on_session_end(now))?;
    Ok(Ran { setup: setup.clone(), deployments, slip: outcome.slip })
}
