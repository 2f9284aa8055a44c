//! Groups that fail, by hand arithmetic on the small machine.

use timeslip_timeline::backend::{Backend, CallId};
use timeslip_timeline::time::{Instant, Span};

use super::prefix_tests::{cached, lone, one_by_one};
use super::serving_tests::submitted;
use super::tests::ends;
use super::{Counts, ModelledMachine, Outage};
use crate::examples::{Small, Ways, at, chat, drain, served};
use crate::profile::Role;

/// An outage of a group of a pool of role `all`, between two milliseconds.
pub(super) fn down(group: u64, from: u64, until: Option<u64>) -> Outage {
    Outage { role: Role::All, group, from: at(from), until: until.map(at) }
}

fn failing(small: Small, outages: &[Outage]) -> ModelledMachine {
    let mut machine = small.machine();
    for outage in outages {
        machine.plan_outage(*outage).unwrap();
    }
    machine
}

fn groups(replicas: u64) -> Small {
    Small { replicas, ..Small::default() }
}

#[test]
fn a_chat_of_a_group_that_fails_goes_on_elsewhere_with_what_it_wrote() {
    let mut machine = submitted(failing(groups(2), &[down(0, 8, None)]), &[(0, 10, 6)]);
    let (end, answer) = served(&drain(&mut machine), 0);
    // Tokens at 6 and 7; the one due at 8 is lost. The other group reads twelve tokens and writes
    // the third at 9.
    assert_eq!(end, at(12));
    assert_eq!(answer.usage.output_tokens, 6);
    assert_eq!(answer.timing.time_to_first_token, Span::from_millis(6));
    assert_eq!(answer.timing.decode, Span::from_millis(6));
    let counts = Counts { submitted: 1, served: 1, requeued: 1, ..Counts::default() };
    assert_eq!(machine.counts(), counts);
}

#[test]
fn a_chat_that_is_being_read_or_waits_begins_again_elsewhere() {
    let small = Small { calls_per_step: 1, ..groups(2) };
    let chats = [(0, 100, 1), (0, 100, 1), (0, 10, 1), (0, 10, 1)];
    let mut machine = submitted(failing(small, &[down(0, 6, None)]), &chats);
    // The second group reads its own until 7, then it has its own next, and then those of the first.
    assert_eq!(ends(&drain(&mut machine), 4), [at(10), at(7), at(11), at(8)]);
    assert_eq!(machine.counts().requeued, 2);
}

#[test]
fn a_group_comes_back_with_an_empty_memory() {
    let found = |small, outages: &[Outage]| {
        let chats = vec![lone(1), lone(1)];
        cached(&one_by_one(&mut failing(small, outages), chats))
    };
    assert_eq!(found(groups(1), &[]), [0, 64]);
    assert_eq!(found(groups(1), &[down(0, 50, Some(60))]), [0, 0]);
    // Its own tier is lost with it, and one of the whole machine is not.
    let behind = |tiers| Small { ways: Ways { tiers, ..Ways::default() }, ..groups(1) };
    assert_eq!(found(behind([100, 0]), &[down(0, 50, Some(60))]), [0, 0]);
    assert_eq!(found(behind([0, 100]), &[down(0, 50, Some(60))]), [0, 64]);
}

#[test]
fn where_no_group_is_up_chats_wait_for_the_first_that_is() {
    let outages = [down(0, 8, Some(40)), down(1, 2, Some(30))];
    let mut machine = submitted(failing(groups(2), &outages), &[(0, 10, 6), (9, 10, 2)]);
    let completions = drain(&mut machine);
    // Both are begun at 30: the first lacks four tokens, the second two.
    assert_eq!(ends(&completions, 2), [at(34), at(32)]);
    assert_eq!(served(&completions, 1).1.timing.queue, Span::from_millis(30 - 14));
}

#[test]
fn a_group_that_never_comes_back_answers_nobody() {
    let mut machine = submitted(failing(groups(1), &[down(0, 8, None)]), &[(0, 10, 6)]);
    assert!(drain(&mut machine).is_empty());
    assert_eq!(machine.next_event_at(), None);
    assert_eq!(machine.counts().served, 0);
}

#[test]
fn a_group_whose_outages_overlap_is_back_after_the_last() {
    let outages = [down(0, 2, Some(20)), down(0, 10, Some(30))];
    let mut machine = submitted(failing(groups(1), &outages), &[(0, 10, 1)]);
    assert_eq!(served(&drain(&mut machine), 0).0, at(31));
}

#[test]
fn a_chat_that_waits_for_any_group_can_be_given_up() {
    let mut machine =
        submitted(failing(groups(1), &[down(0, 2, Some(30))]), &[(0, 10, 6), (0, 10, 2)]);
    assert!(machine.next(Some(at(10))).is_none());
    machine.cancel(at(10), CallId(0));
    let completions = drain(&mut machine);
    assert_eq!(completions.len(), 1);
    assert_eq!(served(&completions, 1).0, at(32));
    let counts = Counts { submitted: 2, served: 1, cancelled: 1, ..Counts::default() };
    assert_eq!(machine.counts(), counts);
}

#[test]
fn a_chat_that_waits_for_any_group_is_rejected_in_time() {
    let ways = Ways { waiting_ms_max: Some(10), ..Ways::default() };
    let small = Small { ways, ..groups(1) };
    let mut machine = submitted(failing(small, &[down(0, 8, Some(30))]), &[(0, 10, 6), (9, 10, 2)]);
    let completions = drain(&mut machine);
    assert_eq!((completions[0].call, completions[0].at), (CallId(1), at(24)));
    assert_eq!(served(&completions, 0).0, at(34), "which was begun before");
    assert_eq!(machine.counts().expired, 1);
}

fn split(replicas: u64) -> Small {
    Small { split: true, ..groups(replicas) }
}

#[test]
fn a_chat_of_a_decode_group_that_fails_is_read_and_sent_again() {
    let outage = Outage { role: Role::Decode, ..down(0, 20, None) };
    let mut machine = submitted(failing(split(2), &[outage]), &[(0, 10, 6)]);
    let (end, answer) = served(&drain(&mut machine), 0);
    // Read at 6 and there at 18, the first token at 19, the second lost. Eleven tokens are read
    // until 21, are there at 34, and the other decode group writes five more.
    assert_eq!(end, at(39));
    assert_eq!(answer.usage.output_tokens, 6);
    assert_eq!(answer.timing.time_to_first_token, Span::from_millis(19));
    assert_eq!(machine.counts().requeued, 1);
}

#[test]
fn what_is_read_while_no_decode_group_is_up_is_read_again_later() {
    let outage = Outage { role: Role::Decode, ..down(0, 3, Some(50)) };
    let mut machine = submitted(failing(split(1), &[outage]), &[(0, 10, 2)]);
    // Read at 51, there at 63.
    assert_eq!(served(&drain(&mut machine), 0).0, at(65));
}

#[test]
fn a_chat_whose_kv_is_under_way_from_a_group_that_fails_is_read_by_another() {
    let outage = Outage { role: Role::Prefill, ..down(0, 10, None) };
    let mut machine = submitted(failing(split(2), &[outage]), &[(0, 10, 1)]);
    // The link carries what is lost to the end, which is at 16.
    assert_eq!(served(&drain(&mut machine), 0).0, at(16 + 10 + 2 + 1));
}

#[test]
fn a_chat_that_loses_its_memory_is_read_by_a_group_that_is_up() {
    // The second chat gives up its memory at 41, when its first group is down for ever.
    let small = Small { blocks: 3, ..split(2) };
    let outages = [
        Outage { role: Role::Decode, ..down(1, 0, None) },
        Outage { role: Role::Prefill, ..down(1, 41, None) },
    ];
    let mut machine = failing(small, &outages);
    for (call, output) in [32, 4].into_iter().enumerate() {
        machine.submit(Instant::ZERO, CallId(call as u64), chat(16, output));
    }
    let completions = drain(&mut machine);
    assert_eq!(machine.counts().preempted, 1);
    // Read by the other at 42; there is room to write at 56, and 17 tokens cross the link in 19.
    assert_eq!(ends(&completions, 2), [at(56), at(78)]);
    assert_eq!(served(&completions, 1).1.usage.output_tokens, 4);
}

#[test]
fn an_outage_of_a_group_that_is_not_there_is_refused() {
    let refused = |small: Small, outage| small.machine().plan_outage(outage).unwrap_err();
    insta::assert_snapshot!(refused(groups(2), down(2, 0, None)), @"`small` has no group all 2; it has all 0 to 1");
    insta::assert_snapshot!(refused(split(2), down(0, 0, None)), @"`small` has no group all 0; it has prefill 0 to 1, decode 0 to 1");
}
