//! Whether budgets hold.

use std::collections::BTreeSet;

use super::metric::METRICS;
use super::quantity::shown;
use super::{Budget, Scope};
use crate::slip::{Session, Slip};
use crate::verdict::{Answer, BudgetResult, Level, MetricPair};

/// Holds a run against budgets, with an earlier run for those that are relative.
pub fn evaluate(budgets: &[Budget], before: Option<&Slip>, now: &Slip) -> Vec<BudgetResult> {
    let mut results = Vec::new();
    for budget in budgets.iter().filter(|budget| budget.level != Level::Off) {
        match &budget.scope {
            Scope::Run => results.push(result(budget, None, before, now)),
            Scope::Task(task) => results.push(result(budget, Some(task), before, now)),
            Scope::EveryTask => {
                let tasks: BTreeSet<&str> =
                    now.sessions.iter().map(|session| session.task.as_str()).collect();
                let each = tasks.into_iter().map(|task| result(budget, Some(task), before, now));
                results.extend(each);
            }
        }
    }
    results
}

/// The main figures of two runs, for a table of before and now.
pub fn main_figures(before: Option<&Slip>, now: &Slip) -> Vec<MetricPair> {
    let p95 = Some(super::Stat::Percentile(95));
    let mean = Some(super::Stat::Mean);
    METRICS
        .iter()
        .filter(|metric| metric.name != "request_latency")
        .map(|metric| {
            let stat = match metric.name {
                "session_e2e" => mean,
                _ if metric.wants_stat() => p95,
                _ => None,
            };
            let value = |slip: &Slip| metric.value(slip, &of_task(slip, None), stat);
            let word = stat.map(|stat| format!("{}_", stat.word())).unwrap_or_default();
            MetricPair {
                metric: format!("{word}{}", metric.name),
                unit: metric.unit,
                before: before.and_then(value),
                now: value(now),
                less_is_better: metric.less_is_better,
            }
        })
        .filter(|pair| pair.before.is_some() || pair.now.is_some())
        .collect()
}

fn of_task<'s>(slip: &'s Slip, task: Option<&str>) -> Vec<&'s Session> {
    let wanted = |session: &&Session| task.is_none_or(|task| session.task == task);
    slip.sessions.iter().filter(wanted).collect()
}

/// What is found of one budget and one task, or the whole run.
struct Found {
    answer: Answer,
    limit: Option<f64>,
    limit_is_most: bool,
    message: String,
}

fn result(budget: &Budget, task: Option<&str>, before: Option<&Slip>, now: &Slip) -> BudgetResult {
    let metric = budget.metric;
    let value_in = |slip: &Slip| metric.value(slip, &of_task(slip, task), budget.stat);
    let value = value_in(now);
    let before = before.and_then(value_in);
    let found =
        find(budget, task.is_some_and(|task| of_task(now, Some(task)).is_empty()), value, before);
    BudgetResult {
        name: budget.name(task),
        metric: metric.name.to_owned(),
        stat: budget.stat.map(super::Stat::word),
        task: task.map(str::to_owned),
        unit: metric.unit,
        level: budget.level,
        answer: found.answer,
        value,
        before,
        limit: found.limit,
        limit_is_most: found.limit_is_most,
        message: found.message,
        line: budget.line,
    }
}

/// The answer of a budget that does not hold.
fn broken(level: Level) -> Answer {
    match level {
        Level::Error => Answer::Fail,
        Level::Warn => Answer::Warn,
        Level::Off => Answer::Pass,
    }
}

fn find(budget: &Budget, no_such_task: bool, value: Option<f64>, before: Option<f64>) -> Found {
    let unit = budget.metric.unit;
    let most = budget.min.is_none() && (budget.max.is_some() || budget.metric.less_is_better);
    let answered = |answer, limit, message| Found { answer, limit, limit_is_most: most, message };
    let Some(value) = value else {
        let why = match no_such_task {
            true => "the run has no such task",
            false => "the run does not say it",
        };
        // What is unknown is not within its limit.
        return answered(
            broken(budget.level),
            budget.max.or(budget.min),
            format!("unknown: {why}"),
        );
    };
    let is = shown(value, unit);
    for (limit, exceeded, word) in [
        (budget.max, budget.max.is_some_and(|max| value > max), "at most"),
        (budget.min, budget.min.is_some_and(|min| value < min), "at least"),
    ] {
        if let (Some(limit), true) = (limit, exceeded) {
            let message = format!("{is}, and it may be {word} {}", shown(limit, unit));
            return answered(broken(budget.level), Some(limit), message);
        }
    }
    let absolute = budget.max.or(budget.min);
    let Some(regress) = budget.max_regress else {
        let limit = absolute.map(|limit| shown(limit, unit)).unwrap_or_default();
        return answered(Answer::Pass, absolute, format!("{is} of {limit}"));
    };
    let Some(before) = before else {
        return answered(
            Answer::NoBaseline,
            absolute,
            format!("{is}, with nothing to compare with"),
        );
    };
    let sign = if budget.metric.less_is_better { 1.0 } else { -1.0 };
    let limit = before + sign * (before.abs() * regress).max(budget.abs_floor);
    let worse_by = sign * (value - before);
    let was = shown(before, unit);
    match sign * (value - limit) > 0.0 {
        true => {
            let message = format!(
                "{is}, {} worse than {was}, and it may become {} worse",
                percent(worse_by, before),
                percent(before.abs() * regress, before)
            );
            answered(broken(budget.level), Some(limit), message)
        }
        false => answered(Answer::Pass, absolute.or(Some(limit)), format!("{is}, before {was}")),
    }
}

fn percent(part: f64, whole: f64) -> String {
    match whole == 0.0 {
        true => "infinitely".to_owned(),
        false => format!("{:.1} %", part / whole.abs() * 100.0),
    }
}
