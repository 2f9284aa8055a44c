//! Agents as a server of tasks: a client gives a task, and watches and fetches what becomes of it.
//!
//! A task is answered once it stands in the `store`, an SQLite file. The `desk` gives tasks to threads
//! in the order in which they came, each a run of its own, and ends them; a `log` holds the steps of one
//! that runs, `events` sends them, and what is over is read from the store. `asked` reads what clients
//! ask, `object` writes what they get, `routes` is the way between.
//!
//! Architecture invariants: what was answered with 202 is on the disk; nothing here knows what a task is
//! made of, or how it is done; one task's end is no other's; a client holds up nobody but itself.

mod agents;
mod asked;
mod desk;
mod end;
mod events;
mod ledger;
mod log;
mod moment;
mod object;
mod routes;
mod server;
mod store;

#[cfg(test)]
mod desk_tests;

pub use agents::{
    Doing, ServedAgents, ServedTask, TaskEnd, TaskFailure, TaskFigures, TaskKind, TaskOrder,
    TaskWatch,
};
pub(crate) use asked::read_task;
pub use server::{TaskServeError, TaskServer, TaskSettings};
pub use store::StoreError;
