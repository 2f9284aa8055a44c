//! Whether one program is slower than another by the wall clock.
//!
//! Simulated times are compared exactly and need none of this. A wall clock is noisy, and the noise
//! of neighbours, heat and power comes and goes over minutes. So base and head are run in turn, as
//! pairs close in time, and what is compared is the ratio within each pair: a drift that slows both
//! sides of a pair leaves its ratio as it is. Start with [`compare`], which gives the answer, and
//! [`confirm`], which asks for it twice; [`WallSamples`] keeps a measurement for later, and
//! [`Testbed`] says what it was made on.
//!
//! Nothing here reads a clock or measures: whoever measures brings seconds.

mod compare;
mod samples;
mod statistics;
mod testbed;

pub use compare::{RatioEstimate, WallAnswer, WallComparison, WallSettings, compare, confirm};
pub use samples::{SAMPLES_SCHEMA, WallError, WallSamples};
pub use testbed::Testbed;
