//! What stands in a bench file for the gate, as it is written; `budgets` gives it meaning.

use serde::Deserialize;

/// `[check]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckTable {
    /// What it is run on, one run each: `MACHINE`, `MACHINE:MODEL`, or several under one run, joined
    /// by `+`. The bench's `machines` together if absent.
    #[serde(default)]
    pub(crate) on: Vec<String>,
    /// The folder of the committed slips; `baselines` beside the bench if absent.
    #[serde(default)]
    pub(crate) baselines: Option<String>,
    /// How much a change that makes something worse matters: `off`, `warn` or `error`.
    #[serde(default)]
    pub(crate) changes: Option<String>,
    /// The share of the end-to-end time that changes of computing alone may add, such as `1 %`.
    #[serde(default)]
    pub(crate) computing_tolerance: Option<String>,
}

/// `[[budget]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BudgetTable {
    /// The task, or `*` for each by itself; the whole run if absent.
    #[serde(default)]
    pub(crate) task: Option<String>,
    /// The metric.
    pub(crate) metric: String,
    /// The statistic.
    #[serde(default)]
    pub(crate) stat: Option<String>,
    /// The most that it may be, with a unit.
    #[serde(default)]
    pub(crate) max: Option<String>,
    /// The least that it may be, with a unit.
    #[serde(default)]
    pub(crate) min: Option<String>,
    /// How much worse than the baseline it may be, in percent.
    #[serde(default)]
    pub(crate) max_regress: Option<String>,
    /// The difference up to which `max_regress` lets everything pass, with a unit.
    #[serde(default)]
    pub(crate) abs_floor: Option<String>,
    /// How much it matters: `off`, `warn` or `error`.
    #[serde(default)]
    pub(crate) level: Option<String>,
}
