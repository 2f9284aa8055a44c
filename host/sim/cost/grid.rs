//! Tables of measured times, read between their points.
//!
//! Between two points of an axis lies a straight line; beyond the last one the last line goes on,
//! and below the first one its value stays. Whoever fills a table need not measure every
//! combination: what is missing is filled in once, by the same rule.

/// A place on an axis: the points around it, and how far it is from the first to the second.
#[derive(Clone, Copy, Debug)]
struct Place {
    low: usize,
    high: usize,
    part: f64,
}

impl Place {
    /// Where `at` is among points that rise.
    fn among(points: &[f64], at: f64) -> Place {
        if points.len() < 2 || at <= points[0] {
            return Place { low: 0, high: 0, part: 0.0 };
        }
        let high = points.partition_point(|point| *point < at).min(points.len() - 1);
        let low = high - 1;
        Place { low, high, part: (at - points[low]) / (points[high] - points[low]) }
    }

    /// The value here, of a function of the points' indices.
    fn of(self, value: impl Fn(usize) -> f64) -> f64 {
        let low = value(self.low);
        match self.low == self.high {
            true => low,
            false => low + (value(self.high) - low) * self.part,
        }
    }
}

/// A time by one count.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Line {
    points: Vec<f64>,
    values: Vec<f64>,
}

impl Line {
    /// Points that rise, and their values.
    pub(crate) fn new(points: Vec<f64>, values: Vec<f64>) -> Line {
        Line { points, values }
    }

    /// The sum of lines, each so many times. Lines may have points of their own.
    pub(crate) fn sum<'a>(lines: impl Iterator<Item = (&'a Line, f64)> + Clone) -> Line {
        let mut points: Vec<f64> =
            lines.clone().flat_map(|(line, _)| line.points.clone()).collect();
        points.sort_by(f64::total_cmp);
        points.dedup();
        let value = |at: &f64| lines.clone().map(|(line, times)| times * line.at(*at)).sum();
        let values = points.iter().map(value).collect();
        Line { points, values }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    pub(crate) fn at(&self, at: f64) -> f64 {
        Place::among(&self.points, at).of(|index| self.values[index])
    }
}

/// A time by four counts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Grid {
    axes: [Vec<f64>; 4],
    /// The last axis varies fastest.
    values: Vec<f64>,
}

/// A measured time and where it stands on each axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) at: [f64; 4],
    pub(crate) seconds: f64,
}

impl Grid {
    /// The grid of all points on which any of the rows stands, of which there is at least one. They
    /// are sorted by their places.
    pub(crate) fn of(rows: &[Row]) -> Grid {
        let axes = Grid::axes(rows);
        let values = fill(rows, &axes);
        Grid { axes, values }
    }

    /// How many points the grid of these rows has.
    pub(crate) fn size(rows: &[Row]) -> usize {
        Grid::axes(rows).iter().map(Vec::len).product()
    }

    fn axes(rows: &[Row]) -> [Vec<f64>; 4] {
        [0, 1, 2, 3].map(|axis| {
            let mut points: Vec<f64> = rows.iter().map(|row| row.at[axis]).collect();
            points.sort_by(f64::total_cmp);
            points.dedup();
            points
        })
    }

    pub(crate) fn at(&self, at: [f64; 4]) -> f64 {
        let [first, second, third, fourth] = [0, 1, 2, 3].map(|axis| self.place(axis, at[axis]));
        fourth.of(|d| {
            first.of(|a| second.of(|b| third.of(|c| self.values[self.index([a, b, c, d])])))
        })
    }

    /// The times along the last axis at one place of the others, into `line`: to the bit what
    /// [`Grid::at`] gives.
    pub(crate) fn along_last(&self, at: [f64; 3], line: &mut Line) {
        let [first, second, third] = [0, 1, 2].map(|axis| self.place(axis, at[axis]));
        line.points.clone_from(&self.axes[3]);
        line.values.clear();
        line.values.extend((0..self.axes[3].len()).map(|d| {
            first.of(|a| second.of(|b| third.of(|c| self.values[self.index([a, b, c, d])])))
        }));
    }

    fn place(&self, axis: usize, at: f64) -> Place {
        Place::among(&self.axes[axis], at)
    }

    fn index(&self, [a, b, c, d]: [usize; 4]) -> usize {
        ((a * self.axes[1].len() + b) * self.axes[2].len() + c) * self.axes[3].len() + d
    }
}

/// The values of all points of `axes`, the last of which the rows differ in. Rows that share a point
/// of the first axis are filled first, and the points that no row has lie between those that some
/// have.
fn fill(rows: &[Row], axes: &[Vec<f64>]) -> Vec<f64> {
    let Some((axis, inner)) = axes.split_first() else {
        return vec![rows[0].seconds];
    };
    let depth = rows[0].at.len() - axes.len();
    let measured: Vec<(f64, Vec<f64>)> = rows
        .chunk_by(|one, other| one.at[depth] == other.at[depth])
        .map(|rows| (rows[0].at[depth], fill(rows, inner)))
        .collect();
    let points: Vec<f64> = measured.iter().map(|(point, _)| *point).collect();
    let mut values = Vec::new();
    for at in axis {
        let place = Place::among(&points, *at);
        let size = measured[0].1.len();
        values.extend((0..size).map(|value| place.of(|index| measured[index].1[value])));
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn row(at: [f64; 4], seconds: f64) -> Row {
        Row { at, seconds }
    }

    #[test]
    fn a_line_goes_on_beyond_its_last_point_and_stays_below_its_first() {
        let line = Line::new(vec![2.0, 4.0, 8.0], vec![1.0, 3.0, 4.0]);
        let values = [1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 16.0].map(|at| line.at(at));
        assert_eq!(values, [1.0, 1.0, 2.0, 3.0, 3.5, 4.0, 6.0]);
        assert_eq!(Line::new(vec![3.0], vec![7.0]).at(9.0), 7.0);
    }

    #[test]
    fn a_sum_of_lines_has_the_points_of_all() {
        let (one, other) =
            (Line::new(vec![1.0, 3.0], vec![1.0, 3.0]), Line::new(vec![2.0, 4.0], vec![5.0, 9.0]));
        let sum = Line::sum([(&one, 2.0), (&other, 1.0)].into_iter());
        for at in [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 9.0] {
            assert_eq!(sum.at(at), 2.0 * one.at(at) + other.at(at), "{at}");
        }
    }

    #[test]
    fn what_was_not_measured_lies_between_what_was() {
        // (3, 0, 0, 10) and all of (2, …) are missing.
        let rows = [
            row([1.0, 0.0, 0.0, 10.0], 1.0),
            row([1.0, 0.0, 0.0, 20.0], 2.0),
            row([1.0, 0.0, 0.0, 30.0], 3.0),
            row([2.0, 1.0, 0.0, 10.0], 5.0),
            row([3.0, 0.0, 0.0, 20.0], 6.0),
            row([3.0, 0.0, 0.0, 30.0], 9.0),
        ];
        let grid = Grid::of(&rows);
        assert_eq!(grid.values.len(), Grid::size(&rows));
        for row in &rows {
            assert_eq!(grid.at(row.at), row.seconds);
        }
        assert_eq!(grid.at([3.0, 0.0, 0.0, 10.0]), 6.0, "below its first point, the value stays");
        assert_eq!(grid.at([3.0, 0.0, 0.0, 40.0]), 12.0);
        assert_eq!(grid.at([1.0, 1.0, 0.0, 25.0]), 2.5);
    }

    proptest! {
        #[test]
        fn a_linear_function_is_met_everywhere(
            factors in prop::array::uniform4(-4i32..5),
            at in prop::array::uniform4(0u32..12),
        ) {
            let value = |at: [f64; 4]| -> f64 {
                at.iter().zip(factors).map(|(at, factor)| at * f64::from(factor)).sum()
            };
            let points = [0.0, 1.0, 4.0];
            let mut rows = Vec::new();
            for place in 0..81 {
                let at = [27, 9, 3, 1].map(|step| points[place / step % 3]);
                rows.push(row(at, value(at)));
            }
            let grid = Grid::of(&rows);
            let at = at.map(f64::from);
            prop_assert!((grid.at(at) - value(at)).abs() < 1e-9);
            let mut line = Line::default();
            grid.along_last([at[0], at[1], at[2]], &mut line);
            prop_assert_eq!(line.at(at[3]).to_bits(), grid.at(at).to_bits());
        }
    }
}
