//! The changes of a run, the most expensive first, each with its cost and what stands behind it.

use timeslip_gate::verdict::PricedChange;

use crate::amount::signed_time;
use crate::phrases::facts;
use crate::selection::{chosen, left_out};
use crate::style::{Ink, Style};
use crate::text::{columns, counted, left, plain, right, shortened, wrapped};

/// Changes that are shown, and of each so many lines of details: more would not fit a screen.
const CHANGES: usize = 6;
const DETAILS: usize = 4;

/// Columns of a mark and the blank after it.
const MARK: usize = 3;

/// Lines for the changes; failing ones are never pushed out by others.
pub(super) fn changes(changes: &[PricedChange], style: Style) -> Vec<String> {
    let shown = chosen(changes, CHANGES);
    let width = shown.iter().map(|change| columns(&cost(change, style))).max().unwrap_or(0);
    let mut lines: Vec<String> =
        shown.iter().flat_map(|change| change_lines(change, width, style)).collect();
    let (more, time) = left_out(changes, &shown);
    if more > 0 {
        let more = counted(more, "more change");
        let text = format!("{} and {more}, {}", style.ellipsis(), signed_time(time));
        lines.push(style.paint(Ink::Faint, &style.own(text)));
    }
    lines
}

/// A line for each change that fails: its cost and what it is, without what stands behind it.
pub(super) fn costs(changes: &[PricedChange], style: Style) -> Vec<String> {
    let failing: Vec<&PricedChange> = changes.iter().filter(|change| change.fails).collect();
    let width = failing.iter().map(|change| columns(&cost(change, style))).max().unwrap_or(0);
    let line = |change: &&PricedChange| {
        let cost = right(&cost(change, style), width);
        let begin = style.paint(Ink::Bad, &format!("{}{cost}", left(style.sign("✗", "x"), MARK)));
        let room = style.columns() - MARK - width - 2;
        let headline = shortened(&own(&change.headline, style), room, style.ellipsis());
        format!("{begin}  {}", style.paint(Ink::Strong, &headline))
    };
    failing.iter().map(line).collect()
}

fn cost(change: &PricedChange, style: Style) -> String {
    style.own(signed_time(change.cost.time_ns))
}

fn change_lines(change: &PricedChange, width: usize, style: Style) -> Vec<String> {
    let gain = !change.fails && change.cost.time_ns < 0;
    let (mark, ink) = match (change.fails, gain) {
        (true, _) => (style.sign("✗", "x"), Ink::Bad),
        (false, true) => (style.sign("✓", "ok"), Ink::Good),
        (false, false) => ("", Ink::Strong),
    };
    let cost = right(&cost(change, style), width);
    let begin = style.paint(ink, &format!("{}{cost}", left(mark, MARK)));
    let indent = MARK + width + 2;
    let room = style.columns() - indent;
    let mut lines = Vec::new();
    for (index, line) in wrapped(&own(&change.headline, style), room).iter().enumerate() {
        let begin = if index == 0 { begin.clone() } else { " ".repeat(indent - 2) };
        lines.push(format!("{begin}  {}", style.paint(Ink::Strong, line)));
    }
    let pad = " ".repeat(indent);
    let mut add = |text: &str, ink: Option<Ink>| {
        for line in wrapped(&own(text, style), room) {
            let line = ink.map_or(line.clone(), |ink| style.paint(ink, &line));
            lines.push(format!("{pad}{line}"));
        }
    };
    add(&facts(change), Some(Ink::Faint));
    for detail in change.details.iter().take(DETAILS) {
        add(detail, None);
    }
    let more = change.details.len().saturating_sub(DETAILS);
    if more > 0 {
        let more = counted(more as u64, "more line");
        add(&format!("{} {more}", style.ellipsis()), Some(Ink::Faint));
    }
    if !change.reason.is_empty() {
        let verb = if change.fails { "fails" } else { "may pass" };
        add(&format!("{verb}: {}", change.reason), change.fails.then_some(Ink::Bad));
    }
    lines
}

/// A text on one line, plain, and for this terminal.
fn own(text: &str, style: Style) -> String {
    style.own(plain(text))
}
