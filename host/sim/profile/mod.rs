//! The profiles: chips, models and machines as data, every number with its source.

mod built_in;
mod chip;
mod figure;
mod figure_text;
mod flaw;
mod helping;
mod layers;
mod machine;
mod machine_check;
mod mend;
mod model;
mod precision;
mod role;
mod serving;
mod status;
mod text;

pub use built_in::BUILT_IN;
pub(crate) use built_in::TEXTS;
pub use chip::{
    Achieved, Chip, ChipKind, Compute, Exchange, Host, Latency, Memory, Power, Price, ScaleOut,
    ScaleUp,
};
pub use figure::{Choice, Confidence, Curve, Distribution, Figure, Switch};
pub(crate) use flaw::{Flaw, whole};
pub use helping::{DraftModel, FfnLink, Speculation};
pub(crate) use layers::Layers;
pub use machine::{Link, MachineProfile, OtherModels, PlatformPart, Pool, Serving};
pub use model::{Experts, Grouped, Latent, LayerGroup, Model, Provenance};
pub use precision::Precision;
pub use role::Role;
pub use serving::{
    FixedStepTimes, KvTier, LayerProfile, Policy, Preemption, Routing, Scheduler, Sending,
    TierScope,
};
pub use status::Status;
pub use text::ProfileError;
#[cfg(test)]
pub(crate) use text::parse;
pub(crate) use text::{Profile, line_of, read, told};

#[cfg(test)]
mod helping_tests;
#[cfg(test)]
mod mend_tests;
#[cfg(test)]
mod tests;
