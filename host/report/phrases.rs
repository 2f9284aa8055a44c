//! What is said of a verdict in the same words wherever it is drawn: on a screen, in markdown, in
//! messages for other programs. Nothing here is escaped for where it will stand.

use timeslip_gate::verdict::{
    Against, Answer, BudgetResult, ChangeCost, ChangeKind, Level, MetricPair, PricedChange,
    RunVerdict, Unit, Verdict,
};

use crate::amount::{difference, more_or_less, shown, signed_time};
use crate::selection::is_end_to_end;
use crate::text::{count, counted, plain};

/// What stands before an answer, in Unicode and in ASCII.
pub(crate) fn mark(answer: Answer) -> (&'static str, &'static str) {
    match answer {
        Answer::Pass => ("✓", "ok"),
        Answer::Warn => ("!", "!"),
        Answer::Inconclusive | Answer::NoBaseline => ("?", "?"),
        Answer::Fail => ("✗", "x"),
    }
}

/// An answer by its name.
pub(crate) fn answer_name(answer: Answer) -> &'static str {
    match answer {
        Answer::Pass => "pass",
        Answer::Warn => "warn",
        Answer::Inconclusive => "inconclusive",
        Answer::NoBaseline => "no baseline",
        Answer::Fail => "fail",
    }
}

/// What was found in a run, in one line: its changes, then its budgets.
pub(crate) fn finding(run: &RunVerdict) -> String {
    let budgets = budget_count(&run.budgets);
    let changes = match (run.answer, run.changes.len() as u64) {
        (Answer::NoBaseline, _) => "there is nothing to compare with".to_owned(),
        (Answer::Inconclusive, _) => "it cannot be told whether anything became worse".to_owned(),
        (_, 0) if run.against.is_none() => String::new(),
        (_, 0) if run.metrics.iter().all(|pair| pair.before == pair.now) => {
            "no change, every figure is the same".to_owned()
        }
        (_, 0) => "no change".to_owned(),
        (_, 1) if run.changes[0].fails => "a change is worse than it may be".to_owned(),
        (_, all) => match run.changes.iter().filter(|change| change.fails).count() {
            0 if all == 1 => "a change, not worse than it may be".to_owned(),
            0 => format!("{}, none worse than it may be", counted(all, "change")),
            failing => {
                let (verb, they) = if failing == 1 { ("is", "it") } else { ("are", "they") };
                let (failing, all) = (count(failing as u64), counted(all, "change"));
                format!("{failing} of {all} {verb} worse than {they} may be")
            }
        },
    };
    let parts = [changes, budgets].into_iter().filter(|part| !part.is_empty());
    match parts.collect::<Vec<_>>() {
        none if none.is_empty() => "no budget, and nothing to compare with".to_owned(),
        parts => parts.join("; "),
    }
}

/// What was found in all runs, in one line.
pub(crate) fn findings(verdict: &Verdict) -> String {
    match verdict.runs.as_slice() {
        [] => "nothing was run".to_owned(),
        [run] => finding(run),
        runs => {
            let worst = runs.iter().filter(|run| run.answer == verdict.answer).count() as u64;
            let (one, many) = match verdict.answer {
                Answer::Pass => ("passes", "pass"),
                Answer::Warn => ("warns", "warn"),
                Answer::Inconclusive => ("is inconclusive", "are inconclusive"),
                Answer::NoBaseline => ("has no baseline", "have no baseline"),
                Answer::Fail => ("fails", "fail"),
            };
            let verb = if worst == 1 { one } else { many };
            format!("{} of {} {verb}", count(worst), counted(runs.len() as u64, "run"))
        }
    }
}

fn budget_count(budgets: &[BudgetResult]) -> String {
    let of = |answer| budgets.iter().filter(move |b| b.level != Level::Off && b.answer == answer);
    let count_of = |answer| of(answer).count() as u64;
    let untold = count_of(Answer::NoBaseline) + count_of(Answer::Inconclusive);
    let parts = [
        (count_of(Answer::Fail), "fails", "fail"),
        (count_of(Answer::Warn), "warns", "warn"),
        (untold, "cannot be told", "cannot be told"),
        (count_of(Answer::Pass), "holds", "hold"),
    ];
    let mut named = Vec::new();
    for (number, one, many) in parts.into_iter().filter(|(number, ..)| *number > 0) {
        let what = match named.is_empty() {
            true => counted(number, "budget"),
            false => count(number),
        };
        named.push(format!("{what} {}", if number == 1 { one } else { many }));
    }
    named.join(", ")
}

/// What to do next, where there is something.
pub(crate) fn next_step(verdict: &Verdict) -> Option<&'static str> {
    let compared_with = |run: &RunVerdict| match run.against {
        Some(Against::Baseline { .. }) => Some(true),
        Some(_) => Some(false),
        None => None,
    };
    // Between two slips or revisions there is no baseline to move.
    if !verdict.runs.is_empty() && verdict.runs.iter().all(|run| compared_with(run) == Some(false))
    {
        return None;
    }
    match verdict.answer {
        Answer::NoBaseline => {
            Some("to make a baseline: `timeslip check --pending`, then `timeslip accept`")
        }
        Answer::Inconclusive => Some("run it again where less else is running"),
        Answer::Fail if verdict.runs.iter().any(fails_against_baseline) => {
            Some("if it is meant so: `timeslip check --pending`, then `timeslip accept`")
        }
        Answer::Fail => Some("make the run cheaper, or give the budget another limit"),
        Answer::Pass | Answer::Warn if verdict.runs.iter().any(|run| !run.changes.is_empty()) => {
            Some("to keep this as the baseline: `timeslip check --pending`, then `timeslip accept`")
        }
        Answer::Pass | Answer::Warn => None,
    }
}

/// Whether another baseline would make the run pass: a change fails, or the default rule, which
/// has no line of its own.
fn fails_against_baseline(run: &RunVerdict) -> bool {
    let default_rule =
        |budget: &BudgetResult| budget.answer == Answer::Fail && budget.line.is_none();
    run.changes.iter().any(|change| change.fails) || run.budgets.iter().any(default_rule)
}

/// What a run was compared with: the file, or the revision with the beginning of its commit.
pub(crate) fn against(against: &Against) -> String {
    match against {
        Against::Baseline { file } | Against::Slip { file } => plain(file),
        Against::Revision { revision, commit } => {
            let short: String = plain(commit).chars().take(10).collect();
            match plain(revision) {
                revision if plain(commit).starts_with(&revision) => short,
                revision => format!("{revision} ({short})"),
            }
        }
    }
}

/// A kind of change by its name in files, for people: `step added`.
pub(crate) fn kind_words(kind: ChangeKind) -> String {
    kind_name(kind).replace('_', " ")
}

/// A kind of change by its name in files.
pub(crate) fn kind_name(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Outcome => "outcome",
        ChangeKind::Session => "session",
        ChangeKind::StepAdded => "step_added",
        ChangeKind::StepRemoved => "step_removed",
        ChangeKind::Order => "order",
        ChangeKind::Prompt => "prompt",
        ChangeKind::PromptCache => "prompt_cache",
        ChangeKind::Reply => "reply",
        ChangeKind::Tool => "tool",
        ChangeKind::Computing => "computing",
        ChangeKind::Waiting => "waiting",
        ChangeKind::Machine => "machine",
        ChangeKind::Conditions => "conditions",
    }
}

/// Where a change occurs: `over 50 sessions, 100 times, first in refund`.
pub(crate) fn where_it_is(change: &PricedChange) -> String {
    let mut parts = vec![match change.sessions {
        0 => "over the whole run".to_owned(),
        sessions => format!("over {}", counted(sessions, "session")),
    }];
    if change.occurrences > change.sessions && change.sessions > 0 {
        parts.push(counted(change.occurrences, "time"));
    }
    if !change.first_task.is_empty() {
        let first = if change.sessions == 1 { "in" } else { "first in" };
        parts.push(format!("{first} {}", plain(&change.first_task)));
    }
    parts.join(", ")
}

/// Where a change is and what it costs besides time, in one line.
pub(crate) fn facts(change: &PricedChange) -> String {
    let costs = other_costs(&change.cost);
    let place = where_it_is(change);
    if costs.is_empty() { place } else { format!("{place}: {costs}") }
}

/// What a change costs besides time: `+50 model calls, +62,000 tokens in, +$0.155`; nothing where
/// it costs nothing else.
pub(crate) fn other_costs(cost: &ChangeCost) -> String {
    let signed = |value: i64, text: String| {
        (value != 0).then(|| format!("{}{text}", if value > 0 { "+" } else { "−" }))
    };
    let calls = |value: i64, one: &str| signed(value, counted(value.unsigned_abs(), one));
    let tokens =
        |value: i64, what: &str| signed(value, format!("{} {what}", count(value.unsigned_abs())));
    let parts = [
        calls(cost.model_calls, "model call"),
        calls(cost.tool_calls, "tool call"),
        tokens(cost.input_tokens, "tokens in"),
        tokens(cost.cached_input_tokens, "of them cached"),
        tokens(cost.output_tokens, "tokens out"),
        cost.usd.and_then(|value| amount(Unit::Dollars, value)),
        cost.joules.and_then(|value| amount(Unit::Joules, value)),
        unknown_costs(cost),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn amount(unit: Unit, value: f64) -> Option<String> {
    Some(difference(unit, value)).filter(|text| !text.is_empty())
}

/// Says that dollars or joules are unknown, where there is reason to expect some: silence would
/// read as none.
fn unknown_costs(cost: &ChangeCost) -> Option<String> {
    if cost.model_calls == 0 && cost.input_tokens == 0 && cost.output_tokens == 0 {
        return None;
    }
    match (cost.usd, cost.joules) {
        (None, None) => Some("dollars and joules unknown".to_owned()),
        (None, Some(_)) => Some("dollars unknown".to_owned()),
        (Some(_), None) => Some("joules unknown".to_owned()),
        (Some(_), Some(_)) => None,
    }
}

/// What the changes of a run come to: `together +1.31 s of end-to-end time, 2.1 % more`. Nothing
/// where nothing changed.
pub(crate) fn sum(run: &RunVerdict) -> Option<String> {
    let first = match run.changes.len() {
        0 => return None,
        1 => "that is",
        _ => "together",
    };
    if run.time_difference_ns == 0 {
        return Some(format!("{first} no end-to-end time"));
    }
    let time = signed_time(run.time_difference_ns);
    let share = total_time(run).and_then(|total| more_or_less(total.before?, total.now?));
    let share = share.map(|share| format!(", {share}")).unwrap_or_default();
    Some(format!("{first} {time} of end-to-end time{share}"))
}

/// The end-to-end time of all sessions: the time whose two sides are as far apart as the changes
/// come to. Two times may be, so one that is called so comes first.
fn total_time(run: &RunVerdict) -> Option<&MetricPair> {
    let apart = |pair: &&MetricPair| match (pair.unit, pair.before, pair.now) {
        (Unit::Nanoseconds, Some(before), Some(now)) => {
            now - before == run.time_difference_ns as f64
        }
        _ => false,
    };
    let named = run.metrics.iter().filter(|pair| is_end_to_end(&pair.metric));
    named.chain(&run.metrics).find(apart)
}

/// How many budgets hold and how many nobody looks at; nothing where there is neither.
pub(crate) fn those_that_hold(holding: u64, off: u64) -> Option<String> {
    let hold =
        format!("{} {}", counted(holding, "budget"), if holding == 1 { "holds" } else { "hold" });
    let unseen = format!("{} {} off", counted(off, "budget"), if off == 1 { "is" } else { "are" });
    match (holding, off) {
        (0, 0) => None,
        (0, _) => Some(unseen),
        (_, 0) => Some(hold),
        _ => Some(format!("{hold}, {unseen}")),
    }
}

/// A budget's value beside its limit: `1.42 s, at most 1.20 s; 1.18 s before`.
pub(crate) fn value_and_limit(budget: &BudgetResult) -> String {
    let mut text = shown(budget.unit, budget.value);
    if budget.limit.is_some() {
        let bound = if budget.limit_is_most { "at most" } else { "at least" };
        text += &format!(", {bound} {}", shown(budget.unit, budget.limit));
    }
    if budget.before.is_some() {
        text += &format!("; {} before", shown(budget.unit, budget.before));
    }
    text
}
