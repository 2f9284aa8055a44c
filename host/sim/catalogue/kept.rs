//! Profiles that were read once, so that a machine which is placed again and again is not parsed
//! again and again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::profile::{Chip, Model, ProfileError, Software};

/// What machines refer to, as far as it was read.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) chips: ByName<Chip>,
    pub(super) models: ByName<Model>,
    pub(super) software: ByName<Software>,
}

/// Profiles of one kind that were read.
#[derive(Debug)]
pub(super) struct ByName<P>(Mutex<BTreeMap<String, Arc<P>>>);

impl<P> Default for ByName<P> {
    fn default() -> ByName<P> {
        ByName(Mutex::default())
    }
}

impl<P> ByName<P> {
    /// The profile of that name, which is read where it was not yet; one that cannot be read is not
    /// kept.
    pub(super) fn get(
        &self,
        name: &str,
        read: impl FnOnce() -> Result<P, ProfileError>,
    ) -> Result<Arc<P>, ProfileError> {
        // A thread that panicked while it held the lock left a map of whole profiles.
        let kept = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(profile) = kept().get(name) {
            return Ok(Arc::clone(profile));
        }
        let profile = Arc::new(read()?);
        kept().insert(name.to_owned(), Arc::clone(&profile));
        Ok(profile)
    }
}
