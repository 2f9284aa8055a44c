//! Traces: when requests came to a server, and how many tokens each read and wrote.
//!
//! A trace in memory is two tables, sessions and calls, with a call's prompt as parts where the
//! trace says what prompts have in common. Instants count from the first arrival.

mod assemble;
mod azure;
mod json_lines;
mod mooncake;
mod number;
mod plain;
mod table;
mod text;
mod vllm;

use std::sync::Arc;

use timeslip_timeline::conversation::PromptPart;
use timeslip_timeline::time::{Instant, Span};

use crate::error::{TraceError, suggestion};

/// A trace.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// The form in which it was read.
    pub format: Format,
    /// What a person should know of the reading: lines put in order, or left out.
    pub notes: Vec<String>,
    /// In the order of their arrivals.
    pub(crate) sessions: Vec<TraceSession>,
    /// In the order of the sessions.
    pub(crate) calls: Vec<TraceCall>,
    /// What a real server took for each call; empty where the trace does not say it.
    pub(crate) measured: Vec<MeasuredTimes>,
    /// When its first request came, since the beginning of 1970, where the trace says it.
    pub began_at: Option<Span>,
}

/// A session of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceSession {
    /// When it starts, since the first session of the trace.
    pub arrives_at: Instant,
    /// The place of its first call.
    pub(crate) first_call: usize,
    /// The place after its last call.
    pub(crate) end_call: usize,
}

/// A call of a trace.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceCall {
    /// When it is made.
    pub begins: Begins,
    /// Tokens of the prompt.
    pub input_tokens: u64,
    /// Tokens of the reply.
    pub output_tokens: u64,
    /// The prompt's parts; empty where the trace does not say what prompts have in common.
    pub prompt: Arc<[PromptPart]>,
}

/// When a call of a session is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begins {
    /// So long after the call before it has ended, or after the session's start.
    After(Span),
    /// So long after the session's start, or when the call before it has ended, if that is later.
    NotBefore(Span),
}

/// What a real server took for a call, from the moment at which its engine queued it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeasuredTimes {
    /// Before that, from its arrival, beyond what the request took that was queued soonest; nothing
    /// where that is not known.
    pub front_end: Span,
    /// Until a step took it up.
    pub queue: Span,
    /// Until its first token.
    pub time_to_first_token: Span,
    /// Until its last token.
    pub end_to_end: Span,
}

/// The form of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Mooncake's JSON Lines: `timestamp` in milliseconds, `input_length`, `output_length`, and
    /// `hash_ids`, which name the prompt's blocks of 512 tokens.
    Mooncake,
    /// The CSV of Azure's LLM inference traces: `TIMESTAMP,ContextTokens,GeneratedTokens`.
    Azure,
    /// CSV whose header names tokens and arrivals.
    Csv,
    /// A log of vLLM's requests as JSON Lines, with the times that a server took.
    VllmRequests,
}

impl Format {
    /// All forms, by the names that a user gives them.
    pub const NAMED: [(&'static str, Format); 4] = [
        ("mooncake", Format::Mooncake),
        ("azure", Format::Azure),
        ("csv", Format::Csv),
        ("vllm-requests", Format::VllmRequests),
    ];

    /// The form of this name.
    ///
    /// # Errors
    /// When there is none, with the nearest one.
    pub fn of_name(name: &str) -> Result<Format, String> {
        let known = Format::NAMED.map(|(name, _)| name);
        let found = Format::NAMED.into_iter().find(|(known, _)| *known == name);
        found
            .map(|(_, format)| format)
            .ok_or_else(|| format!("no trace has the form `{name}`; {}", suggestion(name, &known)))
    }

    /// The name that a user gives it.
    pub fn name(self) -> &'static str {
        let found = Format::NAMED.into_iter().find(|(_, format)| *format == self);
        found.map_or("", |(name, _)| name)
    }
}

impl Trace {
    /// Reads a trace; `file` names it in messages. Without a `format` the content says which it is.
    ///
    /// A byte order mark, empty lines and the line endings of any system are accepted. A last line
    /// that was cut off is left out, and requests out of order are put in order; notes say both.
    ///
    /// # Errors
    /// When the file is empty, is of no known form, or a line lacks what its form needs: naming the
    /// line, the key or column, and the fix.
    pub fn parse(file: &str, bytes: &[u8], format: Option<Format>) -> Result<Trace, TraceError> {
        let text = text::text_of(file, bytes)?;
        let format = match format {
            Some(format) => format,
            None => detect(file, text)?,
        };
        let mut notes = Vec::new();
        let rows = match format {
            Format::Mooncake => mooncake::rows(file, text, &mut notes)?,
            Format::VllmRequests => vllm::rows(file, text, &mut notes)?,
            Format::Azure => azure::rows(file, text, &mut notes)?,
            Format::Csv => plain::rows(file, text, &mut notes)?,
        };
        assemble::assemble(file, format, rows, notes)
    }

    /// Its sessions, in the order of their arrivals.
    pub fn sessions(&self) -> &[TraceSession] {
        &self.sessions
    }

    /// The calls of a session, in their order.
    pub fn calls_of(&self, session: &TraceSession) -> &[TraceCall] {
        &self.calls[session.first_call..session.end_call]
    }

    /// What a real server took for the calls of a session; empty where the trace does not say it.
    pub fn measured_of(&self, session: &TraceSession) -> &[MeasuredTimes] {
        self.measured.get(session.first_call..session.end_call).unwrap_or_default()
    }

    /// All calls, session by session.
    pub fn calls(&self) -> &[TraceCall] {
        &self.calls
    }
}

/// The form of a text, by the keys of its first line.
fn detect(file: &str, text: &str) -> Result<Format, TraceError> {
    let first = text::lines(text).next();
    let (number, line) = first.map_or((1, ""), |line| (line.number, line.text.trim()));
    let has = |keys: &[&str]| keys.iter().any(|key| line.contains(&format!("\"{key}\"")));
    let refuse = |problem: &str, fix: &str| {
        Err(TraceError {
            file: file.to_owned(),
            line: Some(number),
            problem: problem.to_owned(),
            fix: fix.to_owned(),
        })
    };
    match line.chars().next() {
        Some('{') if has(&["hash_ids", "input_length"]) => Ok(Format::Mooncake),
        Some('{') if has(&["input_toks", "first_token_ts"]) => Ok(Format::VllmRequests),
        Some('{') => refuse(
            "these JSON Lines are of no known trace",
            "give each line the keys timestamp, input_length and output_length (Mooncake), or \
             input_toks, output_toks and arrival_time (vLLM's requests)",
        ),
        Some('[') => refuse(
            "this is a JSON array, and a trace has one JSON object a line",
            "write it as lines, as `jq -c '.[]'` does",
        ),
        _ if azure::is_header(line) => Ok(Format::Azure),
        _ => Ok(Format::Csv),
    }
}

#[cfg(test)]
mod recorded_tests;
#[cfg(test)]
mod tests;
