//! The figures that a fit moves, and how far.

use serde::Deserialize;
use timeslip_sim::catalogue::ProfileKind;

use super::least_squares::Movable;

/// Which measurements a knob is fitted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Times per output token.
    Steps,
    /// Times to the first token.
    FirstToken,
}

/// A figure that a fit moves.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Knob {
    /// The chip whose figure it is.
    chip: Option<String>,
    /// Or the serving software.
    software: Option<String>,
    /// The figure's key in that file; `on.h200.kernel_factor` for a chip's section of software.
    pub key: String,
    /// Which measurements it is fitted to.
    pub stage: Stage,
    /// Where it would be if no row was measured.
    pub prior: f64,
    /// The standard deviation of its logarithm around there.
    pub spread: f64,
    /// What the prior rests on.
    pub basis: String,
}

#[derive(Deserialize)]
struct File {
    knobs: Vec<Knob>,
}

/// All of them.
pub fn knobs() -> Vec<Knob> {
    let file: File =
        toml::from_str(include_str!("knobs.toml")).expect("the knobs are held by a test");
    file.knobs
}

impl Knob {
    /// The profile that its figure stands in.
    pub fn profile(&self) -> (ProfileKind, &str) {
        match (&self.chip, &self.software) {
            (Some(chip), _) => (ProfileKind::Chip, chip),
            (None, Some(software)) => (ProfileKind::Software, software),
            (None, None) => unreachable!("a test holds that each knob names one"),
        }
    }

    /// `chip h200 achieved.weight_read_fraction`.
    pub fn name(&self) -> String {
        let (kind, profile) = self.profile();
        format!("{} {profile} {}", kind.word(), self.key)
    }

    /// As a fit moves it.
    pub(super) fn as_movable(&self) -> Movable {
        let most = match self.key.ends_with("_fraction") {
            true => 1.0,
            false => f64::INFINITY,
        };
        Movable { prior: self.prior, spread: self.spread, most }
    }

    /// Whether what a chip, given with those that it inherits from, does with some software rests on
    /// it.
    pub(super) fn bears_on(&self, lineage: &[String], software: Option<&str>) -> bool {
        match self.profile() {
            (ProfileKind::Software, name) => {
                let section = self.key.strip_prefix("on.").and_then(|key| key.split('.').next());
                software == Some(name)
                    && section.is_none_or(|chip| lineage.iter().any(|known| known == chip))
            }
            (_, name) => lineage.iter().any(|known| known == name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::edited;
    use timeslip_sim::catalogue::Catalogue;

    #[test]
    fn each_knob_is_a_figure_that_a_profile_has() {
        let catalogue = Catalogue::built_in();
        for knob in knobs() {
            assert!(knob.chip.is_some() != knob.software.is_some(), "{}", knob.key);
            assert!(knob.prior > 0.0 && knob.spread > 0.0 && !knob.basis.is_empty());
            let (kind, profile) = knob.profile();
            let text = catalogue.text(kind, profile).unwrap();
            let moved = edited(text, &knob.key, 0.8 * knob.prior);
            assert_ne!(moved, text, "{}", knob.name());
            let moved = catalogue.clone().with_text(kind, profile, moved);
            assert!(moved.figures(kind, profile).is_ok(), "{}", knob.name());
        }
    }

    #[test]
    fn a_section_of_software_bears_on_its_chip_alone() {
        let on = |key: &str| Knob {
            chip: None,
            software: Some("vllm".into()),
            key: key.into(),
            stage: Stage::Steps,
            prior: 1.0,
            spread: 1.0,
            basis: "a test".into(),
        };
        let h100 = ["h100".to_owned(), "h200".to_owned()];
        assert!(on("on.h200.kernel_factor").bears_on(&h100, Some("vllm")));
        assert!(!on("on.b200.kernel_factor").bears_on(&h100, Some("vllm")));
        assert!(!on("on.h200.kernel_factor").bears_on(&h100, Some("sglang")));
        assert!(on("host_step_seconds").bears_on(&h100, Some("vllm")));
    }
}
