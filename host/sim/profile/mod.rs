//! The profiles: chips, models and machines as data, every number with its source.

mod chip;
mod figure;
mod machine;
mod model;
mod precision;
mod text;

pub use chip::{
    Achieved, Chip, ChipKind, Compute, Exchange, Host, Latency, Memory, Power, Price, ScaleUp,
};
pub use figure::{Confidence, Curve, Figure};
pub use machine::{Link, MachineProfile, Pool, Role, Scheduler, Serving};
pub use model::{Experts, Grouped, Latent, LayerGroup, Model, Provenance};
pub use precision::Precision;
pub use text::ProfileError;
pub(crate) use text::{Profile, parse};
