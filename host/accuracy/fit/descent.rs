//! Least squares of logarithms, with priors, from one set of values to a better one.

use std::collections::BTreeMap;
use std::thread;

use timeslip_sim::catalogue::Catalogue;
use timeslip_sim::deployment::Deployment;

use super::apply::applied;
use super::knobs::{Knob, Stage};
use super::solve::solve;
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

/// What the rows of a fit count for, against the spreads of its knobs.
const ROWS_COUNT: f64 = 0.4;
/// Errors up to this count by their squares, and larger ones by their sizes.
const SMALL_ERROR: f64 = 0.1;
/// Errors beyond this pull no further: such rows were measured otherwise than they say.
const LARGEST_ERROR: f64 = 1.0;
/// By how much a knob is moved to see what it does to times of steps, which are in closed form.
const STEPS_NUDGE: f64 = 0.02;
/// And to times to the first token: so far that it shows beside what a load's chats do to each other,
/// which changes with every move.
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

impl Descent<'_> {
    /// Moves the knobs of some stages together, beginning at `values`.
    pub(super) fn run(
        &self,
        stages: &[Stage],
        observed: &[Observed],
        mut values: Vec<f64>,
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
        for _ in 0..passes {
            let here = self.predicted(&asked, &values);
            let nudged = self.nudged(&asked, &moved, &values);
            let Some(step) = self.step(&rows, &moved, &values, &here, &nudged) else {
                break;
            };
            let before = self.badness(&rows, &moved, &values, &here);
            let mut part = 1.0;
            loop {
                let tried = self.moved_by(&values, &moved, &step, part);
                let there = self.predicted(&asked, &tried);
                let after = self.badness(&rows, &moved, &tried, &there);
                if after < before {
                    values = tried;
                    break;
                }
                part *= 0.4;
                if part < 0.05 {
                    return values;
                }
            }
        }
        values
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

    /// The step of Gauss and Newton in the logarithms of the moved knobs.
    fn step(
        &self,
        rows: &[Observed],
        moved: &[usize],
        values: &[f64],
        here: &Predicted,
        nudged: &[Predicted],
    ) -> Option<Vec<f64>> {
        let size = moved.len();
        let mut matrix = vec![vec![0.0; size]; size];
        let mut right = vec![0.0; size];
        for row in rows {
            let Some(at) = here.get(&row.asked()) else {
                continue;
            };
            let error = at - row.log_seconds;
            let weight = weight(error);
            let slopes: Vec<(usize, f64)> = nudged
                .iter()
                .enumerate()
                .filter_map(|(knob, nudged)| Some((knob, nudged.get(&row.asked())? - at)))
                .map(|(knob, change)| (knob, change / libm::log(1.0 + nudge(row.stage))))
                .collect();
            for (knob, slope) in &slopes {
                right[*knob] -= weight * slope * error;
                for (other, its) in slopes.iter().take_while(|(other, _)| other <= knob) {
                    matrix[*knob][*other] += weight * slope * its;
                }
            }
        }
        for (index, knob) in moved.iter().enumerate() {
            let Knob { prior, spread, .. } = self.knobs[*knob];
            matrix[index][index] += 1.0 / (spread * spread);
            right[index] -= libm::log(values[*knob] / prior) / (spread * spread);
        }
        solve(matrix, &right)
    }

    /// What a fit makes small.
    fn badness(
        &self,
        rows: &[Observed],
        moved: &[usize],
        values: &[f64],
        predicted: &Predicted,
    ) -> f64 {
        let of_row = |row: &Observed| match predicted.get(&row.asked()) {
            Some(at) => size((at - row.log_seconds).abs().min(LARGEST_ERROR)),
            // Figures with which it cannot be predicted are not better.
            None => size(LARGEST_ERROR),
        };
        let of_knob = |knob: &usize| {
            let Knob { prior, spread, .. } = self.knobs[*knob];
            let away = libm::log(values[*knob] / prior) / spread;
            away * away
        };
        rows.iter().map(of_row).sum::<f64>() + moved.iter().map(of_knob).sum::<f64>()
    }

    fn moved_by(&self, values: &[f64], moved: &[usize], step: &[f64], part: f64) -> Vec<f64> {
        let mut values = values.to_vec();
        for (knob, step) in moved.iter().zip(step) {
            let value = values[*knob] * libm::exp(part * step.clamp(-0.7, 0.7));
            values[*knob] = value.min(self.knobs[*knob].most());
        }
        values
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

/// The weight of a row's squared error, which gives [`size`] its slope.
fn weight(error: f64) -> f64 {
    match error.abs() < LARGEST_ERROR {
        true => ROWS_COUNT / error.abs().max(SMALL_ERROR),
        false => 0.0,
    }
}

/// What an error of this size counts.
fn size(error: f64) -> f64 {
    match error < SMALL_ERROR {
        true => ROWS_COUNT * error * error / SMALL_ERROR,
        false => ROWS_COUNT * (2.0 * error - SMALL_ERROR),
    }
}
