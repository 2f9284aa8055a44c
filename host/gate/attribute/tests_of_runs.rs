//! What a person reads when two runs differ as a whole: in their sessions, their machines and their
//! conditions.

use super::NamedMachine;
use super::attribute;
use super::hand_made::{Calculable, Do, doing, machine, machines, slip, tool};
use super::recorded::recorded_on;
use super::shown::{chat, compare, compare_on, conversation, with_a_cache};
use crate::step::Step;
use crate::tolerance::Tolerance;

#[test]
fn sessions_that_are_new_or_gone_are_changes() {
    let run = |tasks: &[&str]| slip(tasks.iter().map(|task| doing(task, 0, &[chat()])).collect());
    let changes = compare(&run(&["refund", "booking"]), &run(&["refund", "baggage", "seats"]));
    insta::assert_snapshot!(changes, @r"
    Session: 2 sessions added
        tasks: baggage, seats
        +3400 ns, calls +2 +0, tokens +240 (+0 cached) +10: fails, 3.40 µs more time, 2 more model calls, 240 more input tokens, 10 more output tokens, 0.002000 US dollars more
    Session: 1 session removed
        tasks: booking
        -1700 ns, calls -1 +0, tokens -120 (+0 cached) -5: passes, it saves time
    ");
}

#[test]
fn another_machine_bears_what_nothing_else_explains() {
    let before = slip(vec![doing("refund", 0, &conversation())]);
    let mut now = recorded_on(&before, with_a_cache());
    now.machines[0].digest = Some("sha256:cafe".to_owned());
    let changes = compare_on(&before, &now, &mut with_a_cache);
    insta::assert_snapshot!(changes, @r"
    Machine: rack is not what it was before
        the profile of rack differs
        -2850 ns, calls +0 +0, tokens +0 (+285 cached) +0: passes, it saves time
    ");
}

#[test]
fn conditions_are_named_though_they_cost_nothing() {
    let before = slip(vec![doing("refund", 0, &conversation())]);
    let mut now = before.clone();
    now.seed += 1;
    now.timeslip = "9.9.9".to_owned();
    now.components[0].digest = "sha256:2".to_owned();
    let mut nobody = || -> Vec<NamedMachine> { panic!("nothing is to be timed again") };
    insta::assert_snapshot!(compare_on(&before, &now, &mut nobody), @r"
    Conditions: conditions that differ: seed, version of timeslip, components
        seed: 8, and 7 before
        version of timeslip: 9.9.9, and 0.1.0 before
        agent planner was rebuilt
        +0 ns, calls +0 +0, tokens +0 (+0 cached) +0: passes, it costs nothing
    ");
}

#[test]
fn a_run_that_is_not_the_same_again_says_so() {
    let before = slip(vec![doing("refund", 0, &conversation())]);
    let mut now = before.clone();
    let Step::Chat(chat) = &mut now.sessions[0].steps[4] else { unreachable!() };
    chat.e2e_ns += 1_000;
    now.sessions[0].e2e_ns += 1_000;
    insta::assert_snapshot!(compare(&before, &now), @r"
    Conditions: what no other change explains
        the run, timed again, has other times than its slip: the costs are those of a run that is only like it
        +1000 ns, calls +0 +0, tokens +0 (+0 cached) +0: fails, 1.00 µs more time
    not exact
    ");
}

#[test]
fn sessions_that_start_when_others_end_move_with_them() {
    let run = |nanos| {
        let first = doing("refund", 0, &[Do::Tool("search", nanos)]);
        let second = doing("booking", first.e2e_ns, &[chat()]);
        slip(vec![first, second])
    };
    insta::assert_snapshot!(compare(&run(200), &run(700)), @r"
    Tool: tool search takes 500 ns more a call (200 ns before)
        computing: 500 ns more; waiting: 0 s more
        +500 ns, calls +0 +0, tokens +0 (+0 cached) +0: fails, a tool's time alone, 26.32 % of the end-to-end time, over the tolerance of 1 %
    ");
}

#[test]
fn a_machine_that_is_no_more_is_stood_in_for_by_the_one_that_is() {
    let before = slip(vec![doing("refund", 0, &[chat(), Do::Tool("search", 10), chat()])]);
    let mut now = before.clone();
    now.machines[0].name = "tower".to_owned();
    for step in &mut now.sessions[0].steps {
        if let Step::Chat(chat) = step {
            "tower".clone_into(&mut chat.machine);
        }
    }
    let mut tower =
        || vec![NamedMachine { name: "tower".into(), ..machine(Calculable::default()) }];
    insta::assert_snapshot!(compare_on(&before, &now, &mut tower), @r"
    Machine: the run is on tower, and on rack before
        tower with small is new
        rack with small is no more
        +0 ns, calls +0 +0, tokens +0 (+0 cached) +0: passes, it costs nothing
    ");
}

#[test]
fn slips_that_break_every_law_are_compared_without_harm() {
    let mut before = slip(vec![doing("refund", 500, &conversation())]);
    let mut now = before.clone();
    before.sessions[0].steps.reverse();
    before.sessions[0].prompt_parts.clear();
    now.sessions[0].at_ns = u64::MAX;
    now.sessions[0].steps.push(tool("late", u64::MAX, u64::MAX));
    now.sessions[0].e2e_ns = u64::MAX;
    attribute(&before, &now, &mut machines, &Tolerance::default());
    attribute(&now, &before, &mut || Vec::new(), &Tolerance::default());
}
