//! What a bench says of the gate: `[check]` and `[[budget]]`, with their values read and checked.

use std::collections::BTreeMap;

use timeslip_gate::budget::metric::{Metric, Stat};
use timeslip_gate::budget::{Budget, Scope, quantity};
use timeslip_gate::verdict::{Level, Unit};
use timeslip_timeline::conversation::nearest;
use timeslip_timeline::price::TokenPrice;

use super::Task;
use super::file::BenchFile;
use super::gate_file::{BudgetTable, CheckTable};
use super::routing::{BenchRouting, Tier};
use super::text::TomlText;
use crate::exit::Failure;

/// The folder of committed slips, beside the bench, unless it says otherwise.
const BASELINES: &str = "baselines";

/// What the gate runs a bench on, and what it lets pass.
#[derive(Clone, Debug)]
pub(crate) struct GateRules {
    /// The machines of each run; without any, the bench's own together.
    pub(crate) on: Vec<Vec<String>>,
    /// The folder of committed slips, from the bench's own folder.
    pub(crate) baselines: String,
    /// How much a change for the worse matters.
    pub(crate) changes: Level,
    /// The share of the end-to-end time that changes of computing alone may add.
    pub(crate) computing_tolerance: Option<f64>,
    /// The budgets, in the order of the file.
    pub(crate) budgets: Vec<Budget>,
    /// What tokens cost on machines whose tier has a price, by the machine's name.
    pub(crate) prices: BTreeMap<String, TokenPrice>,
}

/// Reads what a bench says of the gate.
pub(super) fn gate_rules(
    file: &BenchFile,
    text: &TomlText,
    tasks: &[Task],
    routing: &BenchRouting,
) -> Result<GateRules, Failure> {
    let CheckTable { on, baselines, changes, computing_tolerance } = &file.check;
    let join = |on: &String| on.split('+').map(|machine| machine.trim().to_owned()).collect();
    let place = |value: &str| text.place_of(value);
    let tolerance = computing_tolerance.as_deref().map(|value| {
        quantity::parse(value, Unit::Share)
            .map_err(|error| Failure::usage(format!("{}: {error}", place(value))))
    });
    let lines = lines_of_budgets(text);
    let budgets = file.budget.iter().enumerate().map(|(index, table)| {
        let line = lines.get(index).copied();
        budget(table, line, tasks).map_err(|problem| {
            Failure::usage(format!("{}:{}: {problem}", text.file, line.unwrap_or(1)))
        })
    });
    Ok(GateRules {
        on: on.iter().map(join).collect(),
        baselines: baselines.clone().unwrap_or_else(|| BASELINES.to_owned()),
        changes: match changes {
            None => Level::Error,
            Some(word) => level(word)
                .map_err(|problem| Failure::usage(format!("{}: {problem}", place(word))))?,
        },
        computing_tolerance: tolerance.transpose()?,
        budgets: budgets.collect::<Result<_, _>>()?,
        prices: prices(routing),
    })
}

fn prices(routing: &BenchRouting) -> BTreeMap<String, TokenPrice> {
    let priced = |tier: &Tier| {
        let price = tier.price?;
        Some(tier.machines.iter().cloned().map(move |machine| (machine, price)).collect::<Vec<_>>())
    };
    routing.tiers.iter().filter_map(priced).flatten().collect()
}

/// The lines of the `[[budget]]` headers, from 1.
fn lines_of_budgets(text: &TomlText) -> Vec<u32> {
    let lines = text.text.lines().zip(1u32..);
    let headers = lines.filter(|(line, _)| {
        let compact: String = line.chars().filter(|c| !c.is_whitespace()).collect();
        compact.starts_with("[[budget]]")
    });
    headers.map(|(_, number)| number).collect()
}

fn level(word: &str) -> Result<Level, String> {
    match word {
        "off" => Ok(Level::Off),
        "warn" => Ok(Level::Warn),
        "error" => Ok(Level::Error),
        _ => Err(format!("unknown level `{word}`; it is `off`, `warn` or `error`")),
    }
}

fn budget(table: &BudgetTable, line: Option<u32>, tasks: &[Task]) -> Result<Budget, String> {
    let metric = Metric::named(&table.metric)?;
    let value = |text: &Option<String>, unit: Unit| {
        let read = text.as_deref().map(|text| quantity::parse(text, unit));
        read.transpose().map_err(|error| error.to_string())
    };
    let budget = Budget {
        metric,
        stat: stat(metric, table.stat.as_deref())?,
        scope: scope(table.task.as_deref(), tasks)?,
        max: value(&table.max, metric.unit)?,
        min: value(&table.min, metric.unit)?,
        max_regress: value(&table.max_regress, Unit::Share)?,
        abs_floor: value(&table.abs_floor, metric.unit)?.unwrap_or(0.0),
        level: level(table.level.as_deref().unwrap_or("error"))?,
        line,
    };
    let limits = [budget.max, budget.min, budget.max_regress];
    if limits.iter().all(Option::is_none) {
        return Err(format!(
            "the budget on `{}` has no limit; add `max`, `min` or `max_regress`",
            table.metric
        ));
    }
    if budget.max_regress.is_some_and(|share| share < 0.0) || budget.abs_floor < 0.0 {
        return Err("`max_regress` and `abs_floor` must not be below 0".to_owned());
    }
    if table.abs_floor.is_some() && budget.max_regress.is_none() {
        return Err("`abs_floor` goes with `max_regress`".to_owned());
    }
    Ok(budget)
}

fn stat(metric: &Metric, word: Option<&str>) -> Result<Option<Stat>, String> {
    let words = Stat::WORDS.join(", ");
    let Some(word) = word else {
        return match metric.wants_stat() {
            true => Err(format!(
                "`{}` has a value for each {}; add `stat = \"p95\"` or another of {words}",
                metric.name,
                if metric.name == "session_e2e" { "session" } else { "chat" },
            )),
            false => Ok(None),
        };
    };
    if !metric.takes_stat() {
        return Err(format!("`{}` has one value for all; remove `stat`", metric.name));
    }
    match Stat::parse(word) {
        Some(stat) => Ok(Some(stat)),
        None => Err(format!("unknown statistic `{word}`; known are {words}")),
    }
}

fn scope(task: Option<&str>, tasks: &[Task]) -> Result<Scope, String> {
    match task {
        None => Ok(Scope::Run),
        Some("*") => Ok(Scope::EveryTask),
        Some(name) if tasks.iter().any(|task| *task.name == *name) => {
            Ok(Scope::Task(name.to_owned()))
        }
        Some(name) => {
            let near = nearest(name, tasks.iter().map(|task| &*task.name));
            let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            Err(format!("the bench has no task `{name}`{hint}"))
        }
    }
}
