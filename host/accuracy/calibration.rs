//! The bands that a file of measurements gives, and how well they hold rows that they have not seen.

use std::collections::BTreeMap;

use serde::Serialize;
use timeslip_sim::profile::{MeasuredBands, PredictedTime, ServingMode, UnseenBand, UnseenBands};

use crate::band::{Band, Bands, Coverage, Observation, Unseen, cross_validate, unseen_by_class};
use crate::figures::all_compared;
use crate::predict::{Compared, Outcome};
use crate::row::Metric;

/// Parts that rows are put into to check bands.
const FOLDS: u64 = 10;

/// The bands of a file's classes of rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Calibration {
    /// By metric, chip and mode.
    pub classes: Vec<ClassBand>,
    /// For a class that is not among them, by metric.
    pub unseen: BTreeMap<Metric, Unseen>,
    /// All rows, each against bands made without it.
    pub held_out: Coverage,
}

/// The band of one class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassBand {
    /// The chip's profile.
    pub chip: String,
    /// The mode: `agg`, `disagg`; of a step, its phase.
    pub mode: String,
    /// What was measured.
    pub metric: Metric,
    /// Its band, as factors of the prediction; that of classes never seen where it has few rows.
    pub band: Band,
    /// Its rows, each against bands made without it.
    pub held_out: Coverage,
}

impl ClassBand {
    /// Its name: `h200 agg TTFT`.
    pub fn name(&self) -> String {
        format!("{} {} {}", self.chip, self.mode, self.metric.word())
    }
}

/// The chip and the mode of a row; what had to be assumed of it makes no class of its own, since a
/// machine's profile states all.
type Key = (String, String);

/// A file's figures of one metric.
#[derive(Default)]
struct OfMetric {
    observations: Vec<Observation>,
    /// By the names of their classes.
    keys: BTreeMap<String, Key>,
}

impl OfMetric {
    fn of(outcomes: &[Outcome], metric: Metric) -> OfMetric {
        let mut all = OfMetric::default();
        for (outcome, compared) in all_compared(outcomes).filter(|(_, of)| of.metric == metric) {
            all.add(outcome, compared);
        }
        all
    }

    fn add(&mut self, outcome: &Outcome, compared: &Compared) {
        let chip = outcome.chip.clone().expect("what is predicted has a chip");
        let key = (chip, outcome.row.mode().to_owned());
        let class = format!("{} {}", key.0, key.1);
        let cluster = outcome.scenario.expect("what is predicted asks something") as u64;
        let factor = compared.factor();
        self.observations.push(Observation { class: class.clone(), cluster, factor });
        self.keys.insert(class, key);
    }
}

impl Calibration {
    /// The bands of these rows.
    pub fn of(outcomes: &[Outcome]) -> Calibration {
        let (mut classes, mut unseen) = (Vec::new(), BTreeMap::new());
        for metric in Metric::ALL {
            let OfMetric { observations, keys } = OfMetric::of(outcomes, metric);
            if observations.is_empty() {
                continue;
            }
            let bands = Bands::of(&observations);
            let of_unseen = unseen_by_class(&observations);
            let class = |(class, held_out): (String, Coverage)| {
                let (chip, mode) = keys[&class].clone();
                let band = bands.own(&class).unwrap_or(of_unseen.band);
                ClassBand { chip, mode, metric, band, held_out }
            };
            classes.extend(cross_validate(&observations, FOLDS).into_iter().map(class));
            unseen.insert(metric, of_unseen);
        }
        let held_out = sum(classes.iter().map(|class| &class.held_out));
        Calibration { classes, unseen, held_out }
    }

    /// The bands of served chats, as the profiles hold them.
    ///
    /// # Errors
    /// A short reason, when no row of served chats was predicted.
    pub fn measured_bands(&self) -> Result<MeasuredBands, String> {
        let unseen = |metric: Metric| {
            let unseen = self.unseen.get(&metric);
            let unseen =
                unseen.ok_or(format!("no {} was predicted and measured", metric.word()))?;
            let (low, high) = ends(unseen.band);
            Ok::<_, String>(UnseenBand { low, high, held_out: unseen.held_out.map(rounded) })
        };
        let unseen = UnseenBands { ttft: unseen(Metric::Ttft)?, tpot: unseen(Metric::Tpot)? };
        Ok(MeasuredBands { unseen, classes: self.classes.iter().filter_map(measured).collect() })
    }
}

/// A class as the profiles hold it; none of steps, which no machine's chats are.
fn measured(class: &ClassBand) -> Option<timeslip_sim::profile::ClassBand> {
    let metric = match class.metric {
        Metric::Ttft => PredictedTime::Ttft,
        Metric::Tpot => PredictedTime::Tpot,
        Metric::Step => return None,
    };
    let (low, high) = ends(class.band);
    Some(timeslip_sim::profile::ClassBand {
        chip: class.chip.clone(),
        mode: ServingMode::of_word(&class.mode)?,
        metric,
        low,
        high,
        rows: class.held_out.rows as u64,
        held_out: rounded(class.held_out.part()?),
    })
}

/// The ends as they are written: with the prediction itself inside, however much it is off.
fn ends(band: Band) -> (f64, f64) {
    (rounded(band.low).clamp(STEP, 1.0), rounded(band.high).max(1.0))
}

/// As fine as bands are written.
const STEP: f64 = 0.001;

fn rounded(value: f64) -> f64 {
    // Not times the step, which would leave long numbers.
    (value / STEP).round() / STEP.recip()
}

fn sum<'c>(coverages: impl Iterator<Item = &'c Coverage>) -> Coverage {
    coverages.fold(Coverage::default(), |sum, coverage| Coverage {
        rows: sum.rows + coverage.rows,
        inside: sum.inside + coverage.inside,
    })
}
