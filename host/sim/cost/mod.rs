//! What steps cost in time, energy and money.
//!
//! [`StepCost`] turns the [`Work`] of one step into named [`Term`]s. The engine sums them and
//! `explain` prints them: one implementation, so that what is explained is what is timed.

mod build;
mod power;
mod step;
mod term;
mod work;

pub use power::PowerDraw;
pub use step::StepCost;
pub(crate) use step::{Exchanges, step_span};
pub use term::{Binds, Part, Term};
pub use work::{GroupWork, Work};
