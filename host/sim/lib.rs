//! A modelled machine: what hardware would serve a model, and how long it would take.
//!
//! Start with [`catalogue`], which reads the profiles and puts a model on a machine: the result is
//! a [`deployment::Deployment`]. [`engine`] runs one in virtual time, call by call; [`explain`]
//! prints where one step's time comes from. Both ask [`cost`], the one place where time is
//! computed, from the [`placement`] of the model in memory and the figures of the [`profile`]s.
//! [`config_json`] makes a model's profile from the file that comes with its weights.
//!
//! # Architecture invariants
//! * A modelled machine knows no clock but the instants it is handed, and never looks past a
//!   deadline: a session woken there may still join the next batch.
//! * What is explained is what is timed: one implementation of the cost of a step.
//! * Time uses + − × ÷ and the square root alone, which are the same on every computer.
//! * Every number about hardware stands in a profile with its source, date and confidence. Code has
//!   none, and what rests on an estimate says so.
//! * Nothing reads the length of a reply before it is written.
//! * Counts hold on every run: calls in = calls out + calls inside; KV blocks free + used +
//!   cached = total; the parts of a call's time sum to it, to the nanosecond.

pub mod bands;
pub mod catalogue;
pub mod config_json;
pub mod cost;
pub mod deployment;
pub mod engine;
pub mod error;
pub mod explain;
pub mod front_end;
mod joined;
mod ledger;
mod pace;
pub mod placement;
mod pool;
pub mod profile;
pub mod reach;
mod settings;
mod software;
mod speculation;
pub mod text;

#[cfg(test)]
mod anchors;
#[cfg(test)]
mod claims;
#[cfg(test)]
mod example_groups;
#[cfg(test)]
mod example_helpers;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod measured;
#[cfg(test)]
mod software_tests;
#[cfg(test)]
mod sram_anchors;
