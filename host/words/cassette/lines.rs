//! The lines of a cassette file as they are written.

use serde::{Deserialize, Serialize};
use timeslip_timeline::conversation::{
    FinishReason, Message, Role, ToolCall, ToolDefinition, Usage,
};

use super::fetch_lines::FetchLine;
use super::observed_lines::{AttemptLine, ErrorLine, TimingLine};

/// One line. `kind` says which.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Line {
    Cassette(Header),
    Message(MessageLine),
    Tools(ToolsLine),
    Chat(Box<ChatLine>),
    Tool(ToolLine),
    User(UserLine),
    Fetch(Box<FetchLine>),
    Server(ServerLine),
}

/// The first line of a cassette.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Always [`super::SCHEMA`].
    pub schema: String,
    /// What the conversation is called, say after its task; may be empty.
    #[serde(default)]
    pub name: String,
    /// The model that was recorded; absent when the recording does not say.
    #[serde(default)]
    pub recorded_model: Option<String>,
    /// Where the words come from, for a person.
    pub source: String,
    /// The parts of a request that must be equal for a recorded reply to be played.
    pub key: Vec<KeyPart>,
    /// Where a replayed chat's token counts come from.
    #[serde(default)]
    pub tokens: TokenSource,
    /// What was changed in the recorded tool outputs.
    #[serde(default)]
    pub rewrites: Vec<AppliedRewrite>,
    /// Whether what looks like a secret was taken out of all texts. A request is then found as it
    /// is without its secrets.
    #[serde(default, skip_serializing_if = "is_false")]
    pub redacted: bool,
}

/// A part of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPart {
    /// The conversation so far. Always part of the key.
    Messages,
    /// The model's name.
    Model,
    /// The tools offered: names, descriptions and schemas of arguments.
    Tools,
    /// Limits, sampling, stop texts, tool choice and schema of the reply.
    Options,
}

/// Where a replayed chat's token counts come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenSource {
    /// The run's tokenizer counts the request and the reply.
    #[default]
    Counted,
    /// The recorded usage counts, where a chat has one.
    Recorded,
}

/// A change made to recorded tool outputs when a trajectory was imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppliedRewrite {
    /// The tool whose outputs were changed.
    pub tool: String,
    /// The text that was replaced.
    pub from: String,
    /// The text that stands in its place.
    pub to: String,
    /// The number of outputs of this cassette that were changed.
    pub applied: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MessageLine {
    pub(super) role: Role,
    #[serde(default)]
    pub(super) content: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) tool_calls: Vec<ToolCallLine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tool_call_id: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ToolCallLine {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) arguments: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ToolsLine {
    pub(super) definitions: Vec<ToolDefinition>,
}

/// An MCP server whose tools were used, and what it offers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServerLine {
    pub(super) name: String,
    pub(super) definitions: Vec<ToolDefinition>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChatLine {
    pub(super) messages: Vec<[usize; 2]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tools: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) options: Option<serde_json::Value>,
    /// The reply and why it ends, unless there was an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reply: Option<ReplyLine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) finish_reason: Option<FinishReason>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<ErrorLine>,
    #[serde(default)]
    pub(super) usage: Option<UsageLine>,
    /// From the chat's asking until each chunk with words came.
    #[serde(default)]
    pub(super) chunks_ns: Option<Vec<u64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) timing: Option<TimingLine>,
    /// Every request that was sent, where there was more than one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) attempts: Vec<AttemptLine>,
    /// The model, as the server names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) served_model: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplyLine {
    #[serde(default)]
    pub(super) content: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) tool_calls: Vec<ToolCallLine>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UsageLine {
    pub(super) input_tokens: u64,
    #[serde(default)]
    pub(super) cached_input_tokens: u64,
    pub(super) output_tokens: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reasoning_tokens: Option<u64>,
    /// Whether the recorder counted them, since the server did not.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) counted: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ToolLine {
    pub(super) name: String,
    pub(super) arguments: String,
    pub(super) output: String,
    #[serde(default = "yes")]
    pub(super) ok: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tool_call_id: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserLine {
    /// Absent when it is the content of the message just before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) question: Option<String>,
    pub(super) answer: String,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) after_ns: u64,
}

/// The keys of each kind of line, and of each object inside a line, for messages about a wrong one.
pub(super) const KEYS: [(&str, &[&str]); 18] = [
    (
        "cassette",
        &[
            "kind",
            "schema",
            "name",
            "recorded_model",
            "source",
            "key",
            "tokens",
            "rewrites",
            "redacted",
        ],
    ),
    ("message", &["kind", "role", "content", "tool_calls", "tool_call_id"]),
    ("tools", &["kind", "definitions"]),
    (
        "chat",
        &[
            "kind",
            "messages",
            "model",
            "tools",
            "options",
            "reply",
            "finish_reason",
            "error",
            "usage",
            "chunks_ns",
            "timing",
            "attempts",
            "served_model",
        ],
    ),
    ("tool", &["kind", "name", "arguments", "output", "ok", "tool_call_id"]),
    ("user", &["kind", "question", "answer", "after_ns"]),
    (
        "fetch",
        &[
            "kind",
            "method",
            "url",
            "headers",
            "body",
            "body_base64",
            "response",
            "error",
            "given_up",
            "asked_at_ns",
            "took_ns",
        ],
    ),
    ("server", &["kind", "name", "definitions"]),
    ("response", &["status", "headers", "body", "body_base64"]),
    ("headers", &["name", "value"]),
    ("error", &["kind", "message"]),
    ("reply", &["content", "tool_calls"]),
    (
        "usage",
        &["input_tokens", "cached_input_tokens", "output_tokens", "reasoning_tokens", "counted"],
    ),
    ("timing", &["asked_at_ns", "queue_ns", "prefill_ns", "transfer_ns", "decode_ns", "ttft_ns"]),
    ("attempts", &["at_ns", "lasted_ns", "error"]),
    ("tool_calls", &["id", "name", "arguments"]),
    ("rewrites", &["tool", "from", "to", "applied"]),
    (
        "options",
        &[
            "max_output_tokens",
            "temperature",
            "top_p",
            "seed",
            "stop",
            "tool_choice",
            "response_schema",
        ],
    ),
];

/// The kinds of lines, which come first in [`KEYS`].
pub(super) const KINDS: [&str; 8] =
    ["cassette", "message", "tools", "chat", "tool", "user", "fetch", "server"];

impl From<ToolCallLine> for ToolCall {
    fn from(line: ToolCallLine) -> ToolCall {
        ToolCall { id: line.id, name: line.name, arguments: line.arguments }
    }
}

impl From<&ToolCall> for ToolCallLine {
    fn from(call: &ToolCall) -> ToolCallLine {
        ToolCallLine {
            id: call.id.clone(),
            name: call.name.clone(),
            arguments: call.arguments.clone(),
        }
    }
}

impl From<MessageLine> for Message {
    fn from(line: MessageLine) -> Message {
        Message {
            role: line.role,
            content: line.content.unwrap_or_default(),
            tool_calls: line.tool_calls.into_iter().map(ToolCall::from).collect(),
            tool_call_id: line.tool_call_id,
        }
    }
}

impl From<&Message> for MessageLine {
    fn from(message: &Message) -> MessageLine {
        MessageLine {
            role: message.role,
            content: Some(message.content.clone()),
            tool_calls: message.tool_calls.iter().map(ToolCallLine::from).collect(),
            tool_call_id: message.tool_call_id.clone(),
        }
    }
}

impl From<UsageLine> for Usage {
    fn from(line: UsageLine) -> Usage {
        Usage {
            input_tokens: line.input_tokens,
            cached_input_tokens: line.cached_input_tokens,
            output_tokens: line.output_tokens,
        }
    }
}

impl From<Usage> for UsageLine {
    fn from(usage: Usage) -> UsageLine {
        UsageLine {
            input_tokens: usage.input_tokens,
            cached_input_tokens: usage.cached_input_tokens,
            output_tokens: usage.output_tokens,
            reasoning_tokens: None,
            counted: false,
        }
    }
}

fn yes() -> bool {
    true
}

pub(super) fn is_zero(number: &u64) -> bool {
    *number == 0
}

pub(super) fn is_false(flag: &bool) -> bool {
    !flag
}
