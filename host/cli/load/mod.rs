//! Machines under load: replays, sweeps, comparisons and the search for what a machine holds.

pub(crate) mod args;
pub(crate) mod capacity;
pub(crate) mod compare;
mod figures;
mod grid;
mod objectives;
mod outages;
mod pareto;
pub(crate) mod replay;
mod replay_report;
mod replay_screen;
mod runs;
mod store;
pub(crate) mod sweep;
mod sweep_screen;
mod workload;
