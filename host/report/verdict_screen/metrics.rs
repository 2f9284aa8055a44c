//! The main figures of a run, before and now: those that differ, and end-to-end time always.

use timeslip_gate::verdict::MetricPair;

use crate::amount::{difference, relative, shown};
use crate::selection::{is_gain, telling_metrics};
use crate::style::{Ink, Style};
use crate::text::{columns, left, plain, right, shortened};

/// Cells of a row: name, before, now, difference, percent.
type Row = [String; 5];

/// The narrowest column of names.
const NAME: usize = 12;

/// A table of the figures. Where the terminal is too narrow, differences go and percents stay.
pub(super) fn metrics(metrics: &[MetricPair], style: Style) -> Vec<String> {
    let pairs = telling_metrics(metrics);
    let compared = pairs.iter().any(|pair| pair.before.is_some());
    let mut rows: Vec<Row> = pairs.iter().map(|pair| row(pair, compared, style)).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let before = if compared { "before" } else { "" };
    rows.insert(0, ["", before, "now", "", ""].map(str::to_owned));
    if columns_of_numbers(&rows) + NAME > style.columns() {
        rows.iter_mut().for_each(|row| row[3].clear());
    }
    let widths = widths(&rows);
    let room = style.columns().saturating_sub(columns_of_numbers(&rows));
    let name = widths[0].min(room.max(NAME));
    let mut lines = vec![style.paint(Ink::Faint, &line(&rows[0], name, &widths, style, None))];
    for (row, pair) in rows[1..].iter().zip(pairs) {
        let ink = is_gain(pair).then_some(Ink::Good);
        lines.push(line(row, name, &widths, style, ink));
    }
    lines
}

fn widths(rows: &[Row]) -> [usize; 5] {
    std::array::from_fn(|cell| rows.iter().map(|row| columns(&row[cell])).max().unwrap_or(0))
}

/// What all cells but the names take, with the blanks before them.
fn columns_of_numbers(rows: &[Row]) -> usize {
    widths(rows)[1..].iter().filter(|width| **width > 0).map(|width| width + 2).sum()
}

fn row(pair: &MetricPair, compared: bool, style: Style) -> Row {
    let (apart, percent) = match (pair.before, pair.now) {
        (Some(before), Some(now)) if before == now => ("same".to_owned(), None),
        (Some(before), Some(now)) => (difference(pair.unit, now - before), relative(before, now)),
        _ => (String::new(), None),
    };
    let before = if compared { shown(pair.unit, pair.before) } else { String::new() };
    let cells = [before, shown(pair.unit, pair.now), apart, percent.unwrap_or_default()];
    let [before, now, apart, percent] = cells.map(|cell| style.own(cell));
    [plain(&pair.metric), before, now, apart, percent]
}

fn line(row: &Row, name: usize, widths: &[usize; 5], style: Style, ink: Option<Ink>) -> String {
    let mut out = left(&shortened(&row[0], name, style.ellipsis()), name);
    for cell in (1..row.len()).filter(|cell| widths[*cell] > 0) {
        let text = right(&row[cell], widths[cell]);
        let ink = ink.filter(|_| cell > 2 && !row[cell].is_empty());
        out += "  ";
        out += &ink.map_or(text.clone(), |ink| style.paint(ink, &text));
    }
    out.trim_end().to_owned()
}
