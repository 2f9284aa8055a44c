//! Virtual time: what sessions ask, who answers, and the one loop that moves the clock.
//!
//! Start with these files: [`time`] (the clock's numbers), [`guest`] (code that runs inside a
//! session), [`backend`] (machines and words) and [`drive`] (the loop). [`route`] chooses among
//! several machines of one model, [`pace`] says how fast the clock may go, and [`stop`] that nobody waits
//! for the run any more. [`cut`] gives each
//! token of a modelled reply its text. [`observed`] holds
//! what was seen of a chat with a real server, and [`playback`] lets it go the same way again.
//! [`http`] has what tool plugins fetch. [`record`] is what a run leaves behind, and [`account`] names every nanosecond of it.
//!
//! Architecture invariants: this crate knows no WebAssembly, no hardware and no file format. It
//! never reads a wall clock, and it draws no randomness but from [`chance`].

pub mod account;
pub mod backend;
pub mod chance;
pub mod conversation;
pub mod cut;
pub mod drive;
pub mod guest;
pub mod http;
pub mod observed;
pub mod pace;
pub mod playback;
pub mod price;
pub mod queue;
pub mod record;
pub mod route;
pub mod stop;
pub mod time;

mod crew;
mod seat;
mod session;
mod words;
