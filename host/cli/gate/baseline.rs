//! Committed slips: where they stand, and those that wait to be accepted.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use timeslip_gate::laws::breaches;
use timeslip_gate::slip::Slip;

use super::runs::Setup;
use crate::bench::Bench;
use crate::exit::Failure;
use crate::output;

/// The slip of one run of a bench, as it is committed.
pub(crate) struct Baseline {
    /// The committed slip.
    pub(crate) file: PathBuf,
    /// The slip that waits to be accepted.
    pub(crate) pending: PathBuf,
}

impl Baseline {
    /// The place of a run's baseline.
    ///
    /// # Errors
    /// When the bench stands in no folder.
    pub(crate) fn of(bench: &Bench, setup: &Setup) -> Result<Baseline, Failure> {
        let folder = bench.folder.on_disk(&bench.gate.baselines).ok_or_else(|| {
            Failure::usage("the built-in example has no folder for baselines; give a bench's path")
        })?;
        let name = format!("{}.{}", plain(&bench.name), plain(&setup.name()));
        let file = crate::bench::tidy(&folder.join(format!("{name}.json")));
        let pending = file.with_file_name(format!("{name}.pending.json"));
        Ok(Baseline { file, pending })
    }

    /// The committed slip, if there is one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn read(&self) -> Result<Option<Slip>, Failure> {
        read(&self.file)
    }

    /// The slip that waits, if there is one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn read_pending(&self) -> Result<Option<Slip>, Failure> {
        read(&self.pending)
    }

    /// Writes a slip that is to be accepted, or removes the one that waits when nothing would
    /// change. Says whether anything would.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn write_pending(&self, slip: &str) -> Result<bool, Failure> {
        let committed = fs::read_to_string(&self.file).ok();
        if committed.as_deref() == Some(slip) {
            return match fs::remove_file(&self.pending) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    Err(Failure::run(format!("cannot remove {}: {error}", self.pending.display())))
                }
                _ => Ok(false),
            };
        }
        if let Some(folder) = self.pending.parent() {
            fs::create_dir_all(folder).map_err(|error| {
                Failure::run(format!("cannot make {}: {error}", folder.display()))
            })?;
        }
        output::write_file(&self.pending, slip.as_bytes())?;
        Ok(true)
    }

    /// Makes the slip that waits the committed one.
    ///
    /// # Errors
    /// When the file cannot be renamed.
    pub(crate) fn accept(&self) -> Result<(), Failure> {
        fs::rename(&self.pending, &self.file).map_err(|error| {
            let (pending, file) = (self.pending.display(), self.file.display());
            Failure::run(format!("cannot rename {pending} to {file}: {error}"))
        })
    }
}

fn read(file: &Path) -> Result<Option<Slip>, Failure> {
    match file.exists() {
        false => Ok(None),
        true => read_slip(file).map(Some),
    }
}

/// Reads a slip that a run may have left.
///
/// # Errors
/// When it cannot be read, or breaks a law that every run keeps: somebody has edited it.
pub(crate) fn read_slip(file: &Path) -> Result<Slip, Failure> {
    let slip = Slip::read(file).map_err(Failure::usage)?;
    match breaches(&slip).first() {
        None => Ok(slip),
        Some(breach) => Err(Failure::usage(format!(
            "{}: no run leaves such a slip: {breach}\n  fix: write it again rather than edit it",
            file.display()
        ))),
    }
}

/// A name as a part of a file's name.
fn plain(name: &str) -> String {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
    name.chars().map(|c| if fits(c) { c } else { '-' }).collect()
}
