//! The gate's answer: what changed, what each change costs, and which budgets hold.
//!
//! A verdict is data; `report` draws it, and every format for other programs is made from it alone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name of the format.
pub const SCHEMA: &str = "timeslip.verdict/1";

/// The gate's answer on a bench.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// The format of this file.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: String,
    /// The version of timeslip that gave it.
    pub timeslip: String,
    /// The bench's name.
    pub bench: String,
    /// The bench's file, with `/` between its parts; the built-in example has none.
    pub bench_file: Option<String>,
    /// The worst answer of its runs.
    pub answer: Answer,
    /// One for each machine, or group of machines, that the bench was run on.
    pub runs: Vec<RunVerdict>,
}

/// An answer, from the best to the worst.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Nothing became worse, and every budget holds.
    Pass,
    /// A budget of level `warn` does not hold.
    Warn,
    /// It cannot be told, say between two wall-clock measurements.
    Inconclusive,
    /// There is nothing to compare with.
    NoBaseline,
    /// Something became worse than it may, or a budget of level `error` does not hold.
    Fail,
}

/// The answer on one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunVerdict {
    /// The machines of the run, joined by `+`.
    pub on: String,
    /// The answer.
    pub answer: Answer,
    /// What it was compared with; `null` when there was nothing.
    pub against: Option<Against>,
    /// The main figures of both sides, in the order in which they are shown.
    pub metrics: Vec<MetricPair>,
    /// What changed: the most expensive first.
    pub changes: Vec<PricedChange>,
    /// End-to-end time of all sessions, now less before, in nanoseconds: the sum of the changes'
    /// `cost.time_ns`.
    pub time_difference_ns: i64,
    /// The bench's budgets, in the order of its file.
    pub budgets: Vec<BudgetResult>,
}

/// What a run was compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Against {
    /// A committed slip.
    Baseline {
        /// Its file, with `/` between its parts.
        file: String,
    },
    /// The bench at another revision.
    Revision {
        /// As it was given.
        revision: String,
        /// The commit.
        commit: String,
    },
    /// Another slip.
    Slip {
        /// Its file.
        file: String,
    },
}

/// A figure on both sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MetricPair {
    /// Its name, as budgets have it.
    pub metric: String,
    /// What the values count.
    pub unit: Unit,
    /// Before; `null` when unknown.
    pub before: Option<f64>,
    /// Now; `null` when unknown.
    pub now: Option<f64>,
    /// Whether less of it is better.
    pub less_is_better: bool,
}

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Nanoseconds.
    Nanoseconds,
    /// Things: calls, sessions.
    Count,
    /// Tokens.
    Tokens,
    /// Tokens a second.
    TokensPerSecond,
    /// US dollars.
    Dollars,
    /// Joules.
    Joules,
    /// A part of a whole, from 0 to 1.
    Share,
    /// Bytes.
    Bytes,
    /// Units of computing.
    Fuel,
}

/// Something that changed, and what it costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PricedChange {
    /// What kind of change it is.
    pub kind: ChangeKind,
    /// The change in one line, for a person: "a chat more, after the tool get_user_details".
    pub headline: String,
    /// What stands behind it, a line each.
    pub details: Vec<String>,
    /// The sessions that have it.
    pub sessions: u64,
    /// How many times it occurs in them.
    pub occurrences: u64,
    /// The first task that has it; empty for a change of the whole run.
    pub first_task: String,
    /// What it costs, over all sessions: the run as it is, less the run with this change undone.
    pub cost: ChangeCost,
    /// Whether it is worse than it may be, and fails the gate.
    pub fails: bool,
    /// Why it fails, or why it may pass although it costs something.
    pub reason: String,
}

/// What a change costs; negative is a gain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeCost {
    /// End-to-end time of all sessions, in nanoseconds.
    pub time_ns: i64,
    /// Chats.
    pub model_calls: i64,
    /// Tool calls.
    pub tool_calls: i64,
    /// Tokens of prompts.
    pub input_tokens: i64,
    /// Of those, served by a cache.
    pub cached_input_tokens: i64,
    /// Tokens of replies.
    pub output_tokens: i64,
    /// Dollars; `null` when unknown.
    pub usd: Option<f64>,
    /// Joules; `null` when unknown.
    pub joules: Option<f64>,
}

/// A kind of change.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// A session ends otherwise than before.
    Outcome,
    /// A session that was not there, or is there no more.
    Session,
    /// A step that was not there.
    StepAdded,
    /// A step that is there no more.
    StepRemoved,
    /// A step waits for other steps than before: what overlapped is in turn, or the reverse.
    Order,
    /// A prompt became longer or shorter.
    Prompt,
    /// A prompt is as long as before, but its beginning is another, so that a cache of prompts no
    /// longer serves it, or serves it now.
    PromptCache,
    /// A reply became longer or shorter.
    Reply,
    /// A tool takes another time.
    Tool,
    /// The agent computes more or less.
    Computing,
    /// The user, or a sleep, takes another time.
    Waiting,
    /// Another machine, or another profile of the same.
    Machine,
    /// What remains when everything else is undone: load, words, seed, the version of timeslip.
    Conditions,
}

/// A budget, and whether it holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BudgetResult {
    /// The budget in one line: "p95 of session_e2e of task refund".
    pub name: String,
    /// The metric.
    pub metric: String,
    /// The statistic; `null` for a metric that has one value.
    pub stat: Option<String>,
    /// The task; `null` for the whole run.
    pub task: Option<String>,
    /// What the values count.
    pub unit: Unit,
    /// How much it matters.
    pub level: Level,
    /// `pass`, `warn` or `fail`; `no_baseline` for a relative budget with nothing to compare with.
    pub answer: Answer,
    /// The value now; `null` when unknown.
    pub value: Option<f64>,
    /// The value before; `null` when unknown.
    pub before: Option<f64>,
    /// The most, or the least, that it may be; `null` where only a relative limit is set and nothing
    /// is there to compare with.
    pub limit: Option<f64>,
    /// Whether the limit is the most that it may be, and not the least.
    pub limit_is_most: bool,
    /// What was found, in one sentence.
    pub message: String,
    /// The line of the budget in the bench's file, from 1; `null` for the default rule.
    pub line: Option<u32>,
}

/// How much a budget matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// It is not looked at.
    Off,
    /// It is told.
    Warn,
    /// It fails the gate.
    Error,
}

impl RunVerdict {
    /// The worst of its changes and budgets.
    pub fn worst(&self) -> Answer {
        let changes = self.changes.iter().map(|change| match change.fails {
            true => Answer::Fail,
            false => Answer::Pass,
        });
        let budgets = self.budgets.iter().map(|budget| budget.answer);
        changes.chain(budgets).max().unwrap_or(Answer::Pass)
    }
}

impl Verdict {
    /// The verdict as JSON text, with a newline at the end.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a verdict holds nothing that JSON cannot") + "\n"
    }
}
