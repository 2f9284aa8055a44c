//! The slip: the record of a run that people read, commit and compare.
//!
//! Start with [`slip`] and [`step`] (what stands in the file), then [`compose`] (how a run becomes
//! a slip) and [`summary`] (how sessions become figures). [`laws`] checks any slip, [`layout`]
//! gives it its bytes, [`read`] takes it back, and [`schema`] describes it to other programs. Apart
//! from slips, [`wall`] compares times of the wall clock.
//!
//! Two slips of one bench are compared by [`attribute`]: what changed, and what each change costs.
//! A [`tolerance`] says how much worse a change may be, and a [`verdict`] holds the answer.
//!
//! Architecture invariants: this crate runs no component and knows no hardware: it is handed the
//! machines on which it times a run again. It reads one kind of file and writes none: it makes
//! text, and the command line puts it somewhere.

pub mod attribute;
pub mod budget;
pub mod compose;
pub mod laws;
pub mod layout;
pub mod part_ranges;
pub mod read;
pub mod schema;
pub mod slip;
pub mod step;
pub mod summary;
pub mod tolerance;
pub mod verdict;
pub mod wall;

#[cfg(test)]
mod examples;
#[cfg(test)]
mod random;
