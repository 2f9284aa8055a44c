//! The fitted machine as profiles of its own, each of which inherits from the one that it began
//! with.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use timeslip_sim::catalogue::{Catalogue, ProfileKind};
use timeslip_sim::error::MachineError;
use timeslip_sim::profile::{Confidence, MachineProfile, ProfileError};

use crate::knobs::{Knob, KnobFigure};

/// Where fitted figures come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// The file that was measured, with its digest.
    pub source: String,
    /// When, as `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    pub date: String,
}

/// A machine's variant under a name of its own.
#[derive(Clone, Copy, Debug)]
pub struct Variant<'a> {
    /// Where the machine is looked up.
    pub catalogue: &'a Catalogue,
    /// The machine.
    pub machine: &'a MachineProfile,
    /// The variant's name.
    pub name: &'a str,
    /// Where its figures come from.
    pub provenance: &'a Provenance,
    /// How far they can be trusted.
    pub confidence: Confidence,
}

/// A profile of the variant: its kind, its name and its TOML text.
pub type DerivedProfile = (ProfileKind, String, String);

/// What is moved in one profile: figures by their keys.
type Moved<'a> = BTreeMap<&'a str, f64>;

impl Variant<'_> {
    /// The variant's profiles with each knob's figures times its factor. Those that nothing is
    /// moved in are not there, except the machine's.
    ///
    /// # Errors
    /// What is wrong with the profiles that it inherits from.
    pub fn profiles(&self, factors: &[(&Knob, f64)]) -> Result<Vec<DerivedProfile>, ProfileError> {
        let mut moved: BTreeMap<(ProfileKind, &str), Moved<'_>> = BTreeMap::new();
        for (knob, factor) in factors {
            for KnobFigure { kind, profile, key, value } in &knob.figures {
                let of_profile = moved.entry((*kind, profile)).or_default();
                of_profile.insert(key, rounded(value * factor));
            }
        }
        let mut profiles = Vec::new();
        for ((kind, profile), figures) in &moved {
            let text = match kind {
                ProfileKind::Chip => self.chip(profile, figures)?,
                ProfileKind::Software => self.software(profile, figures)?,
                ProfileKind::Machine | ProfileKind::Model => continue,
            };
            profiles.push((*kind, self.name_of(profile), text));
        }
        let figures = moved.get(&(ProfileKind::Machine, self.machine.name.as_str()));
        let is_new = |kind, profile: &str| moved.contains_key(&(kind, profile));
        let text = self.machine_text(figures.unwrap_or(&Moved::new()), is_new);
        profiles.push((ProfileKind::Machine, self.name.to_owned(), text));
        Ok(profiles)
    }

    /// The catalogue with the variant's profiles.
    ///
    /// # Errors
    /// As for [`Variant::profiles`].
    pub fn in_catalogue(&self, factors: &[(&Knob, f64)]) -> Result<Catalogue, ProfileError> {
        let profiles = self.profiles(factors)?.into_iter();
        Ok(profiles.fold(self.catalogue.clone(), |catalogue, (kind, name, text)| {
            catalogue.with_text(kind, &name, text)
        }))
    }

    /// Those of the knobs' figures that the time of a model's chats rests on; a knob may be left
    /// with none.
    ///
    /// # Errors
    /// When the model cannot be placed on the machine.
    pub fn rested_on(&self, model: &str, knobs: &[Knob]) -> Result<Vec<Knob>, MachineError> {
        // A deployment says which estimates it rests on, so every figure is made one.
        let probe = Variant { confidence: Confidence::Estimate, ..*self };
        let same: Vec<(&Knob, f64)> = knobs.iter().map(|knob| (knob, 1.0)).collect();
        let deployed = probe.in_catalogue(&same)?.deploy(self.name, Some(model))?;
        let is_used = |figure: &KnobFigure| {
            let owner = match figure.kind {
                ProfileKind::Machine => self.name.to_owned(),
                _ => self.name_of(&figure.profile),
            };
            deployed.estimates.contains(&format!("{owner}.{}", figure.key))
        };
        let used = |knob: &Knob| {
            let figures = knob.figures.iter().filter(|figure| is_used(figure)).cloned().collect();
            Knob { figures, ..knob.clone() }
        };
        Ok(knobs.iter().map(used).collect())
    }

    /// The name of the variant of a chip or of software.
    fn name_of(&self, profile: &str) -> String {
        format!("{}-{profile}", self.name)
    }

    fn chip(&self, chip: &str, figures: &Moved<'_>) -> Result<String, ProfileError> {
        let title = &self.catalogue.chip(chip)?.title;
        let mut text = head(&self.name_of(chip), title, chip);
        for (key, value) in figures {
            text += &self.figure(key, *value);
        }
        Ok(text)
    }

    /// Figures of any chip first, then the sections of single chips. If one is moved, all sections
    /// must stand there, since a list of the nearer file says which there are.
    fn software(&self, software: &str, figures: &Moved<'_>) -> Result<String, ProfileError> {
        let profile = self.catalogue.software(software)?;
        let mut text = head(&self.name_of(software), &profile.title, software);
        let section = |key: &str| {
            key.strip_prefix("on.")
                .and_then(|rest| rest.split_once('.'))
                .map(|(chip, _)| chip.to_owned())
        };
        for (key, value) in figures.iter().filter(|(key, _)| section(key).is_none()) {
            text += &self.figure(key, *value);
        }
        if figures.keys().all(|key| section(key).is_none()) {
            return Ok(text);
        }
        for on in &profile.on {
            write!(text, "\n[[on]]\nchip = \"{}\"\n", on.chip).expect("a string takes it");
            let prefix = format!("on.{}.", on.chip);
            for (key, value) in figures {
                if let Some(inner) = key.strip_prefix(&prefix) {
                    text += &self.figure(&format!("on.{inner}"), *value);
                }
            }
        }
        Ok(text)
    }

    fn machine_text(
        &self,
        figures: &Moved<'_>,
        is_new: impl Fn(ProfileKind, &str) -> bool,
    ) -> String {
        let mut text = head(self.name, &self.machine.title, &self.machine.name);
        let about = format!(
            "`timeslip calibrate` fitted it to {}.",
            self.provenance.source.replace(['"', '\\'], "'")
        );
        writeln!(text, "about = \"{about}\"").expect("a string takes it");
        let software = self.machine.software.as_deref();
        if let Some(software) = software.filter(|name| is_new(ProfileKind::Software, name)) {
            writeln!(text, "software = \"{}\"", self.name_of(software)).expect("a string takes it");
        }
        for (key, value) in figures.iter().filter(|(key, _)| !key.starts_with("pools.")) {
            text += &self.figure(key, *value);
        }
        for (index, pool) in self.machine.pools.iter().enumerate() {
            let role = pool.role.word();
            write!(text, "\n[[pools]]\nrole = \"{role}\"\n").expect("a string takes it");
            if is_new(ProfileKind::Chip, &pool.chip) {
                writeln!(text, "chip = \"{}\"", self.name_of(&pool.chip))
                    .expect("a string takes it");
            }
            let prefix = format!("pools.{index}.");
            for (key, value) in figures {
                if let Some(inner) = key.strip_prefix(&prefix) {
                    text += &self.figure(&format!("pools.{inner}"), *value);
                }
            }
        }
        text
    }

    fn figure(&self, key: &str, value: f64) -> String {
        let Provenance { source, date } = self.provenance;
        let source = source.replace(['"', '\\'], "'");
        format!(
            "\n[{key}]\nvalue = {value:.2e}\nsource = \"{source}\"\ndate = \"{date}\"\n\
             confidence = \"{}\"\nnote = \"`timeslip calibrate` fitted it.\"\n",
            self.confidence.word()
        )
    }
}

fn head(name: &str, title: &str, parent: &str) -> String {
    let title = title.replace(['"', '\\'], "'");
    format!("name = \"{name}\"\ntitle = \"{title}, fitted\"\ninherits = \"{parent}\"\n")
}

/// To three digits, as it is written.
pub fn rounded(value: f64) -> f64 {
    format!("{value:.2e}").parse().expect("what is written is a number")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knobs::knobs;

    fn provenance() -> Provenance {
        Provenance { source: "log.jsonl (sha256:0)".to_owned(), date: "2026-11-20".to_owned() }
    }

    #[test]
    fn a_variant_is_its_machine_but_for_what_was_moved() {
        let catalogue = Catalogue::built_in();
        for name in ["h200-8", "dgx-spark", "rubin-groq3", "vera-rubin-nvl72"] {
            let machine = catalogue.machine(name).unwrap();
            let knobs = knobs(&catalogue, name).unwrap();
            let provenance = provenance();
            let variant = Variant {
                catalogue: &catalogue,
                machine: &machine,
                name: "mine",
                provenance: &provenance,
                confidence: Confidence::Medium,
            };
            let halved: Vec<(&Knob, f64)> = knobs.iter().map(|knob| (knob, 0.5)).collect();
            let moved = variant.in_catalogue(&halved).unwrap();
            let deployed = moved.deploy("mine", None).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(deployed.machine, "mine");
            for (kind, profile, text) in variant.profiles(&halved).unwrap() {
                let rows = moved.figures(kind, &profile).unwrap();
                let own = rows.iter().filter(|row| row.source == "log.jsonl (sha256:0)").count();
                assert_eq!(own, text.matches("\nvalue = ").count(), "{text}");
            }
            for figure in knobs.iter().flat_map(|knob| &knob.figures) {
                let profile = match figure.kind {
                    ProfileKind::Machine => "mine".to_owned(),
                    _ => format!("mine-{}", figure.profile),
                };
                let rows = moved.figures(figure.kind, &profile).unwrap();
                let row = rows.iter().find(|row| row.key == figure.key).unwrap();
                let value: f64 = row.value.as_ref().unwrap().parse().unwrap();
                assert_eq!(value, rounded(0.5 * figure.value), "{}", figure.key);
            }
        }
    }

    #[test]
    fn what_is_not_moved_keeps_its_times() {
        let catalogue = Catalogue::built_in();
        let machine = catalogue.machine("h200-8").unwrap();
        let provenance = provenance();
        let (name, confidence) = ("mine", Confidence::Medium);
        let (catalogue, machine) = (&catalogue, &machine);
        let variant = Variant { catalogue, machine, name, provenance: &provenance, confidence };
        let same = variant.in_catalogue(&[]).unwrap().deploy("mine", None).unwrap();
        let before = catalogue.deploy("h200-8", None).unwrap();
        let mut work = before.no_work();
        work.add_prefill(0, 512, true);
        let seconds =
            |deployed: &timeslip_sim::deployment::Deployment| deployed.writer().cost.seconds(&work);
        assert_eq!(seconds(&same), seconds(&before));
    }

    #[test]
    fn figures_of_formats_that_a_model_is_not_held_in_are_left_alone() {
        let catalogue = Catalogue::built_in();
        let provenance = provenance();
        for (name, front_end) in [("h200-8", "vllm"), ("dgx-spark", "dgx-spark")] {
            let machine = catalogue.machine(name).unwrap();
            let variant = Variant {
                catalogue: &catalogue,
                machine: &machine,
                name: "mine",
                provenance: &provenance,
                confidence: Confidence::Medium,
            };
            let knobs = knobs(&catalogue, name).unwrap();
            let used = variant.rested_on("llama-3.3-70b", &knobs).unwrap();
            let keys = |name: &str| -> Vec<String> {
                let knob = used.iter().find(|knob| knob.name == name).unwrap();
                let figures = knob.figures.iter();
                figures.map(|figure| format!("{}.{}", figure.profile, figure.key)).collect()
            };
            let products = keys("matrix products");
            assert!(products.iter().any(|key| key.contains("fp8_matmul")), "{products:?}");
            assert!(products.iter().all(|key| !key.contains("fp4") && !key.contains("expert")));
            assert_eq!(keys("front end, each request"), [format!("{front_end}.front_end_seconds")]);
            assert!(!keys("host work of a step").is_empty());
        }
    }
}
