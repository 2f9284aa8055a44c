//! The comparison of base and head, and what it takes to be sure of it.

use serde::{Deserialize, Serialize};

use super::statistics::{bootstrap_interval, median, median_ratio, outliers};

/// The fewest pairs that any setting asks for: of five, the whole range from the least ratio to the
/// most holds the true median in 93.75 % of cases only, so no 95 % interval of it exists.
const FEWEST_PAIRS: usize = 6;

/// The fewest resamples that an interval is taken from: below it, its ends are the noise of a few.
const FEWEST_RESAMPLES: usize = 200;

/// What an answer takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WallSettings {
    /// The change that matters, as a part of the whole: 0.05 for 5 %. At least 0.
    pub practical_size: f64,
    /// Pairs below which there is no answer; at least 6 are always asked for.
    pub min_pairs: usize,
    /// How often the bootstrap draws; at least 200 times.
    pub resamples: usize,
}

impl Default for WallSettings {
    /// 5 %, 10 pairs, 2000 resamples.
    ///
    /// On hosted runners the same program varies with a coefficient of variation near 2.7 %, as has
    /// been published, and a gate at 2 % fails there about 45 % of the time; 5 % is nearly twice
    /// that noise, and the median of ten pairs narrows it further. 2000 resamples leave 50 medians
    /// beyond each end of the interval.
    fn default() -> WallSettings {
        WallSettings { practical_size: 0.05, min_pairs: 10, resamples: 2000 }
    }
}

/// What is said of head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WallAnswer {
    /// It takes longer, certainly and by a size that matters.
    Slower,
    /// It takes less time, certainly and by a size that matters.
    Faster,
    /// If it differs at all, then by less than matters.
    Same,
    /// The measurements do not tell.
    Inconclusive,
}

/// Head against base.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WallComparison {
    /// Pairs that were compared.
    pub pairs: usize,
    /// Pairs that were not, since a time in them is no positive number of seconds.
    pub unusable: usize,
    /// The median of base, in seconds; `null` without pairs.
    pub base_median_s: Option<f64>,
    /// The median of head, in seconds; `null` without pairs.
    pub head_median_s: Option<f64>,
    /// How many times as long as base head takes; `null` without pairs.
    pub ratio: Option<RatioEstimate>,
    /// Pairs whose ratio is far from those of the rest, by the modified z-score of Iglewicz and
    /// Hoaglin. They are compared as well, since a median hardly heeds them; many of them say that
    /// the machine was disturbed.
    pub outliers: usize,
    /// The answer.
    pub answer: WallAnswer,
}

/// A ratio of times, and where the true one lies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RatioEstimate {
    /// The median over the pairs of head's time through base's. It is not the ratio of the two
    /// medians, which a drift during the measurement would move.
    pub median: f64,
    /// The lower end of its 95 % interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Compares head with base.
///
/// Each pair is the time of base and then that of head in seconds, run one right after the other;
/// it is well to let each side go first in half of the pairs, since the second may find warm
/// caches. Head is slower when that is significant, the whole interval lying above 1, and of
/// practical size, the median lying above 1 + [`WallSettings::practical_size`]. It is the same when
/// the whole interval lies within that size to both sides. The seed drives the bootstrap; equal
/// pairs, in any order, and an equal seed give an equal comparison.
pub fn compare(pairs: &[(f64, f64)], settings: &WallSettings, seed: u64) -> WallComparison {
    let usable = |(base, head): &&(f64, f64)| {
        let time = |seconds: f64| seconds.is_finite() && seconds > 0.0;
        time(*base) && time(*head) && time(head / base)
    };
    let used: Vec<(f64, f64)> = pairs.iter().filter(usable).copied().collect();
    let mut ratios: Vec<f64> = used.iter().map(|(base, head)| head / base).collect();
    ratios.sort_unstable_by(f64::total_cmp);
    let resamples = settings.resamples.max(FEWEST_RESAMPLES);
    let interval = bootstrap_interval(&ratios, resamples, seed);
    let ratio = median_ratio(&ratios).zip(interval).map(|(median, (low, high))| RatioEstimate {
        median,
        low,
        high,
    });
    let enough = used.len() >= settings.min_pairs.max(FEWEST_PAIRS);
    WallComparison {
        pairs: used.len(),
        unusable: pairs.len() - used.len(),
        base_median_s: median(used.iter().map(|pair| pair.0).collect()),
        head_median_s: median(used.iter().map(|pair| pair.1).collect()),
        outliers: outliers(&ratios),
        answer: match ratio {
            Some(ratio) if enough => answer(ratio, settings.practical_size),
            _ => WallAnswer::Inconclusive,
        },
        ratio,
    }
}

/// The answer after a second measurement of the same two programs.
///
/// An alarm needs one confirming rerun: where noise alone raises one in forty, twice in turn it
/// does so in one of sixteen hundred. A first answer that is no alarm needs no rerun, and stands.
pub fn confirm(first: &WallComparison, second: &WallComparison) -> WallAnswer {
    match (first.answer, second.answer) {
        (WallAnswer::Slower, WallAnswer::Slower) => WallAnswer::Slower,
        (WallAnswer::Slower, _) => WallAnswer::Inconclusive,
        (answer, _) => answer,
    }
}

impl WallComparison {
    /// What was found, in one sentence for a person.
    pub fn sentence(&self) -> String {
        let Some(RatioEstimate { median, low, high }) = self.ratio else {
            return "nothing was measured".to_owned();
        };
        let answer = match self.answer {
            WallAnswer::Slower => "slower",
            WallAnswer::Faster => "faster",
            WallAnswer::Same => "the same within the size that matters",
            WallAnswer::Inconclusive => "inconclusive",
        };
        let outliers = match self.outliers {
            0 => String::new(),
            1 => ", 1 outlier".to_owned(),
            many => format!(", {many} outliers"),
        };
        let pairs = if self.pairs == 1 { "pair" } else { "pairs" };
        format!(
            "{answer}: head takes {median:.3} times as long as base (95 % interval {low:.3} to \
             {high:.3}, {} {pairs}{outliers})",
            self.pairs
        )
    }
}

fn answer(ratio: RatioEstimate, practical_size: f64) -> WallAnswer {
    // Both ways by the same factor: a ratio turned upside down is as far from 1.
    let most = 1.0 + practical_size.max(0.0);
    let least = 1.0 / most;
    match ratio {
        RatioEstimate { median, low, .. } if low > 1.0 && median > most => WallAnswer::Slower,
        RatioEstimate { median, high, .. } if high < 1.0 && median < least => WallAnswer::Faster,
        RatioEstimate { low, high, .. } if low >= least && high <= most => WallAnswer::Same,
        _ => WallAnswer::Inconclusive,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use timeslip_timeline::chance::Chance;

    use super::*;

    const SEED: u64 = 11;

    /// Pairs with this noise, a part of the whole, and a drift that both sides share: pair `index`
    /// takes `drift(index)` times as long.
    fn pairs(
        count: usize,
        slowdown: f64,
        noise: f64,
        seed: u64,
        drift: impl Fn(usize) -> f64,
    ) -> Vec<(f64, f64)> {
        let mut chance = Chance::new(seed, "test", 0);
        let mut time = |mean: f64| mean * (1.0 + noise * chance.next_normal()).max(0.05);
        (0..count).map(|index| (time(drift(index)), time(slowdown * drift(index)))).collect()
    }

    fn steady(_: usize) -> f64 {
        1.0
    }

    fn answer_of(pairs: &[(f64, f64)]) -> WallAnswer {
        compare(pairs, &WallSettings::default(), SEED).answer
    }

    /// In how many of 200 seeded trials the answer is this one.
    fn trials(answer: WallAnswer, make: impl Fn(u64) -> Vec<(f64, f64)>) -> usize {
        (0..200).filter(|seed| answer_of(&make(*seed)) == answer).count()
    }

    #[test]
    fn equal_programs_are_rarely_called_slower() {
        for (count, noise) in [(20, 0.027), (20, 0.1), (10, 0.1), (40, 0.3)] {
            let alarms = trials(WallAnswer::Slower, |seed| pairs(count, 1.0, noise, seed, steady));
            assert!(alarms <= 10, "{count} pairs, noise {noise}: {alarms} of 200");
        }
        let same = trials(WallAnswer::Same, |seed| pairs(20, 1.0, 0.027, seed, steady));
        assert!(same >= 190, "{same} of 200");
    }

    #[test]
    fn a_slowdown_of_a_fifth_is_found() {
        let found = trials(WallAnswer::Slower, |seed| pairs(20, 1.2, 0.03, seed, steady));
        assert!(found >= 198, "{found} of 200");
        let gain = trials(WallAnswer::Faster, |seed| pairs(20, 1.0 / 1.2, 0.03, seed, steady));
        assert!(gain >= 198, "{gain} of 200");
    }

    #[test]
    fn a_slowdown_below_the_size_that_matters_fails_nothing() {
        let pairs = pairs(200, 1.02, 0.01, 1, steady);
        let comparison = compare(&pairs, &WallSettings::default(), SEED);
        assert!(comparison.ratio.unwrap().low > 1.0, "it is significant");
        assert_eq!(comparison.answer, WallAnswer::Same);
        let strict = WallSettings { practical_size: 0.01, ..WallSettings::default() };
        assert_eq!(compare(&pairs, &strict, SEED).answer, WallAnswer::Slower);
    }

    #[test]
    fn a_drift_that_both_sides_share_fools_no_one() {
        let ramp = |index: usize| 1.0 + 0.1 * index as f64;
        let step = |index: usize| if index < 10 { 1.0 } else { 2.0 };
        let wave = |index: usize| 1.0 + 0.5 * ((index % 5) as f64);
        for seed in 0..50 {
            assert_eq!(answer_of(&pairs(20, 1.0, 0.01, seed, ramp)), WallAnswer::Same);
            assert_eq!(answer_of(&pairs(20, 1.0, 0.01, seed, step)), WallAnswer::Same);
            assert_eq!(answer_of(&pairs(20, 1.2, 0.01, seed, wave)), WallAnswer::Slower);
        }
    }

    #[test]
    fn a_hiccup_is_counted_and_changes_no_answer() {
        let mut pairs = pairs(20, 1.0, 0.01, 5, steady);
        pairs[3].1 *= 8.0;
        pairs[9].0 *= 8.0;
        let comparison = compare(&pairs, &WallSettings::default(), SEED);
        assert_eq!((comparison.outliers, comparison.answer), (2, WallAnswer::Same));
    }

    #[test]
    fn too_few_pairs_give_no_answer() {
        let slow = pairs(9, 2.0, 0.001, 1, steady);
        assert_eq!(answer_of(&slow), WallAnswer::Inconclusive);
        let eager = WallSettings { min_pairs: 0, ..WallSettings::default() };
        assert_eq!(compare(&slow[..6], &eager, SEED).answer, WallAnswer::Slower);
        assert_eq!(compare(&slow[..5], &eager, SEED).answer, WallAnswer::Inconclusive);
        let nothing = compare(&[], &eager, SEED);
        assert_eq!((nothing.ratio, nothing.answer), (None, WallAnswer::Inconclusive));
        assert_eq!(nothing.sentence(), "nothing was measured");
    }

    #[test]
    fn times_that_are_none_are_left_out_and_counted() {
        let mut pairs = pairs(20, 1.0, 0.01, 5, steady);
        let broken = [(0.0, 1.0), (1.0, f64::NAN), (-1.0, 1.0), (1.0, f64::INFINITY)];
        let without = compare(&pairs, &WallSettings::default(), SEED);
        pairs.extend(broken.into_iter().chain([(1e-300, 1e300)]));
        let with = compare(&pairs, &WallSettings::default(), SEED);
        assert_eq!(with, WallComparison { unusable: 5, ..without });
    }

    #[test]
    fn an_alarm_needs_a_second_one() {
        let slow = compare(&pairs(20, 1.2, 0.01, 1, steady), &WallSettings::default(), SEED);
        let same = compare(&pairs(20, 1.0, 0.01, 1, steady), &WallSettings::default(), SEED);
        assert_eq!(confirm(&slow, &slow), WallAnswer::Slower);
        assert_eq!(confirm(&slow, &same), WallAnswer::Inconclusive);
        assert_eq!(confirm(&same, &slow), WallAnswer::Same);
    }

    #[test]
    fn a_comparison_is_told_in_a_sentence() {
        let slow = compare(&pairs(20, 1.2, 0.03, 1, steady), &WallSettings::default(), SEED);
        insta::assert_snapshot!(slow.sentence(), @"slower: head takes 1.189 times as long as base (95 % interval 1.165 to 1.239, 20 pairs)");
    }

    fn any_pairs() -> impl Strategy<Value = Vec<(f64, f64)>> {
        prop::collection::vec((0.5f64..2.0, 0.5f64..2.0), 0..40)
    }

    proptest! {
        #[test]
        fn the_order_of_pairs_changes_nothing(
            (pairs, shuffled) in any_pairs().prop_flat_map(|pairs| {
                (Just(pairs.clone()), Just(pairs).prop_shuffle())
            }),
            seed: u64,
        ) {
            let settings = WallSettings { resamples: 200, ..WallSettings::default() };
            prop_assert_eq!(compare(&pairs, &settings, seed), compare(&shuffled, &settings, seed));
        }

        #[test]
        fn an_answer_rests_on_its_interval(pairs in any_pairs(), seed: u64) {
            let settings = WallSettings { resamples: 400, ..WallSettings::default() };
            let comparison = compare(&pairs, &settings, seed);
            if let Some(ratio) = comparison.ratio {
                prop_assert!(ratio.low <= ratio.median && ratio.median <= ratio.high);
                let slower = comparison.answer == WallAnswer::Slower;
                prop_assert!(!slower || (ratio.low > 1.0 && ratio.median > 1.05));
            }
        }

        #[test]
        fn a_unit_of_time_changes_no_answer(pairs in any_pairs(), exponent in -20i32..20) {
            let settings = WallSettings { resamples: 200, ..WallSettings::default() };
            // A power of two, by which every product is exact.
            let unit = 2f64.powi(exponent);
            let scaled: Vec<_> = pairs.iter().map(|(a, b)| (a * unit, b * unit)).collect();
            let (one, other) = (compare(&pairs, &settings, 1), compare(&scaled, &settings, 1));
            prop_assert_eq!((one.ratio, one.answer), (other.ratio, other.answer));
        }
    }
}
