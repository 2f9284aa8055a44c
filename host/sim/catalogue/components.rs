//! The components that a machine's file leads to.

use std::path::{Path, PathBuf};

use super::{Catalogue, ProfileKind};
use crate::profile::{CostComponent, MachineProfile, ProfileError, line_of};

/// A component that times a pool's steps, as it was read.
#[derive(Clone, Debug)]
pub(crate) struct CostFile {
    /// Where it stands.
    pub(crate) path: PathBuf,
    pub(crate) bytes: Vec<u8>,
    /// The machine's file, and the line that names the component.
    place: (PathBuf, usize),
}

impl CostFile {
    /// The component cannot time the machine: a mistake of the machine's file, or of the component.
    pub(crate) fn wrong(&self, problem: &str) -> ProfileError {
        let (path, line) = self.place.clone();
        let message =
            format!("the component {} cannot time the pool: {problem}", self.path.display());
        ProfileError::Invalid { path, line, message }
    }
}

/// The component of each pool that has one.
pub(super) fn components(
    catalogue: &Catalogue,
    machine: &MachineProfile,
) -> Result<Vec<Option<CostFile>>, ProfileError> {
    let read = |component| read(catalogue, &machine.name, component);
    machine.pools.iter().map(|pool| pool.cost_component.as_ref().map(read).transpose()).collect()
}

fn read(
    catalogue: &Catalogue,
    machine: &str,
    component: &CostComponent,
) -> Result<CostFile, ProfileError> {
    let file = catalogue.file(ProfileKind::Machine, machine)?;
    let named = component.file.display();
    let at = file.text.find(&format!("\"{named}\"")).unwrap_or(0);
    let place = (file.path.clone(), line_of(&file.text, at));
    let path = file.path.parent().unwrap_or(Path::new("")).join(&component.file);
    match std::fs::read(&path) {
        Ok(bytes) => Ok(CostFile { path, bytes, place }),
        Err(error) => {
            let (path, line) = place;
            let message = format!(
                "`cost_component` names {named}, which cannot be read: {error}; its path starts at \
                 this file"
            );
            Err(ProfileError::Invalid { path, line, message })
        }
    }
}
