//! The figures that the parts of a machine stand behind.

use timeslip_timeline::conversation::nearest;

use super::{Catalogue, ProfileKind};
use crate::profile::{Flaw, MachineProfile, ProfileError, told};

/// Checks that every figure that a part names is one of the machine or of its chips.
pub(super) fn check(catalogue: &Catalogue, machine: &MachineProfile) -> Result<(), ProfileError> {
    if machine.parts.is_empty() {
        return Ok(());
    }
    let known = figures(catalogue, machine)?;
    for (index, part) in machine.parts.iter().enumerate() {
        for (place, figure) in part.figures.iter().enumerate() {
            if known.contains(figure) {
                continue;
            }
            let advice = match nearest(figure, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("`timeslip hardware show {}` lists them", machine.name),
            };
            let message = format!(
                "the part `{}` stands behind `{figure}`, which is no figure of the machine or its \
                 chips; {advice}",
                part.name
            );
            let flaw = Flaw::new(format!("parts.{index}.figures.{place}"), message);
            let lineage = catalogue.lineage(ProfileKind::Machine, &machine.name)?;
            let files = super::files(&lineage);
            return Err(told(&files, &files.merged()?, flaw));
        }
    }
    Ok(())
}

/// The names of the machine's figures, and of its chips' behind the name of each and of those that
/// it inherits from: a variant of a machine has variants of its chips, and the same parts.
fn figures(catalogue: &Catalogue, machine: &MachineProfile) -> Result<Vec<String>, ProfileError> {
    let mut known: Vec<String> = catalogue
        .rows(ProfileKind::Machine, &machine.name)?
        .into_iter()
        .map(|row| row.key)
        .collect();
    for chip in machine.chips() {
        let rows = catalogue.rows(ProfileKind::Chip, chip)?;
        for name in catalogue.chip_lineage(chip)? {
            known.extend(rows.iter().map(|row| format!("{name}.{}", row.key)));
        }
    }
    Ok(known)
}
