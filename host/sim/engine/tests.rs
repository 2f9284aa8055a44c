//! What a machine does with calls, on a small one whose every step takes a millisecond.

use std::sync::Arc;

use timeslip_timeline::backend::{Backend, CallId, Completion, CompletionEvent};
use timeslip_timeline::conversation::ModelError;
use timeslip_timeline::time::{Instant, Span};

use super::{Counts, ModelledMachine};
use crate::examples::{FRONT_END, Small, at, chat, drain, served};

pub(super) fn milliseconds(span: Span) -> f64 {
    span.as_nanos() as f64 / 1e6
}

/// Submits chats of these tokens, all at once, as calls 0, 1, …
pub(super) fn at_once(small: Small, chats: &[(u64, u64)]) -> ModelledMachine {
    let mut machine = small.machine();
    for (call, (input, output)) in chats.iter().enumerate() {
        machine.submit(Instant::ZERO, CallId(call as u64), chat(*input, *output));
    }
    machine
}

/// The instants at which calls 0, 1, … were served.
pub(super) fn ends(completions: &[Completion], calls: u64) -> Vec<Instant> {
    (0..calls).map(|call| served(completions, call).0).collect()
}

pub(super) fn failure(completions: &[Completion], call: u64) -> ModelError {
    let completion = completions.iter().find(|completion| completion.call == CallId(call));
    match completion.map(|completion| &completion.event) {
        Some(CompletionEvent::Failed(failed)) => failed.error.clone(),
        other => panic!("call {call} did not fail: {other:?}"),
    }
}

#[test]
fn a_lone_call_takes_its_front_end_one_step_per_chunk_and_one_per_further_token() {
    let mut machine = at_once(Small::default(), &[(100, 3)]);
    let (end, reply) = served(&drain(&mut machine), 0);
    // 100 tokens are read in chunks of 64, and the step that ends the prompt writes a token.
    let timing = reply.timing;
    assert_eq!(timing.queue, Span::ZERO);
    assert_eq!(timing.prefill, FRONT_END + Span::from_millis(2));
    assert_eq!(timing.time_to_first_token, Span::from_millis(7));
    assert_eq!(timing.transfer, Span::ZERO);
    assert_eq!(timing.decode, Span::from_millis(2));
    assert_eq!(end, at(9));
    assert_eq!((reply.usage.input_tokens, reply.usage.output_tokens), (100, 3));
    // One chip at 10 W and a dollar a second, for four steps of a millisecond.
    assert!((reply.energy_j.unwrap() - 0.040).abs() < 1e-9);
    assert!((reply.cost_usd.unwrap() - 0.004).abs() < 1e-9);
}

#[test]
fn two_calls_share_their_steps_and_what_these_cost() {
    let mut machine = at_once(Small::default(), &[(10, 3), (10, 3)]);
    let completions = drain(&mut machine);
    assert_eq!(ends(&completions, 2), [at(8), at(8)], "as fast as one alone");
    let joules = |call| served(&completions, call).1.energy_j.unwrap();
    assert!((joules(0) - 0.015).abs() < 1e-9, "half of three steps, not {}", joules(0));
    assert_eq!(joules(0), joules(1));
}

#[test]
fn a_long_prompt_is_read_in_chunks_beside_a_reply_that_is_being_written() {
    let mut machine = Small::default().machine();
    machine.submit(Instant::ZERO, CallId(0), chat(10, 6));
    machine.submit(at(1), CallId(1), chat(130, 1));
    let completions = drain(&mut machine);
    // The prompt has 63 of the 64 tokens of a step: 63 + 63 + 4.
    let long = served(&completions, 1).1.timing;
    assert_eq!(long.prefill, FRONT_END + Span::from_millis(3));
    let (end, short) = served(&completions, 0);
    assert_eq!(end, at(11), "the reply does not wait for the prompt");
    assert_eq!(milliseconds(short.timing.decode), 5.0);
}

#[test]
fn calls_wait_in_the_order_in_which_they_came() {
    let small = Small { calls_per_step: 1, ..Small::default() };
    let mut machine = at_once(small, &[(10, 2), (10, 1), (10, 1)]);
    let completions = drain(&mut machine);
    assert_eq!(ends(&completions, 3), [at(7), at(8), at(9)]);
    assert_eq!(milliseconds(served(&completions, 2).1.timing.queue), 3.0);
}

#[test]
fn a_call_without_memory_waits_until_another_is_done() {
    // A prompt of 32 tokens takes two blocks of 16, and its reply a third.
    let small = Small { blocks: 3, ..Small::default() };
    let mut machine = at_once(small, &[(32, 4), (32, 4)]);
    let completions = drain(&mut machine);
    assert_eq!(ends(&completions, 2), [at(9), at(13)]);
    let waited = served(&completions, 1).1.timing.queue;
    assert_eq!(milliseconds(waited), 4.0);
    assert_eq!(machine.counts().preempted, 0);
}

#[test]
fn the_newest_call_gives_up_its_memory_when_an_older_one_must_grow() {
    // Both fit while they are read; the seventeenth token of each takes a second block.
    let small = Small { blocks: 3, ..Small::default() };
    let mut machine = at_once(small, &[(16, 4), (16, 4)]);
    let completions = drain(&mut machine);
    let ends = ends(&completions, 2);
    assert_eq!(machine.counts().preempted, 1);
    assert_eq!(ends[0], at(9), "the older goes on as if it were alone");
    // Its prompt and its first token are read again in one step, from when the older is done.
    assert_eq!(ends[1], at(12));
    assert_eq!(served(&completions, 1).1.usage.output_tokens, 4, "and keeps what it wrote");
}

#[test]
fn a_call_too_long_for_any_group_is_refused_at_once() {
    let small = Small { blocks: 4, ..Small::default() };
    let mut machine = at_once(small, &[(64, 1), (63, 1)]);
    let completions = drain(&mut machine);
    assert_eq!(completions[0].at, Instant::ZERO, "before the front end");
    insta::assert_snapshot!(failure(&completions, 0), @"context too long: the prompt has 64 tokens, and with one of the reply its KV takes 5 blocks; a group of `small`'s pool has 4");
    served(&completions, 1);
}

#[test]
fn a_reply_that_outgrows_the_memory_fails_when_it_does() {
    let small = Small { blocks: 2, ..Small::default() };
    let mut machine = at_once(small, &[(30, 10)]);
    let completions = drain(&mut machine);
    assert_eq!(completions[0].at, at(8), "after the tokens that fitted");
    insta::assert_snapshot!(failure(&completions, 0), @"context too long: prompt and reply have reached 33 tokens, whose KV takes 3 blocks; a group of `small`'s pool has 2");
}

#[test]
fn a_prompt_beyond_the_models_context_is_refused() {
    let completions = drain(&mut at_once(Small::default(), &[(10_000, 1)]));
    insta::assert_snapshot!(failure(&completions, 0), @"context too long: the prompt has 10,000 tokens, and with one of the reply that is more than the 10,000 of `small-model`'s context");
}

#[test]
fn a_model_that_is_not_there_is_refused_with_the_one_that_is() {
    let mut machine = Small::default().machine();
    let mut work = chat(1, 1);
    work.model = "smal-model".into();
    machine.submit(at(3), CallId(0), work);
    let completions = drain(&mut machine);
    assert_eq!(completions[0].at, at(3));
    insta::assert_snapshot!(failure(&completions, 0), @"unknown model: `small` serves `small-model` in this run, not `smal-model`");
}

#[test]
fn a_call_without_words_is_refused() {
    let mut machine = Small::default().machine();
    let mut work = chat(1, 1);
    work.tokens = None;
    machine.submit(Instant::ZERO, CallId(0), work);
    insta::assert_snapshot!(failure(&drain(&mut machine), 0), @"invalid request: `small` is modelled and has no words of its own; give the run words, so that the reply has a length");
}

#[test]
fn a_call_that_is_given_up_frees_its_memory_and_says_no_more() {
    let small = Small { blocks: 4, ..Small::default() };
    let mut machine = at_once(small, &[(33, 30), (33, 4)]);
    assert!(machine.next(Some(at(8))).is_none());
    machine.cancel(at(8), CallId(0));
    let completions = drain(&mut machine);
    assert_eq!(completions.len(), 1, "nothing comes out for the first");
    // The step that was under way ends at 9, and the second takes four of its own.
    assert_eq!(served(&completions, 1).0, at(13));
    let counts = Counts { submitted: 2, served: 1, cancelled: 1, ..Counts::default() };
    assert_eq!(machine.counts(), counts);
}

#[test]
fn a_call_is_given_up_wherever_it_stands() {
    // In the front end, in the queue, while read, on the link, while writing.
    for instant in [1, 5, 6, 8, 20, 100] {
        let small = Small { split: true, calls_per_step: 1, ..Small::default() };
        let mut machine = at_once(small, &[(10, 90), (10, 2)]);
        while machine.next(Some(at(instant))).is_some() {}
        machine.cancel(at(instant), CallId(0));
        let completions = drain(&mut machine);
        assert_eq!(completions.len(), 1, "given up after {instant} ms");
        served(&completions, 1);
    }
}

#[test]
fn a_call_given_up_at_the_instant_of_its_reply_counts_as_given_up() {
    let mut machine = at_once(Small::default(), &[(10, 3), (10, 3)]);
    let first = machine.next(Some(at(8))).map(|completion| completion.call);
    assert_eq!(first, Some(CallId(0)));
    machine.cancel(at(8), CallId(1));
    assert!(drain(&mut machine).is_empty());
    let counts = Counts { submitted: 2, served: 1, cancelled: 1, ..Counts::default() };
    assert_eq!(machine.counts(), counts);
}

#[test]
fn between_pools_a_prompt_costs_the_links_latency_and_its_tokens() {
    let small = Small { split: true, ..Small::default() };
    let mut machine = at_once(small, &[(10, 3)]);
    let (end, reply) = served(&drain(&mut machine), 0);
    // Read in one step; two milliseconds and one per token on the link; then a step per token.
    assert_eq!(reply.timing.prefill, FRONT_END + Span::from_millis(1));
    assert_eq!(milliseconds(reply.timing.transfer), 12.0);
    assert_eq!(milliseconds(reply.timing.time_to_first_token), 19.0);
    assert_eq!(end, at(21));
    assert_eq!(milliseconds(reply.timing.decode), 3.0);
}

#[test]
fn transfers_cross_the_link_one_after_the_other() {
    let small = Small { split: true, ..Small::default() };
    let completions = drain(&mut at_once(small, &[(10, 1), (10, 1)]));
    let transfer = |call| milliseconds(served(&completions, call).1.timing.transfer);
    // The second waits for the ten milliseconds that the first moves, not for its latency.
    assert_eq!((transfer(0), transfer(1)), (12.0, 22.0));
}

#[test]
fn calls_spread_over_the_groups() {
    let two = Small { replicas: 2, calls_per_step: 1, ..Small::default() };
    let completions = drain(&mut at_once(two, &[(10, 3), (10, 3), (10, 3)]));
    assert_eq!(ends(&completions, 3), [at(8), at(8), at(11)]);
}

#[test]
fn a_streamed_reply_says_every_token_but_the_last() {
    let mut machine = Small::default().machine();
    let mut work = chat(10, 3);
    work.stream = true;
    machine.submit(Instant::ZERO, CallId(0), work);
    let said: Vec<(u64, Instant)> = drain(&mut machine)
        .iter()
        .filter_map(|completion| match completion.event {
            CompletionEvent::Progress { output_tokens, .. } => Some((output_tokens, completion.at)),
            _ => None,
        })
        .collect();
    assert_eq!(said, [(1, at(6)), (2, at(7))]);
}

#[test]
fn nothing_is_told_from_beyond_the_deadline() {
    let mut machine = at_once(Small::default(), &[(10, 3)]);
    assert!(machine.next(Some(at(7))).is_none(), "it is served at 8");
    assert!(machine.next_event_at().is_some_and(|next| next > at(7)));
    // So a call that comes at 7 still joins the batch that is formed at 12.
    machine.submit(at(7), CallId(1), chat(10, 1));
    assert_eq!(machine.next(Some(at(8))).map(|completion| completion.at), Some(at(8)));
    assert_eq!(served(&drain(&mut machine), 1).0, at(13));
}

#[test]
fn an_idle_machine_draws_power_and_costs_money_but_is_not_busy() {
    let mut machine = at_once(Small { replicas: 1, ..Small::default() }, &[(10, 3)]);
    drain(&mut machine);
    let totals = machine.totals(at(1_000));
    assert_eq!(milliseconds(totals.busy), 3.0);
    // Two chips, of which one is in no group, at 10 W and a dollar a second.
    assert!((totals.energy_j.unwrap() - 20.0).abs() < 1e-9);
    assert!((totals.cost_usd.unwrap() - 2.0).abs() < 1e-9);
}

#[test]
fn a_machine_with_an_unknown_power_says_so_of_its_calls_too() {
    let mut deployment = Small::default().deployment();
    let mut pool = (*deployment.pools[0]).clone();
    pool.draw = None;
    deployment.pools[0] = Arc::new(pool);
    let mut machine = ModelledMachine::new(deployment);
    machine.submit(Instant::ZERO, CallId(0), chat(10, 3));
    let reply = served(&drain(&mut machine), 0).1;
    assert_eq!(reply.energy_j, None);
    assert!(reply.cost_usd.is_some());
    assert_eq!(machine.totals(at(9)).energy_j, None);
}
