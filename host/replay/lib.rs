//! Traces, made-up loads and earlier slips, replayed on machines without running any component.
//!
//! Start with [`source`] (what is replayed) and [`drive`] (the loop). A source is a [`trace`], a
//! load that [`generate`] makes from a line of text, or a slip's journal ([`slip_source`]), with parts
//! of it faster or slower ([`speeds`]).
//! [`arrivals`] says when its sessions start, and [`figures`] what a replay leaves behind.
//! [`measured`] holds a replay against the times of a real server, and [`hit_rate`] says how much
//! of a trace's prompts any cache could hold.
//!
//! Architecture invariants: this crate knows no hardware, runs no component, opens no file and
//! reads no wall clock. It holds as many sessions as are under way, never all of a load. Results
//! follow from the source, the load and the seed alone.

pub mod arrivals;
pub mod drive;
pub mod error;
pub mod figures;
pub mod generate;
pub mod hit_rate;
pub mod measured;
pub mod slip_source;
pub mod source;
pub mod speeds;
pub mod trace;
