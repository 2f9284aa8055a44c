//! The slip: the record of a run that people read, commit and compare.
//!
//! Start with [`slip`] and [`step`] (what stands in the file), then [`compose`] (how a run becomes
//! a slip) and [`summary`] (how sessions become figures). [`laws`] checks any slip, [`layout`]
//! gives it its bytes, [`read`] takes it back, and [`schema`] describes it to other programs. Apart
//! from slips, [`wall`] compares times of the wall clock.
//!
//! Architecture invariants: this crate runs nothing and knows no hardware. It reads one kind of
//! file and writes none: it makes text, and the command line puts it somewhere.

pub mod compose;
pub mod laws;
pub mod layout;
pub mod part_ranges;
pub mod read;
pub mod schema;
pub mod slip;
pub mod step;
pub mod summary;
pub mod verdict;
pub mod wall;

#[cfg(test)]
mod examples;
#[cfg(test)]
mod random;
