//! The frontier: which points no other beats.

/// For each point, whether no other is at least as good in both and better in one; `None` where a
/// value is unknown. More is better in both.
pub(crate) fn frontier(points: &[Option<(f64, f64)>]) -> Vec<Option<bool>> {
    let beats = |one: (f64, f64), other: (f64, f64)| {
        one.0 >= other.0 && one.1 >= other.1 && (one.0 > other.0 || one.1 > other.1)
    };
    let is_on = |point: (f64, f64)| !points.iter().flatten().any(|other| beats(*other, point));
    points.iter().map(|point| point.map(is_on)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_that_another_beats_is_not_on_the_frontier() {
        let points = [Some((1.0, 9.0)), Some((2.0, 5.0)), Some((2.0, 4.0)), Some((1.5, 5.0)), None];
        let expected = [Some(true), Some(true), Some(false), Some(false), None];
        assert_eq!(frontier(&points), expected);
        assert_eq!(frontier(&[Some((1.0, 1.0)), Some((1.0, 1.0))]), [Some(true), Some(true)]);
    }
}
