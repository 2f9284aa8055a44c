//! The knobs of profiles as a fit moves them, and what they predict of measured rows.

use std::collections::BTreeMap;
use std::thread;

use timeslip_sim::catalogue::Catalogue;
use timeslip_sim::deployment::Deployment;

use super::apply::applied;
use super::knobs::{Knob, Stage};
use super::least_squares::{LeastSquares, Logs, Movable, Predicts, Weighing};
use super::{first_token_seconds, steps};
use crate::deploy::deploy;
use crate::scenario::{AskedWork, Scenario};

/// One measured figure.
#[derive(Clone, Copy, Debug)]
pub(super) struct Observed {
    pub(super) scenario: usize,
    pub(super) stage: Stage,
    pub(super) log_seconds: f64,
}

impl Observed {
    fn asked(&self) -> Asked {
        (self.stage, self.scenario)
    }
}

/// Rows whose errors are beyond the largest were measured otherwise than they say.
const WEIGHING: Weighing = Weighing { rows_count: 0.4, small_error: 0.1, largest_error: 1.0 };
/// By how much a knob is moved to see what it does to times of steps, which are in closed form.
const STEPS_NUDGE: f64 = 0.02;
/// And to times to the first token: so far that it shows beside what a load's chats do to each
/// other, which changes with every move.
const FIRST_TOKEN_NUDGE: f64 = 0.15;
/// One in so many loads is served to see what precedes the first token.
const SERVED_PART: usize = 3;

/// What is fitted to what.
pub(super) struct Descent<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) knobs: &'a [Knob],
    pub(super) scenarios: &'a [Scenario],
    pub(super) threads: usize,
}

/// What is asked of which scenario.
type Asked = (Stage, usize);

/// The logarithms of what is predicted; absent where nothing is.
type Predicted = BTreeMap<Asked, f64>;

/// The knobs of some stages, and the rows that they are moved towards.
struct Moving<'a> {
    descent: &'a Descent<'a>,
    rows: &'a [Observed],
    asked: Vec<Asked>,
    moved: Vec<usize>,
    /// Of all knobs; those that are moved are replaced.
    values: Vec<f64>,
}

impl Moving<'_> {
    /// The values of all knobs, with these of those that are moved.
    fn all(&self, moved: &[f64]) -> Vec<f64> {
        let mut values = self.values.clone();
        for (knob, value) in self.moved.iter().zip(moved) {
            values[*knob] = *value;
        }
        values
    }
}

impl Predicts for Moving<'_> {
    fn logs(&self, values: &[f64]) -> Logs {
        let predicted = self.descent.predicted(&self.asked, &self.all(values));
        self.rows.iter().map(|row| predicted.get(&row.asked()).copied()).collect()
    }

    fn slopes(&self, values: &[f64], here: &Logs) -> Vec<Logs> {
        let nudged = self.descent.nudged(&self.asked, &self.moved, &self.all(values));
        let of_knob = |nudged: &Predicted| {
            let slope = |(row, at): (&Observed, &Option<f64>)| {
                let change = nudged.get(&row.asked())? - (*at)?;
                Some(change / libm::log(1.0 + nudge(row.stage)))
            };
            self.rows.iter().zip(here).map(slope).collect()
        };
        nudged.iter().map(of_knob).collect()
    }
}

impl Descent<'_> {
    /// Moves the knobs of some stages together, beginning at `values`.
    pub(super) fn run(
        &self,
        stages: &[Stage],
        observed: &[Observed],
        values: Vec<f64>,
        passes: usize,
    ) -> Vec<f64> {
        let is_moved = |index: &usize| stages.contains(&self.knobs[*index].stage);
        let moved: Vec<usize> = (0..self.knobs.len()).filter(is_moved).collect();
        let mut rows: Vec<Observed> = Vec::new();
        for stage in stages {
            let of_stage = observed.iter().filter(|row| row.stage == *stage);
            match stage {
                Stage::Steps => rows.extend(of_stage),
                Stage::FirstToken => rows.extend(of_stage.step_by(SERVED_PART)),
            }
        }
        let mut asked: Vec<Asked> = rows.iter().map(Observed::asked).collect();
        asked.sort_unstable();
        asked.dedup();
        let movable: Vec<Movable> =
            moved.iter().map(|knob| self.knobs[*knob].as_movable()).collect();
        let measured: Vec<f64> = rows.iter().map(|row| row.log_seconds).collect();
        let began: Vec<f64> = moved.iter().map(|knob| values[*knob]).collect();
        let moving = Moving { descent: self, rows: &rows, asked, moved, values };
        let fit = LeastSquares { values: &movable, measured: &measured, weighing: WEIGHING };
        let fitted = fit.run(&moving, began, passes);
        moving.all(&fitted)
    }

    /// The predictions with each knob nudged, of the scenarios that it bears on.
    fn nudged(&self, asked: &[Asked], moved: &[usize], values: &[f64]) -> Vec<Predicted> {
        let of_stage = |knob: usize, stage: Stage| {
            let mut values = values.to_vec();
            values[knob] *= 1.0 + nudge(stage);
            let bears = |(asked, place): &Asked| {
                let scenario = &self.scenarios[*place];
                let lineage = self.lineage(&scenario.chip);
                let bears = self.knobs[knob].bears_on(&lineage, scenario.software.as_deref());
                bears && *asked == stage
            };
            let asked: Vec<Asked> = asked.iter().copied().filter(bears).collect();
            match asked.is_empty() {
                true => Predicted::new(),
                false => self.predicted(&asked, &values),
            }
        };
        let one = |knob: usize| {
            let mut predicted = of_stage(knob, Stage::Steps);
            predicted.extend(of_stage(knob, Stage::FirstToken));
            predicted
        };
        let threads = self.threads.max(1);
        thread::scope(|scope| {
            let share = |thread: usize| {
                let mine: Vec<usize> =
                    moved.iter().copied().skip(thread).step_by(threads).collect();
                let one = &one;
                scope.spawn(move || mine.into_iter().map(one).collect::<Vec<_>>())
            };
            let shares: Vec<_> = (0..threads).map(share).collect();
            let shares = shares.into_iter().map(|share| share.join().expect("no share panics"));
            let mut shares: Vec<_> = shares.map(Vec::into_iter).collect();
            (0..moved.len())
                .map(|index| shares[index % threads].next().expect("each share has its part"))
                .collect()
        })
    }

    /// Predicts scenarios with these values.
    fn predicted(&self, asked: &[Asked], values: &[f64]) -> Predicted {
        let named = self.knobs.iter().map(Knob::name).zip(values.iter().copied()).collect();
        let catalogue = applied(self.catalogue, self.knobs, &named);
        let mut deployed: BTreeMap<String, Option<Deployment>> = BTreeMap::new();
        let mut predicted = Predicted::new();
        for (stage, place) in asked {
            let scenario = &self.scenarios[*place];
            let AskedWork::Load(load) = &scenario.work else {
                continue;
            };
            let Scenario { chip, serving, software, proposed_tokens, groups, .. } = scenario;
            let key = match stage {
                Stage::Steps => {
                    format!("{chip} {serving:?} {software:?} {proposed_tokens} {groups:?}")
                }
                // Software takes new chats in as the load is.
                Stage::FirstToken => format!("{scenario:?}"),
            };
            let deployment =
                deployed.entry(key).or_insert_with(|| deploy(&catalogue, scenario).ok());
            let Some(deployment) = deployment else {
                continue;
            };
            let seconds = match stage {
                Stage::Steps => Some(steps::output_token_seconds(deployment, *groups, load)),
                Stage::FirstToken => first_token_seconds(deployment.clone(), load),
            };
            predicted.extend(seconds.map(|seconds| ((*stage, *place), libm::log(seconds))));
        }
        predicted
    }

    /// A chip and those that it inherits from.
    fn lineage(&self, chip: &str) -> Vec<String> {
        self.catalogue.chip_lineage(chip).unwrap_or_default()
    }
}

fn nudge(stage: Stage) -> f64 {
    match stage {
        Stage::Steps => STEPS_NUDGE,
        Stage::FirstToken => FIRST_TOKEN_NUDGE,
    }
}
