//! Predictions held against measurements: how far off a modelled machine is, row by row.
//!
//! Start with [`mod@read`] (files of measurements, known by their header), which gives [`row`]s.
//! [`predict`] asks a modelled machine what each row asks ([`scenario`], [`deploy`], [`measure`]),
//! [`figures`] sums the errors up, [`band`] makes bands of them, and [`report`], [`markdown`] and
//! [`json`] show all that.
//!
//! # Architecture invariants
//! * A row that cannot be predicted is counted with a short reason; only a file that is not what it
//!   should be is an error.
//! * Nothing that was measured enters a prediction.
//! * Code has no number about hardware: what rows do not state is in `serving.toml` and
//!   `settings.toml`, with its source.
//! * Rows that ask the same are predicted once, and the result does not depend on who predicts what
//!   when.

pub mod band;
pub mod calibration;
pub mod deploy;
pub mod error;
pub mod figures;
pub mod fit;
mod formats;
pub mod held_out;
pub mod json;
pub mod layout;
pub mod markdown;
pub mod measure;
mod names;
pub mod predict;
pub mod predictions;
pub mod read;
pub mod report;
pub mod row;
pub mod scenario;
mod settings;
mod text;
mod workers;

#[cfg(test)]
mod page_tests;
#[cfg(test)]
mod silicon_tests;
