//! The values of a figure as a table, for who does not see the chart or wants the digits.

use super::judgement;
use super::write::escaped;
use crate::amount::{amount, change, exact, is_better};
use crate::figures::less_is_better;
use crate::html::STYLE;
use crate::moment::is_utc;
use crate::series::Series;

/// A table of all values, the newest commit first, folded until it is asked for.
pub(super) fn table(series: &Series) -> String {
    let mut out = format!(
        "<details><summary>Values</summary><div class=\"scroll\" tabindex=\"0\" role=\"region\" \
         aria-label=\"Values of {name}\"><table>\n<thead><tr><th scope=\"col\">Commit</th>\
         <th scope=\"col\" class=\"number\">Value</th>\
         <th scope=\"col\" class=\"number\">Change</th>\
         <th scope=\"col\" class=\"number\">Exactly</th>\
         <th scope=\"col\">Time (UTC)</th><th scope=\"col\">Branch</th></tr></thead>\n<tbody>\n",
        name = escaped(&series.metric)
    );
    for (index, point) in series.points.iter().enumerate().rev() {
        let before = index.checked_sub(1).map(|before| series.points[before].value);
        let moved = before.map(|before| change(before, point.value, point.unit));
        let better = before
            .and_then(|before| is_better(before, point.value, less_is_better(&series.metric)));
        let (class, word) = judgement(better);
        out += &format!(
            "<tr><th scope=\"row\"><code>{}</code></th><td class=\"number\">{}</td>\
             <td class=\"number {class}\">{}{word}</td><td class=\"number\">{}</td><td>{}</td>\
             <td>{}</td></tr>\n",
            escaped(&point.short_commit()),
            amount(point.value, point.unit, STYLE),
            moved.unwrap_or_default(),
            exact(point.value, point.unit),
            escaped(&minute(point.at())),
            escaped(point.branch.as_deref().unwrap_or("-")),
        );
    }
    out + "</tbody>\n</table></div></details>\n"
}

/// An instant to the minute, as a person writes it: `2026-11-24 21:58`.
pub(super) fn minute(at: &str) -> String {
    match at.split_once('T') {
        Some((day, time)) if is_utc(at) => format!("{day} {}", &time[..5]),
        _ => at.to_owned(),
    }
}
