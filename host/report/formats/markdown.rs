//! Markdown as GitHub and GitLab render it: the summary of a job, and the text of a comment.

mod escape;

use timeslip_gate::verdict::{BudgetResult, MetricPair, PricedChange, RunVerdict, Verdict};

use self::escape::cell;
use crate::amount::{difference, relative, shown, signed_time};
use crate::phrases::{
    against, answer_name, finding, findings, mark, next_step, other_costs, sum, those_that_hold,
    value_and_limit, where_it_is,
};
use crate::selection::{Budgets, chosen, is_gain, left_out, sorted, telling_metrics};
use crate::text::counted;

/// Bytes up to which a text is sure to be taken: a comment may have 65,536 characters.
const BYTES: usize = 64_000;

/// Rows of a table, and lines of details for a change.
const ROWS: usize = 20;
const DETAILS: usize = 20;

const CUT: &str = "*Cut here, since a comment has no room for more: `timeslip check --json` has it \
                   all.*\n";

/// A verdict as markdown of less than 64 KB, with what fails first. What does not fit is cut between
/// two parts, with a line that says so.
///
/// Names and messages stand in it as text: they make no markup, no link and no mention.
pub fn markdown(verdict: &Verdict) -> String {
    let mut parts = vec![heading(verdict)];
    for run in &verdict.runs {
        parts.extend(run_parts(run, verdict.runs.len() > 1));
    }
    parts.retain(|part| !part.is_empty());
    let mut out = String::new();
    for part in parts {
        if out.len() + part.len() + CUT.len() + 2 > BYTES {
            out += "\n";
            out += CUT;
            break;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out += &part;
    }
    out
}

fn heading(verdict: &Verdict) -> String {
    let (mark, _) = mark(verdict.answer);
    let (bench, name) = (cell(&verdict.bench), answer_name(verdict.answer));
    let mut out = format!("### {mark} {bench}: {name}\n\n{}", sentence(&findings(verdict)));
    if let [RunVerdict { against: Some(other), on, .. }] = verdict.runs.as_slice() {
        out += &format!(", on {} against {}", cell(on), cell(&against(other)));
    }
    if let Some(step) = next_step(verdict) {
        out += &format!("\n\n*Next:* {step}.");
    }
    out + "\n"
}

/// The parts of a run; each can stand without the next.
fn run_parts(run: &RunVerdict, several: bool) -> Vec<String> {
    let mut title = String::new();
    if several {
        let (mark, _) = mark(run.answer);
        let other = run.against.as_ref().map(|other| format!(" against {}", cell(&against(other))));
        title = format!("#### {mark} {}{}\n\n", cell(&run.on), other.unwrap_or_default());
        title += &format!("{}\n", sentence(&finding(run)));
    }
    vec![title, changes(run), details(&run.changes), metrics(&run.metrics), budgets(&run.budgets)]
}

fn changes(run: &RunVerdict) -> String {
    let rows = chosen(&run.changes, ROWS);
    if rows.is_empty() {
        return String::new();
    }
    let mut out =
        String::from("| | time | change | where | besides time |\n|---|--:|---|---|---|\n");
    for change in &rows {
        let mark = match change.fails {
            true => "✗",
            false if change.cost.time_ns < 0 => "✓",
            false => "",
        };
        let verb = if change.fails { "fails" } else { "may pass" };
        let cells = [
            mark.to_owned(),
            format!("**{}**", unbroken(&signed_time(change.cost.time_ns))),
            format!("{}<br>*{verb}:* {}", cell(&change.headline), cell(&change.reason)),
            cell(&where_it_is(change)),
            other_costs(&change.cost),
        ];
        out += &row(&cells);
    }
    let (more, time) = left_out(&run.changes, &rows);
    if more > 0 {
        out += &row(&["".into(), signed_time(time), format!("{} …", counted(more, "more change"))]);
    }
    match sum(run) {
        Some(sum) => format!("{out}\n**{}**\n", sentence(&sum)),
        None => out,
    }
}

/// What stands behind the changes, folded away.
fn details(changes: &[PricedChange]) -> String {
    let told = chosen(changes, ROWS).into_iter().filter(|change| !change.details.is_empty());
    let mut list = String::new();
    for change in told {
        list += &format!("- {}\n", cell(&change.headline));
        for detail in change.details.iter().take(DETAILS) {
            list += &format!("  - {}\n", cell(detail));
        }
        let more = change.details.len().saturating_sub(DETAILS) as u64;
        if more > 0 {
            list += &format!("  - {} …\n", counted(more, "more line"));
        }
    }
    folded("What stands behind the changes", &list)
}

fn metrics(metrics: &[MetricPair]) -> String {
    let pairs = telling_metrics(metrics);
    if pairs.is_empty() {
        return String::new();
    }
    let compared = pairs.iter().any(|pair| pair.before.is_some());
    let mut out = String::from("| figure | before | now | difference | |\n|---|--:|--:|--:|--:|\n");
    for pair in pairs.into_iter().take(ROWS) {
        let (apart, percent) = match (pair.before, pair.now) {
            (Some(before), Some(now)) if before == now => ("same".to_owned(), None),
            (Some(before), Some(now)) => {
                (difference(pair.unit, now - before), relative(before, now))
            }
            _ => (String::new(), None),
        };
        let percent = percent.unwrap_or_default();
        let percent = if is_gain(pair) { format!("✓ {percent}") } else { percent };
        let sides = [pair.before, pair.now].map(|side| shown(pair.unit, side));
        let [before, now] = sides;
        let before = if compared { before } else { String::new() };
        out += &row(&[cell(&pair.metric), before, now, apart, percent]);
    }
    out
}

fn budgets(budgets: &[BudgetResult]) -> String {
    let Budgets { telling, holding, off } = sorted(budgets);
    let mut out = String::new();
    if !telling.is_empty() {
        out += &budget_table(&telling);
    }
    if let Some(text) = those_that_hold(holding.len() as u64, off) {
        let table = if holding.is_empty() { String::new() } else { budget_table(&holding) };
        let space = if out.is_empty() { "" } else { "\n" };
        out += space;
        out += &if table.is_empty() { format!("{text}\n") } else { folded(&text, &table) };
    }
    out
}

fn budget_table(budgets: &[&BudgetResult]) -> String {
    let mut out = String::from("| | budget | value | found | line |\n|---|---|---|---|--:|\n");
    for budget in budgets.iter().take(ROWS) {
        let line = budget.line.map(|line| line.to_string()).unwrap_or_default();
        let (mark, _) = mark(budget.answer);
        let value = value_and_limit(budget);
        out += &row(&[mark.into(), cell(&budget.name), value, cell(&budget.message), line]);
    }
    let more = budgets.len().saturating_sub(ROWS) as u64;
    if more > 0 {
        out += &row(&["".into(), format!("{} …", counted(more, "more budget"))]);
    }
    out
}

/// A text of this program's own with a capital, since markdown's lines are sentences.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    first + chars.as_str()
}

/// A figure that does not break between number and unit.
fn unbroken(figure: &str) -> String {
    figure.replace(' ', "\u{a0}")
}

/// A part that one opens to read; nothing where there is nothing in it.
fn folded(title: &str, inside: &str) -> String {
    if inside.is_empty() {
        return String::new();
    }
    format!("<details><summary>{title}</summary>\n\n{inside}\n</details>\n")
}

fn row(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}
