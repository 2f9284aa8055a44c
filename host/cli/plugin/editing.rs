//! Whose keys are at hand, and whose catalogue is changed with them.

use std::path::{Path, PathBuf};

use timeslip_market::registry::Registry;
use timeslip_market::tuf::{Editor, KeyRing};

use super::failure;
use super::places::{Places, data_folder, now};
use crate::exit::Failure;

/// The user's own folder of keys, in the folder of data.
const KEYS: &str = "keys";

/// A registry with the keys at hand.
#[derive(Debug)]
pub(super) struct Editing {
    places: Places,
    registry: Registry,
    folders: Vec<PathBuf>,
    ring: KeyRing,
}

impl Editing {
    /// Reads the keys: of the folders that were named, else of the user's own.
    ///
    /// # Errors
    /// When a folder or a key cannot be read, or the registry is no place.
    pub(super) fn of(
        registry: Option<&str>,
        keys: &[PathBuf],
        json: bool,
    ) -> Result<Editing, Failure> {
        let places = Places::of_registry(registry, json)?;
        let folders = key_folders(keys);
        let ring = KeyRing::read(&folders).map_err(failure)?;
        let registry = places.first()?;
        Ok(Editing { places, registry, folders, ring })
    }

    /// Who changes the catalogue.
    ///
    /// # Errors
    /// When the environment says nonsense of the time.
    pub(super) fn editor(&self) -> Result<Editor<'_>, Failure> {
        let Editing { places, registry, ring, .. } = self;
        let pin = places.trust.roots.get(&registry.place());
        Ok(Editor { registry, copies: places.copies(), pin, ring, now: now()? })
    }

    /// Where everything is.
    pub(super) fn places(&self) -> &Places {
        &self.places
    }

    /// The registry.
    pub(super) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The registry's place.
    pub(super) fn place(&self) -> String {
        self.registry.place()
    }

    /// The folder that new keys are written to.
    ///
    /// # Errors
    /// When none was named, and the user has none.
    pub(super) fn first_folder(&self) -> Result<PathBuf, Failure> {
        self.folders.first().cloned().ok_or_else(|| {
            Failure::usage("no folder of keys is at hand\n  fix: name it by --keys FOLDER")
        })
    }
}

/// The folders that were named, else the user's own if it is there.
fn key_folders(named: &[PathBuf]) -> Vec<PathBuf> {
    if !named.is_empty() {
        return named.to_vec();
    }
    let own = data_folder().map(|data| data.join(KEYS)).filter(|own| Path::is_dir(own));
    own.into_iter().collect()
}
