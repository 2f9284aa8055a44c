//! What a fit moves: figures of a machine, its chips and its serving software.

use serde::Deserialize;
use timeslip_sim::catalogue::{Catalogue, ProfileKind};
use timeslip_sim::profile::{MachineProfile, ProfileError};

/// Figures that a fit moves by one factor.
#[derive(Clone, Debug, PartialEq)]
pub struct Knob {
    /// What they are: `reads of weights`.
    pub name: String,
    /// The standard deviation of the factor's logarithm.
    pub spread: f64,
    /// The figures; at least one.
    pub figures: Vec<KnobFigure>,
}

/// A figure that a knob moves.
#[derive(Clone, Debug, PartialEq)]
pub struct KnobFigure {
    /// What kind of profile it stands in.
    pub kind: ProfileKind,
    /// The profile, by the name that the machine refers to it.
    pub profile: String,
    /// Its key there: `achieved.weight_read_fraction`, `on.h200.host_step_seconds`.
    pub key: String,
    /// What the profile says, over 0.
    pub value: f64,
}

impl Knob {
    /// The largest factor: a part of a peak is at most all of it.
    pub fn most(&self) -> f64 {
        let fractions = self.figures.iter().filter(|figure| figure.key.ends_with("_fraction"));
        fractions.map(|figure| 1.0 / figure.value).fold(f64::INFINITY, f64::min)
    }
}

/// Whose figures a knob moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Owner {
    /// The chips'.
    Chip,
    /// The machine's, or its serving software's where the machine's file does not say them.
    Serving,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    of: Owner,
    keys: Vec<String>,
    spread: f64,
    #[expect(dead_code, reason = "it is for readers of the file")]
    basis: String,
}

#[derive(Deserialize)]
struct File {
    knobs: Vec<Entry>,
}

/// The profiles that a machine's figures stand in.
struct Profiles<'a> {
    catalogue: &'a Catalogue,
    machine: &'a MachineProfile,
}

/// The knobs of a machine: those of which it has a figure.
///
/// # Errors
/// What is wrong with its profiles.
pub fn knobs(catalogue: &Catalogue, machine: &str) -> Result<Vec<Knob>, ProfileError> {
    let text = include_str!("knobs.toml");
    let file: File = toml::from_str(text).expect("the knobs are held by a test");
    let machine = &catalogue.machine(machine)?;
    let profiles = Profiles { catalogue, machine };
    let mut knobs = Vec::new();
    for entry in file.knobs {
        match entry.of {
            Owner::Chip => {
                for chip in timed_chips(machine) {
                    let name = match timed_chips(machine).len() {
                        1 => entry.name.clone(),
                        _ => format!("{} ({chip})", entry.name),
                    };
                    let figures = profiles.rows(ProfileKind::Chip, chip, &entry.keys)?;
                    knobs.push(Knob { name, spread: entry.spread, figures });
                }
            }
            Owner::Serving => {
                let mut figures = Vec::new();
                for key in &entry.keys {
                    figures.extend(profiles.serving(key)?);
                }
                knobs.push(Knob { name: entry.name, spread: entry.spread, figures });
            }
        }
    }
    knobs.retain(|knob| !knob.figures.is_empty());
    Ok(knobs)
}

/// The chips whose figures time steps, each once.
fn timed_chips(machine: &MachineProfile) -> Vec<&str> {
    let is_timed = |pool: &&timeslip_sim::profile::Pool| {
        pool.layer_profile.is_none() && pool.fixed_steps.is_none() && pool.cost_component.is_none()
    };
    let mut chips: Vec<&str> =
        machine.pools.iter().filter(is_timed).map(|pool| pool.chip.as_str()).collect();
    chips.sort_unstable();
    chips.dedup();
    chips
}

impl Profiles<'_> {
    /// The figures with these keys that a profile has.
    fn rows(
        &self,
        kind: ProfileKind,
        profile: &str,
        keys: &[String],
    ) -> Result<Vec<KnobFigure>, ProfileError> {
        let rows = self.catalogue.figures(kind, profile)?;
        let found = keys.iter().filter_map(|key| {
            let row = rows.iter().find(|row| row.key == *key)?;
            let value: f64 = row.value.as_ref()?.replace('_', "").parse().ok()?;
            let profile = profile.to_owned();
            (value > 0.0).then(|| KnobFigure { kind, profile, key: key.clone(), value })
        });
        Ok(found.collect())
    }

    /// A figure of the machine, or of its software: on the chip that reads prompts, or on any.
    fn serving(&self, key: &str) -> Result<Vec<KnobFigure>, ProfileError> {
        let pools = (0..self.machine.pools.len()).map(|pool| format!("pools.{pool}.{key}"));
        let own: Vec<String> = std::iter::once(key.to_owned()).chain(pools).collect();
        let own = self.rows(ProfileKind::Machine, &self.machine.name, &own)?;
        let Some(software) = self.machine.software.as_deref().filter(|_| own.is_empty()) else {
            return Ok(own);
        };
        let reader = &self.machine.pools[0].chip;
        let sections = self.catalogue.chip_lineage(reader)?;
        let on_chip = sections.into_iter().map(|chip| format!("on.{chip}.{key}"));
        let keys: Vec<String> = on_chip.chain([key.to_owned()]).collect();
        let mut found = self.rows(ProfileKind::Software, software, &keys)?;
        found.truncate(1);
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_has_the_knobs_of_which_it_has_figures() {
        let catalogue = Catalogue::built_in();
        let knobs = knobs(&catalogue, "h200-8").unwrap();
        let knob = |name: &str| knobs.iter().find(|knob| knob.name == name).unwrap();
        let places = |name: &str| {
            let figures = knob(name).figures.iter();
            figures
                .map(|figure| (figure.kind, figure.profile.as_str(), figure.key.as_str()))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            places("steps between intakes"),
            [(ProfileKind::Software, "vllm", "on.h200.scheduler.intake_interval_steps")]
        );
        assert_eq!(
            places("front end, each request"),
            [(ProfileKind::Software, "vllm", "front_end_seconds")]
        );
        let reads = knob("reads of weights");
        assert!(reads.figures.iter().all(|figure| figure.value * reads.most() < 1.0 + 1e-12));
        assert_eq!(knob("fixed times of a layer").most(), f64::INFINITY);
    }

    #[test]
    fn what_a_machine_says_itself_goes_before_its_software() {
        let catalogue = Catalogue::built_in();
        let knobs = knobs(&catalogue, "dgx-spark").unwrap();
        let front_end = knobs.iter().find(|knob| knob.name == "front end, each request").unwrap();
        assert_eq!(front_end.figures[0].kind, ProfileKind::Machine);
        let host = knobs.iter().find(|knob| knob.name == "host work of a step").unwrap();
        assert_eq!(host.figures[0].key, "pools.0.host_step_seconds");
    }

    #[test]
    fn stated_steps_leave_the_chips_alone() {
        let knobs = knobs(&Catalogue::built_in(), "fixed-step").unwrap();
        let of_chips = knobs.iter().flat_map(|knob| &knob.figures);
        assert!(of_chips.into_iter().all(|figure| figure.kind != ProfileKind::Chip));
    }
}
