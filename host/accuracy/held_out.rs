//! Predictions of a model's rows by figures that were fitted to all other models' rows.

use std::collections::BTreeMap;

use timeslip_sim::catalogue::Catalogue;

use crate::fit::{Fit, applied, knobs};
use crate::predict::{Answer, answer};
use crate::scenario::Scenario;

/// The catalogues of a fit that leaves out each model.
pub struct HeldOut {
    by_model: BTreeMap<String, Catalogue>,
}

impl HeldOut {
    /// Of the figures that `fit` has for each model.
    pub fn of(catalogue: &Catalogue, fit: &Fit) -> HeldOut {
        let knobs = knobs();
        let by_model = fit
            .without
            .iter()
            .map(|(model, values)| (model.clone(), applied(catalogue, &knobs, values)));
        HeldOut { by_model: by_model.collect() }
    }

    /// What a machine says of a scenario whose model took no part in its figures.
    ///
    /// # Errors
    /// As for [`answer`], and where no fit leaves the model out.
    pub fn answer(&self, scenario: &Scenario) -> Answer {
        match self.by_model.get(&scenario.serving.model) {
            Some(catalogue) => answer(catalogue, scenario),
            None => Err("no fit leaves this model out".to_owned()),
        }
    }
}
