//! The budgets of a run: those that fail, those that warn, those that cannot be told, and one line
//! for all that hold.

use timeslip_gate::verdict::{Answer, BudgetResult};

use super::marked;
use crate::phrases::{those_that_hold, value_and_limit};
use crate::selection::{Budgets, sorted};
use crate::style::{Ink, Style};
use crate::text::{counted, plain, wrapped};

/// Budgets that are shown: more would not fit a screen.
const BUDGETS: usize = 6;

/// Lines for the budgets of a bench in `file`.
pub(super) fn budgets(budgets: &[BudgetResult], file: Option<&str>, style: Style) -> Vec<String> {
    let Budgets { telling, holding, off } = sorted(budgets);
    let shown = telling.iter().take(BUDGETS);
    let mut lines: Vec<String> =
        shown.flat_map(|budget| budget_lines(budget, file, style)).collect();
    let more = telling.len().saturating_sub(BUDGETS) as u64;
    if more > 0 {
        let more = counted(more, "more budget");
        let text = format!("{} and {more} that must be looked at", style.ellipsis());
        lines.push(style.paint(Ink::Faint, &text));
    }
    // Where nothing else is to be said of budgets, the heading has said this already.
    if !telling.is_empty()
        && let Some(text) = those_that_hold(holding.len() as u64, off)
    {
        lines.extend(marked(Answer::Pass, &text, style));
    }
    lines
}

fn budget_lines(budget: &BudgetResult, file: Option<&str>, style: Style) -> Vec<String> {
    let text = format!("{}: {}", plain(&budget.name), value_and_limit(budget));
    let mut lines = marked(budget.answer, &text, style);
    let place = match (file, budget.line) {
        (Some(file), Some(line)) => format!(" ({}:{line})", plain(file)),
        (None, Some(line)) => format!(" (line {line})"),
        (_, None) => String::new(),
    };
    let message = style.own(plain(&budget.message) + &place);
    let message = wrapped(&message, style.columns() - 2);
    lines.extend(message.into_iter().map(|line| format!("  {line}")));
    lines
}
