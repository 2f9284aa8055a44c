//! Whether a chip or a machine can be had.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether something can be had.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It is delivered.
    Shipping,
    /// Its maker says that it will be.
    Announced,
    /// Its maker has dropped it: it is listed and shown, and no time is modelled on it.
    Cancelled,
}

impl Status {
    /// The word that stands for it in files and on screen.
    pub fn word(self) -> &'static str {
        match self {
            Status::Shipping => "shipping",
            Status::Announced => "announced",
            Status::Cancelled => "cancelled",
        }
    }
}
