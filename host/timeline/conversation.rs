//! What passes between an agent, a model and its tools: the records of the contracts in `wit/`,
//! free of any encoding.

use serde::{Deserialize, Serialize};

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Instructions from the agent's author.
    System,
    /// The person the agent works for.
    User,
    /// The model.
    Assistant,
    /// A tool, answering a tool call.
    Tool,
}

/// A model's request to call a tool.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ToolCall {
    /// Names the call inside the conversation; models repeat identifiers.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments, as JSON text.
    pub arguments: String,
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Message {
    /// Who wrote it.
    pub role: Role,
    /// The text; empty when the message is only tool calls.
    pub content: String,
    /// The tools an assistant message asks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// In a tool message, the call it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<String>,
}

impl Message {
    /// A message of text alone.
    pub fn text(role: Role, content: impl Into<String>) -> Message {
        Message { role, content: content.into(), tool_calls: Vec::new(), tool_call_id: None }
    }
}

/// What a tool says of its own behaviour; hints, never grants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ToolAnnotations {
    /// Changes nothing.
    pub read_only: bool,
    /// May destroy or overwrite something.
    pub destructive: bool,
    /// Calling twice has no further effect.
    pub idempotent: bool,
    /// Reaches beyond the session.
    pub open_world: bool,
}

/// A tool as it is offered to a model.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ToolDefinition {
    /// Unique in a session.
    pub name: String,
    /// What it does.
    pub description: String,
    /// JSON Schema of the arguments, as JSON text.
    pub input_schema: String,
    /// JSON Schema of the output, as JSON text.
    pub output_schema: Option<String>,
    /// Hints.
    pub annotations: ToolAnnotations,
}

/// Whether the model may, must or must not call tools.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolChoice {
    /// The model decides.
    #[default]
    Auto,
    /// It must not.
    None,
    /// It must call some tool.
    Required,
    /// It must call this one.
    Named(String),
}

/// Options of a chat; an absent one leaves the choice to the machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChatOptions {
    /// The most tokens the reply may have.
    pub max_output_tokens: Option<u32>,
    /// Sampling temperature.
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    pub top_p: Option<f64>,
    /// Seed of the sampling.
    pub seed: Option<u64>,
    /// Texts that end the reply.
    pub stop: Vec<String>,
    /// Whether tools may be called.
    pub tool_choice: ToolChoice,
    /// JSON Schema the reply must obey, as JSON text.
    pub response_schema: Option<String>,
}

impl ChatOptions {
    /// Where, in bytes, the first of the texts that end a reply stands in one; an empty text ends
    /// none.
    pub fn first_stop(&self, content: &str) -> Option<usize> {
        let texts = self.stop.iter().filter(|text| !text.is_empty());
        texts.filter_map(|text| content.find(text.as_str())).min()
    }
}

/// A question to a model, as an agent asks it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChatRequest {
    /// The model's name; absent for the run's own.
    pub model: Option<String>,
    /// The conversation so far, oldest first.
    pub messages: Vec<Message>,
    /// The tools offered.
    pub tools: Vec<ToolDefinition>,
    /// Options.
    pub options: ChatOptions,
}

/// Why a reply ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model was done.
    Stop,
    /// The limit on output tokens.
    Length,
    /// The model asks for tools.
    ToolCalls,
    /// The machine withheld the rest.
    ContentFilter,
}

/// Tokens of one chat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the prompt.
    pub input_tokens: u64,
    /// Of those, served by a cache.
    pub cached_input_tokens: u64,
    /// Tokens of the reply.
    pub output_tokens: u64,
}

/// A part of a prompt: the list of tools, or one message, as the model reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PromptPart {
    /// What it is.
    pub kind: PromptPartKind,
    /// Its tokens, those of the chat template around it included.
    pub tokens: u64,
    /// A hash of what the model reads: equal parts have equal ones on every computer.
    pub digest: u64,
}

/// What a part of a prompt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PromptPartKind {
    /// The tools that are offered.
    Tools,
    /// A message.
    Message(Role),
}

/// Why a chat gave no reply. The text is for a person and says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// The session has no grant for the model.
    #[error("refused: {0}")]
    Refused(String),
    /// No machine of the run serves the model.
    #[error("unknown model: {0}")]
    UnknownModel(String),
    /// Prompt and reply do not fit.
    #[error("context too long: {0}")]
    ContextTooLong(String),
    /// A budget of the session is used up.
    #[error("over budget: {0}")]
    OverBudget(String),
    /// The request breaks a rule of the contract.
    #[error("invalid request: {0}")]
    InvalidRequest(String),
    /// The machine failed or is overloaded.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

/// Why a tool call gave no output. The text is for a person, or for the model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ToolError {
    /// No tool of the session has this name.
    #[error("unknown tool: {0}")]
    UnknownTool(String),
    /// The session has no grant for it.
    #[error("refused: {0}")]
    Refused(String),
    /// The tool does not accept the arguments.
    #[error("invalid arguments: {0}")]
    InvalidArguments(String),
    /// The tool tried and failed.
    #[error("failed: {0}")]
    Failed(String),
    /// The plugin broke a rule of the host.
    #[error("invalid output: {0}")]
    InvalidOutput(String),
    /// The plugin crashed or used up what it may use.
    #[error("crashed: {0}")]
    Crashed(String),
    /// A budget of the session is used up.
    #[error("over budget: {0}")]
    OverBudget(String),
}

/// Why a question to the user gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// Nobody is there.
    #[error("nobody answers: {0}")]
    Nobody(String),
    /// The user has left.
    #[error("the user has left: {0}")]
    Gone(String),
}

/// How much a log line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// For the component's author.
    Debug,
    /// For everybody.
    Info,
    /// Something is odd.
    Warn,
    /// Something failed.
    Error,
}

/// The nearest of `known` to a name that was not found, for "did you mean" lines.
///
/// Levenshtein distance of at most a third of the name's length counts as near.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::levenshtein(name, candidate), candidate))
        .min()
        .filter(|(distance, _)| *distance <= (name.len() / 3).max(2))
        .map(|(_, candidate)| candidate)
}
