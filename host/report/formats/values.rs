//! The figures of a verdict as plain numbers, by what they are figures of.

use timeslip_gate::verdict::{Level, Unit, Verdict};

use crate::amount::{plain_number, unit_name};
use crate::text::plain;

/// A known figure.
pub(super) struct Value {
    /// What it is a figure of: the bench on a machine, or one of its tasks there.
    pub(super) of: String,
    /// The metric, with its statistic if there is one.
    pub(super) name: String,
    /// The figure, in units of `unit`.
    pub(super) now: f64,
    /// The same before, if known.
    pub(super) before: Option<f64>,
    /// What it counts: `seconds` for time.
    pub(super) unit: &'static str,
    /// Whether less of it is better.
    pub(super) less_is_better: bool,
}

/// The main figures of all runs, then what budgets looked at. What is unknown is left out, since
/// these formats have no word for it.
pub(super) fn values(verdict: &Verdict) -> Vec<Value> {
    let mut values: Vec<Value> = Vec::new();
    let mut add = |of: &str, name: String, unit: Unit, sides: [Option<f64>; 2], less: bool| {
        let [now, before] = sides.map(|side| plain_number(unit, side));
        let known = |value: &Value| value.of == of && value.name == name;
        if let Some(now) = now
            && !values.iter().any(known)
        {
            let (of, unit) = (of.to_owned(), unit_name(unit));
            values.push(Value { of, name, now, before, unit, less_is_better: less });
        }
    };
    for run in &verdict.runs {
        let of = format!("{} on {}", plain(&verdict.bench), plain(&run.on));
        for pair in &run.metrics {
            let sides = [pair.now, pair.before];
            add(&of, plain(&pair.metric), pair.unit, sides, pair.less_is_better);
        }
        for budget in run.budgets.iter().filter(|budget| budget.level != Level::Off) {
            let task = budget.task.as_ref().map(|task| format!(", task {}", plain(task)));
            let of = format!("{of}{}", task.unwrap_or_default());
            let stat = budget.stat.as_ref().map(|stat| format!("_{}", plain(stat)));
            let name = plain(&budget.metric) + &stat.unwrap_or_default();
            add(&of, name, budget.unit, [budget.value, budget.before], budget.limit_is_most);
        }
    }
    values
}
