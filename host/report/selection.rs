//! Which parts of a verdict are worth a reader's time, and in which order: the same on a screen and
//! in markdown.

use timeslip_gate::verdict::{Answer, BudgetResult, Level, MetricPair, PricedChange, Unit};

/// At most so many changes: those that fail before those that do not, in the verdict's order.
pub(crate) fn chosen(changes: &[PricedChange], most: usize) -> Vec<&PricedChange> {
    let mut fails = changes.iter().filter(|change| change.fails).count().min(most);
    let mut passes = most - fails;
    let mut chosen = Vec::new();
    for change in changes {
        let room = if change.fails { &mut fails } else { &mut passes };
        if *room > 0 {
            *room -= 1;
            chosen.push(change);
        }
    }
    chosen
}

/// How many changes are not among the chosen, and the time that they cost.
pub(crate) fn left_out(changes: &[PricedChange], chosen: &[&PricedChange]) -> (u64, i64) {
    let time = |changes: &mut dyn Iterator<Item = &PricedChange>| {
        changes.map(|change| change.cost.time_ns).fold(0, i64::saturating_add)
    };
    let number = changes.len() - chosen.len();
    let all = time(&mut changes.iter());
    (number as u64, all.saturating_sub(time(&mut chosen.iter().copied())))
}

/// The figures that differ by what a reader can see, and end-to-end time whether it does or not.
pub(crate) fn telling_metrics(metrics: &[MetricPair]) -> Vec<&MetricPair> {
    let known = |pair: &&MetricPair| pair.before.is_some() || pair.now.is_some();
    let telling = |pair: &&MetricPair| is_end_to_end(&pair.metric) || differs(pair);
    metrics.iter().filter(known).filter(telling).collect()
}

/// The part of a figure below which a difference is not told, unless things are counted.
const DIFFERENCE_LEAST: f64 = 1e-4;

fn differs(pair: &MetricPair) -> bool {
    let (Some(before), Some(now)) = (pair.before, pair.now) else {
        return pair.before != pair.now;
    };
    match pair.unit {
        Unit::Count | Unit::Tokens => before != now,
        _ => (now - before).abs() > before.abs() * DIFFERENCE_LEAST,
    }
}

/// Whether a metric is an end-to-end time.
pub(crate) fn is_end_to_end(metric: &str) -> bool {
    metric.contains("end_to_end") || (metric.contains("e2e") && !metric.contains("throughput"))
}

/// Whether a figure became better.
pub(crate) fn is_gain(pair: &MetricPair) -> bool {
    match (pair.before, pair.now) {
        (Some(before), Some(now)) if pair.less_is_better => now < before,
        (Some(before), Some(now)) => now > before,
        _ => false,
    }
}

/// The budgets of a run, by what a reader does with them.
pub(crate) struct Budgets<'a> {
    /// Those that fail, then those that warn, then those that cannot be told.
    pub(crate) telling: Vec<&'a BudgetResult>,
    /// Those that hold.
    pub(crate) holding: Vec<&'a BudgetResult>,
    /// How many nobody looks at.
    pub(crate) off: u64,
}

/// Sorts the budgets of a run.
pub(crate) fn sorted(budgets: &[BudgetResult]) -> Budgets<'_> {
    let (off, on): (Vec<_>, Vec<_>) = budgets.iter().partition(|b| b.level == Level::Off);
    let (holding, mut telling): (Vec<_>, Vec<_>) =
        on.into_iter().partition(|budget| budget.answer == Answer::Pass);
    telling.sort_by_key(|budget| match budget.answer {
        Answer::Fail => 0,
        Answer::Warn => 1,
        Answer::Inconclusive | Answer::NoBaseline | Answer::Pass => 2,
    });
    Budgets { telling, holding, off: off.len() as u64 }
}
