//! Errors of many rows in a few figures.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::predict::{Compared, Outcome};
use crate::row::Metric;

/// The errors of a class of rows in one metric, as fractions of what was measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Errors {
    /// Rows.
    pub rows: usize,
    /// The median of the errors' sizes.
    pub median: f64,
    /// The median of the errors: over 0 where predictions are too long.
    pub median_signed: f64,
    /// Nine of ten rows are off by at most this.
    pub p90: f64,
}

impl Errors {
    /// Of these errors; `None` of none.
    pub fn of(errors: &[f64]) -> Option<Errors> {
        let sizes = sorted(errors.iter().map(|error| error.abs()));
        Some(Errors {
            rows: errors.len(),
            median: quantile(&sizes, 0.5)?,
            median_signed: quantile(&sorted(errors.iter().copied()), 0.5)?,
            p90: quantile(&sizes, 0.9)?,
        })
    }
}

/// Values in rising order.
pub(crate) fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The value below which this part of sorted values lies, on straight lines between them.
pub(crate) fn quantile(sorted: &[f64], part: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let at = part * last as f64;
    let low = at as usize;
    let high = (low + 1).min(last);
    Some(sorted[low] + (sorted[high] - sorted[low]) * (at - low as f64))
}

/// How rows are put into classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grouping {
    /// All in one.
    All,
    /// By mode.
    Mode,
    /// By system and mode.
    SystemAndMode,
    /// By the model's published name.
    Model,
}

impl Grouping {
    /// All, in the order in which they are shown.
    pub const ALL: [Grouping; 4] =
        [Grouping::All, Grouping::Mode, Grouping::SystemAndMode, Grouping::Model];

    /// The heading above its classes.
    pub fn heading(self) -> &'static str {
        match self {
            Grouping::All => "ALL",
            Grouping::Mode => "BY MODE",
            Grouping::SystemAndMode => "BY SYSTEM AND MODE",
            Grouping::Model => "BY MODEL",
        }
    }

    /// The class of a row.
    pub fn class(self, outcome: &Outcome) -> String {
        match self {
            Grouping::All => "all rows".to_owned(),
            Grouping::Mode => outcome.mode.clone(),
            Grouping::SystemAndMode => format!("{} {}", outcome.row.system, outcome.mode),
            Grouping::Model => outcome.row.model.clone(),
        }
    }
}

/// The errors of a class of rows, by metric.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Class {
    /// How the class came about.
    pub grouping: Grouping,
    /// Its name.
    pub name: String,
    /// Its errors, in the order of [`Metric::ALL`].
    pub errors: BTreeMap<Metric, Errors>,
}

/// All classes of the predicted rows.
pub fn classes(outcomes: &[Outcome]) -> Vec<Class> {
    let mut classes = Vec::new();
    for grouping in Grouping::ALL {
        let mut found: BTreeMap<String, BTreeMap<Metric, Vec<f64>>> = BTreeMap::new();
        for (outcome, compared) in all_compared(outcomes) {
            let class = found.entry(grouping.class(outcome)).or_default();
            class.entry(compared.metric).or_default().push(compared.error());
        }
        for (name, errors) in found {
            let errors = errors.iter();
            let errors = errors.filter_map(|(metric, of)| Some((*metric, Errors::of(of)?)));
            classes.push(Class { grouping, name, errors: errors.collect() });
        }
    }
    classes
}

/// Every figure with its row.
pub(crate) fn all_compared(outcomes: &[Outcome]) -> impl Iterator<Item = (&Outcome, &Compared)> {
    outcomes.iter().flat_map(|outcome| {
        outcome.result.iter().flatten().map(move |compared| (outcome, compared))
    })
}

/// The reasons why rows were not predicted, the most frequent first.
pub fn reasons(outcomes: &[Outcome]) -> Vec<(String, usize)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for reason in outcomes.iter().filter_map(|outcome| outcome.result.as_ref().err()) {
        *counts.entry(reason).or_default() += 1;
    }
    let mut reasons: Vec<(String, usize)> =
        counts.into_iter().map(|(reason, rows)| (reason.to_owned(), rows)).collect();
    reasons.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
    reasons
}

/// How far measurements of one and the same scenario are from the middle of their own: nothing that
/// predicts from the scenario alone is closer. A measurement that a file lists twice counts once.
pub fn spread(outcomes: &[Outcome]) -> BTreeMap<Metric, Errors> {
    let mut measured: BTreeMap<(Metric, usize), Vec<f64>> = BTreeMap::new();
    for (outcome, compared) in all_compared(outcomes) {
        let scenario = outcome.scenario.expect("what is predicted asks something");
        measured.entry((compared.metric, scenario)).or_default().push(compared.measured_ms);
    }
    let mut spreads: BTreeMap<Metric, Vec<f64>> = BTreeMap::new();
    for ((metric, _), values) in measured {
        let mut values = sorted(values.into_iter());
        values.dedup();
        let middle = quantile(&values, 0.5).expect("a scenario has rows");
        if values.len() > 1 {
            let away = values.iter().map(|value| middle / value - 1.0);
            spreads.entry(metric).or_default().extend(away);
        }
    }
    let errors = spreads.into_iter();
    errors.filter_map(|(metric, away)| Some((metric, Errors::of(&away)?))).collect()
}

/// The figures that are furthest off, as a factor in either direction.
pub fn worst(outcomes: &[Outcome], count: usize) -> Vec<(&Outcome, &Compared)> {
    let mut all: Vec<_> = all_compared(outcomes).collect();
    let off = |compared: &Compared| compared.factor().max(1.0 / compared.factor());
    all.sort_by(|a, b| off(b.1).total_cmp(&off(a.1)));
    all.truncate(count);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_an_even_number_lies_between_two() {
        let errors = Errors::of(&[-0.4, 0.1, 0.2, 0.3]).unwrap();
        assert_eq!(errors.rows, 4);
        assert!((errors.median - 0.25).abs() < 1e-12);
        assert!((errors.median_signed - 0.15).abs() < 1e-12);
        assert!((errors.p90 - 0.37).abs() < 1e-12);
        assert_eq!(Errors::of(&[]), None);
    }
}
