//! What stands in a slip: the types of `timeslip.slip/1`, their keys in the order of the file.
//!
//! Times are whole nanoseconds. What is unknown, or was not measured, is `null` and never 0. A
//! reader ignores keys it does not know, so that a key can be added without a new schema; a change
//! of meaning makes a new one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use timeslip_timeline::account::TimeShares;

use crate::step::Step;
use crate::summary::Summary;

/// The name of the format.
pub const SCHEMA: &str = "timeslip.slip/1";

/// The record of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Slip {
    /// The format of this file.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: String,
    /// The version of timeslip that ran it.
    pub timeslip: String,
    /// What was run.
    pub bench: Bench,
    /// The seed of the run's randomness.
    pub seed: u64,
    /// The machines, in the order of the bench.
    pub machines: Vec<Machine>,
    /// The agent and the tool plugins, in the order of the bench.
    pub components: Vec<Component>,
    /// Where the models' replies came from.
    pub words: WordsUsed,
    /// The run in figures.
    pub summary: Summary,
    /// The sessions, in the order in which they started.
    pub sessions: Vec<Session>,
}

/// The bench of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bench {
    /// Its name.
    pub name: String,
    /// The digest of all that it says.
    pub digest: String,
}

/// A machine of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Machine {
    /// Its name.
    pub name: String,
    /// The digest of its profile with all the files it rests on; `null` for a real endpoint.
    pub digest: Option<String>,
    /// The model it serves.
    pub model: String,
    /// Whether any figure of its profile is an estimate; then every time, joule and dollar of this
    /// machine is one too.
    pub estimated: bool,
    /// Where measurements of its times would be; absent for a real endpoint, whose times are measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bands: Option<MachineBands>,
    /// The address of a real server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
}

/// Where nine of ten measurements of a modelled machine's times would be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MachineBands {
    /// Of the time to the first token.
    pub first_token: TimeBand,
    /// Of the time per output token after the first.
    pub output_token: TimeBand,
}

/// Where nine of ten measurements of one time would be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TimeBand {
    /// As a factor of the time in the slip.
    pub low: f64,
    /// As a factor of the time in the slip.
    pub high: f64,
    /// Measured rows of the machine's class; 0 where there are none, and the band is that of all
    /// other classes, wider.
    pub rows: u64,
    /// The class: the chip, and whether the groups that read also write.
    pub class: String,
}

/// A WebAssembly component of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Component {
    /// What it is to the session.
    pub role: ComponentRole,
    /// Its name.
    pub name: String,
    /// The digest of its bytes.
    pub digest: String,
}

/// What a component is to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ComponentRole {
    /// It does the tasks.
    Agent,
    /// It offers tools.
    Tool,
}

/// Where the replies came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WordsUsed {
    /// The kind.
    pub kind: WordsKind,
    /// The digest of the words' file or figures; `null` for an endpoint.
    pub digest: Option<String>,
}

/// A kind of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WordsKind {
    /// Written by hand.
    Script,
    /// Recorded.
    Cassette,
    /// Drawn from distributions.
    Synthetic,
    /// Asked of a real server.
    Endpoint,
}

/// One execution of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Session {
    /// The task's name.
    pub task: String,
    /// How it ended.
    pub status: SessionStatus,
    /// Why it failed; absent when it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<SessionError>,
    /// When it started, since the run began.
    pub at_ns: u64,
    /// From its start to its end.
    pub e2e_ns: u64,
    /// The critical path: what `e2e_ns` was spent on. The shares sum to `e2e_ns`.
    pub time_share_ns: TimeShareNs,
    /// What each component used: the agent, then the tool plugins, in the order of the bench.
    #[serde(default)]
    pub used: Vec<ComponentUse>,
    /// The parts of all its prompts, each once, in the order in which they were first sent.
    #[serde(default)]
    pub prompt_parts: Vec<PromptPart>,
    /// What it did, in the order of its asking.
    pub steps: Vec<Step>,
}

/// What a component used in a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ComponentUse {
    /// Its name.
    pub name: String,
    /// Units of computing.
    pub fuel: u64,
    /// The most memory it held, in bytes.
    pub memory_bytes: u64,
}

/// A part of a prompt.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct PromptPart {
    /// What it is.
    pub kind: PromptPartKind,
    /// Its tokens, those of the chat template around it included.
    pub tokens: u64,
    /// Sixteen hexadecimal digits that equal parts share; the text itself is in no slip.
    pub digest: String,
}

/// What a part of a prompt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PromptPartKind {
    /// The tools that are offered.
    Tools,
    /// Instructions from the agent's author.
    System,
    /// The user's words.
    User,
    /// A reply of the model.
    Assistant,
    /// The output of a tool.
    Tool,
}

impl PromptPartKind {
    /// The word that stands for it in a slip and on screen.
    pub fn word(self) -> &'static str {
        match self {
            PromptPartKind::Tools => "tools",
            PromptPartKind::System => "system",
            PromptPartKind::User => "user",
            PromptPartKind::Assistant => "assistant",
            PromptPartKind::Tool => "tool",
        }
    }
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    /// The agent returned an answer.
    Ok,
    /// It did not.
    Failed,
}

/// Why a session failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionError {
    /// One word: `gave_up`, `trap`, `out_of_fuel`, `out_of_memory`, `deadline`, and others.
    pub kind: String,
    /// For a person: what happened and what to do.
    pub message: String,
}

/// Time by what it was spent on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TimeShareNs {
    /// Chats waiting for a machine.
    pub queue: u64,
    /// Machines reading prompts.
    pub prefill: u64,
    /// Prompt state moving between pools.
    pub transfer: u64,
    /// Machines writing replies.
    pub decode: u64,
    /// Tool calls, their computing and waiting.
    pub tool: u64,
    /// The agent's own computing.
    pub agent: u64,
    /// The user's thinking.
    pub user: u64,
    /// Sleep.
    pub sleep: u64,
}

impl TimeShareNs {
    /// The shares with their names, in the order of the file.
    pub fn named(&self) -> [(&'static str, u64); 8] {
        [
            ("queue", self.queue),
            ("prefill", self.prefill),
            ("transfer", self.transfer),
            ("decode", self.decode),
            ("tool", self.tool),
            ("agent", self.agent),
            ("user", self.user),
            ("sleep", self.sleep),
        ]
    }

    /// The sum of the shares, in nanoseconds.
    pub fn total(&self) -> u64 {
        self.named().into_iter().map(|(_, share)| share).fold(0, u64::saturating_add)
    }
}

impl From<TimeShares> for TimeShareNs {
    fn from(shares: TimeShares) -> TimeShareNs {
        TimeShareNs {
            queue: shares.queue.as_nanos(),
            prefill: shares.prefill.as_nanos(),
            transfer: shares.transfer.as_nanos(),
            decode: shares.decode.as_nanos(),
            tool: shares.tool.as_nanos(),
            agent: shares.agent.as_nanos(),
            user: shares.user.as_nanos(),
            sleep: shares.sleep.as_nanos(),
        }
    }
}
