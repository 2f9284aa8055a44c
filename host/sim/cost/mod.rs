//! What steps cost in time, energy and money.
//!
//! [`StepModel`] is what a pool's profile says: a [`StepCost`], an [`SramCost`], a
//! [`LayerProfileCost`] that was measured, or [`ComponentSteps`] that a component times turns the
//! [`Work`] of one step into named [`Term`]s. The engine sums them and `explain` prints them: one
//! implementation, so that what is explained is what is timed.

mod build;
mod component;
mod exchange;
mod experts;
mod grid;
mod host;
mod kernels;
mod layer_profile;
mod layer_table;
mod model;
mod paced;
mod power;
mod rates;
mod speculative;
mod split;
mod sram;
mod sram_build;
mod step;
mod term;
mod work;

pub(crate) use build::exchanges;
pub use component::{
    BeginTiming, ComponentDescription, ComponentInput, ComponentLoader, ComponentSteps,
    LoadedComponent, StepCounts, StepTimer,
};
pub(crate) use exchange::Exchanges;
pub(crate) use host::{HostWork, SoftwareTimes};
pub(crate) use layer_profile::LayerTables;
pub use layer_profile::{LayerProfileCost, StepShape};
pub(crate) use layer_table::TableFile;
pub(crate) use model::WritingSteps;
pub use model::{FixedSteps, StepModel};
pub use paced::PacedCost;
pub use power::PowerDraw;
pub use speculative::SpeculativeCost;
pub use split::SplitCost;
pub(crate) use split::{FfnCrossing, SideCost};
pub use sram::SramCost;
pub use step::StepCost;
pub(crate) use step::step_span;
pub use term::{Binds, Part, StepTime, Term};
pub use work::{ReachWork, Work};

#[cfg(test)]
mod bits_tests;
#[cfg(test)]
mod parallel_tests;
#[cfg(test)]
mod reach_tests;
