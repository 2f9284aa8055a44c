//! What a machine saves on prompts that begin like earlier ones, by hand arithmetic on the small
//! one: a step reads 64 tokens and takes a millisecond, a block has 16 tokens.

use timeslip_timeline::backend::{Backend, CallId, Served, Submission};
use timeslip_timeline::conversation::PromptPart;
use timeslip_timeline::time::{Instant, Span};

use super::ModelledMachine;
use crate::examples::{Small, at, chat, conversation, drain, part, served};

/// Has a machine serve chats one after the other, every 100 ms or when the last is done.
pub(super) fn one_by_one(machine: &mut ModelledMachine, chats: Vec<Submission>) -> Vec<Served> {
    let mut answers = Vec::new();
    for chat in chats {
        let call = machine.counts().submitted;
        machine.submit(at(100 * call).max(machine.now), CallId(call), chat);
        answers.push(served(&drain(machine), call).1);
    }
    answers
}

pub(super) fn cached(answers: &[Served]) -> Vec<u64> {
    answers.iter().map(|answer| answer.usage.cached_input_tokens).collect()
}

/// Instructions of 100 tokens and a question of 60, then the reply and a question of 50. The reply
/// is written as 45 tokens and stands in the next prompt as 48, with its frame.
const FIRST: [PromptPart; 2] = [part(1, 100), part(2, 60)];
const REPLY: PromptPart = part(3, 48);
const SECOND: [PromptPart; 4] = [FIRST[0], FIRST[1], REPLY, part(4, 50)];
const END: PromptPart = part(5, 13);

fn grown() -> Vec<Submission> {
    vec![conversation(&FIRST, REPLY, 45), conversation(&SECOND, END, 10)]
}

#[test]
fn a_conversation_that_grows_reads_only_what_is_new() {
    let answers = one_by_one(&mut Small::default().machine(), grown());
    // The first chat leaves 163 tokens read and 44 of 45 written in memory: 12 whole blocks of 207.
    assert_eq!(cached(&answers), [0, 192]);
    // So of 261 tokens the second reads 69, in two steps, where it would take five.
    let prefill = |call: usize| answers[call].timing.prefill;
    assert_eq!(prefill(0), Span::from_millis(5 + 3));
    assert_eq!(prefill(1), Span::from_millis(5 + 2));
    assert_eq!(answers[1].usage.input_tokens, 261);
}

#[test]
fn without_a_cache_every_prompt_is_read_whole() {
    let small = Small { prefix_cache: false, ..Small::default() };
    let answers = one_by_one(&mut small.machine(), grown());
    assert_eq!(cached(&answers), [0, 0]);
    assert_eq!(answers[1].timing.prefill, Span::from_millis(5 + 5));
    let unknown = vec![chat(163, 45), chat(261, 10)];
    let as_unknown = one_by_one(&mut small.machine(), unknown);
    assert_eq!(format!("{answers:?}"), format!("{as_unknown:?}"), "to the nanosecond");
}

#[test]
fn a_first_token_comes_sooner_where_the_beginning_is_cached() {
    let first_token = |prefix_cache| {
        let small = Small { prefix_cache, ..Small::default() };
        one_by_one(&mut small.machine(), grown())[1].timing.time_to_first_token
    };
    assert_eq!(first_token(true), Span::from_millis(7));
    assert_eq!(first_token(false), Span::from_millis(10));
}

#[test]
fn a_changed_message_loses_itself_and_all_that_follows() {
    let mut changed_first = SECOND;
    changed_first[0] = part(9, 100);
    let mut changed_second = SECOND;
    changed_second[1] = part(9, 60);
    let mut machine = Small::default().machine();
    let chats = [&SECOND, &changed_first, &changed_second];
    let answers =
        one_by_one(&mut machine, chats.map(|parts| conversation(parts, END, 10)).to_vec());
    // Of the instructions' 100 tokens six whole blocks are common to the first and the third.
    assert_eq!(cached(&answers), [0, 0, 96]);
}

#[test]
fn a_prompt_that_is_cached_whole_still_reads_its_last_token() {
    // 64 tokens are four blocks; with nothing after the last part all of them would be found.
    let mut work = conversation(&[part(1, 64)], END, 1);
    work.tokens.as_mut().unwrap().input_tokens = 64;
    let answers = one_by_one(&mut Small::default().machine(), vec![work.clone(), work]);
    assert_eq!(cached(&answers), [0, 48]);
    assert_eq!(answers[1].usage.output_tokens, 1);
}

#[test]
fn a_prompt_of_which_nothing_is_known_is_not_cached() {
    let mut work = chat(100, 4);
    let known = conversation(&FIRST, REPLY, 4);
    work.tokens.as_mut().unwrap().reply_part = known.tokens.unwrap().reply_part;
    let mut machine = Small::default().machine();
    let answers = one_by_one(&mut machine, vec![work.clone(), work]);
    assert_eq!(cached(&answers), [0, 0]);
    assert_eq!(machine.groups[0].memory.cached(), 0);
}

#[test]
fn two_that_come_at_once_both_read_what_is_new_to_both() {
    let mut machine = Small { tokens_per_step: 1_000, ..Small::default() }.machine();
    for call in 0..2 {
        machine.submit(Instant::ZERO, CallId(call), conversation(&FIRST, REPLY, 3));
    }
    assert!(machine.next(Some(at(7))).is_none());
    // Each has a block of its own for the tokens 160 to 164, and ten are of both.
    assert_eq!(machine.groups[0].memory.used(), 12);
    let completions = drain(&mut machine);
    let both = [served(&completions, 0).1, served(&completions, 1).1];
    assert_eq!(cached(&both), [0, 0]);
    assert_eq!(machine.groups[0].memory.cached(), 10);
}

/// A prompt of 64 tokens, four blocks, that is its own; with a reply of a token it takes five, and
/// leaves four.
pub(super) fn lone(digest: u64) -> Submission {
    conversation(&[part(digest, 64)], part(digest, 4), 1)
}

#[test]
fn what_was_used_longest_ago_gives_way() {
    // Three prompts are kept, and the fifth block of a fourth is there for each while it runs.
    let mut machine = Small { blocks: 13, ..Small::default() }.machine();
    let answers = one_by_one(&mut machine, [1, 2, 3, 1].map(lone).to_vec());
    assert_eq!(cached(&answers), [0, 0, 0, 64]);
    // The fourth prompt takes five blocks: the free one and all of the second's.
    let answers = one_by_one(&mut machine, vec![lone(4)]);
    assert_eq!(cached(&answers), [0]);
    let answers = one_by_one(&mut machine, [3, 1, 4, 2].map(lone).to_vec());
    assert_eq!(cached(&answers), [64, 64, 64, 0]);
    // The second's coming took the third's place, which was used before the first's.
    let answers = one_by_one(&mut machine, [1, 4, 3].map(lone).to_vec());
    assert_eq!(cached(&answers), [64, 64, 0]);
}

#[test]
fn a_chain_is_eaten_from_its_end() {
    // A prompt leaves four blocks of eight; one of which nothing is known takes six.
    let mut machine = Small { blocks: 8, ..Small::default() }.machine();
    let answers = one_by_one(&mut machine, vec![lone(1), chat(90, 1), lone(1)]);
    assert_eq!(cached(&answers), [0, 0, 32]);
}

#[test]
fn what_a_running_chat_shares_is_never_evicted() {
    let mut machine = Small { blocks: 12, ..Small::default() }.machine();
    one_by_one(&mut machine, vec![lone(1), lone(2)]);
    // The first's four blocks are held while it writes, so 100 tokens take what the second left.
    let long = conversation(&[part(1, 64)], part(9, 40), 40);
    machine.submit(at(300), CallId(2), long.clone());
    machine.submit(at(310), CallId(3), chat(100, 1));
    assert!(machine.next(Some(at(316))).is_none());
    let memory = &machine.groups[0].memory;
    assert_eq!((memory.used(), memory.cached()), (5 + 7, 0));
    let completions = drain(&mut machine);
    assert_eq!(served(&completions, 2).1.usage.cached_input_tokens, 64);
    assert_eq!(machine.counts().preempted, 0);
    machine.submit(at(400), CallId(4), long);
    assert_eq!(served(&drain(&mut machine), 4).1.usage.cached_input_tokens, 64);
}

#[test]
fn a_chat_that_is_given_up_leaves_what_it_read() {
    let mut machine = Small::default().machine();
    machine.submit(Instant::ZERO, CallId(0), conversation(&FIRST, REPLY, 3));
    // One step of three is over, and a second under way.
    assert!(machine.next(Some(at(6))).is_none());
    machine.cancel(at(6), CallId(0));
    assert!(drain(&mut machine).is_empty());
    let memory = &machine.groups[0].memory;
    assert_eq!((memory.used(), memory.cached()), (0, 4));
}

#[test]
fn a_chat_that_lost_its_memory_finds_its_prompt_and_does_not_count_it_as_cached() {
    let run = |prefix_cache| {
        // Two chats of five blocks, which are six before they end: the newer gives way.
        let mut machine = Small { blocks: 11, prefix_cache, ..Small::default() }.machine();
        machine.submit(Instant::ZERO, CallId(0), chat(67, 30));
        machine.submit(at(1), CallId(1), conversation(&[part(1, 64)], END, 30));
        let completions = drain(&mut machine);
        assert_eq!(machine.counts().preempted, 1);
        served(&completions, 1)
    };
    let ((end, answer), (end_without, _)) = (run(true), run(false));
    assert_eq!(cached(std::slice::from_ref(&answer)), [0]);
    assert_eq!(answer.usage.output_tokens, 30);
    // Its 64 and what it wrote are read in two steps without a cache, and in one with it.
    assert_eq!(end + Span::from_millis(1), end_without);
}

#[test]
fn a_prefill_group_keeps_prompts_after_their_transfer_and_no_replies() {
    let mut machine = Small { split: true, ..Small::default() }.machine();
    let mut answers = Vec::new();
    for (call, chat) in grown().into_iter().enumerate() {
        machine.submit(at(1_000 * call as u64), CallId(call as u64), chat);
        answers.push(served(&drain(&mut machine), call as u64).1);
    }
    // Ten whole blocks of the first prompt's parts; its reply was written elsewhere.
    assert_eq!(cached(&answers), [0, 160]);
    // All of the KV crosses the link, wherever it came from.
    assert_eq!(answers[1].timing.transfer, Span::from_millis(2 + 261));
    assert_eq!(machine.groups[1].memory.cached(), 0);
}
