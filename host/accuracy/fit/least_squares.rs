//! Least squares of logarithms with priors, whatever predicts: one Gauss-Newton descent for all
//! fits.

use super::solve::{inverse, solve};

/// A value that a fit moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Movable {
    /// Where it would be if nothing was measured.
    pub prior: f64,
    /// The standard deviation of its logarithm around there.
    pub spread: f64,
    /// The largest value that it can have.
    pub most: f64,
}

/// What rows count for, and how far errors pull.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weighing {
    /// What the rows of a fit count for, against the spreads of its values.
    pub rows_count: f64,
    /// Errors up to this count by their squares, and larger ones by their sizes.
    pub small_error: f64,
    /// Errors beyond this pull no further.
    pub largest_error: f64,
}

/// The natural logarithms of what is predicted for each row; `None` where nothing is.
pub type Logs = Vec<Option<f64>>;

/// What predicts rows from the values of a fit.
pub trait Predicts {
    /// What is predicted with these values.
    fn logs(&self, values: &[f64]) -> Logs;

    /// For each value, by how much each row's logarithm moves with the value's; `here` is what is
    /// predicted with these values. `None` where a row has nothing to do with a value.
    fn slopes(&self, values: &[f64], here: &Logs) -> Vec<Logs>;
}

/// A fit of values to rows.
#[derive(Clone, Copy, Debug)]
pub struct LeastSquares<'a> {
    /// What is moved.
    pub values: &'a [Movable],
    /// The natural logarithm of what was measured, row by row.
    pub measured: &'a [f64],
    /// How errors count.
    pub weighing: Weighing,
}

impl LeastSquares<'_> {
    /// Moves the values towards the rows, beginning at `values`, in at most so many passes.
    pub fn run(&self, predicts: &impl Predicts, mut values: Vec<f64>, passes: usize) -> Vec<f64> {
        for _ in 0..passes {
            let here = predicts.logs(&values);
            let slopes = predicts.slopes(&values, &here);
            let Some(step) = self.step(&values, &here, &slopes) else {
                break;
            };
            let before = self.badness(&values, &here);
            let mut part = 1.0;
            loop {
                let tried = self.moved_by(&values, &step, part);
                let there = predicts.logs(&tried);
                let after = self.badness(&tried, &there);
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

    /// What the rows leave unknown of the logarithms of some of the values, as variances and
    /// covariances in the order of `among`; the others stay where they are.
    pub fn left_unknown(&self, here: &Logs, slopes: &[Logs], among: &[usize]) -> Vec<Vec<f64>> {
        let (matrix, _) = self.with_priors(here, slopes, among);
        inverse(&matrix).expect("with its priors the matrix is positive")
    }

    /// By how much a fit of some of the values alone would become better, from their priors, as far
    /// as the slopes there tell.
    pub fn gain(&self, here: &Logs, slopes: &[Logs], among: &[usize]) -> f64 {
        let (matrix, right) = self.with_priors(here, slopes, among);
        let step = solve(matrix, &right).expect("with its priors the matrix is positive");
        step.iter().zip(&right).map(|(step, pull)| step * pull).sum()
    }

    /// The lower half of the matrix of some of the values, and what the rows pull.
    fn with_priors(
        &self,
        here: &Logs,
        slopes: &[Logs],
        among: &[usize],
    ) -> (Vec<Vec<f64>>, Vec<f64>) {
        let slopes: Vec<&Logs> = among.iter().map(|value| &slopes[*value]).collect();
        let (mut matrix, right) = self.rows_pull(here, &slopes);
        for (place, value) in among.iter().enumerate() {
            let spread = self.values[*value].spread;
            matrix[place][place] += 1.0 / (spread * spread);
        }
        (matrix, right)
    }

    /// The lower half of the rows' matrix, and what they pull.
    fn rows_pull(&self, here: &Logs, slopes: &[&Logs]) -> (Vec<Vec<f64>>, Vec<f64>) {
        let size = slopes.len();
        let mut matrix = vec![vec![0.0; size]; size];
        let mut right = vec![0.0; size];
        for (row, measured) in self.measured.iter().enumerate() {
            let Some(at) = here[row] else {
                continue;
            };
            let error = at - measured;
            let weight = self.weight(error);
            let slopes: Vec<(usize, f64)> = slopes
                .iter()
                .enumerate()
                .filter_map(|(value, slopes)| Some((value, slopes[row]?)))
                .collect();
            for (value, slope) in &slopes {
                right[*value] -= weight * slope * error;
                for (other, its) in slopes.iter().take_while(|(other, _)| other <= value) {
                    matrix[*value][*other] += weight * slope * its;
                }
            }
        }
        (matrix, right)
    }

    /// The step of Gauss and Newton in the logarithms of the values.
    fn step(&self, values: &[f64], here: &Logs, slopes: &[Logs]) -> Option<Vec<f64>> {
        let slopes: Vec<&Logs> = slopes.iter().collect();
        let (mut matrix, mut right) = self.rows_pull(here, &slopes);
        for (index, movable) in self.values.iter().enumerate() {
            let Movable { prior, spread, .. } = *movable;
            matrix[index][index] += 1.0 / (spread * spread);
            right[index] -= libm::log(values[index] / prior) / (spread * spread);
        }
        solve(matrix, &right)
    }

    /// What a fit makes small.
    fn badness(&self, values: &[f64], predicted: &Logs) -> f64 {
        let largest = self.weighing.largest_error;
        let of_row = |(row, measured): (usize, &f64)| match predicted[row] {
            Some(at) => self.size((at - measured).abs().min(largest)),
            // Values with which it cannot be predicted are not better.
            None => self.size(largest),
        };
        let of_value = |(index, movable): (usize, &Movable)| {
            let away = libm::log(values[index] / movable.prior) / movable.spread;
            away * away
        };
        self.measured.iter().enumerate().map(of_row).sum::<f64>()
            + self.values.iter().enumerate().map(of_value).sum::<f64>()
    }

    fn moved_by(&self, values: &[f64], step: &[f64], part: f64) -> Vec<f64> {
        let moved = values
            .iter()
            .zip(step)
            .map(|(value, step)| value * libm::exp(part * step.clamp(-0.7, 0.7)));
        moved.zip(self.values).map(|(value, movable)| value.min(movable.most)).collect()
    }

    /// The weight of a row's squared error, which gives [`LeastSquares::size`] its slope.
    fn weight(&self, error: f64) -> f64 {
        let Weighing { rows_count, small_error, largest_error } = self.weighing;
        match error.abs() < largest_error {
            true => rows_count / error.abs().max(small_error),
            false => 0.0,
        }
    }

    /// What an error of this size counts.
    fn size(&self, error: f64) -> f64 {
        let Weighing { rows_count, small_error, .. } = self.weighing;
        match error < small_error {
            true => rows_count * error * error / small_error,
            false => rows_count * (2.0 * error - small_error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows that are products of powers of two values.
    struct Powers(Vec<[f64; 2]>);

    impl Predicts for Powers {
        fn logs(&self, values: &[f64]) -> Logs {
            let log = |powers: &[f64; 2]| {
                powers.iter().zip(values).map(|(power, value)| power * libm::log(*value)).sum()
            };
            self.0.iter().map(|powers| Some(log(powers))).collect()
        }

        fn slopes(&self, _: &[f64], _: &Logs) -> Vec<Logs> {
            [0, 1].map(|value| self.0.iter().map(|row| Some(row[value])).collect()).into()
        }
    }

    const WEIGHING: Weighing =
        Weighing { rows_count: 1e4, small_error: 0.1, largest_error: f64::INFINITY };

    fn movable(spread: f64, most: f64) -> Movable {
        Movable { prior: 1.0, spread, most }
    }

    #[test]
    fn values_are_found_that_rows_tell_apart() {
        let powers = Powers(vec![[1.0, 0.0], [1.0, 1.0], [0.5, 2.0]]);
        let measured: Vec<f64> = powers.logs(&[3.0, 0.4]).into_iter().flatten().collect();
        let free = movable(1.0, f64::INFINITY);
        let fit = LeastSquares { values: &[free, free], measured: &measured, weighing: WEIGHING };
        let found = fit.run(&powers, vec![1.0, 1.0], 20);
        assert!((found[0] - 3.0).abs() < 0.01 && (found[1] - 0.4).abs() < 0.01, "{found:?}");
        let bounded = [movable(1.0, 2.0), free];
        let fit = LeastSquares { values: &bounded, ..fit };
        assert_eq!(fit.run(&powers, vec![1.0, 1.0], 20)[0], 2.0, "no further than it may");
    }

    #[test]
    fn what_rows_do_not_tell_apart_is_left_unknown_and_gains_nothing_more() {
        // Both values do the same to every row.
        let powers = Powers(vec![[1.0, 1.0]; 4]);
        let (spread, measured) = (0.5, [0.3; 4]);
        let free = movable(spread, f64::INFINITY);
        let fit = LeastSquares { values: &[free, free], measured: &measured, weighing: WEIGHING };
        let here = powers.logs(&[1.0, 1.0]);
        let slopes = powers.slopes(&[1.0, 1.0], &here);
        let alone = fit.left_unknown(&here, &slopes, &[0])[0][0];
        let both = fit.left_unknown(&here, &slopes, &[0, 1]);
        assert!(alone < 1e-3, "one is known well: {alone}");
        let half = 0.5 * spread * spread;
        assert!((both[0][0] - half).abs() < 1e-3 && (both[0][1] + half).abs() < 1e-3, "{both:?}");
        let (one, two) = (fit.gain(&here, &slopes, &[0]), fit.gain(&here, &slopes, &[0, 1]));
        assert!(two >= one && two < one * 1.001, "{one}, {two}");
    }
}
