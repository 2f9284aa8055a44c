//! How far modelled times are from those that were measured.

use serde::Serialize;

/// A time that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Time to first token.
    TimeToFirstToken,
    /// Inter-token latency.
    InterTokenLatency,
    /// End-to-end time.
    EndToEnd,
    /// One decoder layer.
    Layer,
}

impl Metric {
    /// The words that stand for it on screen.
    pub fn words(self) -> &'static str {
        match self {
            Metric::TimeToFirstToken => "TTFT",
            Metric::InterTokenLatency => "inter-token",
            Metric::EndToEnd => "end-to-end",
            Metric::Layer => "layer",
        }
    }
}

/// One measured time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// What was measured.
    pub metric: Metric,
    /// How long it took, over 0.
    pub seconds: f64,
    /// Whether a fit is moved by it: an end-to-end time follows from the two others where they are
    /// known, and counts for itself where they are not.
    pub is_fitted: bool,
    /// Whether the fit does not see it.
    pub is_held_out: bool,
}

/// The errors of one metric over one part of the measurements. An error is modelled / measured - 1,
/// without its sign.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Errors {
    /// Times that both have.
    pub count: u64,
    /// The median, by nearest rank.
    pub median: f64,
    /// The 90th percentile, by nearest rank.
    pub p90: f64,
}

impl Errors {
    /// Of pairs of modelled and measured seconds; `None` where there is none.
    pub fn of(pairs: impl Iterator<Item = (f64, f64)>) -> Option<Errors> {
        let mut errors: Vec<f64> =
            pairs.map(|(modelled, measured)| (modelled / measured - 1.0).abs()).collect();
        errors.sort_unstable_by(f64::total_cmp);
        let rank = |percent: usize| {
            errors.get((percent * errors.len()).div_ceil(100).checked_sub(1)?).copied()
        };
        let (median, p90) = (rank(50)?, rank(90)?);
        Some(Errors { count: errors.len() as u64, median, p90 })
    }
}

/// The errors of one metric over one part, before a fit and after it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// What was measured.
    pub metric: Metric,
    /// Whether the part is the one that the fit did not see.
    pub held_out: bool,
    /// With the figures of the profile.
    pub before: Errors,
    /// With the fitted ones.
    pub after: Errors,
}

/// The errors of each metric over each part that has it.
pub fn compared(
    measured: &[Measured],
    before: &[Option<f64>],
    after: &[Option<f64>],
) -> Vec<Compared> {
    let mut metrics: Vec<Metric> = measured.iter().map(|row| row.metric).collect();
    metrics.sort_unstable();
    metrics.dedup();
    let of = |metric: Metric, held_out: bool, modelled: &[Option<f64>]| {
        let pairs = measured.iter().zip(modelled).filter_map(|(row, modelled)| {
            let belongs = row.metric == metric && row.is_held_out == held_out;
            belongs.then_some((modelled.as_ref().copied()?, row.seconds))
        });
        Errors::of(pairs)
    };
    let each = |metric: Metric| {
        [false, true].into_iter().filter_map(move |held_out| {
            let (before, after) = (of(metric, held_out, before)?, of(metric, held_out, after)?);
            Some(Compared { metric, held_out, before, after })
        })
    };
    metrics.into_iter().flat_map(each).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_those_of_the_middle_and_of_nine_in_ten() {
        let pairs = (1..=10).map(|number| (1.0 + f64::from(number) / 10.0, 1.0));
        let errors = Errors::of(pairs).unwrap();
        assert_eq!(errors.count, 10);
        assert!((errors.median - 0.5).abs() < 1e-9 && (errors.p90 - 0.9).abs() < 1e-9);
        assert_eq!(Errors::of(std::iter::empty()), None);
    }

    #[test]
    fn parts_are_kept_apart_and_what_was_not_served_is_left_out() {
        let row = |is_held_out| Measured {
            metric: Metric::EndToEnd,
            seconds: 2.0,
            is_fitted: true,
            is_held_out,
        };
        let measured = [row(false), row(true), row(true)];
        let before = [Some(1.0), Some(4.0), None];
        let after = [Some(2.0), Some(2.0), Some(2.0)];
        let compared = compared(&measured, &before, &after);
        let shown: Vec<(bool, u64, f64, f64)> = compared
            .iter()
            .map(|row| (row.held_out, row.before.count, row.before.median, row.after.median))
            .collect();
        assert_eq!(shown, [(false, 1, 0.5, 0.0), (true, 1, 1.0, 0.0)]);
    }
}
