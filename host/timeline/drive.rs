//! The one loop that moves time.
//!
//! Run every guest that is ready until it waits; take what they asked, in session order; find the
//! earliest instant at which anything is due; move the clock there, in one assignment; deliver
//! EVERYTHING due at that instant before any guest runs.
//!
//! The loop's turns are in `turn`, what guests ask in `asks`, which machine a chat goes to in
//! `routes`, what guests are told in `answers`, what agents do for each other in `delegates`, what
//! plugins fetch in `fetches`, and how sessions end in `ends`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::backend::{Backend, CallId, MachineFailure, SessionId, Words};
use crate::conversation::{FinishReason, Message};
use crate::crew::Crew;
use crate::cut::ReplyCut;
use crate::guest::{Delivery, Guest, GuestState, Happening};
use crate::http::{FetchId, HttpAnswer, HttpStage};
use crate::pace::Pace;
use crate::queue::DueQueue;
use crate::record::{BurstCause, CallCounts, RunRecord, SessionRecord, Step};
use crate::route::Routing;
use crate::seat::Asked;
use crate::session::Session;
use crate::time::{Instant, Span};

mod answers;
mod asks;
mod delegates;
mod ends;
mod fetches;
mod routes;
mod turn;

pub use delegates::DELEGATED_AT_ONCE_MAX;
pub use ends::RUN_ENDED;

/// A session that is to run.
#[derive(Clone, Debug)]
pub struct SessionPlan {
    /// The task's place in the bench.
    pub task_index: usize,
    /// The task's name.
    pub task: Arc<str>,
    /// The task's input.
    pub input: Arc<str>,
    /// The tier of its chats, if the task names one.
    pub tier: Option<Arc<str>>,
}

/// When sessions start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Load {
    /// A closed loop: so many at once, and where one ends, the next starts some time later.
    AtOnce {
        /// The most at once, at least 1.
        count: usize,
        /// From the end of a session to the start of the next in its place.
        think: Span,
    },
    /// Each at its own instant, in ascending order and before the end of the clock, as many as
    /// there are sessions.
    Arrivals(Vec<Instant>),
}

impl Load {
    /// At most this many at once; the next starts as soon as one ends.
    pub fn at_once(count: usize) -> Load {
        Load::AtOnce { count, think: Span::ZERO }
    }
}

/// When a run is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RunUntil {
    /// When all sessions have ended.
    #[default]
    AllHaveEnded,
    /// When one has failed; those that run then are stopped, and no other starts.
    FirstFailure,
    /// When this one has ended; those that run then are stopped, and no other starts.
    EndOf(SessionId),
}

/// The guests of a new session.
pub struct SessionGuests {
    /// The agent.
    pub agent: Box<dyn Guest>,
    /// The tool plugins, in the order of [`Stage::plugins`].
    pub plugins: Vec<Box<dyn Guest>>,
    /// Makes an agent for each task that is delegated in this session.
    pub make_delegate: MakeDelegate,
}

/// Makes the agent of a delegated task.
pub type MakeDelegate = Box<dyn FnMut(DelegatedTask<'_>) -> Box<dyn Guest>>;

/// A task that an agent gave to another one, which is its tool.
#[derive(Clone, Copy, Debug)]
pub struct DelegatedTask<'a> {
    /// Which of [`Stage::agents`].
    pub agent: usize,
    /// Counts the delegated tasks of the session, from 1.
    pub number: usize,
    /// The task's input.
    pub input: &'a str,
}

impl SessionGuests {
    /// Those of a run without agents that are tools.
    pub fn alone(agent: Box<dyn Guest>, plugins: Vec<Box<dyn Guest>>) -> SessionGuests {
        let make_delegate = Box::new(|_: DelegatedTask<'_>| unreachable!("no agent is a tool"));
        SessionGuests { agent, plugins, make_delegate }
    }
}

/// What answers the calls of a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolProvider {
    /// One of [`Stage::plugins`].
    Plugin(usize),
    /// One of [`Stage::agents`].
    Agent(usize),
}

/// The tools that an agent may call, by their names.
pub type Tools = BTreeMap<Arc<str>, ToolProvider>;

/// An agent that is a tool of others: a call is a task, which a new instance of it does.
#[derive(Clone, Debug)]
pub struct ToolAgent {
    /// Its name, which is the tool's.
    pub name: Arc<str>,
    /// The tools that it may call itself.
    pub tools: Tools,
}

/// A machine under the loop.
pub struct Machine {
    /// Its name in the slip.
    pub name: Arc<str>,
    /// The model it serves.
    pub model: Arc<str>,
    /// The tier it stands in, if any.
    pub tier: Option<Arc<str>>,
    /// The machine.
    pub backend: Box<dyn Backend>,
}

/// Everything a run needs.
pub struct Stage<'a> {
    /// The sessions, in the order in which they start.
    pub sessions: Vec<SessionPlan>,
    /// When they start.
    pub load: Load,
    /// When the run is over.
    pub until: RunUntil,
    /// The longest a session may take.
    pub deadline: Option<Span>,
    /// The dollars that the replies of a session may cost: once they have, it gets no more.
    pub budget_usd: Option<f64>,
    /// Which of several machines a chat goes to.
    pub routing: Routing,
    /// The agent's name, for the journal.
    pub agent: Arc<str>,
    /// The plugins' names.
    pub plugins: Vec<Arc<str>>,
    /// The agents that are tools.
    pub agents: Vec<ToolAgent>,
    /// The tools of the sessions' own agent.
    pub tools: Tools,
    /// The machines; the first serves requests that name no model. At least one.
    pub machines: Vec<Machine>,
    /// What models and users say.
    pub words: &'a mut dyn Words,
    /// How fast the clock may go.
    pub pace: &'a mut dyn Pace,
    /// Makes the guests of a session.
    pub make_guests: &'a mut dyn FnMut(SessionId, &SessionPlan) -> SessionGuests,
    /// Told of each step that was answered or failed, before the agent is told.
    pub on_step_end: &'a mut dyn FnMut(SessionId, &Step),
    /// Told of each session as it ends: how many have ended, and the clock.
    pub on_session_end: &'a mut dyn FnMut(usize, Instant),
    /// What tool plugins fetch.
    pub http: HttpStage<'a>,
    /// Threads that run guests, at least 1.
    pub threads: usize,
}

/// Runs all sessions to their ends.
///
/// # Errors
/// The failure of a machine, at which the run ends.
///
/// # Panics
/// When the arrivals are not those that [`Load`] asks for, or when a law is broken (the clock
/// falls, a call is lost), which is a defect of this program or of a [`Backend`].
pub fn run(stage: Stage<'_>) -> Result<RunRecord, MachineFailure> {
    let threads = stage.threads.max(1);
    Crew::with(threads, |crew| Drive::new(stage).run(crew))
}

/// Something that is due.
enum Due {
    Arrival,
    Happened {
        session: SessionId,
        seat: usize,
        burst: usize,
        happening: Happening,
    },
    ToolAnswered {
        session: SessionId,
        seat: usize,
        call: u64,
        compute: Span,
        happening: Happening,
    },
    Deliver {
        session: SessionId,
        seat: usize,
        delivery: Delivery,
        cause: BurstCause,
    },
    /// An answer to an agent that also ends the step.
    Answer {
        session: SessionId,
        answer: answers::AnswerToAgent,
    },
    /// What a tool plugin fetched.
    Fetched {
        fetch: FetchId,
        answer: HttpAnswer,
    },
    SeatFree {
        session: SessionId,
        seat: usize,
    },
    SeatEnded {
        session: SessionId,
        seat: usize,
        state: GuestState,
    },
    Deadline {
        session: SessionId,
    },
    Stuck {
        session: SessionId,
    },
}

/// A chat that a machine works on.
struct ChatUnderWay {
    session: SessionId,
    asked: Asked,
    message: Option<(Message, FinishReason)>,
    cut: ReplyCut,
}

/// A run under way.
struct Drive<'a> {
    stage: Stage<'a>,
    now: Instant,
    queue: DueQueue<Due>,
    ready: Vec<(SessionId, usize)>,
    /// Sessions to which something happened since it was last asked which of them are stuck.
    touched: Vec<SessionId>,
    running: BTreeMap<SessionId, Session>,
    ended: Vec<SessionRecord>,
    chats: BTreeMap<CallId, ChatUnderWay>,
    next_call: u64,
    next_tool_call: u64,
    started: usize,
    /// Whether what the run was to go on until has come.
    is_over: bool,
    counts: CallCounts,
}

impl<'a> Drive<'a> {
    fn new(stage: Stage<'a>) -> Drive<'a> {
        Drive {
            stage,
            now: Instant::ZERO,
            queue: DueQueue::new(),
            ready: Vec::new(),
            touched: Vec::new(),
            running: BTreeMap::new(),
            ended: Vec::new(),
            chats: BTreeMap::new(),
            next_call: 0,
            next_tool_call: 0,
            started: 0,
            is_over: false,
            counts: CallCounts::default(),
        }
    }
}

#[cfg(test)]
mod tests;
