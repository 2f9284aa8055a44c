//! The tables of measured times that a machine's file leads to.

use std::path::Path;

use super::{Catalogue, File, ProfileKind};
use crate::cost::{LayerTables, TableFile};
use crate::profile::{LayerProfile, MachineProfile, ProfileError, line_of};

/// The tables of each pool that has a layer profile.
pub(super) fn tables(
    catalogue: &Catalogue,
    machine: &MachineProfile,
) -> Result<Vec<Option<LayerTables>>, ProfileError> {
    let read = |profile| read(catalogue, &machine.name, profile);
    machine.pools.iter().map(|pool| pool.layer_profile.as_ref().map(read).transpose()).collect()
}

fn read(
    catalogue: &Catalogue,
    machine: &str,
    profile: &LayerProfile,
) -> Result<LayerTables, ProfileError> {
    let lineage = catalogue.lineage(ProfileKind::Machine, machine)?;
    let [dense, attention, per_sequence] = profile.tables().map(|(key, path)| {
        // A path starts at the file that names it, which may be one that the machine inherits from.
        let quoted = format!("\"{}\"", path.display());
        let names = |(_, file): &&(String, &File)| file.text.contains(&quoted);
        let (_, file) = lineage.iter().find(names).unwrap_or(&lineage[0]);
        let place = file.path.parent().unwrap_or(Path::new("")).join(path);
        match std::fs::read_to_string(&place) {
            Ok(text) => Ok(TableFile { path: place, text }),
            Err(error) => {
                let named = path.display();
                let at = file.text.find(&quoted).unwrap_or(0);
                let message = format!(
                    "`{key}` names the table {named}, which cannot be read: {error}; its path \
                     starts at this file"
                );
                let line = line_of(&file.text, at);
                Err(ProfileError::Invalid { path: file.path.clone(), line, message })
            }
        }
    });
    Ok(LayerTables { dense: dense?, attention: attention?, per_sequence: per_sequence? })
}
