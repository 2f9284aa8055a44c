//! The verbs that wait for nothing, alike in both worlds. Each probe names the session interface of
//! its own world `crate::session`.

use crate::compute;
use crate::contract::timeslip::agent::types::LogLevel;
use crate::session;

/// Does a verb that waits for nothing; `None` when `verb` is none of them.
pub(crate) fn perform(verb: &str, arguments: &str) -> Option<Result<String, String>> {
    let done = match verb {
        "echo" => Ok(arguments.to_owned()),
        "fail" => Err(arguments.to_owned()),
        "now" => Ok(now()),
        "calls" => number(arguments).map(calls),
        "random" => Ok(random()),
        "config" => Ok(config(arguments)),
        "budget" => Ok(budget()),
        "log" => number(arguments).map(log_lines),
        "big-log" => mebibytes(arguments, 'l').map(|line| log_line(&line)),
        "spans" => number(arguments).map(open_spans),
        "big-answer" => mebibytes(arguments, 'a'),
        "spin" => compute::spin(),
        "spin-for" => number(arguments).map(compute::spin_for),
        "allocate" => number(arguments).map(compute::allocate),
        "recurse" => Ok(compute::recurse(1).to_string()),
        "panic" => panic!("asked to panic"),
        "trap" => compute::trap(),
        _ => return None,
    };
    Some(done)
}

/// A whole number.
pub(crate) fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{text:?} is not a whole number"))
}

/// A text of one character, as many mebibytes long as `count` says.
pub(crate) fn mebibytes(count: &str, character: char) -> Result<String, String> {
    let length_bytes = number(count)? as usize * 1024 * 1024;
    Ok(character.to_string().repeat(length_bytes))
}

/// The session's clock in nanoseconds.
pub(crate) fn now() -> String {
    session::now().to_string()
}

/// Asks the clock so many times: the cheapest host call, for benchmarks of calls.
fn calls(count: u64) -> String {
    let mut last_ns = 0;
    for _ in 0..count {
        last_ns = session::now();
    }
    last_ns.to_string()
}

/// One random number, then eight random bytes in hexadecimal.
fn random() -> String {
    let number = session::random_u64();
    let bytes: String = session::random_bytes(8).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{number} {bytes}")
}

/// The configured value, or `none`.
fn config(key: &str) -> String {
    session::config(key).unwrap_or_else(|| "none".to_owned())
}

/// What is left of each budget, with `none` for an unlimited one.
fn budget() -> String {
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
fn log_lines(count: u64) -> String {
    for line in 1..=count {
        session::log(LogLevel::Info, &format!("line {line}"));
    }
    count.to_string()
}

/// Writes one line to the journal.
fn log_line(line: &str) -> String {
    session::log(LogLevel::Info, line);
    line.len().to_string()
}

/// Begins so many parts of the session's work and ends none before the last has begun, so that the
/// host holds all of them at once.
fn open_spans(count: u64) -> String {
    let spans: Vec<session::Span> =
        (1..=count).map(|part| session::Span::new(&format!("part {part}"))).collect();
    spans.len().to_string()
}
