//! One digest for all files that a deployment rests on.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::{Catalogue, CostFile, ProfileKind};
use crate::cost::LayerTables;
use crate::profile::{MachineProfile, ProfileError};

/// `sha256:` and 64 hexadecimal digits over the text of a machine, the files of its chips, of its
/// software and of a model, its tables of measured times, and the components that time its steps.
///
/// Where a file stands does not count, nor does how its lines end: a checkout on Windows has the
/// same machines.
pub(super) fn digest(
    catalogue: &Catalogue,
    machine: &MachineProfile,
    model: &str,
    tables: &[Option<LayerTables>],
    components: &[Option<CostFile>],
) -> Result<String, ProfileError> {
    let mut files = BTreeSet::from([
        (ProfileKind::Machine, machine.name.as_str()),
        (ProfileKind::Model, model),
        (ProfileKind::Chip, machine.host_cpu.as_str()),
    ]);
    files.extend(machine.pools.iter().map(|pool| (ProfileKind::Chip, pool.chip.as_str())));
    let software = machine.software.as_deref();
    files.extend(software.map(|software| (ProfileKind::Software, software)));
    files.extend(machine.draft_for(model).map(|draft| (ProfileKind::Model, draft.model.as_str())));
    let mut hash = Sha256::new();
    for (kind, name) in files {
        let Ok(text) = catalogue.text(kind, name) else {
            continue;
        };
        add(&mut hash, &format!("{} {name}", kind.word()), text);
    }
    for (index, tables) in tables.iter().enumerate() {
        for (key, table) in tables.iter().flat_map(LayerTables::files) {
            add(&mut hash, &format!("table {index} {key}"), &table.text);
        }
    }
    for (index, component) in components.iter().enumerate() {
        if let Some(component) = component {
            hash.update(format!("component {index} {}\n", component.bytes.len()));
            hash.update(&component.bytes);
        }
    }
    let mut digest = "sha256:".to_owned();
    for byte in hash.finalize() {
        write!(digest, "{byte:02x}").expect("a string takes all that is written");
    }
    Ok(digest)
}

fn add(hash: &mut Sha256, name: &str, text: &str) {
    let text = text.replace("\r\n", "\n");
    hash.update(format!("{name} {}\n", text.len()));
    hash.update(text);
}
