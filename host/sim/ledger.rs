//! Reads figures, and keeps which of them are estimates.
//!
//! A deployment rests on some of its profiles' figures and not on others: the rate of 4-bit
//! arithmetic does not matter to a model in 8 bits. So the estimates are noted where they are used.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::error::MachineError;
use crate::profile::{Confidence, Figure};

/// The estimates that were read, by their full names.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    estimates: RefCell<BTreeSet<String>>,
}

impl Ledger {
    /// A figure's value. `owner` is the profile's name, `key` the figure's in it.
    ///
    /// # Errors
    /// [`MachineError::UnknownFigure`] when nobody publishes it.
    pub(crate) fn need(
        &self,
        figure: &Figure,
        owner: &str,
        key: &str,
    ) -> Result<f64, MachineError> {
        self.known(figure, owner, key)
            .ok_or_else(|| MachineError::UnknownFigure { figure: format!("{owner}.{key}") })
    }

    /// A figure's value, if it is known.
    pub(crate) fn known(&self, figure: &Figure, owner: &str, key: &str) -> Option<f64> {
        if let Some(confidence) = figure.confidence {
            self.rest_on(confidence, owner, key);
        }
        figure.value
    }

    /// Notes that something rests on a number of this confidence.
    pub(crate) fn rest_on(&self, confidence: Confidence, owner: &str, key: &str) {
        if confidence == Confidence::Estimate {
            self.estimates.borrow_mut().insert(format!("{owner}.{key}"));
        }
    }

    /// The estimates, sorted.
    pub(crate) fn into_estimates(self) -> Vec<String> {
        self.estimates.into_inner().into_iter().collect()
    }
}
