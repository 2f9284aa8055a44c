//! The ways in which a machine's serving software can behave, by hand arithmetic on the small one:
//! every step takes a millisecond, and a chat is in the queue five after it is asked for.

use timeslip_timeline::backend::{Backend, CallId};
use timeslip_timeline::time::{Instant, Span};

use super::ModelledMachine;
use super::prefix_tests::{cached, one_by_one};
use super::tests::{at_once, ends, failure, milliseconds};
use crate::examples::{Small, Ways, at, chat, conversation, drain, part, served};
use crate::profile::{Policy, Routing};

/// One chat at a time in each group, so that the others wait.
fn one_at_a_time(ways: Ways) -> Small {
    Small { calls_per_step: 1, ways, ..Small::default() }
}

/// Submits chats as calls 0, 1, …: when each is asked for, in milliseconds, its prompt's tokens and
/// its reply's.
pub(super) fn asked(small: Small, chats: &[(u64, u64, u64)]) -> ModelledMachine {
    submitted(small.machine(), chats)
}

pub(super) fn submitted(
    mut machine: ModelledMachine,
    chats: &[(u64, u64, u64)],
) -> ModelledMachine {
    for (call, (instant, input, output)) in chats.iter().enumerate() {
        assert!(machine.next(Some(at(*instant))).is_none(), "nothing is served so early");
        machine.submit(at(*instant), CallId(call as u64), chat(*input, *output));
    }
    machine
}

#[test]
fn the_shortest_prompt_overtakes() {
    let ends_by = |policy| {
        let small = one_at_a_time(Ways { policy, ..Ways::default() });
        let chats = [(0, 10, 5), (0, 40, 1), (1, 20, 1), (2, 40, 1)];
        ends(&drain(&mut asked(small, &chats)), 4)
    };
    // The first is being read when the others come.
    assert_eq!(ends_by(Policy::Fcfs), [at(10), at(11), at(12), at(13)]);
    assert_eq!(ends_by(Policy::ShortestPrompt), [at(10), at(12), at(11), at(13)]);
}

#[test]
fn the_one_that_must_begin_first_is_begun_first() {
    let ends_by = |policy| {
        let ways = Ways { policy, objective_ms: 500, ..Ways::default() };
        let small = Small { uneven: true, tokens_per_step: 4_000, ..one_at_a_time(ways) };
        let chats = [(0, 10, 5), (1, 10, 1), (2, 3_000, 1)];
        ends(&drain(&mut asked(small, &chats)), 3)
    };
    // A longer prompt takes longer here, so it must begin sooner for the same first token.
    let [in_order, slo_aware] = [Policy::Fcfs, Policy::SloAware].map(ends_by);
    assert!(in_order[1] < in_order[2]);
    assert!(slo_aware[2] < slo_aware[1]);
    assert_eq!(slo_aware[1].max(slo_aware[2]), in_order[2], "nothing else changes");
}

#[test]
fn those_that_can_no_longer_meet_the_objective_come_last_in_their_order() {
    let ends_by = |policy| {
        let small = one_at_a_time(Ways { policy, objective_ms: 20, ..Ways::default() });
        // A prompt is read in a millisecond, so a chat must begin 19 after it is asked for.
        let chats = [(0, 10, 30), (1, 10, 1), (2, 10, 1), (16, 10, 1), (17, 10, 1)];
        ends(&drain(&mut asked(small, &chats)), 5)
    };
    assert_eq!(ends_by(Policy::Fcfs), [35, 36, 37, 38, 39].map(at));
    // At 35 the second and the third are late, and the last must begin at 36 at the latest.
    assert_eq!(ends_by(Policy::SloAware), [35, 38, 39, 36, 37].map(at));
    // A minute of patience, and nobody is late.
    let patient = Ways { policy: Policy::SloAware, objective_ms: 60_000, ..Ways::default() };
    let chats = [(0, 10, 30), (1, 10, 1), (2, 10, 1)];
    let completions = drain(&mut asked(one_at_a_time(patient), &chats));
    assert_eq!(ends(&completions, 3), [35, 36, 37].map(at));
}

#[test]
fn who_lost_its_memory_comes_first_whatever_the_policy() {
    for policy in [Policy::Fcfs, Policy::ShortestPrompt, Policy::SloAware] {
        let ways = Ways { policy, ..Ways::default() };
        let small = Small { blocks: 3, ways, ..Small::default() };
        let mut machine = asked(small, &[(0, 16, 4), (0, 16, 4), (2, 1, 1)]);
        let completions = drain(&mut machine);
        assert_eq!(machine.counts().preempted, 1);
        // The last has room at 7, and is the shortest, but begins at 9 with the one before it.
        assert_eq!(ends(&completions, 3), [at(9), at(12), at(10)], "{policy:?}");
    }
}

#[test]
fn a_chat_waits_for_half_of_the_interval_in_which_others_are_taken_in() {
    let ends_with = |chats: &[(u64, u64, u64)]| {
        let ways = Ways { intake_steps: 6, ..Ways::default() };
        let mut machine = Small { ways, ..Small::default() }.machine();
        let mut completions = Vec::new();
        for (call, (instant, input, output)) in chats.iter().enumerate() {
            completions.extend(std::iter::from_fn(|| machine.next(Some(at(*instant)))));
            machine.submit(at(*instant), CallId(call as u64), chat(*input, *output));
        }
        completions.extend(drain(&mut machine));
        ends(&completions, chats.len() as u64)
    };
    // Nothing is under way when the first comes; three steps are waited for by one that comes in the
    // middle of a step.
    assert_eq!(ends_with(&[(0, 10, 40), (20, 10, 1)]), [at(45), at(29)]);
    // The last comes when the second is complete, between two steps of the first.
    assert_eq!(ends_with(&[(0, 10, 40), (0, 10, 5), (10, 10, 1)]), [at(45), at(10), at(19)]);
    // The last comes when all are complete.
    assert_eq!(ends_with(&[(0, 10, 5), (10, 10, 1)]), [at(10), at(16)]);
    // Groups that only read have nothing to go on with.
    let split = |intake_steps| {
        let ways = Ways { intake_steps, ..Ways::default() };
        let small = Small { split: true, ways, ..Small::default() };
        ends(&drain(&mut asked(small, &[(0, 90, 1), (1, 90, 1), (2, 10, 1)])), 3)
    };
    assert_eq!(split(6), split(0));
}

/// Three groups that take one chat at a time.
fn three_groups(routing: Routing) -> Small {
    Small { replicas: 3, ..one_at_a_time(Ways { routing, ..Ways::default() }) }
}

#[test]
fn groups_take_turns_however_much_they_have_to_do() {
    let ends_by = |routing| {
        let chats = [(0, 10, 20), (0, 10, 1), (0, 10, 1), (2, 10, 1)];
        ends(&drain(&mut asked(three_groups(routing), &chats)), 4)
    };
    assert_eq!(ends_by(Routing::RoundRobin), [at(25), at(6), at(6), at(26)]);
    assert_eq!(ends_by(Routing::LeastOutstanding), [at(25), at(6), at(6), at(8)]);
}

#[test]
fn the_turn_of_a_group_that_is_down_goes_to_the_next() {
    let mut machine = three_groups(Routing::RoundRobin).machine();
    machine.plan_outage(super::outage_tests::down(1, 0, None)).unwrap();
    let chats = [(0, 10, 20), (0, 10, 10), (0, 10, 1), (0, 10, 1)];
    let completions = drain(&mut submitted(machine, &chats));
    // The first group, the third, and again.
    assert_eq!(ends(&completions, 4), [at(25), at(15), at(26), at(16)]);
}

/// Two groups, of which the second has read a prompt of 163 tokens that nobody else has; and a chat
/// of 164 that begins with it comes at 106, a millisecond after others have come.
fn follow_up(routing: Routing, others: &[(u64, u64)]) -> u64 {
    let small =
        Small { replicas: 2, ways: Ways { routing, ..Ways::default() }, ..Small::default() };
    let mut machine = small.machine();
    let known = [part(1, 160)];
    machine.submit(Instant::ZERO, CallId(0), chat(10, 10));
    machine.submit(at(1), CallId(1), conversation(&known, part(2, 4), 1));
    drain(&mut machine);
    assert_eq!([0, 1].map(|group: usize| machine.groups[group].memory.cached()), [0, 10]);
    for (call, (input, output)) in others.iter().enumerate() {
        machine.submit(at(100), CallId(2 + call as u64), chat(*input, *output));
    }
    machine.submit(at(101), CallId(9), conversation(&[known[0], part(3, 1)], part(4, 4), 1));
    served(&drain(&mut machine), 9).1.usage.cached_input_tokens
}

#[test]
fn a_follow_up_goes_to_the_group_that_has_its_beginning() {
    assert_eq!(follow_up(Routing::PrefixAffinity, &[]), 160);
    assert_eq!(follow_up(Routing::LeastOutstanding, &[]), 0);
    // The first group has prompts of 100 tokens, the second of 250: with 4 new ones that is less
    // than with 164.
    assert_eq!(follow_up(Routing::PrefixAffinity, &[(100, 90), (250, 90)]), 160);
}

#[test]
fn a_follow_up_goes_elsewhere_where_its_group_has_much_more_to_do() {
    assert_eq!(follow_up(Routing::PrefixAffinity, &[(100, 90), (270, 90)]), 0);
}

#[test]
fn a_chat_that_finds_too_many_waiting_is_rejected() {
    let small = one_at_a_time(Ways { waiting_calls_max: Some(1), ..Ways::default() });
    let mut machine = asked(small, &[(0, 10, 5), (2, 10, 1), (3, 10, 1), (6, 10, 1)]);
    let completions = drain(&mut machine);
    insta::assert_snapshot!(failure(&completions, 2), @"unavailable: `small` is overloaded: as many chats wait already as may, 1");
    assert_eq!(completions[0].at, at(8), "once it is past the front end");
    // The one that waits is served, and so is one that comes when nobody does.
    assert_eq!([1, 3].map(|call| served(&completions, call).0), [at(11), at(12)]);
    let counts = machine.counts();
    assert_eq!((counts.served, counts.failed, counts.rejected, counts.expired), (3, 1, 1, 0));
}

#[test]
fn a_chat_that_nobody_begins_in_time_is_rejected() {
    let small = one_at_a_time(Ways { waiting_ms_max: Some(3), ..Ways::default() });
    let mut machine = asked(small, &[(0, 10, 6), (2, 10, 1), (4, 10, 1)]);
    let completions = drain(&mut machine);
    insta::assert_snapshot!(failure(&completions, 1), @"unavailable: `small` is overloaded: the chat waited 3.00 ms to be read, the longest that it may");
    assert_eq!(completions[0].at, at(10), "three milliseconds after it reached the queue");
    assert_eq!(served(&completions, 2).0, at(12), "which waited for two of them");
    let counts = machine.counts();
    assert_eq!((counts.served, counts.failed, counts.rejected, counts.expired), (2, 1, 0, 1));
}

#[test]
fn a_chat_that_was_begun_may_wait_longer() {
    let ways = Ways { waiting_ms_max: Some(2), ..Ways::default() };
    let small = Small { blocks: 3, ways, ..Small::default() };
    // The newer loses its memory at 6 and has it back at 9.
    let mut machine = at_once(small, &[(16, 4), (16, 4)]);
    assert_eq!(ends(&drain(&mut machine), 2), [at(9), at(12)]);
    assert_eq!((machine.counts().preempted, machine.counts().expired), (1, 0));
}

#[test]
fn larger_blocks_find_less() {
    let found = |block_tokens| {
        let ways = Ways { block_tokens, ..Ways::default() };
        let mut machine = Small { ways, ..Small::default() }.machine();
        let chats = vec![conversation(&[part(1, 100)], part(2, 9), 1); 2];
        cached(&one_by_one(&mut machine, chats))
    };
    assert_eq!(found(16), [0, 96]);
    assert_eq!(found(64), [0, 64]);
}

#[test]
fn a_machine_can_be_asked_in_the_middle_of_its_steps() {
    for uneven in [false, true] {
        let small = Small { uneven, ..Small::default() };
        let run = |machine| submitted(machine, &[(0, 10, 700), (0, 30, 900)]);
        let (mut summing, mut walking) = (run(small.machine()), run(small.machine().walking()));
        for microseconds in [5_000, 5_700, 6_000, 123_456, 300_001, 650_000] {
            let instant = Instant::ZERO + Span::from_nanos(1_000 * microseconds);
            assert!(summing.next(Some(instant)).is_none());
            assert!(walking.next(Some(instant)).is_none());
            let [summed, walked] = [&summing, &walking].map(|machine| machine.totals(instant));
            assert_eq!((summed.busy, summed.cost_usd), (walked.busy, walked.cost_usd));
            let [summed, walked] = [summed, walked].map(|totals| totals.energy_j.unwrap());
            assert!((summed - walked).abs() < 1e-9, "{summed} and {walked} J at {instant:?}");
        }
        let (summed, walked) = (drain(&mut summing), drain(&mut walking));
        assert_eq!(format!("{summed:?}"), format!("{walked:?}"));
    }
    // Busy from the fifth millisecond on.
    let mut machine = asked(Small::default(), &[(0, 10, 700)]);
    assert!(machine.next(Some(at(100))).is_none());
    assert_eq!(milliseconds(machine.totals(at(100)).busy), 95.0);
}
