//! Laws of the driver, on machines whose every answer is known and on a modelled one.

mod driven;
mod fixed;
mod laws;
mod slips;

use std::sync::Arc;

use timeslip_timeline::backend::Backend;
use timeslip_timeline::time::Span;

use super::*;
use crate::figures::{CallEnd, ReplayOutcome};
use crate::generate::Workload;
use crate::trace::Trace;
use fixed::FixedLatency;

const MODEL: &str = "llama-3.3-70b";

fn machine(name: &str, backend: impl Backend + 'static) -> ReplayMachine {
    ReplayMachine {
        name: name.into(),
        model: MODEL.into(),
        error: ErrorFactors::default(),
        backend: Box::new(backend),
    }
}

fn generated(text: &str) -> (Source, Load) {
    let workload = Workload::parse(text, 1).unwrap();
    (Source::Generated(workload.generated), workload.load.unwrap())
}

fn trace(text: &str) -> Source {
    let trace = Trace::parse("t.csv", text.as_bytes(), None).unwrap();
    Source::Trace { trace: Arc::new(trace), limit: None }
}

fn with_rows() -> ReplayOptions {
    ReplayOptions { keep_rows: true, ..ReplayOptions::default() }
}

/// Instants and end-to-end times of the calls, in milliseconds.
fn times(outcome: &ReplayOutcome) -> Vec<(u64, u64)> {
    let row = |row: &crate::figures::CallRow| {
        (row.at.as_nanos() / 1_000_000, row.timing.end_to_end().as_nanos() / 1_000_000)
    };
    outcome.rows.iter().map(row).collect()
}

#[test]
fn calls_of_a_session_follow_each_other_after_their_gaps() {
    let source = trace(
        "arrival_ms,isl,osl,session,gap_ms\n0,10,4,a,0\n1,10,4,b,3\n5,10,4,a,20\n6,10,4,a,\n",
    );
    // A call takes 10 ms and 1 ms a token.
    let mut machines = [machine("m", FixedLatency::new(10, 1))];
    let outcome = replay(&source, source.recorded_load(), &mut machines, &with_rows());
    assert_eq!(times(&outcome), [(0, 14), (4, 14), (34, 14), (48, 14)]);
    let summary = &outcome.summary;
    assert_eq!((summary.sessions, summary.succeeded, summary.model_calls), (2, 2, 4));
    assert_eq!(summary.makespan_ns, 62_000_000);
    // Every nanosecond of both sessions has a name: 62 ms and 17 ms, 3 ms and 20 ms of them gaps.
    assert_eq!(summary.time_share_ns.total(), 79_000_000);
    assert_eq!(summary.time_share_ns.sleep, 23_000_000);
}

#[test]
fn without_gaps_a_call_is_made_when_it_was_and_never_before_the_one_before_it_ended() {
    let text = "arrival_ms,isl,osl,session\n0,10,4,a\n5,10,4,a\n100,10,4,a\n";
    let mut machines = [machine("m", FixedLatency::new(10, 1))];
    let outcome = replay(&trace(text), Load::Recorded { speed: 1.0 }, &mut machines, &with_rows());
    assert_eq!(times(&outcome), [(0, 14), (14, 14), (100, 14)]);
    let mut machines = [machine("m", FixedLatency::new(10, 1))];
    let outcome = replay(&trace(text), Load::Recorded { speed: 2.0 }, &mut machines, &with_rows());
    assert_eq!(times(&outcome), [(0, 14), (14, 14), (50, 14)]);
}

#[test]
fn a_closed_loop_thinks_between_sessions() {
    let (source, load) = generated("requests=3,input=8,output=4,at_once=1,think=100ms");
    let mut machines = [machine("m", FixedLatency::new(10, 1))];
    let outcome = replay(&source, load, &mut machines, &with_rows());
    assert_eq!(times(&outcome), [(0, 14), (114, 14), (228, 14)]);
    assert_eq!(outcome.load.calls_at_once_max, 1);
}

#[test]
fn what_takes_too_long_is_given_up_and_ends_its_session() {
    let source = trace(
        "arrival_ms,isl,osl,session,gap_ms\n0,10,90,a,0\n0,10,40,b,0\n0,10,4,b,0\n1,10,4,a,0\n",
    );
    let mut machines = [machine("m", FixedLatency::new(10, 1))];
    let timeout = Some(Span::from_millis(50));
    let options = ReplayOptions { timeout, ..with_rows() };
    let outcome = replay(&source, source.recorded_load(), &mut machines, &options);
    // 50 ms is not too long.
    let ends: Vec<CallEnd> = outcome.rows.iter().map(|row| row.end).collect();
    assert_eq!(ends, [CallEnd::TimedOut, CallEnd::Completed, CallEnd::Completed]);
    assert_eq!((outcome.summary.succeeded, outcome.summary.failed), (1, 1));
    assert_eq!(outcome.load.calls.timed_out, 1);
    assert_eq!(outcome.summary.time_share_ns.total(), 50_000_000 + 64_000_000);
}

#[test]
fn what_a_machine_turns_away_is_counted_by_its_kind() {
    let source = trace("arrival_ms,isl,osl\n0,10,4\n1,10,4\n2,10,4\n100,99999,4\n");
    let fixed = FixedLatency { at_once_max: 2, input_max: 1000, ..FixedLatency::new(10, 1) };
    let outcome = replay(&source, source.recorded_load(), &mut [machine("m", fixed)], &with_rows());
    let calls = &outcome.load.calls;
    assert_eq!((calls.completed, calls.rejected, calls.failed), (2, 1, 1));
    assert_eq!((calls.errors["unavailable"], calls.errors["context_too_long"]), (1, 1));
    assert_eq!((outcome.summary.succeeded, outcome.summary.failed), (2, 2));
}

#[test]
fn objectives_say_which_replies_are_good() {
    let source = trace("arrival_ms,isl,osl\n0,10,4\n0,10,30\n");
    let objectives = Objectives {
        time_to_first_token: Some(Span::from_millis(11)),
        inter_token_latency: Some(Span::from_millis(1)),
        end_to_end: Some(Span::from_millis(20)),
    };
    let options = ReplayOptions { objectives, ..ReplayOptions::default() };
    let mut machines = [machine("m", FixedLatency::new(10, 1))];
    let load = replay(&source, source.recorded_load(), &mut machines, &options).load;
    assert_eq!((load.good_requests, load.goodput_per_second), (Some(1), Some(25.0)));
    assert_eq!(load.requests_per_second, Some(50.0));
    assert_eq!(load.output_tokens_per_second, Some(850.0));
}

#[test]
fn a_machine_that_never_answers_leaves_its_calls_unfinished() {
    let source = trace("arrival_ms,isl,osl\n0,10,4\n");
    let outcome =
        replay(&source, source.recorded_load(), &mut [machine("m", fixed::Silent)], &with_rows());
    assert_eq!((outcome.load.calls.unfinished, outcome.summary.failed), (1, 1));
    assert!(outcome.notes[0].contains("1 sessions had not ended"), "{:?}", outcome.notes);
}

#[test]
fn the_sessions_of_several_machines_go_to_them_in_turn() {
    let source = trace("arrival_ms,isl,osl\n0,10,4\n0,10,4\n0,10,4\n");
    let mut machines =
        [machine("a", FixedLatency::new(10, 1)), machine("b", FixedLatency::new(20, 1))];
    let outcome = replay(&source, source.recorded_load(), &mut machines, &with_rows());
    let served: Vec<u32> = outcome.rows.iter().map(|row| row.machine).collect();
    assert_eq!(served, [0, 1, 0]);
    assert_eq!(times(&outcome), [(0, 14), (0, 24), (0, 14)]);
}
