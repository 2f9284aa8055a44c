//! Checks every profile of a catalogue, not only those that a run asks for.

use std::path::PathBuf;

use super::{Catalogue, ProfileKind};
use crate::error::MachineError;
use crate::profile::{Chip, Flaw, MachineProfile, Model, Profile, ProfileError, Software, told};

/// What was found about a profile.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    /// Its form, or a name in it.
    #[error(transparent)]
    Profile(ProfileError),
    /// What a machine says when it is to hold a model.
    #[error("{}:{line}: {error}", path.display())]
    Machine {
        /// The machine's file, or one that it inherits from.
        path: PathBuf,
        /// Counts from 1.
        line: usize,
        /// Why not.
        error: Box<MachineError>,
    },
}

/// What a check of all profiles found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Validation {
    /// What is wrong: chips first, then models, software and machines.
    pub problems: Vec<Problem>,
    /// What is right and yet hinders a run: a model that a machine names and that does not fit, and
    /// machines that were cancelled.
    pub notes: Vec<Problem>,
}

impl Validation {
    /// Keeps all that is wrong with one profile, in the order of its lines.
    fn keep_all(&mut self, mut errors: Vec<ProfileError>) {
        errors.sort_by_key(ProfileError::line);
        errors.into_iter().for_each(|error| self.keep(Problem::Profile(error)));
    }

    /// Keeps what was not told before: a chip that is wrong is wrong for every machine and model.
    fn keep(&mut self, found: Problem) {
        let list = match &found {
            Problem::Machine { error, .. } if is_note(error) => &mut self.notes,
            _ => &mut self.problems,
        };
        if !list.contains(&found) {
            list.push(found);
        }
    }
}

fn is_note(error: &MachineError) -> bool {
    matches!(error, MachineError::DoesNotFit(_) | MachineError::Cancelled { .. })
}

impl Catalogue {
    /// Checks every profile: its form, the names in it, and what each machine says when it is to
    /// hold each model that it serves.
    pub fn validate(&self) -> Validation {
        let mut found = Validation::default();
        for chip in self.names(ProfileKind::Chip) {
            self.checked::<Chip>(ProfileKind::Chip, chip, &mut found);
        }
        for model in self.names(ProfileKind::Model) {
            self.checked::<Model>(ProfileKind::Model, model, &mut found);
        }
        for name in self.names(ProfileKind::Software) {
            if let Some(software) = self.checked(ProfileKind::Software, name, &mut found) {
                self.validate_software(&software, &mut found);
            }
        }
        for name in self.names(ProfileKind::Machine) {
            if let Some(machine) = self.checked(ProfileKind::Machine, name, &mut found) {
                self.validate_machine(&machine, &mut found);
            }
        }
        found
    }

    /// A profile, or `None` where something is wrong with it, which is kept.
    fn checked<P: Profile>(
        &self,
        kind: ProfileKind,
        name: &str,
        found: &mut Validation,
    ) -> Option<P> {
        match self.read(kind, name) {
            Ok(profile) => Some(profile),
            Err(errors) => {
                found.keep_all(errors);
                None
            }
        }
    }

    /// A section of a chip that does not exist would never be used.
    fn validate_software(&self, software: &Software, found: &mut Validation) {
        for (index, on) in software.on.iter().enumerate() {
            if let Err(unknown) = self.file(ProfileKind::Chip, &on.chip) {
                let flaw = Flaw::new(format!("on.{index}.chip"), unknown.to_string());
                let error = self.told(ProfileKind::Software, &software.name, flaw);
                found.keep(Problem::Profile(error));
            }
        }
    }

    fn validate_machine(&self, machine: &MachineProfile, found: &mut Validation) {
        let named = machine.serves.iter().enumerate();
        let named = named.map(|(index, serving)| (format!("serves.{index}"), &*serving.model));
        let is_other = |model: &&str| machine.serves.iter().all(|serving| serving.model != *model);
        let others = self.names(ProfileKind::Model).filter(is_other);
        let others = others.filter(|_| machine.other_models.is_some());
        for (key, model) in named.chain(others.map(|model| ("other_models".to_owned(), model))) {
            match self.deploy(&machine.name, Some(model)) {
                Ok(_) => {}
                // Any model may be asked for; the machine's file does not say that it fits.
                Err(MachineError::DoesNotFit(_)) if key == "other_models" => {}
                Err(MachineError::Profile(error)) => found.keep(Problem::Profile(error)),
                Err(error @ MachineError::Cancelled { .. }) => {
                    found.keep(self.problem(machine, "name", error));
                }
                Err(error) => found.keep(self.problem(machine, &key, error)),
            }
        }
    }

    /// What a machine says, at a key of its file.
    fn problem(&self, machine: &MachineProfile, key: &str, error: MachineError) -> Problem {
        match self.told(ProfileKind::Machine, &machine.name, Flaw::new(key, "")) {
            ProfileError::Invalid { path, line, .. } => {
                Problem::Machine { path, line, error: Box::new(error) }
            }
            other => Problem::Profile(other),
        }
    }

    /// A flaw of a profile that was read, with its file and line.
    fn told(&self, kind: ProfileKind, name: &str, flaw: Flaw) -> ProfileError {
        let lineage = self.lineage(kind, name).expect("the profile was read");
        let files = super::files(&lineage);
        let document = files.merged().expect("the profile was read");
        told(&files, &document, flaw)
    }
}
