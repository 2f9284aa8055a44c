//! Components: what they import, what they say of themselves, and how they change.
//!
//! Start with [`PackedComponent`].

mod sections;
mod surface;
mod wit_change;
mod wit_text;

mod pack;

pub use pack::{About, COMPONENT_BYTES_MAX, PackedComponent, code_digest, pack};
pub(crate) use surface::permissions_of;
pub use surface::{NestedComponent, Surface};
pub use wit_change::{Compatibility, WitChange, check_version, wit_changes};
pub use wit_text::wit_text;
