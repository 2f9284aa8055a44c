//! The profiles: chips, models and machines as data, every number with its source.

mod attention;
mod built_in;
mod chip;
mod figure;
mod helping;
mod layers;
mod machine;
mod model;
mod parallelism;
mod precision;
mod recurrent;
mod role;
mod serving;
mod software;
mod text;

pub use attention::{Cached, Compressed, Grouped, Index, Latent, Reach};
pub use built_in::BUILT_IN;
pub(crate) use built_in::TEXTS;
pub use chip::{
    Achieved, Chip, ChipKind, Compute, Exchange, Host, Latency, Memory, Power, Price, ScaleUp,
};
pub(crate) use figure::check_provenance;
pub use figure::{Choice, Confidence, Curve, Distribution, Figure, Switch};
pub use helping::{DraftModel, FfnLink, Speculation};
pub use layers::{Experts, LayerGroup};
pub(crate) use machine::whole;
pub use machine::{Link, MachineProfile, Pool, Serving};
pub(crate) use model::LAYERS_MAX;
pub use model::{Model, Provenance};
pub use parallelism::Parallelism;
pub use precision::Precision;
pub use recurrent::{LinearAttention, Mamba, State};
pub use role::Role;
pub use serving::{
    CostComponent, FixedStepTimes, KvTier, LayerProfile, Policy, Preemption, Routing, Scheduler,
    Sending, TierScope,
};
pub(crate) use software::SoftwareOn;
pub use software::{OnChip, Software};
pub use text::ProfileError;
pub(crate) use text::{Profile, line_of, parse};

#[cfg(test)]
mod helping_tests;
#[cfg(test)]
mod software_tests;
#[cfg(test)]
mod tests;
