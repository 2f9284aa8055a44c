use std::sync::Arc;

use timeslip_timeline::backend::ChatTiming;
use timeslip_timeline::time::Instant;

use super::*;
use crate::source::Source;

fn line(output: u64, first: f64, last: f64) -> String {
    format!(
        "{{\"input_toks\":9,\"output_toks\":{output},\"arrival_time\":5,\"queued_ts\":10,\
         \"scheduled_ts\":10,\"first_token_ts\":{first},\"last_token_ts\":{last}}}\n"
    )
}

fn row(session: u32, output_tokens: u64, first_ms: u64, all_ms: u64) -> CallRow {
    CallRow {
        session,
        place: 0,
        machine: 0,
        at: Instant::ZERO,
        input_tokens: 9,
        cached_input_tokens: 0,
        output_tokens,
        timing: ChatTiming {
            prefill: Span::from_millis(first_ms),
            decode: Span::from_millis(all_ms - first_ms),
            time_to_first_token: Span::from_millis(first_ms),
            ..ChatTiming::default()
        },
        end: CallEnd::Completed,
        energy_j: None,
        cost_usd: None,
    }
}

#[test]
fn times_are_compared_request_by_request_and_as_a_whole() {
    let text = format!("{}{}{}", line(11, 10.1, 10.2), line(1, 10.2, 10.2), line(3, 10.4, 10.8));
    let trace = Trace::parse("t", text.as_bytes(), None).unwrap();
    let lost = CallRow { end: CallEnd::TimedOut, ..row(2, 3, 1, 1) };
    let compared =
        Accuracy::of(&trace, &[row(0, 11, 110, 190), row(1, 1, 100, 100), lost]).unwrap();
    assert_eq!((compared.requests, compared.left_out), (2, 1));
    let first = compared.time_to_first_token.unwrap();
    assert_eq!((first.mean.measured_ns, first.mean.replayed_ns), (150e6, 105e6));
    assert_eq!((first.p50.measured_ns, first.p90.replayed_ns), (100e6, 110e6));
    assert!((first.mean.error() + 0.3).abs() < 1e-12);
    assert!((first.mean_absolute_error - 0.3).abs() < 1e-12, "10 % and 50 %");
    let inter_token = compared.inter_token_latency.unwrap();
    assert_eq!(inter_token.mean, Both { measured_ns: 10e6, replayed_ns: 8e6 });
    assert_eq!(compared.rows[1].replayed.end_to_end, Span::from_millis(100));
}

/// The clocks of arrivals and of the engine are set against each other by the first request, which
/// was queued soonest; the second waited 30 ms before its engine knew of it.
#[test]
fn measured_times_count_from_the_arrival_as_those_of_a_replay_do() {
    let second = line(2, 10.13, 10.23).replace("\"queued_ts\":10,", "\"queued_ts\":10.03,");
    let second = second.replace("\"scheduled_ts\":10,", "\"scheduled_ts\":10.03,");
    let text = format!("{}{second}", line(2, 10.1, 10.2));
    let trace = Trace::parse("t", text.as_bytes(), None).unwrap();
    let compared = Accuracy::of(&trace, &[row(0, 2, 100, 200), row(1, 2, 100, 200)]).unwrap();
    let first = compared.rows.iter().map(|row| row.measured.time_to_first_token);
    assert_eq!(first.collect::<Vec<_>>(), [100, 130].map(Span::from_millis));
    assert_eq!(compared.rows[1].measured.end_to_end, Span::from_millis(230));
    assert_eq!(trace.began_at, Some(Span::from_millis(5_000)));
}

#[test]
fn a_trace_without_measured_times_is_compared_with_nothing() {
    let trace = Trace::parse("t", b"arrival_s,isl,osl\n0,1,1\n", None).unwrap();
    assert_eq!(Accuracy::of(&trace, &[]), None);
    let source = Source::Trace { trace: Arc::new(trace), limit: Some(0) };
    assert_eq!(source.sessions(), 0);
}
