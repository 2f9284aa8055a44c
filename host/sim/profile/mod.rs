//! The profiles: chips, models and machines as data, every number with its source.

mod built_in;
mod chip;
mod figure;
mod machine;
mod model;
mod precision;
mod serving;
mod text;

pub use built_in::BUILT_IN;
pub(crate) use built_in::TEXTS;
pub use chip::{
    Achieved, Chip, ChipKind, Compute, Exchange, Host, Latency, Memory, Power, Price, ScaleUp,
};
pub use figure::{Choice, Confidence, Curve, Figure, Switch};
pub(crate) use machine::whole;
pub use machine::{Link, MachineProfile, Pool, Role, Serving};
pub use model::{Experts, Grouped, Latent, LayerGroup, Model, Provenance};
pub use precision::Precision;
pub use serving::{
    FixedStepTimes, KvTier, LayerProfile, Policy, Preemption, Routing, Scheduler, Sending,
    TierScope,
};
pub use text::ProfileError;
pub(crate) use text::{Profile, line_of, parse};

#[cfg(test)]
mod tests;
