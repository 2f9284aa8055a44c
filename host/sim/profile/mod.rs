//! The profiles: chips, models and machines as data, every number with its source.

mod attention;
mod bands;
mod built_in;
mod chip;
mod figure;
mod figure_text;
mod flaw;
mod helping;
mod inherited;
mod layers;
mod machine;
mod machine_check;
mod mend;
mod model;
mod model_check;
mod parallelism;
mod precision;
mod recurrent;
mod role;
mod serving;
mod software;
mod speed;
mod status;
mod text;

pub use attention::{Cached, Compressed, Grouped, HeadChips, Index, Latent, Reach};
pub use bands::{ClassBand, MeasuredBands, PredictedTime, ServingMode, UnseenBand, UnseenBands};
pub use built_in::BUILT_IN;
pub(crate) use built_in::TEXTS;
pub use chip::{
    Achieved, Chip, ChipKind, Compute, Exchange, Host, Latency, Memory, Power, Price, ScaleOut,
    ScaleUp,
};
pub(crate) use figure::check_provenance;
pub use figure::{Choice, Confidence, Curve, Distribution, Figure, Switch};
pub(crate) use flaw::{Flaw, whole};
pub use helping::{DraftModel, FfnLink, Speculation};
pub(crate) use inherited::InheritedFiles;
pub use layers::{Experts, LayerGroup};
pub use machine::{Link, MachineProfile, OtherModels, PlatformPart, Pool, Serving};
pub use model::{Model, Provenance};
pub(crate) use model_check::LAYERS_MAX;
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
pub use speed::Speed;
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
mod software_tests;
#[cfg(test)]
mod tests;
