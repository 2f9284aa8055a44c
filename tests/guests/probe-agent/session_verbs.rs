//! Verbs that ask the session: its clock, randomness, configuration, budget and journal.

use crate::contract::timeslip::agent::session::{self, LogLevel};

/// Sleeps, and says at which nanosecond it woke.
pub(crate) async fn sleep(duration_ns: u64) -> Result<String, String> {
    session::sleep(duration_ns).await;
    Ok(now())
}

/// The session's clock in nanoseconds.
pub(crate) fn now() -> String {
    session::now().to_string()
}

/// Asks the clock so many times: the cheapest host call, for benchmarks of calls.
pub(crate) fn calls(count: u64) -> String {
    let mut last_ns = 0;
    for _ in 0..count {
        last_ns = session::now();
    }
    last_ns.to_string()
}

/// One random number, then eight random bytes in hexadecimal.
pub(crate) fn random() -> String {
    let number = session::random_u64();
    let bytes: String = session::random_bytes(8)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{number} {bytes}")
}

/// The configured value, or `none`.
pub(crate) fn config(key: &str) -> String {
    session::config(key).unwrap_or_else(|| "none".to_owned())
}

/// What is left of each budget, with `none` for an unlimited one.
pub(crate) fn budget() -> String {
    let left = session::budget_left();
    let text = |value: Option<u64>| value.map_or("none".to_owned(), |value| value.to_string());
    format!(
        "time-ns={} model-calls={} tool-calls={} output-tokens={}",
        text(left.time_ns),
        text(left.model_calls),
        text(left.tool_calls),
        text(left.output_tokens),
    )
}

/// Writes so many lines to the journal.
pub(crate) fn log_lines(count: u64) -> String {
    for line in 1..=count {
        session::log(LogLevel::Info, &format!("line {line}"));
    }
    count.to_string()
}

/// Writes one line of this length to the journal.
pub(crate) fn big_log(length_bytes: usize) -> String {
    session::log(LogLevel::Info, &"l".repeat(length_bytes));
    length_bytes.to_string()
}
