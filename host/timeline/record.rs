//! What a run leaves behind: every session's steps and bursts, in the order of the clock.

use std::sync::Arc;

use crate::backend::{ChatTiming, MachineTotals, SessionId};
use crate::conversation::{
    ChatRequest, FinishReason, LogLevel, Message, ModelError, PromptPart, ToolError, Usage,
    UserError,
};
use crate::guest::{GuestUse, StopCause};
use crate::http::Fetch;
use crate::observed::Observed;
use crate::route::Route;
use crate::time::{Instant, Span};

/// A whole run.
#[derive(Clone, Debug)]
pub struct RunRecord {
    /// The sessions, in the order in which they started.
    pub sessions: Vec<SessionRecord>,
    /// The machines' totals, in the order of the run's machines.
    pub machines: Vec<MachineTotals>,
    /// When the last session ended.
    pub ended_at: Instant,
    /// The law of calls: asked = answered + failed + cancelled.
    pub calls: CallCounts,
}

/// Counts of everything that sessions asked of others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallCounts {
    /// Chats, tool calls, questions and sleeps begun.
    pub asked: u64,
    /// Those that were answered.
    pub answered: u64,
    /// Those that ended in an error.
    pub failed: u64,
    /// Those given up, by the guest or because its session ended.
    pub cancelled: u64,
}

/// One execution of a task.
#[derive(Clone, Debug)]
pub struct SessionRecord {
    /// The session.
    pub id: SessionId,
    /// The task's place in the bench.
    pub task_index: usize,
    /// The task's name.
    pub task: Arc<str>,
    /// When it started.
    pub started_at: Instant,
    /// When it ended.
    pub ended_at: Instant,
    /// How it ended.
    pub outcome: SessionOutcome,
    /// What it did, in the order of its asking.
    pub steps: Vec<Step>,
    /// When the agent ran, in order.
    pub bursts: Vec<BurstRecord>,
    /// What other agents did for it, in the order of its asking.
    pub delegations: Vec<Delegation>,
    /// What its components wrote.
    pub journal: Vec<JournalLine>,
    /// Computing time of the agent alone.
    pub agent_compute: Span,
    /// What each component used, by its name: the agent's first, then the plugins' and those of the
    /// agents that are tools, in the order of the bench.
    pub used: Vec<(Arc<str>, GuestUse)>,
}

impl SessionRecord {
    /// When one of the session's agents ran: its own, or the one that did a delegated task.
    pub fn bursts_of(&self, asker: Asker) -> &[BurstRecord] {
        match asker {
            Asker::Agent => &self.bursts,
            Asker::Delegate(delegation) => &self.delegations[delegation].bursts,
        }
    }
}

/// A task that an agent did as the tool of another one.
#[derive(Clone, Debug)]
pub struct Delegation {
    /// The agent's name as a tool.
    pub agent: Arc<str>,
    /// The tool step that asked for it: its place in [`SessionRecord::steps`].
    pub step: usize,
    /// The task's input.
    pub input: Arc<str>,
    /// When it ran, in order.
    pub bursts: Vec<BurstRecord>,
}

/// Which of a session's agents asked for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// The session's own.
    Agent,
    /// The one that did this delegated task: its place in [`SessionRecord::delegations`].
    Delegate(usize),
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionOutcome {
    /// The agent returned an answer.
    Answered(String),
    /// The agent gave up, with a message.
    GaveUp(String),
    /// The session was stopped.
    Stopped(StopCause),
}

/// One stretch of the agent's running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BurstRecord {
    /// When it began.
    pub began_at: Instant,
    /// Its computing time.
    pub compute: Span,
    /// What woke the agent.
    pub cause: BurstCause,
}

/// What woke an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BurstCause {
    /// The session's start.
    Start,
    /// Something that was due earlier, while the agent still computed.
    Busy,
    /// An answer, or a piece of one, to the step of this number.
    Step(usize),
}

/// Something a session asked for and what became of it.
#[derive(Clone, Debug)]
pub struct Step {
    /// When it was asked.
    pub asked_at: Instant,
    /// Who asked.
    pub asked_by: Asker,
    /// The burst of that agent in which it was asked: its place in [`SessionRecord::bursts_of`].
    pub asked_in: usize,
    /// When it was over.
    pub ended_at: Instant,
    /// What it was.
    pub kind: StepKind,
}

impl Step {
    /// From asking to the end.
    pub fn end_to_end(&self) -> Span {
        self.ended_at.since(self.asked_at)
    }
}

/// What a step was.
#[derive(Clone, Debug)]
pub enum StepKind {
    /// A chat with a model.
    Chat(Box<ChatStep>),
    /// A tool call.
    Tool(Box<ToolStep>),
    /// A question to the user.
    User(UserStep),
    /// Sleep.
    Sleep,
}

/// A chat with a model.
#[derive(Clone, Debug)]
pub struct ChatStep {
    /// What was asked.
    pub request: Arc<ChatRequest>,
    /// The model; the name asked for when no machine serves it.
    pub model: Arc<str>,
    /// The machine; empty when none was chosen: none serves the model, or there were no words.
    pub machine: Arc<str>,
    /// Why that machine; `None` where there was no choice.
    pub route: Option<Route>,
    /// The prompt's parts; empty where no words were found for the request.
    pub prompt: Arc<[PromptPart]>,
    /// How it ended.
    pub end: ChatEnd,
    /// Tokens.
    pub usage: Usage,
    /// Times; of an error or a cancellation, what is not known otherwise is in `queue`.
    pub timing: ChatTiming,
    /// Joules, if known.
    pub energy_j: Option<f64>,
    /// Dollars, if known.
    pub cost_usd: Option<f64>,
    /// The reply, if there was one.
    pub reply: Option<Message>,
    /// What was seen of it, where a real server was asked, now or when it was recorded.
    pub observed: Option<Arc<Observed>>,
}

/// How a chat ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChatEnd {
    /// With a reply.
    Replied(FinishReason),
    /// With an error.
    Failed(ModelError),
    /// Given up.
    Cancelled,
}

/// A tool call.
#[derive(Clone, Debug)]
pub struct ToolStep {
    /// The tool's name.
    pub tool: Arc<str>,
    /// The arguments, as JSON text.
    pub arguments: Arc<str>,
    /// The computing time of the plugin, or of the agent that is the tool.
    pub compute: Span,
    /// The task that an agent did for it: its place in [`SessionRecord::delegations`].
    pub delegation: Option<usize>,
    /// What the plugin fetched over HTTP meanwhile, in the order of asking.
    pub fetches: Vec<Fetch>,
    /// The output; `None` when it was given up.
    pub output: Option<Result<Arc<str>, ToolError>>,
}

/// A question to the user.
#[derive(Clone, Debug)]
pub struct UserStep {
    /// What was said.
    pub message: String,
    /// What came back; `None` when it was given up.
    pub answer: Option<Result<String, UserError>>,
}

/// A line of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalLine {
    /// When.
    pub at: Instant,
    /// The component: the agent's or a plugin's name.
    pub component: Arc<str>,
    /// What.
    pub entry: JournalEntry,
}

/// What stands in a line of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalEntry {
    /// A log line.
    Log(LogLevel, String),
    /// A named part of the work.
    Span {
        /// Its name.
        name: String,
        /// When it ended; the session's end when the guest never ended it.
        ended_at: Instant,
    },
}
