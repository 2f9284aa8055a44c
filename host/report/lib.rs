//! What a person reads of a run.
//!
//! Start with [`screen`]: what `timeslip run` prints, built from a slip by `timetable` (one line a
//! step), `figures` (the run in figures) and `bar`; and [`mod@verdict_screen`]: what `timeslip check`
//! prints, built from a verdict. [`formats`] writes a verdict for other programs, and [`page`] draws
//! any result as one HTML file; [`exports`] writes a slip for other programs. [`style`] says for what
//! terminal, and [`text`] how numbers and names are written.
//!
//! Architecture invariants: this crate makes text and prints nothing. Names and messages may come
//! from a guest, so every one passes through [`text::plain`], and no escape sequence of theirs
//! reaches a terminal. What is unknown reads "unknown", never 0.

pub mod bands;
pub mod exports;
pub mod formats;
pub mod page;
pub mod screen;
pub mod style;
pub mod text;
pub mod verdict_screen;
pub mod view;

mod amount;
mod bar;
mod figures;
mod phrases;
mod routes;
mod selection;
mod timetable;

#[cfg(test)]
mod examples;
#[cfg(test)]
mod verdict_examples;

pub use screen::{RunScreen, ToolOutputsNote, run_screen};
pub use style::Style;
pub use verdict_screen::verdict_screen;
