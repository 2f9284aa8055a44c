//! What is served: the tasks that may be given, and what does one.

use serde::{Deserialize, Serialize};
use timeslip_timeline::stop::Stop;

/// Agents whose tasks are done here.
pub struct ServedAgents {
    /// The bench's name.
    pub bench: String,
    /// What tasks are done by: a task of the store that was accepted for something else is not done.
    pub identity: String,
    /// The tasks that may be given by their names.
    pub tasks: Vec<ServedTask>,
    /// What a task is called that is given by its input.
    pub input_name: String,
    /// Why none may be given by its input, if none may.
    pub no_inputs: Option<String>,
    /// The seed of tasks that name none.
    pub seed: u64,
    /// Whether a task that is begun again goes as it went before, step by step.
    pub is_repeatable: bool,
    /// Does a task, on the thread that calls it; `None` where it was stopped before its end.
    pub doing: Box<Doing>,
}

/// Does a task.
pub type Doing = dyn Fn(&TaskOrder, TaskWatch) -> Option<TaskEnd> + Send + Sync;

/// A task that may be given by its name.
#[derive(Clone, Debug)]
pub struct ServedTask {
    /// Its name.
    pub name: String,
}

/// A task that is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskOrder {
    /// The task.
    pub kind: TaskKind,
    /// The seed of its randomness.
    pub seed: u64,
}

/// How a task was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskKind {
    /// By its name in the bench.
    Named(String),
    /// By its input.
    Input(String),
}

/// What watches a task, and may stop it.
pub struct TaskWatch {
    /// Whether it is to be stopped.
    pub stop: Stop,
    /// Told of each step as it is over: JSON in one line.
    pub on_step: Box<dyn FnMut(String) + Send>,
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskEnd {
    /// The answer, or why there is none.
    pub outcome: Result<String, TaskFailure>,
    /// What it took.
    pub figures: TaskFigures,
    /// Its slip; nothing where the host failed.
    pub slip: Option<String>,
}

/// Why a task has no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskFailure {
    /// One word.
    pub kind: String,
    /// For a person: what happened, and what to do.
    pub message: String,
}

/// What a task took; what is unknown is nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskFigures {
    /// From its start to its end.
    pub e2e_ns: Option<u64>,
    /// Chats.
    pub model_calls: Option<u64>,
    /// Tool calls.
    pub tool_calls: Option<u64>,
    /// Tokens of all prompts.
    pub input_tokens: Option<u64>,
    /// Of those, served by a cache.
    pub cached_input_tokens: Option<u64>,
    /// Tokens of all replies.
    pub output_tokens: Option<u64>,
    /// Joules.
    pub energy_j: Option<f64>,
    /// Dollars.
    pub cost_usd: Option<f64>,
}

impl TaskEnd {
    /// The end of a task in which the host failed.
    pub fn of_host(kind: &str, message: String) -> TaskEnd {
        let failure = TaskFailure { kind: kind.to_owned(), message };
        TaskEnd { outcome: Err(failure), figures: TaskFigures::default(), slip: None }
    }
}
