//! What a machine's times rest on, in one word.

use serde::Serialize;

use crate::catalogue::{Catalogue, ProfileKind};
use crate::profile::{Confidence, MachineProfile, ProfileError};

/// What the times of a machine rest on, the best of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// Some of what its chips reach was measured or published, be it of a chip that they inherit from.
    PartlyKnown,
    /// All that its chips reach of their peak rates, and all fixed times, are estimates. A figure that
    /// was fitted to a single measurement is one.
    Unmeasured,
    /// A chip of it is an estimate as a whole: its chief figures are not published.
    EstimatedWhole,
    /// Its profile or a component states the time of a step.
    Stated,
}

impl Evidence {
    /// The words that stand for it.
    pub fn word(self) -> &'static str {
        match self {
            Evidence::PartlyKnown => "known in part",
            Evidence::Unmeasured => "no measurements",
            Evidence::EstimatedWhole => "an estimate as a whole",
            Evidence::Stated => "stated times",
        }
    }

    /// The mark before a machine's name.
    pub(super) fn mark(self) -> &'static str {
        match self {
            Evidence::PartlyKnown => "",
            Evidence::Unmeasured => "°",
            Evidence::EstimatedWhole => "~",
            Evidence::Stated => "=",
        }
    }
}

/// The figures of a chip that say what it reaches, rather than what it has.
const REACHED: [&str; 5] = [
    "achieved.",
    "latency.",
    "exchange.",
    "scale_up.achieved_fraction",
    "scale_up.collective_seconds",
];

/// # Errors
/// What is wrong with the machine's chips.
pub(super) fn of(
    catalogue: &Catalogue,
    machine: &MachineProfile,
) -> Result<Evidence, ProfileError> {
    // A pool that helps states no times of its own.
    let writing: Vec<_> =
        machine.pools.iter().filter(|pool| pool.role.writes() || pool.role.helps()).collect();
    if writing.iter().any(|pool| pool.fixed_steps.is_some() || pool.cost_component.is_some()) {
        return Ok(Evidence::Stated);
    }
    if catalogue.is_estimated(machine)? {
        return Ok(Evidence::EstimatedWhole);
    }
    if writing.iter().any(|pool| pool.layer_profile.is_some()) {
        return Ok(Evidence::PartlyKnown);
    }
    for pool in writing {
        let rows = catalogue.figures(ProfileKind::Chip, &pool.chip)?;
        let mut rows = rows.iter().filter(|row| REACHED.iter().any(|key| row.key.starts_with(key)));
        let is_known = |confidence| {
            matches!(confidence, Some(Confidence::High | Confidence::Medium | Confidence::Low))
        };
        if rows.any(|row| is_known(row.confidence)) {
            return Ok(Evidence::PartlyKnown);
        }
    }
    Ok(Evidence::Unmeasured)
}
