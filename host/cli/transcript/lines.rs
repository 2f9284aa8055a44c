//! The lines of a transcript: everything that was said in a session, as JSON Lines.
//!
//! A session begins with a line of kind `session` and ends with one of kind `end`; between them its
//! steps and its journal stand in the order of the clock. Times are nanoseconds since the run began.

use serde::Serialize;
use serde_json::value::RawValue;
use timeslip_timeline::conversation::{ChatOptions, LogLevel, Message, Usage};

/// One line. `kind` says which.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Line<'a> {
    Session(SessionLine<'a>),
    Chat(ChatLine<'a>),
    Tool(ToolLine<'a>),
    User(UserLine<'a>),
    Sleep(SleepLine),
    Log(LogLine<'a>),
    Span(SpanLine<'a>),
    End(EndLine<'a>),
}

/// A session begins.
#[derive(Debug, Serialize)]
pub(super) struct SessionLine<'a> {
    pub(super) session: u32,
    pub(super) task: &'a str,
    pub(super) at_ns: u64,
    pub(super) input: &'a str,
}

/// Where a step stands.
#[derive(Debug, Serialize)]
pub(super) struct StepPlace {
    pub(super) session: u32,
    /// Its place among the session's steps, as in the slip.
    pub(super) step: usize,
    /// The tool step whose agent asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) within: Option<usize>,
    pub(super) at_ns: u64,
    pub(super) e2e_ns: u64,
}

/// A chat.
#[derive(Debug, Serialize)]
pub(super) struct ChatLine<'a> {
    #[serde(flatten)]
    pub(super) place: StepPlace,
    pub(super) machine: &'a str,
    pub(super) model: &'a str,
    pub(super) options: &'a ChatOptions,
    /// The names of the tools that were offered.
    pub(super) tools: Vec<&'a str>,
    /// The step whose conversation, with its reply, this one goes on with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) follows: Option<usize>,
    /// The messages behind those of `follows`.
    pub(super) messages: &'a [Message],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reply: Option<&'a Message>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) usage: Option<Usage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

/// A tool call.
#[derive(Debug, Serialize)]
pub(super) struct ToolLine<'a> {
    #[serde(flatten)]
    pub(super) place: StepPlace,
    pub(super) tool: &'a str,
    /// As the agent wrote them: JSON, or a text that is none.
    pub(super) arguments: Written<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) output: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

/// Text that is JSON in most cases.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Written<'a> {
    Json(&'a RawValue),
    Text(&'a str),
}

impl Written<'_> {
    pub(super) fn of(text: &str) -> Written<'_> {
        // A transcript has one line for each thing, and a text may have several.
        match serde_json::from_str::<&RawValue>(text) {
            Ok(json) if !text.contains(['\n', '\r']) => Written::Json(json),
            _ => Written::Text(text),
        }
    }
}

/// A question to the user.
#[derive(Debug, Serialize)]
pub(super) struct UserLine<'a> {
    #[serde(flatten)]
    pub(super) place: StepPlace,
    pub(super) message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) answer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

/// Sleep.
#[derive(Debug, Serialize)]
pub(super) struct SleepLine {
    #[serde(flatten)]
    pub(super) place: StepPlace,
}

/// What a component wrote to the journal.
#[derive(Debug, Serialize)]
pub(super) struct LogLine<'a> {
    pub(super) session: u32,
    pub(super) at_ns: u64,
    pub(super) component: &'a str,
    pub(super) level: LogLevel,
    pub(super) text: &'a str,
}

/// A named part of a component's work.
#[derive(Debug, Serialize)]
pub(super) struct SpanLine<'a> {
    pub(super) session: u32,
    pub(super) at_ns: u64,
    pub(super) e2e_ns: u64,
    pub(super) component: &'a str,
    pub(super) name: &'a str,
}

/// A session is over.
#[derive(Debug, Serialize)]
pub(super) struct EndLine<'a> {
    pub(super) session: u32,
    pub(super) task: &'a str,
    pub(super) at_ns: u64,
    /// `ok` or `failed`, as in the slip.
    pub(super) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) answer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<ErrorLine<'a>>,
}

/// Why a session failed.
#[derive(Debug, Serialize)]
pub(super) struct ErrorLine<'a> {
    pub(super) kind: &'a str,
    pub(super) message: &'a str,
}
