//! Code that runs inside a session: an agent, or one of its tool plugins.
//!
//! A guest is resumed at an instant, runs until it waits for everything, and says what it asked on
//! the way and how long it computed. The WebAssembly runtime makes guests; so do tests, from plain
//! Rust.

use std::sync::Arc;

use crate::backend::ChatTiming;
use crate::conversation::{
    ChatRequest, FinishReason, LogLevel, Message, ModelError, ToolError, Usage, UserError,
};
use crate::http::{HttpAnswer, HttpRequest};
use crate::time::{Instant, Span};

/// Code that runs inside a session.
pub trait Guest: Send {
    /// Runs until the guest waits for everything or ends. `now` is the instant of the deliveries.
    ///
    /// What the guest does depends on nothing but its own state, `now`, the deliveries, and what
    /// other guests of its session did before it, so that sessions which are ready at one instant
    /// may run on several threads. Guests of one session run one after the other.
    fn resume(&mut self, now: Instant, deliveries: Vec<Delivery>) -> Burst;
}

/// Numbers what one guest asks, in its own order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AskId(pub u64);

/// Something handed to a guest when it is resumed.
#[derive(Clone, Debug)]
pub enum Delivery {
    /// To an agent, once: do the task.
    Start,
    /// To a tool plugin: a call, to be answered by [`Happening::ToolAnswer`] with the same number.
    ToolCall {
        /// The number the answer bears.
        call: u64,
        /// The tool's name.
        name: Arc<str>,
        /// The arguments, as JSON text.
        arguments: Arc<str>,
    },
    /// The answer to an ask.
    Answer(AskId, Answer),
}

/// The answer to an ask.
#[derive(Clone, Debug)]
pub enum Answer {
    /// To [`Ask::Chat`], once.
    Chat(Result<ChatAnswer, ModelError>),
    /// To [`Ask::Chat`] with `stream`, any number of times before the other.
    Chunk {
        /// Text that follows the chunks before.
        content: String,
        /// Output tokens so far.
        output_tokens: u64,
    },
    /// To [`Ask::Tool`].
    Tool(Result<Arc<str>, ToolError>),
    /// To [`Ask::User`].
    User(Result<String, UserError>),
    /// To [`Ask::Sleep`].
    Slept,
    /// To [`Ask::Fetch`].
    Fetched(HttpAnswer),
}

/// A reply and its figures, as an agent receives them.
#[derive(Clone, Debug)]
pub struct ChatAnswer {
    /// The assistant message.
    pub message: Message,
    /// Why it ended.
    pub finish_reason: FinishReason,
    /// Tokens.
    pub usage: Usage,
    /// Times.
    pub timing: ChatTiming,
    /// The model that answered.
    pub model: Arc<str>,
    /// The machine that served it.
    pub machine: Arc<str>,
}

/// Something a guest wants and waits for.
#[derive(Clone, Debug)]
pub enum Ask {
    /// A model's reply.
    Chat {
        /// The question.
        request: Arc<ChatRequest>,
        /// Whether the reply is wanted in pieces.
        stream: bool,
    },
    /// A tool's output.
    Tool {
        /// The tool's name.
        name: Arc<str>,
        /// The arguments, as JSON text.
        arguments: Arc<str>,
    },
    /// The user's answer.
    User {
        /// What is said to the user.
        message: String,
    },
    /// Some time to pass.
    Sleep(Span),
    /// Something over HTTP; only tool plugins ask for that.
    Fetch(Arc<HttpRequest>),
}

/// What a guest did while it ran.
#[derive(Clone, Debug)]
pub enum Happening {
    /// It asked for something.
    Asked(AskId, Ask),
    /// It no longer wants what it asked for.
    Dropped(AskId),
    /// A tool plugin finished a call.
    ToolAnswer {
        /// The number of the [`Delivery::ToolCall`].
        call: u64,
        /// The output.
        output: Result<Arc<str>, ToolError>,
    },
    /// It wrote a line to the journal.
    Logged(LogLevel, String),
    /// A named part of its work began; the number pairs it with its end.
    SpanBegan(u64, String),
    /// A named part of its work ended.
    SpanEnded(u64),
}

/// One stretch of running, from a resume to the next wait.
#[derive(Clone, Debug)]
pub struct Burst {
    /// What happened, each with the computing time since the resume; the times never fall.
    pub happenings: Vec<(Span, Happening)>,
    /// Computing time of the whole burst, at least that of the last happening.
    pub compute: Span,
    /// How it stands with the guest now.
    pub state: GuestState,
    /// What the guest has used since its session began.
    pub used: GuestUse,
}

/// What a guest has used since its session began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GuestUse {
    /// Units of computing.
    pub fuel: u64,
    /// The most memory it held, in bytes.
    pub memory_bytes: u64,
}

/// How it stands with a guest after a burst.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GuestState {
    /// It waits for answers, or, a tool plugin, for calls.
    Waiting,
    /// An agent returned.
    Finished(Result<String, String>),
    /// It was stopped: a trap, a limit, or a defect of the host.
    Stopped(StopCause),
}

/// Why a guest, or a session, was stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StopCause {
    /// One word for the slip: `trap`, `out_of_fuel`, `out_of_memory`, `deadline`, …
    pub kind: &'static str,
    /// For a person: what happened and what to do.
    pub message: String,
}
