//! A figure over commits as an inline SVG.

use timeslip_gate::verdict::Unit;
use timeslip_report::text::counted;

use super::judgement;
use super::table::minute;
use super::ticks::ticks;
use super::write::{escaped, place};
use crate::amount::{amount, apart, change, exact, is_better};
use crate::figures::less_is_better;
use crate::html::STYLE;
use crate::series::{Ends, Point, Series};

/// The size of a chart in its own units, which are pixels on a card of this width: between a
/// phone's and a wide screen's, so that its letters are not too small on the one nor too large on
/// the other.
const WIDTH: f64 = 380.0;
const HEIGHT: f64 = 175.0;
const TOP: f64 = 12.0;
const RIGHT: f64 = 14.0;
/// Below the axis: the commits.
const BOTTOM: f64 = 24.0;

/// About the width of a character of a label.
const CHARACTER: f64 = 6.6;

/// Commits up to which each has a dot of its own; of more, those that changed have one.
const DOTS_MOST: usize = 60;

/// Places in a chart.
struct Scale {
    left: f64,
    count: usize,
    least: f64,
    most: f64,
}

impl Scale {
    fn x(&self, index: usize) -> f64 {
        self.left + self.each() * (index as f64 + 0.5)
    }

    /// The width of a commit.
    fn each(&self) -> f64 {
        (WIDTH - RIGHT - self.left) / self.count as f64
    }

    fn y(&self, value: f64) -> f64 {
        let part = (value - self.least) / (self.most - self.least);
        TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - part)
    }
}

/// The chart of a figure; nothing for one without values.
pub(super) fn chart(series: &Series) -> String {
    let Some(ends) = series.ends() else {
        return String::new();
    };
    let marks = ticks(ends.least, ends.most, least_step(series.unit));
    let labels = labels(&marks, series.unit);
    let longest = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
    let scale = Scale {
        left: longest as f64 * CHARACTER + 12.0,
        count: series.points.len(),
        least: marks[0],
        most: marks[marks.len() - 1],
    };
    let mut out = format!(
        "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n",
        place(WIDTH),
        place(HEIGHT),
        escaped(&summary(series, ends))
    );
    for (mark, label) in marks.iter().zip(&labels) {
        let (y, end) = (place(scale.y(*mark)), place(WIDTH - RIGHT));
        let left = place(scale.left);
        out +=
            &format!("<line class=\"grid\" x1=\"{left}\" y1=\"{y}\" x2=\"{end}\" y2=\"{y}\"/>\n");
        let (x, y) = (place(scale.left - 6.0), place(scale.y(*mark) + 4.0));
        out += &format!("<text class=\"value\" x=\"{x}\" y=\"{y}\">{}</text>\n", escaped(label));
    }
    out += &bench_changes(series, &scale);
    out += &line(series, &scale);
    out += &commits(series, &scale);
    out += &points(series, &scale);
    out + "</svg>\n"
}

/// The least difference between two values: a half of a call is none.
fn least_step(unit: Unit) -> f64 {
    match unit {
        Unit::Nanoseconds | Unit::Count | Unit::Tokens | Unit::Bytes | Unit::Fuel => 1.0,
        Unit::TokensPerSecond | Unit::Dollars | Unit::Joules | Unit::Share => 0.0,
    }
}

/// The labels of an axis, with all digits where three would not tell them apart.
fn labels(marks: &[f64], unit: Unit) -> Vec<String> {
    let short: Vec<String> = marks.iter().map(|mark| amount(*mark, unit, STYLE)).collect();
    let alike = short.windows(2).any(|pair| pair[0] == pair[1]);
    if !alike {
        return short;
    }
    marks.iter().map(|mark| exact(*mark, unit)).collect()
}

/// What the chart shows, for who does not see it.
fn summary(series: &Series, ends: Ends) -> String {
    let values = [ends.first, ends.last, ends.least, ends.most];
    let [first, last, least, most] = apart(values, series.unit, STYLE);
    format!(
        "{} over {}: from {first} to {last}, least {least}, most {most}; the table below \
         has all values",
        series.metric,
        counted(series.points.len() as u64, "commit")
    )
}

fn bench_changes(series: &Series, scale: &Scale) -> String {
    let mut out = String::new();
    for at in series.bench_changes() {
        let x = place(scale.x(at) - scale.each() / 2.0);
        let (top, bottom) = (place(TOP), place(HEIGHT - BOTTOM));
        let commit = escaped(&series.points[at].short_commit());
        out += &format!(
            "<line class=\"bench\" x1=\"{x}\" y1=\"{top}\" x2=\"{x}\" y2=\"{bottom}\">\
             <title>from {commit} on the bench says something else</title></line>\n"
        );
    }
    out
}

fn line(series: &Series, scale: &Scale) -> String {
    let mut path = String::new();
    for (index, point) in series.points.iter().enumerate() {
        let letter = if index == 0 { "M" } else { " L" };
        path += &format!("{letter}{} {}", place(scale.x(index)), place(scale.y(point.value)));
    }
    format!("<path class=\"course\" d=\"{path}\"/>\n")
}

/// The short names of commits below the axis: the last one, and before it as many as there is
/// room for.
fn commits(series: &Series, scale: &Scale) -> String {
    let count = series.points.len();
    let every = (8.5 * CHARACTER / scale.each()).ceil().max(1.0) as usize;
    let mut out = String::new();
    let mut taken_from = f64::INFINITY;
    for index in (0..count).rev().step_by(every) {
        let name = series.points[index].short_commit();
        let half = name.chars().count() as f64 * CHARACTER / 2.0;
        // A name at an end of the axis stays inside the chart.
        let x = scale.x(index).min(WIDTH - half).max(half);
        if x + half + CHARACTER > taken_from {
            continue;
        }
        taken_from = x - half;
        let (x, y) = (place(x), place(HEIGHT - 6.0));
        out += &format!("<text class=\"commit\" x=\"{x}\" y=\"{y}\">{}</text>\n", escaped(&name));
    }
    out
}

/// For each commit a stripe that shows what it is when it is pointed at, and its mark.
fn points(series: &Series, scale: &Scale) -> String {
    let mut out = String::new();
    for (index, point) in series.points.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| series.points[before].value);
        let (left, width) = (place(scale.x(index) - scale.each() / 2.0), place(scale.each()));
        let height = place(HEIGHT - TOP - BOTTOM);
        out += &format!(
            "<g class=\"point\"><title>{}</title><rect x=\"{left}\" y=\"{}\" width=\"{width}\" \
             height=\"{height}\"/>{}</g>\n",
            escaped(&hover(point, before, series)),
            place(TOP),
            mark(index, before, series, scale)
        );
    }
    out
}

/// A triangle that points where the value went, or a dot where it stayed.
fn mark(index: usize, before: Option<f64>, series: &Series, scale: &Scale) -> String {
    let value = series.points[index].value;
    let (x, y) = (scale.x(index), scale.y(value));
    match before {
        Some(before) if before != value => {
            let (class, _) = judgement(is_better(before, value, less_is_better(&series.metric)));
            let up = if value > before { 1.0 } else { -1.0 };
            let corner = |dx: f64, dy: f64| format!("{} {}", place(x + dx), place(y + dy * up));
            let (left, right, tip) = (corner(-5.0, 4.0), corner(5.0, 4.0), corner(0.0, -5.0));
            format!("<path class=\"mark {class}\" d=\"M{left} L{right} L{tip} Z\"/>")
        }
        _ if series.points.len() > DOTS_MOST => String::new(),
        _ => format!("<circle class=\"dot\" cx=\"{}\" cy=\"{}\" r=\"2.5\"/>", place(x), place(y)),
    }
}

/// What is read when a commit is pointed at.
fn hover(point: &Point, before: Option<f64>, series: &Series) -> String {
    let commit = point.short_commit();
    let branch = point.branch.as_ref().map(|branch| format!(" on {branch}")).unwrap_or_default();
    let at = minute(point.at());
    let Some(before) = before else {
        let value = amount(point.value, point.unit, STYLE);
        return format!("{commit}{branch}, {at}: {value}");
    };
    let [_, value] = apart([before, point.value], point.unit, STYLE);
    let moved = change(before, point.value, point.unit);
    let better = is_better(before, point.value, less_is_better(&series.metric));
    format!("{commit}{branch}, {at}: {value}, {moved}{}", judgement(better).1)
}
