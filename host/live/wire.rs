//! What servers write, as JSON: chunks, whole replies, usage and errors.
//!
//! Read leniently where servers differ and nothing is lost: unknown fields, absent choices, `null`
//! for nothing. Usage is read by itself, so that a wrong count spoils no reply.

use serde::Deserialize;
use serde_json::Value;
use timeslip_timeline::conversation::FinishReason;

use crate::reply::{NoUsage, TokenCounts, TokenSource};

/// A chunk of a stream, or a whole reply.
#[derive(Debug, Deserialize)]
pub(crate) struct WireReply {
    pub(crate) choices: Option<Vec<WireChoice>>,
    pub(crate) usage: Option<Value>,
    pub(crate) model: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WireChoice {
    #[serde(default)]
    pub(crate) index: u64,
    /// In a whole reply.
    pub(crate) message: Option<WireWords>,
    /// In a chunk.
    pub(crate) delta: Option<WireWords>,
    pub(crate) finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct WireWords {
    pub(crate) content: Option<String>,
    pub(crate) refusal: Option<String>,
    pub(crate) reasoning_content: Option<String>,
    /// What some servers call reasoning content.
    pub(crate) reasoning: Option<String>,
    pub(crate) tool_calls: Option<Vec<WireToolCall>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct WireToolCall {
    pub(crate) index: Option<u64>,
    pub(crate) id: Option<String>,
    pub(crate) function: Option<WireFunction>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct WireFunction {
    pub(crate) name: Option<String>,
    pub(crate) arguments: Option<String>,
}

/// An error as a server tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerError {
    /// What happened, for a person.
    pub message: String,
    /// The class of the error: `invalid_request_error`, …
    pub kind: Option<String>,
    /// One word for a program: `model_not_found`, …
    pub code: Option<String>,
}

/// `the model is gone (model_not_found)`.
impl std::fmt::Display for ServerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let message = match self.message.as_str() {
            "" => "no reason given",
            message => message,
        };
        match self.code.as_ref().or(self.kind.as_ref()) {
            Some(code) => write!(f, "{message} ({code})"),
            None => f.write_str(message),
        }
    }
}

impl ServerError {
    /// The error in a body, in one of the shapes that servers use: `{"error": {…}}`,
    /// `{"error": "…"}`, `{"object": "error", "message": …}`, `{"detail": …}`.
    pub(crate) fn of(body: &Value) -> Option<ServerError> {
        let is_error = body.get("object").is_some_and(|object| object == "error");
        let error = match (body.get("error"), body.get("detail")) {
            (Some(error), _) if !error.is_null() => error,
            (_, Some(detail)) => detail,
            _ if is_error => body,
            _ => return None,
        };
        let word = |name: &str| error.get(name).and_then(word);
        let message = word("message").or_else(|| match error {
            Value::String(text) => Some(text.clone()),
            _ => None,
        });
        let message = message.unwrap_or_else(|| error.to_string());
        Some(ServerError { message, kind: word("type"), code: word("code") })
    }

    /// Whether a text of the error, in lower case, holds one of these.
    pub(crate) fn mentions(&self, texts: &[&str]) -> bool {
        let parts = [Some(&self.message), self.kind.as_ref(), self.code.as_ref()];
        let said = parts.into_iter().flatten().map(|part| part.to_lowercase());
        said.into_iter().any(|part| texts.iter().any(|text| part.contains(text)))
    }
}

/// A word or a number, as a text.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// What a server's word for the end of a reply means; absent where nobody knows.
pub(crate) fn finish_reason(word: &str) -> Option<FinishReason> {
    match word {
        "stop" => Some(FinishReason::Stop),
        "length" => Some(FinishReason::Length),
        "tool_calls" | "function_call" => Some(FinishReason::ToolCalls),
        "content_filter" => Some(FinishReason::ContentFilter),
        _ => None,
    }
}

/// The counts in a server's `usage`.
///
/// # Errors
/// When they cannot be true: not whole numbers, more cached than read, no token read, or none
/// written though words came.
pub(crate) fn counts(usage: &Value, has_words: bool) -> Result<TokenCounts, NoUsage> {
    let input = count(usage, "prompt_tokens")?;
    let output = count(usage, "completion_tokens")?;
    let cached_input = detail(usage, "prompt_tokens_details", "cached_tokens")?;
    let reasoning_output = detail(usage, "completion_tokens_details", "reasoning_tokens")?;
    let wrong = |what: String| Err(NoUsage::Wrong(what));
    match (input, output) {
        (None, _) => return wrong("prompt_tokens is absent".to_owned()),
        (_, None) => return wrong("completion_tokens is absent".to_owned()),
        (Some(0), _) => return wrong("prompt_tokens is 0".to_owned()),
        (_, Some(0)) if has_words => {
            return wrong("completion_tokens is 0, and words came".to_owned());
        }
        _ => {}
    }
    if cached_input > input {
        return wrong("more prompt tokens are cached than there are".to_owned());
    }
    if reasoning_output > output {
        return wrong("more reasoning tokens than there are output tokens".to_owned());
    }
    Ok(TokenCounts { input, cached_input, output, reasoning_output, source: TokenSource::Server })
}

fn detail(usage: &Value, group: &str, name: &str) -> Result<Option<u64>, NoUsage> {
    usage.get(group).map_or(Ok(None), |group| count(group, name))
}

/// A count; absent or `null` where the server does not say.
fn count(value: &Value, name: &str) -> Result<Option<u64>, NoUsage> {
    /// The largest whole number that every reader of JSON keeps exactly.
    const COUNT_MAX: u64 = (1 << 53) - 1;
    match value.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64().filter(|count| *count <= COUNT_MAX) {
            Some(count) => Ok(Some(count)),
            None if value.is_number() => Err(NoUsage::Wrong(format!("{name} is {value}"))),
            None => Err(NoUsage::Wrong(format!("{name} is no number"))),
        },
    }
}
