//! Medians, outliers and the bootstrap.

use timeslip_timeline::chance::Chance;

/// The value in the middle; of two in the middle, the root of their product, so that the median of
/// ratios turned upside down is the median turned upside down. `None` of nothing. `sorted` ascends,
/// from above 0.
pub(super) fn median_ratio(sorted: &[f64]) -> Option<f64> {
    let (low, high) =
        (sorted.get(sorted.len().checked_sub(1)? / 2)?, sorted.get(sorted.len() / 2)?);
    Some(low * (high / low).sqrt())
}

/// The value in the middle; of two in the middle, their mean. `None` of nothing.
pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let (low, high) =
        (values.get(values.len().checked_sub(1)? / 2)?, values.get(values.len() / 2)?);
    Some(low / 2.0 + high / 2.0)
}

/// How many values lie far from the rest: a modified z-score beyond 3.5, by the rule of Iglewicz
/// and Hoaglin ("How to Detect and Handle Outliers", 1993), which outliers themselves cannot bend
/// as they bend a mean and a standard deviation.
pub(super) fn outliers(values: &[f64]) -> usize {
    /// Beyond this a value is an outlier.
    const BEYOND: f64 = 3.5;
    /// Of normal values, the median absolute deviation is this many standard deviations.
    const MEDIAN_DEVIATION: f64 = 0.6745;
    /// Of normal values, a standard deviation is this many mean absolute deviations.
    const MEAN_DEVIATION: f64 = 1.253_314;
    let Some(middle) = median(values.to_vec()) else {
        return 0;
    };
    let deviations: Vec<f64> = values.iter().map(|value| (value - middle).abs()).collect();
    let mean = deviations.iter().sum::<f64>() / deviations.len() as f64;
    let deviation = match median(deviations.clone()) {
        Some(median) if median > 0.0 => median / MEDIAN_DEVIATION,
        // More than half of the values are equal; the authors then take the mean deviation.
        _ => mean * MEAN_DEVIATION,
    };
    deviations.iter().filter(|distance| **distance > BEYOND * deviation).count()
}

/// The 95 % interval of the median of ratios by the percentile bootstrap (Efron, 1979): the median
/// is taken again of as many ratios, drawn from them with replacement, and this many times; 95 % of
/// those medians lie in the interval. `sorted` ascends, so that the order in which pairs were
/// measured changes no draw.
pub(super) fn bootstrap_interval(
    sorted: &[f64],
    resamples: usize,
    seed: u64,
) -> Option<(f64, f64)> {
    let last = sorted.len().checked_sub(1)? as u64;
    let mut chance = Chance::new(seed, "wall bootstrap", 0);
    let mut drawn = vec![0.0; sorted.len()];
    let mut medians = Vec::with_capacity(resamples);
    for _ in 0..resamples {
        drawn.fill_with(|| sorted[chance.next_between(0, last) as usize]);
        drawn.sort_unstable_by(f64::total_cmp);
        medians.extend(median_ratio(&drawn));
    }
    medians.sort_unstable_by(f64::total_cmp);
    // One in forty lies below the interval, and as many above it.
    let outside = medians.len() / 40;
    Some((*medians.get(outside)?, *medians.get(medians.len().checked_sub(1 + outside)?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0]), Some(2.5));
        assert_eq!((median(Vec::new()), median_ratio(&[])), (None, None));
        assert_eq!(median_ratio(&[0.5, 2.0]), Some(1.0));
        assert_eq!(median_ratio(&[0.5, 3.0, 9.0]), Some(3.0));
        assert_eq!(median_ratio(&[1e300, 1e300]), Some(1e300));
    }

    #[test]
    fn a_hiccup_is_an_outlier_and_noise_is_none() {
        let steady = [1.00, 1.02, 0.99, 1.01, 0.98, 1.00, 1.01, 0.99];
        assert_eq!(outliers(&steady), 0);
        assert_eq!(outliers(&[&steady[..], &[1.9, 0.2]].concat()), 2);
        assert_eq!(outliers(&[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 7.0]), 1);
        assert_eq!((outliers(&[1.0; 5]), outliers(&[])), (0, 0));
    }

    #[test]
    fn an_interval_holds_the_median_and_narrows_with_more_ratios() {
        let ratios = |count: usize| {
            let mut chance = Chance::new(3, "ratios", 0);
            let mut all: Vec<f64> = (0..count).map(|_| 1.1 + 0.03 * chance.next_normal()).collect();
            all.sort_unstable_by(f64::total_cmp);
            all
        };
        let interval = |count| bootstrap_interval(&ratios(count), 1000, 7).unwrap();
        let ((low, high), (low_of_many, high_of_many)) = (interval(10), interval(200));
        assert!(low < 1.1 && 1.1 < high, "{low} {high}");
        assert!((high_of_many - low_of_many) * 2.0 < high - low);
        assert_eq!(interval(10), interval(10));
        assert_eq!(bootstrap_interval(&[1.5], 1000, 7), Some((1.5, 1.5)));
        assert_eq!(bootstrap_interval(&[], 1000, 7), None);
    }
}
