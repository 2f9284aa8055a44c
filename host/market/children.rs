//! Children of tests: processes that do one task, and may end in the middle of it as by `kill -9`.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::examples::Place;
use crate::kinds::{Kind, REGISTRY};
use crate::registry::Registry;
use crate::steps::END_AT;

/// The variables with what a child does, the folder that it does it in, and its registry.
const DO: &str = "TIMESLIP_MARKET_TEST_DOES";
const IN: &str = "TIMESLIP_MARKET_TEST_FOLDER";
const ON: &str = "TIMESLIP_MARKET_TEST_REGISTRY";

/// What a child does, and where.
pub(crate) struct Task {
    pub(crate) text: String,
    pub(crate) folder: PathBuf,
    pub(crate) registry: Registry,
}

impl Task {
    /// The task of this process, if it is a child.
    pub(crate) fn of_child() -> Option<Task> {
        let (Ok(text), Ok(folder), Ok(registry)) =
            (std::env::var(DO), std::env::var(IN), std::env::var(ON))
        else {
            return None;
        };
        let folder = PathBuf::from(folder);
        Some(Task { text, registry: Registry::open(&registry, &folder).unwrap(), folder })
    }
}

/// The test with this name, in a process of its own that may end at a step.
pub(crate) fn command(test: &str, end_at: Option<u64>) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--nocapture", "--test-threads", "1"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if let Some(end_at) = end_at {
        command.env(END_AT, end_at.to_string());
    }
    command
}

/// Starts the test that acts as a child.
pub(crate) fn start(test: &str, place: &Place, task: &str, end_at: Option<u64>) -> Child {
    let mut command = command(test, end_at);
    command.env(DO, task).env(IN, place.path("")).env(ON, place.registry(REGISTRY).place());
    command.spawn().unwrap()
}

/// Whether a child came to its end.
pub(crate) fn run(test: &str, place: &Place, task: &str, end_at: Option<u64>) -> bool {
    start(test, place, task, end_at).wait().unwrap().success()
}

/// Does a task that ends at its first step, then at its second, and so on until it ends by itself.
/// Gives the number of its steps.
pub(crate) fn at_every_step(
    test: &str,
    kind: Kind,
    task: &str,
    prepare: &dyn Fn(&Place),
    check: &dyn Fn(&Place, u64),
) -> u64 {
    let mut steps = 0;
    loop {
        let place = Place::of(kind);
        prepare(&place);
        let passed = run(test, &place, task, Some(steps));
        check(&place, steps);
        if passed {
            return steps;
        }
        steps += 1;
    }
}
