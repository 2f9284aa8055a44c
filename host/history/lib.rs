//! The history of a bench's figures over commits, in one embedded SQLite file.
//!
//! Start with [`entry`] (what stands in it for a run), then [`history`] (opening, recording and
//! asking) and [`error`] (what can be wrong with the file). [`screen`] and [`html`] draw what was
//! asked for; [`figures`] names the figures and [`moment`] writes instants as the history wants
//! them.
//!
//! Architecture invariants: this crate reads no clock, runs nothing and prints nothing; it writes
//! to the one file that it is given. Any number of threads and processes may record in that file
//! at once, and a process may be killed at any time, without an entry that was acknowledged being
//! lost. A file that is not a history is left as it is. Names in a history may come from anywhere,
//! so every one passes through `timeslip_report::text::plain` before it is drawn.

pub mod entry;
pub mod error;
pub mod figures;
pub mod history;
pub mod html;
pub mod moment;
pub mod screen;
pub mod series;

mod amount;
mod opening;
mod plot;
mod sparkline;

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod process_tests;

pub use entry::{Entry, Origin};
pub use error::HistoryError;
pub use history::{History, Recorded};
pub use html::history_html;
pub use screen::{history_screen, metric_screen};
pub use series::{BenchHistory, BenchName, Point, Series};
