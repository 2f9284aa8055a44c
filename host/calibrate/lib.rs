//! Observe, fit, replay: a machine's figures, fitted to what a real endpoint took for its requests.
//!
//! Start with [`mod@read`], which makes [`measurements`] of a file: [`observation`]s of requests,
//! or measured [`layers`]. [`calibrate()`] divides them ([`split`]), serves the requests on the
//! modelled machine as they came, moves the figures that the measurements can tell apart
//! ([`knobs`], [`fit`]), and holds the result against the part that the fit did not see
//! ([`errors`]). [`derived`] writes the fitted machine as profiles that inherit from the one it
//! began with.
//!
//! # Architecture invariants
//! * One engine and one descent: requests are served by the simulator's machine, and figures are
//!   moved by the least squares that `timeslip-accuracy` fits published rows with.
//! * What is tried is what is written: a fit predicts with the very texts that it would leave.
//! * Nothing of the held-out part's times enters the fit; its arrivals and lengths do, since its
//!   requests stand in the same queues.
//! * What the measurements do not tell stays where the profile has it, with the reason.
//! * Code has no number about hardware.

pub mod calibration;
pub mod derived;
pub mod errors;
pub mod fit;
pub mod knobs;
pub mod layers;
pub mod measurements;
pub mod observation;
mod prompts;
pub mod read;
pub mod report;
mod serve;
pub mod split;

pub use calibration::{Calibration, Options, calibrate};

#[cfg(test)]
mod examples;
#[cfg(test)]
mod recorded_tests;
#[cfg(test)]
mod tests;
