//! What a run does, one test for each sentence. The machines read a prompt's token in 10 ns, move
//! the prompt in 50 ns and write a token in 100 ns.

mod bench;
mod delegates;
mod endings;
mod fetches;
mod guests;
mod laws;
mod machines;
mod routing;

use bench::{Bench, at};
use guests::{Behaviour, Move, chat, chat_with, sleep, tool, user};

use crate::account::{TimeShares, critical_path};
use crate::drive::Load;
use crate::record::{BurstCause, CallCounts, ChatEnd, StepKind};
use crate::time::{Instant, Span};

const FOREVER: u64 = u64::MAX;

fn nanos(nanos: u64) -> Span {
    Span::from_nanos(nanos)
}

#[test]
fn a_chat_takes_the_time_that_its_machine_says() {
    let ran = Bench::of([vec![Move::Compute(7), chat("4 3"), Move::WaitForAll]]).run();
    assert_eq!(ran.step(0, 0), (7, 7 + 4 * 10 + 50 + 3 * 100));
    assert_eq!(ran.diaries[0], [(0, vec!["start".into()]), (397, vec!["0: né né né ".into()])]);
    let shares = critical_path(ran.session(0));
    let expected = TimeShares {
        agent: nanos(7),
        prefill: nanos(40),
        transfer: nanos(50),
        decode: nanos(300),
        ..TimeShares::default()
    };
    assert_eq!(shares, expected);
}

#[test]
fn everything_due_at_an_instant_is_delivered_before_the_agent_runs() {
    let asks = [sleep(190), chat("4 1"), user("190"), tool("left", Behaviour::Sleep, 190)];
    let ran = Bench::of([[asks.to_vec(), vec![Move::WaitForAny]].concat()]).run();
    let (instant, told) = &ran.diaries[0][1];
    assert_eq!(*instant, 190);
    assert_eq!(told, &["0: slept", "2: yes", "1: né "], "the plugin answers in a burst of its own");
}

#[test]
fn steps_asked_together_overlap_and_the_longest_is_the_critical_path() {
    let moves = vec![sleep(100), user("300"), tool("left", Behaviour::Compute, 200)];
    let ran = Bench::of([[moves, vec![Move::WaitForAll, Move::Compute(5)]].concat()]).run();
    assert_eq!(ran.times(0), (0, 305));
    let expected = TimeShares { user: nanos(300), agent: nanos(5), ..TimeShares::default() };
    assert_eq!(critical_path(ran.session(0)), expected);
}

#[test]
fn an_answer_that_comes_while_the_agent_computes_waits_for_it() {
    let ran = Bench::of([vec![sleep(10), Move::Compute(50), Move::WaitForAll]]).run();
    assert_eq!(ran.step(0, 0), (0, 10), "the sleep itself is over in time");
    assert_eq!(ran.diaries[0][1].0, 50);
    assert_eq!(ran.session(0).bursts[1].cause, BurstCause::Busy);
    let expected = TimeShares { agent: nanos(50), ..TimeShares::default() };
    assert_eq!(critical_path(ran.session(0)), expected);
}

#[test]
fn a_chat_that_is_given_up_frees_its_machine() {
    let first = vec![chat("10 100"), sleep(40), Move::WaitForAny, Move::DropOldest];
    let second = vec![chat("4 1"), Move::WaitForAll];
    let mut bench = Bench::of([first, second]);
    bench.slots = [1, 1];
    let ran = bench.run();
    let StepKind::Chat(given_up) = &ran.session(0).steps[0].kind else { unreachable!() };
    assert_eq!(given_up.end, ChatEnd::Cancelled);
    assert_eq!(ran.step(0, 0), (0, 40));
    assert_eq!(ran.step(1, 0), (0, 40 + 190), "the second begins when the first is given up");
    let counts = CallCounts { asked: 3, answered: 2, failed: 0, cancelled: 1 };
    assert_eq!(ran.record.calls, counts);
}

#[test]
fn sessions_that_are_ready_at_one_instant_ask_in_their_order() {
    let late = vec![Move::Compute(10), sleep(90), Move::WaitForAll, chat("4 1"), Move::WaitForAll];
    let early = vec![sleep(100), Move::WaitForAll, chat("4 1"), Move::WaitForAll];
    let mut bench = Bench::of([late, early]);
    bench.slots = [1, 1];
    let ran = bench.run();
    assert_eq!(ran.step(0, 1), (100, 290), "though its timer was set later");
    assert_eq!(ran.step(1, 1), (100, 480));
}

#[test]
fn of_two_answers_at_one_instant_the_step_asked_first_woke_the_agent() {
    let moves = vec![user("100"), Move::Compute(40), sleep(60), Move::WaitForAll];
    let ran = Bench::of([moves.clone()]).run();
    assert_eq!(ran.session(0).bursts[1].cause, BurstCause::Step(0));
    let swapped = vec![sleep(100), Move::Compute(40), tool("left", Behaviour::Sleep, 60)];
    let ran = Bench::of([[swapped, vec![user("60"), Move::WaitForAll]].concat()]).run();
    assert_eq!(ran.session(0).bursts[1].cause, BurstCause::Step(0));
    let chat_first = vec![chat("4 1"), sleep(190), Move::WaitForAll];
    let ran = Bench::of([chat_first]).run();
    assert_eq!(ran.session(0).bursts[1].cause, BurstCause::Step(0), "timers are told first");
}

#[test]
fn nothing_is_heard_of_an_ask_that_was_dropped() {
    let moves = vec![
        sleep(30),
        tool("left", Behaviour::Sleep, 30),
        user("30"),
        Move::DropOldest,
        Move::DropOldest,
        Move::DropOldest,
        sleep(100),
        Move::WaitForAll,
    ];
    let ran = Bench::of([moves]).run();
    assert_eq!(ran.diaries[0].len(), 2);
    assert_eq!(ran.diaries[0][1], (100, vec!["3: slept".into()]));
    assert_eq!(ran.record.calls.cancelled, 3);
}

#[test]
fn a_plugin_computes_one_call_at_a_time_and_sleeps_in_many() {
    let moves = vec![
        tool("left", Behaviour::Sleep, 100),
        tool("left", Behaviour::Sleep, 100),
        tool("left", Behaviour::Compute, 30),
        Move::Compute(1),
        tool("left", Behaviour::Compute, 30),
        Move::WaitForAll,
    ];
    let ran = Bench::of([moves]).run();
    let ends: Vec<u64> = (0..4).map(|step| ran.step(0, step).1).collect();
    assert_eq!(ends, [100, 100, 30, 60]);
    let StepKind::Tool(last) = &ran.session(0).steps[3].kind else { unreachable!() };
    assert_eq!(last.compute, nanos(30), "its own computing, without the wait for the plugin");
}

#[test]
fn an_unknown_tool_names_the_nearest() {
    let ran = Bench::of([vec![tool("lefd", Behaviour::Compute, 1), Move::WaitForAll]]).run();
    let told = &ran.diaries[0][1].1[0];
    assert_eq!(told, "0: unknown tool: \"lefd\"; the nearest is \"left\"");
}

#[test]
fn a_request_goes_to_the_machine_of_its_model() {
    let moves = vec![
        chat("4 1"),
        chat_with(Some("large"), "4 1", false),
        chat_with(Some("huge"), "4 1", false),
        Move::WaitForAll,
    ];
    let ran = Bench::of([moves]).run();
    let machine = |step: usize| match &ran.session(0).steps[step].kind {
        StepKind::Chat(chat) => (chat.machine.to_string(), chat.model.to_string()),
        _ => unreachable!(),
    };
    assert_eq!(machine(0), ("rack-small".to_owned(), "small".to_owned()));
    assert_eq!(machine(1), ("rack-large".to_owned(), "large".to_owned()));
    assert_eq!(machine(2), (String::new(), "huge".to_owned()));
    let told = &ran.diaries[0][1].1[0];
    assert!(told.ends_with("serves \"huge\"; they serve large, small"), "{told}");
}

#[test]
fn a_session_without_words_ends_there() {
    let ran = Bench::of([
        vec![chat("what?"), Move::WaitForAll],
        vec![user("what?"), Move::WaitForAll],
        vec![user("nobody"), user("gone"), Move::WaitForAll],
    ])
    .run();
    assert_eq!((ran.ended(0), ran.ended(1)), ("script_error", "script_error"));
    assert_eq!(ran.cause(0), "nothing is written for \"what?\"");
    assert_eq!(ran.ended(2), "answered", "that nobody is there is an answer");
    assert_eq!((ran.record.calls.failed, ran.record.calls.cancelled), (2, 2));
}

#[test]
fn a_streamed_reply_comes_in_pieces_that_make_up_its_beginning() {
    let moves = vec![chat_with(None, "4 3", true), Move::WaitForAll];
    let ran = Bench::of([moves]).run();
    let pieces: Vec<_> = ran.diaries[0][1..].iter().map(|(at, told)| (*at, &*told[0])).collect();
    assert_eq!(pieces, [(190, "0: …né  1"), (290, "0: …né  2"), (390, "0: né né né ")]);
}

#[test]
fn a_stream_that_is_given_up_keeps_what_was_written() {
    let moves =
        vec![chat_with(None, "4 3", true), Move::WaitForAny, Move::Compute(20), Move::DropOldest];
    let ran = Bench::of([moves]).run();
    let StepKind::Chat(chat) = &ran.session(0).steps[0].kind else { unreachable!() };
    assert_eq!((chat.end.clone(), chat.usage.output_tokens), (ChatEnd::Cancelled, 1));
    assert_eq!((chat.timing.prefill, chat.timing.decode), (nanos(40), nanos(120)));
    assert_eq!(chat.timing.end_to_end(), nanos(210));
}

#[test]
fn a_refused_chat_fails_and_all_its_time_was_waiting() {
    let mut bench = Bench::of([vec![chat("4 1"), chat("901 5"), Move::WaitForAll]]);
    bench.slots = [1, 1];
    let ran = bench.run();
    let StepKind::Chat(chat) = &ran.session(0).steps[1].kind else { unreachable!() };
    assert!(matches!(chat.end, ChatEnd::Failed(_)));
    assert_eq!(chat.timing.queue, nanos(190));
}

#[test]
fn sessions_start_at_their_arrivals() {
    let moves = || vec![sleep(50), Move::WaitForAll];
    let mut bench = Bench::of([moves(), moves(), moves()]);
    bench.load = Load::Arrivals(vec![at(10), at(10), at(400)]);
    let ran = bench.run();
    assert_eq!([0, 1, 2].map(|session| ran.times(session)), [(10, 60), (10, 60), (400, 450)]);
}

#[test]
fn the_next_session_starts_when_one_ends() {
    let mut bench = Bench::of([100, 30, 20, 60].map(|nanos| vec![sleep(nanos), Move::WaitForAll]));
    bench.load = Load::at_once(2);
    let ran = bench.run();
    let times = [0, 1, 2, 3].map(|session| ran.times(session));
    assert_eq!(times, [(0, 100), (0, 30), (30, 50), (50, 110)]);
}

#[test]
fn the_next_session_of_a_place_starts_after_a_think_time() {
    let mut bench = Bench::of([100, 30, 20, 60].map(|nanos| vec![sleep(nanos), Move::WaitForAll]));
    bench.load = Load::AtOnce { count: 2, think: nanos(15) };
    let ran = bench.run();
    let times = [0, 1, 2, 3].map(|session| ran.times(session));
    assert_eq!(times, [(0, 100), (0, 30), (45, 65), (80, 140)]);
}

#[test]
fn a_think_time_past_the_end_of_the_clock_loses_no_session() {
    let mut bench = Bench::of([10, 0].map(|nanos| vec![sleep(nanos), Move::WaitForAll]));
    bench.load = Load::AtOnce { count: 1, think: nanos(FOREVER) };
    assert_eq!(bench.run().record.sessions.len(), 2);
}

#[test]
#[should_panic(expected = "each session has an arrival")]
fn a_load_with_too_few_arrivals_is_a_defect() {
    let mut bench = Bench::of([vec![sleep(1)], vec![sleep(1)]]);
    bench.load = Load::Arrivals(vec![at(0)]);
    bench.run();
}

#[test]
fn a_run_without_sessions_is_over_at_once() {
    let ran = Bench::of([]).run();
    assert_eq!(ran.record.sessions.len(), 0);
    assert_eq!(ran.record.ended_at, Instant::ZERO);
}

#[test]
fn the_record_ends_with_the_last_session_and_not_with_a_timer_it_left() {
    let moves = vec![sleep(1_000_000), user("20"), Move::WaitForAny];
    let ran = Bench::of([moves]).deadline(5_000_000).run();
    assert_eq!(ran.record.ended_at, at(20));
}

/// Four times the sessions may cost a little more than four times the work, never sixteen times.
#[test]
fn ten_thousand_waiting_sessions_cost_no_more_each_than_a_few() {
    let moves = vec![
        sleep(1000),
        tool("left", Behaviour::Compute, 700),
        Move::WaitForAny,
        Move::WaitForAll,
        chat("4 1"),
        Move::WaitForAll,
    ];
    #[expect(
        clippy::disallowed_methods,
        clippy::disallowed_types,
        reason = "this is the one test about the wall clock"
    )]
    let best_of_three = |sessions: usize| {
        let mut bench = Bench::of(vec![moves.clone(); sessions]);
        bench.slots = [100_000, 1];
        bench.load = Load::Arrivals((0..sessions as u64).map(at).collect());
        let measure = || {
            let began = std::time::Instant::now();
            assert_eq!(bench.run().record.calls.answered, 3 * sessions as u64);
            began.elapsed()
        };
        (0..3).map(|_| measure()).min().expect("three runs")
    };
    let (few, many) = (best_of_three(2_500), best_of_three(10_000));
    assert!(many < few * 10, "2,500 sessions took {few:?}, and 10,000 took {many:?}");
}
