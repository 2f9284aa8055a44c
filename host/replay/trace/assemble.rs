//! From the lines of a file to sessions in the order of their arrivals.

use std::collections::BTreeMap;
use std::sync::Arc;

use timeslip_timeline::conversation::PromptPart;
use timeslip_timeline::time::{Instant, Span};

use super::{Begins, Format, MeasuredTimes, Trace, TraceCall, TraceSession};
use crate::error::TraceError;

/// A request as its line says it.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) line: usize,
    /// In nanoseconds, since whatever instant the file counts from.
    pub(super) at: i128,
    pub(super) input_tokens: u64,
    pub(super) output_tokens: u64,
    pub(super) prompt: Arc<[PromptPart]>,
    /// The session, where requests name one.
    pub(super) session: Option<String>,
    /// Between the end of the session's request before and this one, where it is known.
    pub(super) gap: Option<Span>,
    pub(super) measured: Option<MeasuredTimes>,
}

/// Puts requests in order and into sessions. A request without a session is one of its own.
pub(super) fn assemble(
    file: &str,
    format: Format,
    mut rows: Vec<Row>,
    mut notes: Vec<String>,
) -> Result<Trace, TraceError> {
    if let Some(place) = rows.windows(2).position(|pair| pair[1].at < pair[0].at) {
        let line = rows[place + 1].line;
        notes.push(format!("{file}:{line}: requests are out of order and were put in order"));
        rows.sort_by_key(|row| row.at);
    }
    let (Some(first), Some(last)) = (rows.first().map(|row| row.at), rows.last()) else {
        return Err(TraceError {
            file: file.to_owned(),
            line: None,
            problem: "the trace has no request".to_owned(),
            fix: "name a trace with at least one request".to_owned(),
        });
    };
    if last.at - first >= i128::from(Instant::END.as_nanos()) {
        return Err(TraceError {
            file: file.to_owned(),
            line: Some(last.line),
            problem:
                "this request comes more than 104 days after the first, and the clock of a run \
                      ends there"
                    .to_owned(),
            fix: "correct its arrival, or take a part of the trace".to_owned(),
        });
    }
    let with_measured = rows.iter().filter(|row| row.measured.is_some()).count();
    let is_measured = with_measured == rows.len();
    if with_measured > 0 && !is_measured {
        let lacking = rows.len() - with_measured;
        notes.push(format!("{lacking} requests lack measured times, so none are compared"));
    }
    let sessions = sessions_of(rows);
    // Other forms count from an instant of their own, or do not say where on earth their clock is.
    let began_at = match format {
        Format::VllmRequests => u64::try_from(first).ok().map(Span::from_nanos),
        Format::Mooncake | Format::Azure | Format::Csv => None,
    };
    let (sessions_read, calls, measured) = (Vec::new(), Vec::new(), Vec::new());
    let mut trace = Trace { format, notes, sessions: sessions_read, calls, measured, began_at };
    for rows in sessions {
        let start = rows[0].at;
        let first_call = trace.calls.len();
        for row in rows {
            let begins = match (row.gap, row.at - start) {
                (Some(gap), _) => Begins::After(gap),
                (None, 0) => Begins::After(Span::ZERO),
                // Less than the clock's end, as was looked at above.
                (None, later) => Begins::NotBefore(Span::from_nanos(later as u64)),
            };
            trace.measured.extend(row.measured.filter(|_| is_measured));
            trace.calls.push(TraceCall {
                begins,
                input_tokens: row.input_tokens,
                output_tokens: row.output_tokens,
                prompt: row.prompt,
            });
        }
        trace.sessions.push(TraceSession {
            arrives_at: Instant::from_nanos((start - first) as u64),
            first_call,
            end_call: trace.calls.len(),
        });
    }
    Ok(trace)
}

/// The requests of each session, in the order of the first ones.
fn sessions_of(rows: Vec<Row>) -> Vec<Vec<Row>> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut sessions: Vec<Vec<Row>> = Vec::new();
    for mut row in rows {
        let place = match row.session.take() {
            Some(name) => *places.entry(name).or_insert(sessions.len()),
            None => sessions.len(),
        };
        match sessions.get_mut(place) {
            Some(session) => session.push(row),
            None => sessions.push(vec![row]),
        }
    }
    sessions
}
