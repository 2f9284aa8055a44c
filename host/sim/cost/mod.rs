//! What steps cost in time, energy and money.
//!
//! [`StepModel`] is what a pool's profile says: a [`StepCost`], an [`SramCost`], or a
//! [`LayerProfileCost`] that was measured, turns the [`Work`] of one step into named [`Term`]s. The
//! engine sums them and `explain` prints them: one implementation, so that what is explained is
//! what is timed.

mod build;
mod grid;
mod layer_profile;
mod layer_table;
mod model;
mod power;
mod speculative;
mod split;
mod sram;
mod sram_build;
mod step;
mod term;
mod work;

pub(crate) use build::exchanges;
pub(crate) use layer_profile::LayerTables;
pub use layer_profile::{LayerProfileCost, StepShape};
pub(crate) use layer_table::TableFile;
pub(crate) use model::WritingSteps;
pub use model::{FixedSteps, StepModel};
pub use power::PowerDraw;
pub use speculative::SpeculativeCost;
pub(crate) use split::FfnCrossing;
pub(crate) use split::SideCost;
pub use split::SplitCost;
pub use sram::SramCost;
pub use step::StepCost;
pub(crate) use step::{Exchanges, step_span};
pub use term::{Binds, Part, StepTime, Term};
pub use work::{GroupWork, Work};
