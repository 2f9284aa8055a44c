//! Files of measurements, known by what they begin with.

use timeslip_accuracy::error::MeasurementError;
use timeslip_accuracy::read::Table;
use timeslip_replay::error::TraceError;
use timeslip_replay::trace::{Format, Trace};
use timeslip_timeline::time::Span;

use crate::layers::LayerRows;
use crate::measurements::Measurements;
use crate::observation::{Observation, Observations};

/// A file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// As a log of requests.
    #[error(transparent)]
    Requests(#[from] TraceError),
    /// As a table of layers.
    #[error(transparent)]
    Layers(#[from] MeasurementError),
}

/// Reads a file; `file` names it in messages.
///
/// # Errors
/// When it holds no measurements, or a line of it is wrong: naming the line and the fix.
pub fn read(file: &str, bytes: &[u8]) -> Result<Measurements, ReadError> {
    let text = String::from_utf8_lossy(bytes);
    let begins = text.trim_start_matches('\u{feff}').trim_start();
    let first_line = begins.lines().next().unwrap_or_default();
    if !begins.starts_with(['{', '[']) && first_line.contains("time_us") {
        let table = Table::read(file, &text)?;
        return Ok(Measurements::Layers(LayerRows::of(&table)?));
    }
    let trace = Trace::parse(file, bytes, None)?;
    Ok(Measurements::Requests(of_trace(file, &trace)?))
}

/// The requests of a log that says what a server took for each.
fn of_trace(file: &str, trace: &Trace) -> Result<Observations, TraceError> {
    let mut requests = Vec::new();
    for session in trace.sessions() {
        for (call, times) in trace.calls_of(session).iter().zip(trace.measured_of(session)) {
            requests.push(Observation {
                asked_at: session.arrives_at,
                input_tokens: call.input_tokens,
                cached_input_tokens: 0,
                output_tokens: call.output_tokens,
                time_to_first_token: Some(times.front_end + times.time_to_first_token),
                end_to_end: times.front_end + times.end_to_end,
                session: None,
            });
        }
    }
    if requests.is_empty() {
        let named: Vec<&str> = Format::NAMED.iter().map(|(name, _)| *name).collect();
        return Err(TraceError {
            file: file.to_owned(),
            line: None,
            problem: format!(
                "it is a trace of the form `{}`, which does not say what a server took for its \
                 requests",
                named.iter().find(|name| Format::of_name(name) == Ok(trace.format)).unwrap_or(&"?")
            ),
            fix: "give a log of vLLM's requests with queued_ts, scheduled_ts, first_token_ts and \
                  last_token_ts in every line, or the CSV of hardware-profiles/measure/layer.py"
                .to_owned(),
        });
    }
    let date = trace.began_at.map(date_of);
    Ok(Observations { date, notes: trace.notes.clone(), ..Observations::of(requests) })
}

/// The day of an instant since the beginning of 1970, by universal time, as `YYYY-MM-DD`.
pub fn date_of(since_1970: Span) -> String {
    // Years that begin in March end with their leap day, so a day's place in one gives its month
    // (Howard Hinnant, chrono-compatible low-level date algorithms).
    let days = since_1970.as_nanos() / 86_400_000_000_000 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let in_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * in_year + 2) / 153;
    let in_month = in_year - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{:04}-{month:02}-{in_month:02}", era * 400 + year + later)
}

#[cfg(test)]
mod tests {
    use super::*;
    use timeslip_timeline::time::Instant;

    fn refusal(text: &str) -> String {
        read("f", text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_log_of_vllm_gives_observations_from_their_arrival() {
        let line = |arrival: f64, queued: f64| {
            format!(
                "{{\"input_toks\":9,\"output_toks\":5,\"arrival_time\":{arrival},\
                 \"queued_ts\":{queued},\"scheduled_ts\":{queued},\"first_token_ts\":11.0,\
                 \"last_token_ts\":13.0}}\n"
            )
        };
        let text = line(1_787_267_980.0, 10.0) + &line(1_787_267_980.5, 10.75);
        let Measurements::Requests(observed) = read("f", text.as_bytes()).unwrap() else {
            panic!("these are requests");
        };
        assert_eq!(observed.date.as_deref(), Some("2026-08-20"));
        let second = &observed.requests[1];
        assert_eq!(second.asked_at, Instant::from_nanos(500_000_000));
        assert_eq!(second.time_to_first_token, Some(Span::from_millis(500)));
        assert_eq!(second.end_to_end, Span::from_millis(2_500));
        assert_eq!(second.inter_token_seconds(), Some(0.5));
    }

    #[test]
    fn what_was_not_measured_cannot_be_fitted() {
        let refused = refusal("arrival_ms,isl,osl\n0,1,1\n");
        assert!(refused.starts_with("f: it is a trace of the form `csv`"), "{refused}");
        let refused = refusal("{\"input_toks\":9,\"output_toks\":5,\"arrival_tim\":5}\n");
        assert!(refused.starts_with("f:1: the key `arrival_time` is missing"), "{refused}");
        assert!(refused.contains("arrival_tim"), "{refused}");
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        let day = |seconds: u64| date_of(Span::from_millis(seconds * 1_000));
        assert_eq!(day(0), "1970-01-01");
        assert_eq!(day(951_782_400), "2000-02-29");
        assert_eq!(day(1_709_251_199), "2024-02-29");
        assert_eq!(day(1_709_251_200), "2024-03-01");
        assert_eq!(day(1_798_761_599), "2026-12-31");
    }
}
