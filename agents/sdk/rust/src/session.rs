//! The session that the component runs in.

use std::time::Duration;

use crate::contract::timeslip::agent::types::LogLevel;
use crate::error::UserError;
pub use crate::host::session::Span;
use crate::host::{session, user};

/// Says something to the user and waits for the answer.
///
/// # Errors
/// Nobody is there, or the user has left.
pub async fn ask_user(text: impl Into<String>) -> Result<String, UserError> {
    Ok(user::ask(text.into()).await?)
}

/// Writes a line to the session's journal.
pub fn log(level: LogLevel, message: impl AsRef<str>) {
    session::log(level, message.as_ref());
}

/// Begins a named part of the session's work, which ends when the span is dropped.
#[must_use = "a span that is dropped at once names nothing: `let _span = span(\"…\");`"]
pub fn span(name: impl AsRef<str>) -> Span {
    Span::new(name.as_ref())
}

/// The time since the session began, by the session's clock.
pub fn now() -> Duration {
    Duration::from_nanos(session::now())
}

/// Waits by the session's clock.
pub async fn sleep(duration: Duration) {
    session::sleep(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)).await;
}

/// A random number, drawn from the session's seed: the same in every run of the same bench.
pub fn random_u64() -> u64 {
    session::random_u64()
}

/// Random bytes from the same source, at most 65,536.
pub fn random_bytes(length: u32) -> Vec<u8> {
    session::random_bytes(length)
}

/// What the bench configures under this key for this component, if it does.
pub fn config(key: &str) -> Option<String> {
    session::config(key)
}

/// What is left of the session's budgets; `None` is unlimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Time until the session's deadline.
    pub time: Option<Duration>,
    /// Calls of models.
    pub model_calls: Option<u64>,
    /// Calls of tools.
    pub tool_calls: Option<u64>,
    /// Output tokens of all chats together.
    pub output_tokens: Option<u64>,
}

/// What is left of the session's budgets now.
pub fn budget_left() -> Budget {
    let left = session::budget_left();
    Budget {
        time: left.time_ns.map(Duration::from_nanos),
        model_calls: left.model_calls,
        tool_calls: left.tool_calls,
        output_tokens: left.output_tokens,
    }
}
