//! The profiles: chips, models and machines as data, every number with its source.

mod built_in;
mod chip;
mod figure;
mod machine;
mod model;
mod precision;
mod text;

pub use built_in::BUILT_IN;
pub(crate) use built_in::TEXTS;
pub use chip::{
    Achieved, Chip, ChipKind, Compute, Exchange, Host, Latency, Memory, Power, Price, ScaleUp,
};
pub use figure::{Confidence, Curve, Figure, Switch};
pub(crate) use machine::whole;
pub use machine::{Link, MachineProfile, Pool, Role, Scheduler, Serving};
pub use model::{Experts, Grouped, Latent, LayerGroup, Model, Provenance};
pub use precision::Precision;
pub use text::ProfileError;
pub(crate) use text::{Profile, line_of, parse};

#[cfg(test)]
mod tests;
