//! How sessions end, and what that leaves to the others.

use super::bench::{Bench, at};
use super::guests::{Behaviour, Move, chat, sleep, tool, trap, user};
use super::machines::Silent;
use super::{FOREVER, nanos};
use crate::account::{TimeShares, critical_path};
use crate::backend::{Backend, SessionId};
use crate::drive::{Load, RunUntil};
use crate::guest::GuestState;
use crate::record::JournalEntry;
use crate::time::Instant;

#[test]
fn a_deadline_ends_a_session_at_that_very_instant() {
    let slow = vec![chat("10 100"), Move::WaitForAll];
    let quick = vec![chat("4 1"), Move::WaitForAll];
    let ran = Bench::of([slow, quick]).deadline(500).run();
    assert_eq!((ran.ended(0), ran.times(0)), ("deadline", (0, 500)));
    assert_eq!(ran.cause(0), "the session took longer than its deadline of 500 ns");
    assert_eq!(ran.step(0, 0), (0, 500));
    assert_eq!(ran.ended(1), "answered");
    let expected = TimeShares { queue: nanos(500), ..TimeShares::default() };
    assert_eq!(critical_path(ran.session(0)), expected);
}

#[test]
fn a_deadline_cuts_off_what_a_burst_did_after_it() {
    let moves = vec![
        Move::BeginSpan("all"),
        Move::Log("early"),
        Move::Compute(900),
        Move::Log("late"),
        sleep(1),
    ];
    let ran = Bench::of([moves]).deadline(500).run();
    let session = ran.session(0);
    assert_eq!(session.agent_compute, nanos(500));
    assert_eq!(session.bursts[0].compute, nanos(500));
    assert!(session.steps.is_empty(), "what was asked after the deadline was never asked");
    assert_eq!(session.journal.len(), 2);
    let JournalEntry::Span { ended_at, .. } = &session.journal[0].entry else { unreachable!() };
    assert_eq!(*ended_at, at(500));
}

#[test]
fn a_session_to_which_nothing_can_happen_is_stuck_at_once() {
    let stuck = vec![Move::Compute(5), Move::WaitForAny];
    let forgotten = vec![tool("left", Behaviour::Forget, 20), Move::WaitForAll];
    let long = vec![sleep(1_000_000), Move::WaitForAll];
    let ran = Bench::of([stuck, forgotten, long]).run();
    assert_eq!((ran.ended(0), ran.times(0)), ("stuck", (0, 5)));
    assert_eq!(ran.cause(0), "the agent waits, and it asked for nothing that could wake it");
    assert_eq!((ran.ended(1), ran.times(1)), ("stuck", (0, 20)));
    assert!(ran.cause(1).contains("waits for the tool \"left\""), "{}", ran.cause(1));
    assert_eq!((ran.ended(2), ran.times(2)), ("answered", (0, 1_000_000)));
}

#[test]
fn an_ask_that_was_dropped_keeps_no_stuck_session_alive() {
    let moves = vec![sleep(1_000_000), Move::Compute(5), Move::DropOldest, Move::WaitForAny];
    let ran = Bench::of([moves]).run();
    assert_eq!((ran.ended(0), ran.times(0)), ("stuck", (0, 5)));
}

#[test]
fn a_sleep_past_the_end_of_the_clock_stops_neither_the_host_nor_another_session() {
    let forever = vec![Move::Compute(3), sleep(FOREVER), Move::WaitForAll];
    let mut sessions = vec![forever, vec![sleep(90), Move::WaitForAll]];
    let ran = Bench::of(sessions.clone()).run();
    assert_eq!((ran.ended(0), ran.times(0)), ("stuck", (0, 3)));
    assert!(ran.cause(0).contains("the end of a sleep"), "{}", ran.cause(0));
    assert_eq!((ran.ended(1), ran.times(1)), ("answered", (0, 90)));
    assert_eq!(critical_path(ran.session(0)).total(), nanos(3));

    sessions[0] = vec![sleep(FOREVER), user("20"), Move::WaitForAny, Move::DropOldest];
    assert_eq!(Bench::of(sessions.clone()).run().times(0), (0, 20), "a sleep that lost a race");
}

#[test]
fn a_deadline_ends_a_session_that_sleeps_forever() {
    let ran = Bench::of([vec![sleep(FOREVER), Move::WaitForAll]]).deadline(1000).run();
    assert_eq!((ran.ended(0), ran.times(0)), ("deadline", (0, 1000)));
    assert!(ran.cause(0).ends_with("before the end of the clock"), "{}", ran.cause(0));
    let expected = TimeShares { sleep: nanos(1000), ..TimeShares::default() };
    assert_eq!(critical_path(ran.session(0)), expected);
}

#[test]
fn the_last_instant_before_the_end_of_the_clock_is_reached() {
    let almost = Instant::END.as_nanos() - 1;
    let ran = Bench::of([vec![sleep(almost), Move::WaitForAll]]).run();
    assert_eq!((ran.ended(0), ran.times(0)), ("answered", (0, almost)));
}

#[test]
fn a_burst_past_the_end_of_the_clock_ends_its_session() {
    let moves = vec![sleep(10), Move::WaitForAll, Move::Compute(FOREVER), sleep(1)];
    let ran = Bench::of([moves, vec![sleep(90), Move::WaitForAll]]).run();
    assert_eq!((ran.ended(0), ran.times(0)), ("stuck", (0, 10)));
    assert_eq!(ran.cause(0), "the agent computes past the end of the clock");
    assert_eq!(critical_path(ran.session(0)).total(), nanos(10));
    assert_eq!(ran.ended(1), "answered");
}

#[test]
fn a_machine_that_never_answers_leaves_its_sessions_stuck() {
    let sessions = [vec![chat("4 1"), Move::WaitForAll], vec![sleep(9), Move::WaitForAll]];
    let silent = || Box::new(Silent) as Box<dyn Backend>;
    let ran = Bench::of(sessions).run_on([silent(), silent()]);
    assert_eq!((ran.ended(0), ran.ended(1)), ("stuck", "answered"));
    assert!(ran.cause(0).contains("the machine \"rack-small\""), "{}", ran.cause(0));
}

#[test]
fn a_panic_ends_one_session_and_says_whose_fault_it_is() {
    let broken = vec![sleep(5), Move::WaitForAll, Move::Panic];
    let ran = Bench::of([broken, vec![sleep(90), Move::WaitForAll]]).run();
    assert_eq!((ran.ended(0), ran.times(0)), ("host_defect", (0, 5)));
    assert!(ran.cause(0).contains("timeslip itself"), "{}", ran.cause(0));
    assert_eq!(ran.ended(1), "answered");
}

#[test]
fn an_agent_may_give_up_or_trap() {
    let gives_up = vec![Move::End(GuestState::Finished(Err("no idea".to_owned())))];
    let traps = vec![sleep(5), Move::Compute(2), Move::End(trap())];
    let ran = Bench::of([gives_up, traps]).run();
    assert_eq!((ran.ended(0), ran.ended(1)), ("gave_up", "trap"));
    assert_eq!(ran.times(1), (0, 2), "it ends when its last burst does");
    assert_eq!(ran.step(1, 0), (0, 2), "its sleep is given up");
}

#[test]
fn a_plugin_that_stops_fails_its_calls_and_those_after() {
    for (behaviour, cause) in
        [(Behaviour::Trap, "unreachable"), (Behaviour::Return, "the plugin returned")]
    {
        let moves = vec![
            tool("left", Behaviour::Sleep, 50),
            tool("left", behaviour, 20),
            Move::WaitForAll,
            tool("left", Behaviour::Compute, 20),
            tool("right", Behaviour::Compute, 20),
            Move::WaitForAll,
        ];
        let ran = Bench::of([moves]).run();
        assert_eq!(ran.ended(0), "answered", "the agent may know what to do");
        assert_eq!(ran.diaries[0][1].0, 20);
        let told = ran.diaries[0].iter().flat_map(|(_, told)| told).skip(1).collect::<Vec<_>>();
        assert!(told[0].contains(cause) && told[1].contains(cause), "{told:?}");
        assert!(told[2].contains("stopped earlier in this session"), "{told:?}");
        assert_eq!(told[3], "3: Compute 20");
        assert_eq!((ran.record.calls.answered, ran.record.calls.failed), (1, 3));
    }
}

#[test]
fn a_run_until_the_first_failure_stops_there() {
    let good = vec![sleep(100), Move::WaitForAll];
    let bad = vec![Move::Compute(150), Move::End(trap())];
    let sessions = [good.clone(), bad, vec![sleep(900), Move::WaitForAll], good];
    let load = Load::at_once(3);
    let ran = Bench { until: RunUntil::FirstFailure, load, ..Bench::of(sessions) }.run();
    let ended: Vec<&str> = (0..ran.record.sessions.len()).map(|index| ran.ended(index)).collect();
    assert_eq!(ended, ["answered", "trap", "run_ended", "run_ended"]);
    assert_eq!(ran.record.ended_at, at(150));
    assert_eq!(ran.cause(2), "the run ended before the session did");
}

#[test]
fn a_run_until_the_end_of_a_session_starts_none_after_it() {
    let sleeping = |nanos| vec![sleep(nanos), Move::WaitForAll];
    let sessions = [sleeping(10), sleeping(20), sleeping(30)];
    let until = RunUntil::EndOf(SessionId(1));
    let ran = Bench { until, load: Load::at_once(1), ..Bench::of(sessions.clone()) }.run();
    assert_eq!(ran.record.sessions.len(), 2);
    let whole = Bench { load: Load::at_once(1), ..Bench::of(sessions) }.run();
    let text = |ran: &super::bench::Ran| format!("{:?}", ran.session(1));
    assert_eq!(text(&ran), text(&whole));
}
