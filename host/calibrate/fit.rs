//! Which figures the measurements can tell apart, and what those are.

use std::thread;

use serde::Serialize;
use timeslip_accuracy::fit::{LeastSquares, Logs, Movable, Predicts, Weighing};
use timeslip_sim::deployment::Deployment;
use timeslip_sim::error::MachineError;

use crate::derived::Variant;
use crate::errors::{Measured, Metric};
use crate::knobs::Knob;
use crate::measurements::Predictable;

/// As many times as all of a fit count for at most: requests of one log share steps and queues, so
/// more of them do not say as much more.
const ROWS_ENOUGH: f64 = 50.0;
/// How errors count where there are fewer: one of a tenth is a standard deviation. A queue
/// multiplies errors, and none is too large to be true.
const WEIGHING: Weighing =
    Weighing { rows_count: 10.0, small_error: 0.1, largest_error: f64::INFINITY };
/// By how much a factor is moved to see what it does: so far that it shows beside what chats of a
/// load do to each other, which changes with every move.
const NUDGE: f64 = 0.1;
/// Passes of a descent.
const PASSES: usize = 8;
/// A figure is told when measurements leave at most this part of the variance that its logarithm
/// had before, so that they say at least as much of it as was known.
const LEFT_MOST: f64 = 0.5;
/// A slope below this is none.
const SLOPE_LEAST: f64 = 1e-3;
/// Figures whose remaining uncertainties go together by more than this are not told apart.
const TOGETHER: f64 = 0.7;

/// What a fit says of a knob.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "told", content = "from")]
pub enum Told {
    /// Its figures were moved.
    Fitted,
    /// No measured time rests on them.
    Unseen,
    /// What they do looks like what those of another knob do.
    NotApart(String),
    /// They matter too little to be told.
    TooLittle,
}

/// What is fitted to what.
#[derive(Clone, Copy)]
pub(crate) struct Fitting<'a> {
    pub(crate) variant: Variant<'a>,
    pub(crate) model: &'a str,
    pub(crate) knobs: &'a [Knob],
    pub(crate) predictable: &'a Predictable<'a>,
    pub(crate) measured: &'a [Measured],
    pub(crate) threads: usize,
}

/// A fit's result.
pub(crate) struct Fitted {
    /// A factor for each knob, 1 where it was not moved.
    pub(crate) factors: Vec<f64>,
    /// What is said of each knob.
    pub(crate) told: Vec<Told>,
}

impl Fitting<'_> {
    /// The variant with each knob's figures times its factor.
    pub(crate) fn deployed(&self, factors: &[f64]) -> Result<Deployment, MachineError> {
        let moved: Vec<(&Knob, f64)> =
            self.knobs.iter().zip(factors.iter().copied()).filter(|(_, by)| *by != 1.0).collect();
        self.variant.in_catalogue(&moved)?.deploy(self.variant.name, Some(self.model))
    }

    /// What a machine takes for each measured time, the held-out ones too.
    pub(crate) fn modelled(&self, factors: &[f64]) -> Result<Vec<Option<f64>>, MachineError> {
        Ok(self.predictable.modelled(&self.deployed(factors)?))
    }

    /// Moves the figures that the measurements tell apart: first by what follows the first token, whose
    /// time depends on which step a request just misses, so that a little more of anything may be much
    /// or nothing; then by all. Errors hide what smaller figures do, so the second round asks again
    /// from where the first one came to.
    pub(crate) fn run(&self, progress: &mut dyn FnMut(&str)) -> Fitted {
        let movable: Vec<Movable> = self.knobs.iter().map(movable).collect();
        let all: Vec<usize> = (0..self.knobs.len()).collect();
        let mut factors = vec![1.0; all.len()];
        let mut told = vec![Told::Unseen; all.len()];
        for round in [Round::AfterFirstToken, Round::Everything] {
            let rows = self.rows_of(round);
            let log = |row: &usize| libm::log(self.measured[*row].seconds);
            let measured: Vec<f64> = rows.iter().map(log).collect();
            let weighing = weighing(measured.len());
            let moving = Moving { fitting: self, rows: &rows, moved: &all };
            let here = moving.logs(&factors);
            let slopes = moving.slopes(&factors, &here);
            let fit = LeastSquares { values: &movable, measured: &measured, weighing };
            told = told_apart(&fit, self.knobs, &here, &slopes, taken(&told));
            let moved = taken(&told);
            let movable: Vec<Movable> = moved.iter().map(|knob| movable[*knob]).collect();
            let began = moved.iter().map(|knob| factors[*knob]).collect();
            let fit = LeastSquares { values: &movable, measured: &measured, weighing };
            let moving = Moving { moved: &moved, ..moving };
            factors = moving.all(&fit.run(&moving, began, PASSES));
            progress(round.words());
        }
        Fitted { factors, told }
    }

    /// The places of the measured times that a round is moved by.
    fn rows_of(&self, round: Round) -> Vec<usize> {
        let is_of = |row: &Measured| match round {
            Round::AfterFirstToken => row.metric != Metric::TimeToFirstToken,
            Round::Everything => true,
        };
        let rows = self.measured.iter().enumerate();
        let fitted = rows.filter(|(_, row)| row.is_fitted && !row.is_held_out && is_of(row));
        fitted.map(|(place, _)| place).collect()
    }
}

/// What a fit is moved by, one after the other.
#[derive(Clone, Copy)]
enum Round {
    AfterFirstToken,
    Everything,
}

impl Round {
    fn words(self) -> &'static str {
        match self {
            Round::AfterFirstToken => "fitted to what follows the first token",
            Round::Everything => "fitted to everything",
        }
    }
}

fn weighing(rows: usize) -> Weighing {
    let part = (ROWS_ENOUGH / rows.max(1) as f64).min(1.0);
    Weighing { rows_count: WEIGHING.rows_count * part, ..WEIGHING }
}

fn movable(knob: &Knob) -> Movable {
    Movable { prior: 1.0, spread: knob.spread, most: knob.most() }
}

/// The knobs that are fitted.
fn taken(told: &[Told]) -> Vec<usize> {
    let knobs = told.iter().enumerate();
    knobs.filter(|(_, told)| **told == Told::Fitted).map(|(knob, _)| knob).collect()
}

/// Which knobs the measurements tell apart beside those that are taken already. Knob after knob is
/// taken in, the one first with which those taken in explain most, as long as each of them is known
/// much better than before; where two do the same, the other one stays out.
fn told_apart(
    fit: &LeastSquares<'_>,
    knobs: &[Knob],
    here: &Logs,
    slopes: &[Logs],
    mut taken: Vec<usize>,
) -> Vec<Told> {
    let is_seen =
        |knob: &usize| slopes[*knob].iter().flatten().any(|slope| slope.abs() > SLOPE_LEAST);
    let mut told = vec![Told::Unseen; knobs.len()];
    let is_left = |knob: &usize| !taken.contains(knob) && is_seen(knob);
    let mut left: Vec<usize> = (0..knobs.len()).filter(is_left).collect();
    let with = |taken: &[usize], knob: usize| [taken, &[knob]].concat();
    loop {
        let are_told = |knob: &usize| {
            let among = with(&taken, *knob);
            let unknown = fit.left_unknown(here, slopes, &among);
            let mut places = among.iter().enumerate();
            places.all(|(at, knob)| {
                unknown[at][at] <= LEFT_MOST * knobs[*knob].spread * knobs[*knob].spread
            })
        };
        let gain = |knob: &usize| fit.gain(here, slopes, &with(&taken, *knob));
        let candidates = left.iter().copied().filter(are_told).map(|knob| (gain(&knob), knob));
        let Some((_, best)) = candidates.max_by(|one, two| one.0.total_cmp(&two.0)) else {
            break;
        };
        taken.push(best);
        left.retain(|knob| *knob != best);
    }
    for knob in left {
        let unknown = fit.left_unknown(here, slopes, &with(&taken, knob));
        let last = taken.len();
        let together =
            |at: usize| unknown[last][at].abs() / (unknown[last][last] * unknown[at][at]).sqrt();
        let nearest = (0..last).max_by(|one, two| together(*one).total_cmp(&together(*two)));
        told[knob] = match nearest.filter(|at| together(*at) > TOGETHER) {
            Some(at) => Told::NotApart(knobs[taken[at]].name.clone()),
            None => Told::TooLittle,
        };
    }
    for knob in taken {
        told[knob] = Told::Fitted;
    }
    told
}

/// Some knobs of a fit, whose values are their factors.
struct Moving<'a> {
    fitting: &'a Fitting<'a>,
    /// The places of the measured times that they are moved by.
    rows: &'a [usize],
    moved: &'a [usize],
}

impl Moving<'_> {
    /// The factors of all knobs.
    fn all(&self, values: &[f64]) -> Vec<f64> {
        let mut factors = vec![1.0; self.fitting.knobs.len()];
        for (knob, value) in self.moved.iter().zip(values) {
            factors[*knob] = *value;
        }
        factors
    }

    /// The factor that a knob is moved to, and the logarithm of the move.
    fn nudged(&self, place: usize, value: f64) -> (f64, f64) {
        let up = value * (1.0 + NUDGE);
        let to = match up <= self.fitting.knobs[self.moved[place]].most() {
            true => up,
            false => value / (1.0 + NUDGE),
        };
        (to, libm::log(to / value))
    }
}

impl Predicts for Moving<'_> {
    fn logs(&self, values: &[f64]) -> Logs {
        // Figures with which the model does not fit predict nothing.
        let modelled = self.fitting.modelled(&self.all(values)).ok();
        let log = |row: &usize| Some(libm::log(modelled.as_ref()?[*row]?));
        self.rows.iter().map(log).collect()
    }

    fn slopes(&self, values: &[f64], here: &Logs) -> Vec<Logs> {
        let of_one = |place: usize| {
            let (to, by) = self.nudged(place, values[place]);
            let mut values = values.to_vec();
            values[place] = to;
            let there = self.logs(&values).into_iter().zip(here);
            there.map(|(there, here)| Some((there? - (*here)?) / by)).collect::<Logs>()
        };
        let threads = self.fitting.threads.max(1);
        thread::scope(|scope| {
            let share = |thread: usize| {
                let of_one = &of_one;
                let mine = (thread..values.len()).step_by(threads);
                scope.spawn(move || mine.map(of_one).collect::<Vec<Logs>>())
            };
            let shares: Vec<_> = (0..threads).map(share).collect();
            let shares = shares.into_iter().map(|share| share.join().expect("no share panics"));
            let mut shares: Vec<_> = shares.map(Vec::into_iter).collect();
            (0..values.len())
                .map(|place| shares[place % threads].next().expect("each share has its part"))
                .collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn knob(name: &str) -> Knob {
        Knob { name: name.to_owned(), spread: 0.5, figures: Vec::new() }
    }

    /// Ten rows, of which each knob's slopes are given.
    fn told(slopes: &[fn(usize) -> f64]) -> Vec<Told> {
        let names = ["a", "b", "c"];
        let knobs: Vec<Knob> = names.into_iter().take(slopes.len()).map(knob).collect();
        let movable: Vec<Movable> = knobs.iter().map(movable).collect();
        let here: Logs = vec![Some(0.0); 10];
        let slopes: Vec<Logs> =
            slopes.iter().map(|slope| (0..10).map(|row| Some(slope(row))).collect()).collect();
        let measured = [0.0; 10];
        let fit = LeastSquares { values: &movable, measured: &measured, weighing: WEIGHING };
        told_apart(&fit, &knobs, &here, &slopes, Vec::new())
    }

    #[test]
    fn figures_that_do_different_things_are_all_fitted() {
        assert_eq!(told(&[|_| 1.0, |row| row as f64 / 5.0]), [Told::Fitted, Told::Fitted]);
    }

    #[test]
    fn of_two_that_do_the_same_one_stays_where_it_is() {
        let told = told(&[|_| 1.0, |row| 1.0 + row as f64 / 1_000.0]);
        assert_eq!(told.iter().filter(|told| **told == Told::Fitted).count(), 1, "{told:?}");
        assert!(told.iter().any(|told| matches!(told, Told::NotApart(_))), "{told:?}");
    }

    #[test]
    fn what_does_nothing_or_next_to_nothing_is_not_told() {
        let told = told(&[|_| 0.0, |_| 0.01, |_| 1.0]);
        assert_eq!(told, [Told::Unseen, Told::TooLittle, Told::Fitted]);
    }
}
