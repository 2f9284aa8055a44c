//! KV behind the chips' memory and between the pools, by hand arithmetic on the small machine: a
//! group's tier gives a token in a tenth of a millisecond, after one; the machine's in half of one,
//! after three; the link moves a token in one, and a transfer arrives two later.

use timeslip_timeline::backend::{Backend, CallId, Completion, Served};
use timeslip_timeline::time::Span;

use super::ModelledMachine;
use super::prefix_tests::{cached, lone, one_by_one};
use super::serving_tests::asked;
use super::tests::{at_once, ends, milliseconds};
use crate::examples::{Small, Ways, at, chat, conversation, drain, part, served};
use crate::profile::{Preemption, Sending};

fn behind(blocks: u64, tiers: [u64; 2]) -> Small {
    Small { blocks, ways: Ways { tiers, ..Ways::default() }, ..Small::default() }
}

fn transfer(answer: &Served) -> f64 {
    milliseconds(answer.timing.transfer)
}

/// Serves a prompt of four blocks, one of which nothing is known that takes `others` blocks, and
/// the first again.
fn evicted_and_asked_again(small: Small, others: u64) -> Served {
    let chats = vec![lone(1), chat(16 * others - 1, 1), lone(1)];
    one_by_one(&mut small.machine(), chats).remove(2)
}

#[test]
fn what_the_memory_lost_comes_back_from_the_groups_tier() {
    let again = evicted_and_asked_again(behind(6, [400, 0]), 6);
    assert_eq!(again.usage.cached_input_tokens, 64);
    assert_eq!(transfer(&again), 7.4);
    // What is left is read in a step.
    assert_eq!(milliseconds(again.timing.prefill), 6.0);
    assert_eq!(milliseconds(again.timing.time_to_first_token), 13.4);
}

#[test]
fn what_the_memory_lost_comes_back_from_the_machines_tier() {
    let again = evicted_and_asked_again(behind(6, [0, 400]), 6);
    assert_eq!(again.usage.cached_input_tokens, 64);
    assert_eq!(transfer(&again), 35.0);
}

#[test]
fn without_tiers_it_is_read_again() {
    let again = evicted_and_asked_again(behind(6, [0, 0]), 6);
    assert_eq!((again.usage.cached_input_tokens, transfer(&again)), (0, 0.0));
}

#[test]
fn only_what_the_memory_lacks_comes_from_a_tier() {
    // Two of the four blocks stayed.
    let again = evicted_and_asked_again(behind(8, [400, 0]), 6);
    assert_eq!(again.usage.cached_input_tokens, 64);
    assert_eq!(transfer(&again), 4.2);
}

#[test]
fn what_the_nearer_tier_lacks_comes_from_the_farther_at_the_same_time() {
    // The group's tier has room for two blocks, which takes 4.2 ms; the other two take 19.
    let again = evicted_and_asked_again(behind(6, [32, 400]), 6);
    assert_eq!(again.usage.cached_input_tokens, 64);
    assert_eq!(transfer(&again), 19.0);
}

/// Serves two prompts, then one that takes their memory, then both again at once; gives the two
/// answers.
fn both_again(small: Small) -> ([Served; 2], Vec<Completion>, ModelledMachine) {
    let mut machine = small.machine();
    one_by_one(&mut machine, vec![lone(1), lone(2), chat(159, 1)]);
    for call in [3, 4] {
        machine.submit(at(300).max(machine.now), CallId(call), lone(call - 2));
    }
    let completions = drain(&mut machine);
    ([3, 4].map(|call| served(&completions, call).1), completions, machine)
}

#[test]
fn reads_of_one_tier_go_one_after_the_other() {
    let (answers, ..) = both_again(behind(10, [400, 0]));
    assert_eq!(cached(&answers), [64, 64]);
    // The second waits for what the first moves, not for its latency.
    assert_eq!(answers.map(|answer| transfer(&answer)), [7.4, 13.8]);
}

#[test]
fn a_group_has_no_more_chats_at_once_while_kv_comes_to_them() {
    // The second is asked of the tier when the first is read, after 8.4; with two pools it waits for
    // the first to be written besides, from 16.8 to 78.4.
    for (split, queue) in [(false, 8.4), (true, 70.0)] {
        let small = Small { calls_per_step: 1, split, ..behind(10, [400, 0]) };
        let (answers, ..) = both_again(small);
        assert_eq!(cached(&answers), [64, 64]);
        assert_eq!(answers.map(|answer| milliseconds(answer.timing.queue)), [0.0, queue]);
    }
}

#[test]
fn a_tier_of_the_machine_serves_another_group_than_wrote_it() {
    let of_the_second = |tiers| {
        let mut machine = Small { replicas: 2, ..behind(100, tiers) }.machine();
        machine.submit(at(0), CallId(0), lone(1));
        drain(&mut machine);
        machine.submit(at(100), CallId(1), chat(10, 50));
        machine.submit(at(101), CallId(2), lone(1));
        served(&drain(&mut machine), 2).1
    };
    let answer = of_the_second([0, 400]);
    assert_eq!((answer.usage.cached_input_tokens, transfer(&answer)), (64, 35.0));
    let answer = of_the_second([400, 0]);
    assert_eq!((answer.usage.cached_input_tokens, transfer(&answer)), (0, 0.0));
}

#[test]
fn a_tier_that_is_full_forgets_what_was_used_longest_ago() {
    // The memory keeps one prompt and the tier two.
    let mut machine = behind(6, [128, 0]).machine();
    let answers = one_by_one(&mut machine, [1, 2, 3, 2, 1, 2, 3].map(lone).to_vec());
    assert_eq!(cached(&answers), [0, 0, 0, 64, 0, 64, 0]);
}

#[test]
fn a_tier_never_gives_more_than_it_has_room_for() {
    // When the fourth comes, the memory has the first's prompt and the tier has lost it.
    let mut machine = behind(40, [64, 0]).machine();
    let longer = conversation(&[part(1, 64), part(7, 32)], part(8, 4), 1);
    let chats = vec![lone(1), lone(2), lone(3), longer.clone(), chat(639, 1), longer];
    let answers = one_by_one(&mut machine, chats);
    assert_eq!(cached(&answers), [0, 0, 0, 64, 0, 64]);
}

fn swapping(tiers: [u64; 2]) -> Small {
    let ways = Ways { preemption: Preemption::Swap, tiers, ..Ways::default() };
    Small { blocks: 3, ways, ..Small::default() }
}

#[test]
fn a_chat_that_is_swapped_out_comes_back_by_transfer() {
    let mut machine = at_once(swapping([32, 0]), &[(16, 4), (16, 4)]);
    let completions = drain(&mut machine);
    assert_eq!(machine.counts().preempted, 1);
    assert_eq!(served(&completions, 1).1.usage.output_tokens, 4);
    // Out at 6 with a token written; back from 9, when the older is done, in 1 + 1.7 ms; then three
    // steps.
    assert_eq!(ends(&completions, 2), [at(9), at(14) + Span::from_nanos(700_000)]);
}

#[test]
fn where_the_tier_has_no_room_a_chat_is_read_again() {
    // Seventeen tokens are two blocks.
    let mut machine = at_once(swapping([16, 0]), &[(16, 4), (16, 4)]);
    assert_eq!(ends(&drain(&mut machine), 2), [at(9), at(12)]);
}

/// Replies of 32 and 4 tokens in a decode group of three blocks, which are all the first chat's when
/// it has written seventeen, at 41.
fn preempted_while_decoding(preemption: Preemption) -> (Served, Vec<Completion>) {
    let small = swapping([32, 0]);
    let ways = Ways { preemption, ..small.ways };
    let mut machine = at_once(Small { split: true, ways, ..small }, &[(16, 32), (16, 4)]);
    let completions = drain(&mut machine);
    assert_eq!(machine.counts().preempted, 1);
    (served(&completions, 1).1, completions)
}

#[test]
fn a_decode_group_swaps_without_the_link() {
    let (answer, completions) = preempted_while_decoding(Preemption::Swap);
    // Room is at 56, and 17 tokens are back 2.7 ms later.
    assert_eq!(ends(&completions, 2), [at(56), at(61) + Span::from_nanos(700_000)]);
    assert_eq!(milliseconds(answer.timing.time_to_first_token), 41.0);
    assert_eq!(answer.usage.output_tokens, 4);
    // Without a swap they cross the link once more, in 2 + 17.
    let (answer, completions) = preempted_while_decoding(Preemption::Recompute);
    assert_eq!(ends(&completions, 2), [at(56), at(78)]);
    assert_eq!(milliseconds(answer.timing.time_to_first_token), 41.0);
}

fn linked(ways: Ways) -> Small {
    Small { split: true, ways, ..Small::default() }
}

fn transfers(small: Small, chats: &[(u64, u64)]) -> Vec<f64> {
    let completions = drain(&mut at_once(small, chats));
    (0..chats.len() as u64).map(|call| transfer(&served(&completions, call).1)).collect()
}

#[test]
fn each_path_of_a_link_carries_a_transfer_at_its_whole_rate() {
    let over = |paths| transfers(linked(Ways { paths, ..Ways::default() }), &[(10, 1); 3]);
    assert_eq!(over(1), [12.0, 22.0, 32.0]);
    assert_eq!(over(2), [12.0, 12.0, 22.0]);
    assert_eq!(over(3), [12.0, 12.0, 12.0]);
}

/// A model of four layers, so that the last of them is a quarter of what crosses the link.
fn four_layers(sends: Sending) -> Small {
    Small { layers: 4, ..linked(Ways { sends, ..Ways::default() }) }
}

#[test]
fn a_prompt_sent_by_layers_crosses_while_it_is_read() {
    // Read in two milliseconds, and moved in 96 of which two are over.
    assert_eq!(transfers(four_layers(Sending::AtEnd), &[(96, 1)]), [98.0]);
    assert_eq!(transfers(four_layers(Sending::PerLayer), &[(96, 1)]), [96.0]);
}

#[test]
fn the_last_layer_is_sent_when_it_is_read() {
    // A token a step: eight milliseconds of reading for eight of moving, and a quarter is left.
    let slow = |sends| {
        let small = Small { tokens_per_step: 1, calls_per_step: 1, ..four_layers(sends) };
        transfers(small, &[(8, 1)])
    };
    assert_eq!(slow(Sending::AtEnd), [10.0]);
    assert_eq!(slow(Sending::PerLayer), [4.0]);
}

#[test]
fn a_prompt_that_waits_for_room_to_write_is_sent_whole() {
    let small = Small { blocks: 2, ..four_layers(Sending::PerLayer) };
    let completions = drain(&mut asked(small, &[(0, 20, 2), (1, 20, 1)]));
    // The first is read at 6 and written at 29; the second is read at 30, so it has room at once.
    assert_eq!(ends(&completions, 2), [at(29), at(52)]);
    // With room to read both, the second is read at 7 and has room at 29.
    let two = Small { calls_per_step: 1, ..four_layers(Sending::PerLayer) };
    let completions = drain(&mut asked(two, &[(0, 20, 2), (1, 20, 1)]));
    assert_eq!(transfer(&served(&completions, 1).1), 22.0);
}

#[test]
fn what_comes_from_a_tier_is_sent_from_when_it_is_there() {
    let small = four_layers(Sending::PerLayer);
    let ways = Ways { tiers: [400, 0], ..small.ways };
    let mut machine = Small { blocks: 6, ways, ..small }.machine();
    let answers = one_by_one(&mut machine, vec![lone(1), chat(95, 1), lone(1)]);
    assert_eq!(answers[2].usage.cached_input_tokens, 64);
    // It is there after 7.4, and its reading takes a step that the 67 tokens' moving overlaps.
    assert_eq!(transfer(&answers[2]), 75.4);
}
