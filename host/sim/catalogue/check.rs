//! Checks every profile of a catalogue, not only those that a run asks for.

use std::path::PathBuf;

use super::{Catalogue, ProfileKind};
use crate::error::MachineError;
use crate::profile::{Chip, Flaw, MachineProfile, Model, ProfileError, told};

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
    /// What is wrong: chips first, then models, then machines.
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
        let mut keep = |errors: Vec<ProfileError>| found.keep_all(errors);
        for chip in self.names(ProfileKind::Chip) {
            keep(self.read::<Chip>(ProfileKind::Chip, chip).err().unwrap_or_default());
        }
        for model in self.names(ProfileKind::Model) {
            keep(self.read::<Model>(ProfileKind::Model, model).err().unwrap_or_default());
        }
        for machine in self.names(ProfileKind::Machine) {
            match self.read::<MachineProfile>(ProfileKind::Machine, machine) {
                Ok(machine) => self.validate_machine(&machine, &mut found),
                Err(errors) => found.keep_all(errors),
            }
        }
        found
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
        let lineage = self.lineage(ProfileKind::Machine, &machine.name);
        let lineage = lineage.expect("the machine was read");
        let layers = super::layers(&lineage);
        let document = layers.merged().expect("the machine was read");
        match told(&layers, &document, Flaw::new(key, "")) {
            ProfileError::Invalid { path, line, .. } => {
                Problem::Machine { path, line, error: Box::new(error) }
            }
            other => Problem::Profile(other),
        }
    }
}
