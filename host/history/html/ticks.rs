//! Where an axis has its marks.

/// The marks of an axis that shows all values from `least` to `most`: at most seven, at round
/// numbers `least_step` or more apart, and one at or beyond each end, so that the first and the
/// last are the axis's ends.
pub(super) fn ticks(least: f64, most: f64, least_step: f64) -> Vec<f64> {
    let range = most - least;
    let (low, high) = match range > 0.0 {
        true => (least, most),
        // A level line lies in the middle of an axis around it.
        false => (least - most.abs() * 0.05, most + most.abs() * 0.05),
    };
    let step = round_step(if high > low { (high - low) / 4.0 } else { 0.5 }).max(least_step);
    let first = (low / step).floor();
    let last = (high / step).ceil().max(first + 1.0);
    let count = (last - first).round() as usize;
    let all = (0..=count).map(|index| (first + index as f64) * step);
    // Nothing that is counted or measured is below zero, so an axis does not go there.
    all.filter(|tick| *tick >= 0.0 || least < 0.0).collect()
}

/// The least of 1, 2 and 5 times a power of ten that is no less than this.
fn round_step(step: f64) -> f64 {
    // The exponent as it is written: unlike a logarithm, the same on every computer.
    let written = format!("{step:e}");
    let exponent = written.split_once('e').map_or("0", |(_, exponent)| exponent);
    let power: f64 = format!("1e{exponent}").parse().unwrap_or(1.0);
    let times = [1.0, 2.0, 5.0].into_iter().find(|times| times * power >= step * 0.999_999);
    times.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_at_round_numbers() {
        assert_eq!(ticks(0.0, 10.0, 0.0), [0.0, 5.0, 10.0]);
        assert_eq!(ticks(1165.0, 1310.0, 1.0), [1150.0, 1200.0, 1250.0, 1300.0, 1350.0]);
        assert_eq!(ticks(9.0, 9.0, 1.0), [8.0, 9.0, 10.0]);
        assert_eq!(ticks(0.0, 0.0, 1.0), [0.0, 1.0]);
    }

    proptest::proptest! {
        #[test]
        fn values_lie_between_the_first_mark_and_the_last(a in 0.0f64..1e18, b in 0.0f64..1e18) {
            let (least, most) = (a.min(b), a.max(b));
            let ticks = ticks(least, most, 1.0);
            proptest::prop_assert!((2..=7).contains(&ticks.len()), "{ticks:?}");
            let (first, last) = (ticks[0], ticks[ticks.len() - 1]);
            proptest::prop_assert!(first <= least && last >= most, "{ticks:?}");
        }
    }
}
