//! Modelled machines as an OpenAI-compatible server, at their pace on the computer's clock.
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
mod metrics;
mod reply;
mod request;
mod routes;
mod server;
mod settings;
mod slot;
mod stop;
mod voice;

pub use faults::{Fault, FaultError, span_of};
pub use keeper::ServedMachine;
pub use request::read_any;
pub use server::{ServeError, Server};
pub use settings::{Limits, Settings};
pub use voice::Voice;
