//! Places models on machines.

use std::sync::Arc;

use timeslip_timeline::conversation::nearest;

use super::components::components;
use super::digest::digest;
use super::parts;
use super::tables::tables;
use super::{Catalogue, ProfileKind};
use crate::deployment::{Deployment, Profiles};
use crate::error::MachineError;
use crate::profile::{Chip, MachineProfile, ProfileError, Software, Status, line_of};

impl Catalogue {
    /// Places a model on a machine; its default model where none is named.
    ///
    /// # Errors
    /// When a profile is missing or wrong, when the machine or a chip of it was cancelled, when the
    /// machine does not say that it serves the model, and when the model does not fit.
    pub fn deploy(&self, machine: &str, model: Option<&str>) -> Result<Deployment, MachineError> {
        let profile = self.machine(machine)?;
        let model = model.unwrap_or(&profile.default_model).to_owned();
        parts::check(self, &profile)?;
        let lineage = self.lineage(ProfileKind::Machine, machine)?.into_iter();
        self.place(profile, lineage.map(|(name, file)| (name, &*file.text)).collect(), model)
    }

    /// Places a model on a machine, of which `texts` stand in the digest: its own by its name, and
    /// those that it inherits from by theirs.
    fn place(
        &self,
        profile: MachineProfile,
        texts: Vec<(String, &str)>,
        model: String,
    ) -> Result<Deployment, MachineError> {
        let machine = profile.name.as_str();
        let Some(serving) = profile.serving(&model) else {
            return Err(not_served(&profile, model));
        };
        let chips = profile.pools.iter().map(|pool| self.referred_chip(machine, &pool.chip));
        let chips = chips.collect::<Result<Vec<Arc<Chip>>, ProfileError>>()?;
        refuse_cancelled(&profile, &chips)?;
        let lineages = chips.iter().map(|chip| self.chip_lineage(&chip.name));
        let tables = tables(self, &profile)?;
        let components = components(self, &profile)?;
        let software = profile.software.as_deref();
        let software = software.map(|name| self.referred_software(machine, name));
        let draft = profile.draft_for(&model).map(|draft| {
            let read = self.model(&draft.model);
            let read = read.map_err(|error| self.refer(machine, &draft.model, error))?;
            Ok::<_, ProfileError>((read, draft.serving()))
        });
        Deployment::new(Profiles {
            host_cpu: self.referred_chip(machine, &profile.host_cpu)?,
            model: self.model(&model).map_err(|error| self.refer(machine, &model, error))?,
            digest: digest(self, &profile, texts, &model, &tables, &components),
            software: software.transpose()?,
            chip_lineages: lineages.collect::<Result<Vec<Vec<String>>, ProfileError>>()?,
            machine: profile,
            chips,
            tables,
            components,
            loader: self.components.clone(),
            serving,
            draft: draft.transpose()?,
        })
    }

    /// The name of a chip and of those that it inherits from, the nearest first.
    ///
    /// # Errors
    /// No such chip, with the nearest name, or what is wrong with those that it inherits from.
    pub fn chip_lineage(&self, chip: &str) -> Result<Vec<String>, ProfileError> {
        let lineage = self.lineage(ProfileKind::Chip, chip)?;
        Ok(lineage.into_iter().map(|(name, _)| name).collect())
    }

    pub(super) fn referred_chip(
        &self,
        machine: &str,
        chip: &str,
    ) -> Result<Arc<Chip>, ProfileError> {
        self.chip(chip).map_err(|error| self.refer(machine, chip, error))
    }

    fn referred_software(&self, machine: &str, name: &str) -> Result<Arc<Software>, ProfileError> {
        self.software(name).map_err(|error| self.refer(machine, name, error))
    }

    /// An error about a profile that a machine's file, or one that it inherits from, names: a name
    /// that does not exist is that file's mistake, and has a line there.
    fn refer(&self, machine: &str, name: &str, error: ProfileError) -> ProfileError {
        let unknown = matches!(error, ProfileError::Unknown { .. });
        let lineage = self.lineage(ProfileKind::Machine, machine).ok().filter(|_| unknown);
        let quoted = format!("\"{name}\"");
        let named = lineage.into_iter().flatten().find_map(|(_, file)| {
            let at = file.text.find(&quoted)?;
            let (path, message) = (file.path.clone(), error.to_string());
            Some(ProfileError::Invalid { path, line: line_of(&file.text, at), message })
        });
        named.unwrap_or(error)
    }
}

fn not_served(machine: &MachineProfile, model: String) -> MachineError {
    let served: Vec<String> = machine.serves.iter().map(|serving| serving.model.clone()).collect();
    MachineError::NotServed {
        machine: machine.name.clone(),
        nearest: nearest(&model, served.iter().map(String::as_str)).map(str::to_owned),
        model,
        served,
    }
}

/// What was cancelled is not built, and has no times.
fn refuse_cancelled(machine: &MachineProfile, chips: &[Arc<Chip>]) -> Result<(), MachineError> {
    let own = machine.status.iter().map(|status| (None, status));
    let of_chips = chips.iter().filter_map(|chip| Some((Some(chip), chip.status.as_ref()?)));
    let mut cancelled = own.chain(of_chips).filter(|(_, said)| said.value == Status::Cancelled);
    match cancelled.next() {
        None => Ok(()),
        Some((chip, status)) => Err(MachineError::Cancelled {
            machine: machine.name.clone(),
            chip: chip.map(|chip| chip.name.clone()),
            says: status.source.clone(),
            date: status.date.clone(),
        }),
    }
}
