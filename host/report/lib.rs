//! What a person reads of a run.
//!
//! Start with [`screen`]: what `timeslip run` prints, built from a slip by `timetable` (one line a
//! step), `figures` (the run in figures) and `bar`. [`style`] says for what terminal, and [`text`]
//! how numbers and names are written.
//!
//! Architecture invariants: this crate makes text and prints nothing. Names and messages may come
//! from a guest, so every one passes through [`text::plain`], and no escape sequence of theirs
//! reaches a terminal. What is unknown reads "unknown", never 0.

pub mod screen;
pub mod style;
pub mod text;

mod bar;
mod figures;
mod timetable;

#[cfg(test)]
mod examples;

pub use screen::{RunScreen, ToolOutputsNote, run_screen};
pub use style::Style;
