//! The answer on a terminal: what was asked, what bounds the run, and a tornado chart.

use timeslip_report::Style;
use timeslip_report::style::Ink;
use timeslip_report::text::{columns, dollars, joules, left, plain, rate, right, wrapped};
use timeslip_timeline::time::Span;

use super::answer::{Answer, Variant};
use super::question::Figures;
use crate::table;

/// The text of the screen.
pub(super) fn screen(answer: &Answer, style: Style) -> String {
    let sign = if answer.estimated { "~" } else { "" };
    let sessions = match answer.sessions {
        1 => "1 session".to_owned(),
        sessions => format!("{sessions} sessions"),
    };
    let heading = format!(
        "{} on {sign}{}: {sessions}, {} in all",
        plain(&answer.bench),
        plain(&answer.machines.join("+")),
        style.span(answer.base.sessions_ns)
    );
    let mut blocks = vec![style.paint(Ink::Strong, &heading)];
    if let Some(asked) = &answer.asked {
        blocks.push(asked_block(answer, asked, style));
    }
    if !answer.stages.is_empty() {
        blocks.push(format!("{}\n\n{}", bound(answer, style), tornado(answer, style)));
    }
    blocks.push(others(answer, style));
    let notes = answer.notes.iter().flat_map(|note| wrapped(note, style.columns()));
    blocks.push(notes.map(|line| style.paint(Ink::Faint, &line)).collect::<Vec<_>>().join("\n"));
    blocks.retain(|block| !block.is_empty());
    blocks.join("\n\n") + "\n"
}

/// A line of figures: its name, and its value in words and as a number.
type Line = (&'static str, fn(&Figures) -> Option<(String, f64)>);

const LINES: [Line; 8] = [
    ("all sessions", |f| time(Some(f.sessions_ns))),
    ("session p50", |f| time(f.session_p50_ns)),
    ("session p95", |f| time(f.session_p95_ns)),
    ("TTFT p50", |f| time(f.ttft_p50_ns)),
    ("tokens/s/user p50", |f| f.tokens_per_second_per_user.map(|value| (rate(value), value))),
    ("whole run", |f| time(Some(f.makespan_ns))),
    ("energy", |f| f.energy_j.map(|value| (joules(value), value))),
    ("cost", |f| f.cost_usd.map(|value| (dollars(value), value))),
];

fn time(nanos: Option<u64>) -> Option<(String, f64)> {
    nanos.map(|nanos| (Span::from_nanos(nanos).to_string(), nanos as f64))
}

fn asked_block(answer: &Answer, asked: &Variant, style: Style) -> String {
    let unknown = || "unknown".to_owned();
    let row = |(name, of): Line| {
        let (before, now) = (of(&answer.base), of(&asked.figures));
        let factor = before.as_ref().zip(now.as_ref()).filter(|(before, _)| before.1 > 0.0);
        let factor = factor.map(|(before, now)| format!("×{:.3}", now.1 / before.1));
        let text = |value: Option<(String, f64)>| style.own(value.map_or_else(unknown, |v| v.0));
        [name.to_owned(), text(before), text(now), factor.unwrap_or_default()]
    };
    let heading = ["".to_owned(), "as it is".to_owned(), "then".to_owned(), String::new()];
    let rows: Vec<_> = std::iter::once(heading).chain(LINES.into_iter().map(row)).collect();
    format!("what if {}\n{}", plain(&asked.what), table::columns(&rows).trim_end())
}

/// Which stage bounds the run.
fn bound(answer: &Answer, style: Style) -> String {
    let first = &answer.stages[0];
    let saved = -answer.difference_ns(&first.faster);
    if saved <= 0 {
        return "no stage bounds it: none saves time when it is twice as fast".to_owned();
    }
    let share = saved as f64 / answer.base.sessions_ns.max(1) as f64 * 100.0;
    let text = format!(
        "{} bounds it: twice as fast it saves {} of {} ({share:.1} %)",
        plain(&first.name),
        style.span(saved.unsigned_abs()),
        style.span(answer.base.sessions_ns)
    );
    style.paint(Ink::Good, &text)
}

/// Columns that a time has beside its bar.
const TIME: usize = 11;

fn tornado(answer: &Answer, style: Style) -> String {
    let names = answer.stages.iter().map(|stage| columns(&plain(&stage.name)));
    let name = names.max().unwrap_or(0).min(24);
    let half = (style.columns().saturating_sub(name + 2 * TIME + 5) / 2).max(4);
    let ends: Vec<[i64; 2]> = answer
        .stages
        .iter()
        .map(|stage| [&stage.faster, &stage.slower].map(|one| answer.difference_ns(one)))
        .collect();
    let reach = ends.iter().flatten().map(|nanos| nanos.unsigned_abs()).max().unwrap_or(0).max(1);
    let head = format!(
        "{}  {} {}",
        left("", name),
        right("twice as fast", TIME + half + 1),
        "half as fast"
    );
    let mut lines = vec![style.paint(Ink::Faint, &head)];
    for (stage, [faster, slower]) in answer.stages.iter().zip(ends) {
        let shown = timeslip_report::text::shortened(&plain(&stage.name), name, style.ellipsis());
        let bar = |nanos: i64| {
            let cells = nanos.unsigned_abs() as f64 / reach as f64 * half as f64;
            let full = if nanos == 0 { 0 } else { (cells.round() as usize).max(1) };
            style.sign("█", "#").repeat(full)
        };
        let faster_bar = right(&bar(faster), half);
        let axis = style.sign("│", "|");
        let line = format!(
            "{}  {} {}{axis}{} {}",
            left(&shown, name),
            right(&difference(faster, style), TIME),
            style.paint(Ink::Part(34), &faster_bar),
            style.paint(Ink::Part(33), &bar(slower)),
            difference(slower, style)
        );
        lines.push(line.trim_end().to_owned());
    }
    lines.join("\n")
}

fn difference(nanos: i64, style: Style) -> String {
    let span = style.span(nanos.unsigned_abs());
    match nanos {
        0 => span,
        nanos if nanos > 0 => format!("+{span}"),
        _ => style.own(format!("−{span}")),
    }
}

/// Other changes: what they do, and what a dollar more for chips buys.
fn others(answer: &Answer, style: Style) -> String {
    let rows: Vec<[String; 3]> = answer
        .others
        .iter()
        .map(|other| {
            let nanos = answer.difference_ns(other);
            [other.what.clone(), difference(nanos, style), bought(answer, other, nanos, style)]
        })
        .collect();
    table::columns(&rows).trim_end().to_owned()
}

/// What the time costs that a change saves: dollars for all chips, over the whole run.
fn bought(answer: &Answer, other: &Variant, nanos: i64, style: Style) -> String {
    let before = answer.base.machines_usd;
    let Some((before, now)) = before.zip(other.figures.machines_usd) else {
        return "cost of the chips unknown".to_owned();
    };
    let more = now - before;
    if more <= 0.0 {
        return format!("chips cost {} less", dollars(-more));
    }
    if nanos >= 0 {
        return format!("chips cost {} more, and no time is saved", dollars(more));
    }
    let a_dollar = (nanos.unsigned_abs() as f64 / more).round() as u64;
    format!("chips cost {} more: a dollar buys {}", dollars(more), style.span(a_dollar))
}
