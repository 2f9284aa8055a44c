//! What both APIs write alike, as JSON: errors and usage.
//!
//! Read leniently where servers differ and nothing is lost: unknown fields, `null` for nothing.
//! Usage is read by itself, so that a wrong count spoils no reply.

use serde_json::Value;

use crate::reply::{NoUsage, TokenCounts, TokenSource};

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
        Some(ServerError::told_by(error))
    }

    /// The error that a value holds: an object, or a text.
    pub(crate) fn told_by(error: &Value) -> ServerError {
        let word = |name: &str| error.get(name).and_then(word);
        let message = word("message").or_else(|| match error {
            Value::String(text) => Some(text.clone()),
            _ => None,
        });
        let message = message.unwrap_or_else(|| error.to_string());
        ServerError { message, kind: word("type"), code: word("code") }
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

/// What an API calls the counts in its `usage`.
#[derive(Debug)]
pub(crate) struct UsageNames {
    pub(crate) input: &'static str,
    pub(crate) input_details: &'static str,
    pub(crate) output: &'static str,
    pub(crate) output_details: &'static str,
}

/// The counts in a server's `usage`.
///
/// # Errors
/// When they cannot be true: not whole numbers, more cached than read, no token read, or none
/// written though words came.
pub(crate) fn counts(
    names: &UsageNames,
    usage: &Value,
    has_words: bool,
) -> Result<TokenCounts, NoUsage> {
    let input = count(usage, names.input)?;
    let output = count(usage, names.output)?;
    let cached_input = detail(usage, names.input_details, "cached_tokens")?;
    let reasoning_output = detail(usage, names.output_details, "reasoning_tokens")?;
    let wrong = |what: String| Err(NoUsage::Wrong(what));
    match (input, output) {
        (None, _) => return wrong(format!("{} is absent", names.input)),
        (_, None) => return wrong(format!("{} is absent", names.output)),
        (Some(0), _) => return wrong(format!("{} is 0", names.input)),
        (_, Some(0)) if has_words => {
            return wrong(format!("{} is 0, and words came", names.output));
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
