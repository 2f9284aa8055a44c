//! Checks every profile of a catalogue, not only those that a run asks for.

use std::path::PathBuf;

use super::{Catalogue, ProfileKind};
use crate::error::MachineError;
use crate::profile::{ProfileError, line_of};

/// What is wrong with a profile.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    /// Its form, or a name in it.
    #[error(transparent)]
    Profile(ProfileError),
    /// A machine cannot hold a model that it says it serves.
    #[error("{}: {error}", path.display())]
    Machine {
        /// The machine's file.
        path: PathBuf,
        /// Why not.
        error: Box<MachineError>,
    },
}

impl Catalogue {
    /// Checks every profile: its form, the names in it, and that each machine can hold every model
    /// that it says it serves. Gives all problems: chips first, then models, software and machines.
    pub fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut keep = |found: Result<(), ProfileError>| {
            problems.extend(found.err().map(Problem::Profile));
        };
        for chip in self.names(ProfileKind::Chip) {
            keep(self.chip(chip).map(drop));
        }
        for model in self.names(ProfileKind::Model) {
            keep(self.model(model).map(drop));
        }
        for software in self.names(ProfileKind::Software) {
            keep(self.validate_software(software));
        }
        for machine in self.names(ProfileKind::Machine) {
            self.validate_machine(machine, &mut problems);
        }
        problems
    }

    /// A section of a chip that does not exist would never be used.
    fn validate_software(&self, name: &str) -> Result<(), ProfileError> {
        let software = self.software(name)?;
        let file = self.file(ProfileKind::Software, name)?;
        for on in &software.on {
            if let Err(unknown) = self.file(ProfileKind::Chip, &on.chip) {
                let at = file.text.find(&format!("\"{}\"", on.chip)).unwrap_or(0);
                let (path, message) = (file.path.clone(), unknown.to_string());
                return Err(ProfileError::Invalid { path, line: line_of(&file.text, at), message });
            }
        }
        Ok(())
    }

    fn validate_machine(&self, name: &str, problems: &mut Vec<Problem>) {
        let machine = match self.machine(name) {
            Ok(machine) => machine,
            Err(error) => return problems.push(Problem::Profile(error)),
        };
        for serving in &machine.serves {
            let problem = match self.deploy(name, Some(&serving.model)) {
                Ok(_) => continue,
                Err(MachineError::Profile(error)) => Problem::Profile(error),
                Err(error) => Problem::Machine {
                    path: self
                        .file(ProfileKind::Machine, name)
                        .map(|file| file.path.clone())
                        .unwrap_or_default(),
                    error: Box::new(error),
                },
            };
            // A chip that is wrong is wrong for every model, and has been told.
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
    }
}
