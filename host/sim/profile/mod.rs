//! The profiles: chips, models and machines as data, every number with its source.

mod built_in;
mod chip;
mod figure;
mod helping;
mod machine;
mod model;
mod precision;
mod role;
mod serving;
mod text;

pub use built_in::BUILT_IN;
pub(crate) use built_in::TEXTS;
pub use chip::{
    Achieved, Chip, ChipKind, Compute, Exchange, Host, Latency, Memory, Power, Price, ScaleUp,
};
pub(crate) use figure::check_provenance;
pub use figure::{Choice, Confidence, Curve, Distribution, Figure, Switch};
pub use helping::{DraftModel, FfnLink, Speculation};
pub(crate) use machine::whole;
pub use machine::{Link, MachineProfile, Pool, Serving};
pub use model::{Experts, Grouped, Latent, LayerGroup, Model, Provenance};
pub use precision::Precision;
pub use role::Role;
pub use serving::{
    CostComponent, FixedStepTimes, KvTier, LayerProfile, Policy, Preemption, Routing, Scheduler,
    Sending, TierScope,
};
pub use text::ProfileError;
pub(crate) use text::{Profile, line_of, parse};

#[cfg(test)]
mod helping_tests;
#[cfg(test)]
mod tests;
