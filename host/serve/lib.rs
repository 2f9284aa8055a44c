//! Modelled machines as an OpenAI-compatible server, at their pace on the computer's clock; and agents
//! as a server of tasks (`tasks`).
//!
//! One thread, the `keeper`, owns the machines and moves their time; connections ask the words
//! (`voice`), hand their calls to it and read its progress from a `slot`. `request` reads what
//! clients ask, `reply` writes what they get, `app` is the way between.
//!
//! Architecture invariants: no text is touched on the keeper's thread; what a connection holds is
//! bounded whatever its client does; nothing here knows what a machine is made of or where words
//! come from.

mod app;
mod body;
mod clock;
mod connection;
mod directory;
mod error;
mod faults;
mod guard;
mod keeper;
mod keys;
mod listener;
mod metrics;
mod reply;
mod request;
mod routes;
mod server;
mod settings;
mod slot;
mod stop;
mod tasks;
mod voice;

pub use faults::{Fault, FaultError, span_of};
pub use keeper::ServedMachine;
pub use listener::ServeError;
pub use request::read_any;
pub use server::Server;
pub use settings::{Limits, Settings};
pub use tasks::{
    Doing, ServedAgents, ServedTask, StoreError, TaskEnd, TaskFailure, TaskFigures, TaskKind,
    TaskOrder, TaskServeError, TaskServer, TaskSettings, TaskWatch,
};
pub use voice::Voice;
