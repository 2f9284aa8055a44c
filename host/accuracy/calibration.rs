//! The bands that a file of measurements gives, and how well they hold rows that they have not seen.

use serde::Serialize;

use crate::band::{Band, Bands, Coverage, Observation, cross_validate, leave_one_class_out};
use crate::figures::{Grouping, all_compared};
use crate::predict::Outcome;

/// Parts that rows are put into to check bands.
const FOLDS: u64 = 10;

/// The bands of a file's classes of rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Calibration {
    /// By class: system, mode and metric.
    pub classes: Vec<ClassBand>,
    /// The band for a class that is not among them.
    pub unseen: Band,
    /// All rows, each against bands made without it.
    pub held_out: Coverage,
    /// All rows, each against the band for unseen classes made without its class.
    pub held_out_classes: Coverage,
}

/// The band of one class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassBand {
    /// The class.
    pub class: String,
    /// Its band, as factors of the prediction.
    pub band: Band,
    /// Its rows, each against bands made without it.
    pub held_out: Coverage,
}

/// The class of a figure: `h200_sxm agg TTFT`.
fn observations(outcomes: &[Outcome]) -> Vec<Observation> {
    let observation = |(outcome, compared): (&Outcome, &crate::predict::Compared)| Observation {
        class: format!("{} {}", Grouping::SystemAndMode.class(outcome), compared.metric.word()),
        cluster: outcome.scenario.map_or(0, |scenario| scenario as u64),
        factor: compared.factor(),
    };
    all_compared(outcomes).map(observation).collect()
}

impl Calibration {
    /// The bands of these rows.
    pub fn of(outcomes: &[Outcome]) -> Calibration {
        let observations = observations(outcomes);
        let bands = Bands::of(&observations);
        let held_out = cross_validate(&observations, FOLDS);
        let class = |(class, held_out): (&String, &Coverage)| ClassBand {
            class: class.clone(),
            band: bands.of_class(class),
            held_out: *held_out,
        };
        Calibration {
            classes: held_out.iter().map(class).collect(),
            unseen: bands.unseen(),
            held_out: sum(held_out.values()),
            held_out_classes: sum(leave_one_class_out(&observations).values()),
        }
    }
}

fn sum<'c>(coverages: impl Iterator<Item = &'c Coverage>) -> Coverage {
    coverages.fold(Coverage::default(), |sum, coverage| Coverage {
        rows: sum.rows + coverage.rows,
        inside: sum.inside + coverage.inside,
    })
}
