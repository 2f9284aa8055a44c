//! Budgets: limits on a run's figures, absolute or relative to an earlier run.
//!
//! Start with [`metric`] (what can be limited), then [`quantity`] (how a limit is written) and
//! [`evaluate`] (whether it holds).

pub mod evaluate;
pub mod metric;
pub mod quantity;

use crate::verdict::Level;
use metric::{Metric, Stat};

/// A limit on one figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    /// What it limits.
    pub metric: &'static Metric,
    /// Which statistic of it; `None` where the metric has one value.
    pub stat: Option<Stat>,
    /// Whose.
    pub scope: Scope,
    /// The most that it may be, in the metric's unit.
    pub max: Option<f64>,
    /// The least that it may be, in the metric's unit.
    pub min: Option<f64>,
    /// How much worse than before it may be, as a part of the value before.
    pub max_regress: Option<f64>,
    /// The difference, in the metric's unit, up to which `max_regress` lets everything pass.
    pub abs_floor: f64,
    /// How much it matters.
    pub level: Level,
    /// Its line in the bench's file, from 1.
    pub line: Option<u32>,
}

/// What a budget covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The whole run.
    Run,
    /// The sessions of one task.
    Task(String),
    /// Each task by itself.
    EveryTask,
}

impl Budget {
    /// The budget in a few words: `p95 of session_e2e of task refund`.
    pub fn name(&self, task: Option<&str>) -> String {
        let stat = self.stat.map(|stat| format!("{} of ", stat.word())).unwrap_or_default();
        let task = task.map(|task| format!(" of task {task}")).unwrap_or_default();
        format!("{stat}{}{task}", self.metric.name)
    }
}

#[cfg(test)]
mod tests;
