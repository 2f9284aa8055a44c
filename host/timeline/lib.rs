//! Virtual time: what sessions ask, who answers, and the one loop that moves the clock.
//!
//! Start with these files: [`time`] (the clock's numbers), [`guest`] (code that runs inside a
//! session), [`backend`] (machines and words) and [`drive`] (the loop). [`route`] chooses among
//! several machines of one model. [`record`] is what a run leaves behind, and [`account`] names
//! every nanosecond of it.
//!
//! Architecture invariants: this crate knows no WebAssembly, no hardware and no file format. It
//! never reads a wall clock, and it draws no randomness but from [`chance`].

pub mod account;
pub mod backend;
pub mod chance;
pub mod conversation;
pub mod drive;
pub mod guest;
pub mod price;
pub mod record;
pub mod route;
pub mod time;

mod crew;
mod queue;
mod session;
