//! JUnit XML, which every build service shows as tests.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};
use timeslip_gate::verdict::{Answer, BudgetResult, Level, RunVerdict, Unit, Verdict};

use crate::amount::{plain_number, signed_time, unit_name};
use crate::phrases::{against, facts, finding, kind_words, sum};
use crate::text::plain;

/// A verdict as JUnit XML: one suite, named after the bench's file; in it a case for each budget of
/// each run, and one named `changes` for each run. A case's `time` is the budget's value, in whole
/// milliseconds as the format has it; the exact values stand in its properties, time in seconds.
///
/// A budget that warns passes, with its message as output; one that cannot be told is skipped.
pub fn junit(verdict: &Verdict) -> String {
    let mut suite = TestSuite::new(plain(verdict.bench_file.as_ref().unwrap_or(&verdict.bench)));
    suite.add_property(Property::new("timeslip", plain(&verdict.timeslip)));
    for run in &verdict.runs {
        // A dot would begin a package in the tree that readers show.
        let place = plain(&run.on).replace('.', "_");
        let class = format!("{}.{place}", plain(&verdict.bench).replace('.', "_"));
        let mut cases = vec![changes_case(run)];
        cases.extend(run.budgets.iter().map(budget_case));
        for mut case in cases {
            case.set_classname(class.as_str());
            suite.add_test_case(case);
        }
    }
    let mut report = Report::new(format!("timeslip check {}", plain(&verdict.bench)));
    report.add_test_suite(suite);
    report.to_string().expect("a report of plain texts is XML")
}

/// The case that fails when a change does.
fn changes_case(run: &RunVerdict) -> TestCase {
    let failing: Vec<_> = run.changes.iter().filter(|change| change.fails).collect();
    let status = match (failing.is_empty(), run.answer) {
        (false, _) => {
            let headlines = failing.iter().map(|change| {
                format!("{} {}", signed_time(change.cost.time_ns), plain(&change.headline))
            });
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status
                .set_type("change")
                .set_message(headlines.collect::<Vec<_>>().join("; "))
                .set_description(change_lines(run));
            status
        }
        (true, Answer::NoBaseline | Answer::Inconclusive) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(finding(run));
            status
        }
        (true, _) => TestCaseStatus::success(),
    };
    let mut case = TestCase::new("changes", status);
    if failing.is_empty() && !run.changes.is_empty() {
        case.set_system_out(change_lines(run));
    }
    if let Some(other) = &run.against {
        case.add_property(Property::new("against", against(other)));
    }
    case.add_property(Property::new("changes", run.changes.len().to_string()));
    let seconds = run.time_difference_ns as f64 / 1e9;
    case.add_property(Property::new("time_difference_seconds", seconds.to_string()));
    for pair in &run.metrics {
        for (side, value) in [("before", pair.before), ("now", pair.now)] {
            if let Some(value) = plain_number(pair.unit, value) {
                let name = format!("{}.{side}.{}", plain(&pair.metric), unit_name(pair.unit));
                case.add_property(Property::new(name, value.to_string()));
            }
        }
    }
    case
}

/// All changes of a run, and what they come to.
fn change_lines(run: &RunVerdict) -> String {
    let mut lines = Vec::new();
    for change in &run.changes {
        let verb = if change.fails { "fails" } else { "may pass" };
        let time = signed_time(change.cost.time_ns);
        let kind = kind_words(change.kind);
        lines.push(format!("{time} {} ({kind})", plain(&change.headline)));
        lines.push(format!("  {}", facts(change)));
        lines.extend(change.details.iter().map(|detail| format!("  {}", plain(detail))));
        lines.push(format!("  {verb}: {}", plain(&change.reason)));
    }
    lines.extend(sum(run));
    lines.join("\n")
}

fn budget_case(budget: &BudgetResult) -> TestCase {
    let message = plain(&budget.message);
    let status = match budget.answer {
        Answer::Fail => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type("budget").set_message(message.as_str());
            status
        }
        Answer::Pass | Answer::Warn if budget.level != Level::Off => TestCaseStatus::success(),
        _ => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(message.as_str());
            status
        }
    };
    let mut case = TestCase::new(plain(&budget.name), status);
    if budget.answer == Answer::Warn {
        case.set_system_out(format!("warning: {message}"));
    }
    let value = plain_number(budget.unit, budget.value);
    if let Some(seconds) = value.filter(|value| budget.unit == Unit::Nanoseconds && *value >= 0.0) {
        case.set_time(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX));
    }
    let bound = if budget.limit_is_most { "at_most" } else { "at_least" };
    let number = |value| plain_number(budget.unit, value).map(|value| value.to_string());
    let properties = [
        ("metric", Some(plain(&budget.metric))),
        ("stat", budget.stat.as_deref().map(plain)),
        ("task", budget.task.as_deref().map(plain)),
        ("unit", Some(unit_name(budget.unit).to_owned())),
        ("level", Some(level_name(budget.level).to_owned())),
        ("value", number(budget.value)),
        ("before", number(budget.before)),
        (bound, number(budget.limit)),
        ("line", budget.line.map(|line| line.to_string())),
    ];
    for (name, value) in properties {
        if let Some(value) = value {
            case.add_property(Property::new(name, value));
        }
    }
    case
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::Off => "off",
        Level::Warn => "warn",
        Level::Error => "error",
    }
}
