//! A replay held against the times that a real server took for the same requests.

use timeslip_timeline::time::Span;

use crate::figures::{CallEnd, CallRow};
use crate::trace::{MeasuredTimes, Trace};

/// How far a replay is from a measurement, over the requests that have both.
#[derive(Clone, Debug, PartialEq)]
pub struct Accuracy {
    /// Requests compared.
    pub requests: u64,
    /// Requests that have no measured time, or no reply in the replay.
    pub left_out: u64,
    /// Time to first token.
    pub time_to_first_token: Option<Compared>,
    /// Inter-token latency, over the replies with a second token.
    pub inter_token_latency: Option<Compared>,
    /// End-to-end time.
    pub end_to_end: Option<Compared>,
    /// The requests, in the order in which they were made.
    pub rows: Vec<ComparedRow>,
}

/// Both times of one metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compared {
    /// The means.
    pub mean: Both,
    /// The medians, by nearest rank.
    pub p50: Both,
    /// The 90th percentiles, by nearest rank.
    pub p90: Both,
    /// The mean over the requests of what the replay is off by, without its sign, as a part of the
    /// measured time.
    pub mean_absolute_error: f64,
}

/// A figure of the measurement and the same figure of the replay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Both {
    /// Measured, in nanoseconds.
    pub measured_ns: f64,
    /// Replayed, in nanoseconds.
    pub replayed_ns: f64,
}

impl Both {
    /// What the replay is off by, as a part of the measured time; above 0 when it is slower.
    pub fn error(&self) -> f64 {
        (self.replayed_ns - self.measured_ns) / self.measured_ns
    }
}

/// Both times of one request, from its arrival.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ComparedRow {
    /// The session, in the order of the trace.
    pub session: u32,
    /// The call's place in its session.
    pub place: u32,
    /// Tokens of the reply.
    pub output_tokens: u64,
    /// What the server took.
    pub measured: MeasuredTimes,
    /// What the replay took.
    pub replayed: MeasuredTimes,
}

impl Accuracy {
    /// Compares the rows of a replay of this trace; `None` where the trace has no measured times.
    pub fn of(trace: &Trace, rows: &[CallRow]) -> Option<Accuracy> {
        if trace.measured.is_empty() {
            return None;
        }
        let compared: Vec<ComparedRow> = rows.iter().filter_map(|row| both(trace, row)).collect();
        let first_token = |times: &MeasuredTimes, _: u64| Some(nanos(times.time_to_first_token));
        let end_to_end = |times: &MeasuredTimes, _: u64| Some(nanos(times.end_to_end));
        Some(Accuracy {
            requests: compared.len() as u64,
            left_out: (rows.len() - compared.len()) as u64,
            time_to_first_token: compare(&compared, first_token),
            inter_token_latency: compare(&compared, inter_token),
            end_to_end: compare(&compared, end_to_end),
            rows: compared,
        })
    }
}

fn both(trace: &Trace, row: &CallRow) -> Option<ComparedRow> {
    let session = trace.sessions().get(row.session as usize)?;
    let queued = *trace.measured_of(session).get(row.place as usize)?;
    // A replay counts from the arrival.
    let measured = MeasuredTimes {
        front_end: Span::ZERO,
        queue: queued.front_end + queued.queue,
        time_to_first_token: queued.front_end + queued.time_to_first_token,
        end_to_end: queued.front_end + queued.end_to_end,
    };
    (row.end == CallEnd::Completed).then_some(ComparedRow {
        session: row.session,
        place: row.place,
        output_tokens: row.output_tokens,
        measured,
        replayed: MeasuredTimes {
            front_end: Span::ZERO,
            queue: row.timing.queue,
            time_to_first_token: row.timing.time_to_first_token,
            end_to_end: row.timing.end_to_end(),
        },
    })
}

fn nanos(span: Span) -> f64 {
    span.as_nanos() as f64
}

fn inter_token(times: &MeasuredTimes, output_tokens: u64) -> Option<f64> {
    let tokens = output_tokens.checked_sub(1).filter(|tokens| *tokens > 0)?;
    Some(nanos(times.end_to_end.saturating_sub(times.time_to_first_token)) / tokens as f64)
}

fn compare(
    rows: &[ComparedRow],
    metric: impl Fn(&MeasuredTimes, u64) -> Option<f64>,
) -> Option<Compared> {
    let both = |row: &ComparedRow| {
        let measured_ns = metric(&row.measured, row.output_tokens)?;
        let replayed_ns = metric(&row.replayed, row.output_tokens)?;
        (measured_ns > 0.0).then_some(Both { measured_ns, replayed_ns })
    };
    let pairs: Vec<Both> = rows.iter().filter_map(both).collect();
    if pairs.is_empty() {
        return None;
    }
    let sorted = |of: fn(&Both) -> f64| {
        let mut values: Vec<f64> = pairs.iter().map(of).collect();
        values.sort_unstable_by(f64::total_cmp);
        values
    };
    let (measured, replayed) = (sorted(|both| both.measured_ns), sorted(|both| both.replayed_ns));
    let of = |figure: fn(&[f64]) -> f64| Both {
        measured_ns: figure(&measured),
        replayed_ns: figure(&replayed),
    };
    let errors: f64 = pairs.iter().map(|both| both.error().abs()).sum();
    Some(Compared {
        mean: of(|values| values.iter().sum::<f64>() / values.len() as f64),
        p50: of(|values| rank(values, 50)),
        p90: of(|values| rank(values, 90)),
        mean_absolute_error: errors / pairs.len() as f64,
    })
}

/// `sorted` ascends and has at least one value.
fn rank(sorted: &[f64], percent: usize) -> f64 {
    sorted[(percent * sorted.len()).div_ceil(100).max(1) - 1]
}

#[cfg(test)]
#[path = "measured_tests.rs"]
mod tests;
