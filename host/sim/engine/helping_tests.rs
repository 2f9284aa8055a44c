//! What a machine does whose groups that write are helped: by chips that hold the feed-forward
//! parts, or by proposed tokens.

use timeslip_timeline::backend::{Backend, CallId, Completion, CompletionEvent, FailedChat};
use timeslip_timeline::time::{Instant, Span};

use super::{ModelledMachine, Outage};
use crate::catalogue::ProfileKind;
use crate::example_helpers::Helper;
use crate::examples::{FRONT_END, Small, at, chat, drain, known, served};
use crate::profile::Role;

/// Tokens that the small machine's table accepts on average: 0.3 × 1 + 0.2 × 2.
const MEAN_ACCEPTED: f64 = 0.7;

/// Two steps that propose a token, one that checks them, and the way: of a draft pool.
const DRAFTED_STEP: Span = Span::from_micros(3_100);

fn small(helper: Helper) -> Small {
    Small { helper, ..Small::default() }
}

fn microseconds(span: Span) -> u64 {
    span.as_nanos() / 1_000
}

fn alone(small: Small, input: u64, output: u64) -> Vec<Completion> {
    let mut machine = small.machine();
    machine.submit(Instant::ZERO, CallId(0), chat(input, output));
    drain(&mut machine)
}

#[test]
fn an_attention_group_reads_and_writes_with_its_ffn_group() {
    let (_, reply) = served(&alone(small(Helper::Ffn), 100, 3), 0);
    // Two sides of half a millisecond, and two ways of 100 µs and one for each token: 64, 36, 1 and
    // 1.
    let timing = reply.timing;
    let read = 1_000 + 2 * 164 + 1_000 + 2 * 136;
    assert_eq!(microseconds(timing.prefill - FRONT_END), read);
    assert_eq!(microseconds(timing.decode), 2 * (1_000 + 2 * 101));
    // Both chips draw 10 W and cost a dollar a second.
    let seconds = (timing.end_to_end() - FRONT_END).as_seconds_f64();
    assert!((reply.energy_j.unwrap() / (20.0 * seconds) - 1.0).abs() < 1e-6);
    assert!((reply.cost_usd.unwrap() / (2.0 * seconds) - 1.0).abs() < 1e-6);
}

#[test]
fn an_attention_group_behind_a_prefill_group_only_writes() {
    let split = Small { split: true, ..small(Helper::Ffn) };
    let (_, reply) = served(&alone(split, 10, 3), 0);
    assert_eq!(microseconds(reply.timing.prefill - FRONT_END), 1_000, "by the prefill group alone");
    assert_eq!(reply.timing.transfer, Span::from_millis(12));
    assert_eq!(microseconds(reply.timing.decode), 3 * (1_000 + 2 * 101));
}

#[test]
fn proposed_tokens_change_nothing_before_the_first_is_written() {
    let first = |helper| served(&alone(small(helper), 100, 5), 0).1.timing.time_to_first_token;
    assert_eq!(first(Helper::Draft), first(Helper::None));
    assert_eq!(first(Helper::Heads), first(Helper::None));
}

/// Milliseconds that each step takes, and the tokens that it writes on average.
fn tokens_per_step(helper: Helper, step: Span) -> f64 {
    let (_, reply) = served(&alone(small(helper), 10, 6_001), 0);
    let steps = reply.timing.decode.as_seconds_f64() / step.as_seconds_f64();
    assert!((steps - steps.round()).abs() < 1e-6, "{steps} whole steps");
    6_000.0 / steps
}

#[test]
fn a_step_writes_as_many_tokens_as_the_table_says() {
    for (helper, step) in [
        (Helper::Draft, DRAFTED_STEP),
        // A layer more runs twice, beside the model's one.
        (Helper::Heads, Span::from_millis(3)),
    ] {
        let mean = tokens_per_step(helper, step);
        // The deviation of one draw is 0.78; of 3,500 on average 0.013.
        assert!((mean - (1.0 + MEAN_ACCEPTED)).abs() < 0.04, "{helper:?} {mean}");
    }
}

/// The instants at which a call's tokens are told.
fn told(completions: &[Completion], call: u64) -> Vec<Instant> {
    let of_call = completions.iter().filter(|completion| completion.call == CallId(call));
    of_call.map(|completion| completion.at).collect()
}

#[test]
fn every_token_of_a_stream_is_told_and_those_of_a_step_at_one_instant() {
    let mut machine = small(Helper::Draft).machine();
    let mut work = chat(10, 40);
    work.stream = true;
    machine.submit(Instant::ZERO, CallId(0), work);
    let completions = drain(&mut machine);
    let told = told(&completions, 0);
    assert_eq!(told.len(), 40, "39 of progress, and the reply");
    for (index, completion) in completions.iter().take(39).enumerate() {
        let CompletionEvent::Progress { output_tokens, .. } = completion.event else {
            panic!("{completion:?}");
        };
        assert_eq!(output_tokens, index as u64 + 1);
    }
    let mut steps = told.clone();
    steps.dedup();
    assert!(steps.len() < 40 && steps.len() > 13, "{} steps of one to three", steps.len());
}

/// What is accepted depends on the chat and its tokens alone, not on who else is served.
#[test]
fn other_chats_change_nothing_about_what_is_accepted() {
    let steps_of = |others: u64| {
        let mut machine = small(Helper::Heads).machine();
        for call in 0..=others {
            let mut work = chat(5, 60);
            work.stream = true;
            machine.submit(Instant::ZERO, CallId(call), work);
        }
        let mut at = told(&drain(&mut machine), 0);
        let begin = at[0];
        at.iter_mut().for_each(|at| *at = Instant::ZERO + at.since(begin));
        at
    };
    assert_eq!(steps_of(0), steps_of(5));
}

#[test]
fn memory_that_lacks_for_proposed_tokens_fails_no_chat() {
    // Two blocks of 16: the last token of the reply has no KV.
    for helper in [Helper::Draft, Helper::Heads] {
        let small = Small { blocks: 2, ..small(helper) };
        let (_, reply) = served(&alone(small, 16, 17), 0);
        assert_eq!(reply.usage.output_tokens, 17, "{helper:?}");
    }
}

#[test]
fn a_chat_ends_at_the_limit_of_its_context_and_not_behind_it() {
    let completions = alone(small(Helper::Draft), 9_990, 50);
    let CompletionEvent::Failed(FailedChat { error, .. }) = &completions[0].event else {
        panic!("{completions:?}");
    };
    assert!(error.to_string().contains("have filled the 10,000 tokens"), "{error}");
    let (_, reply) = served(&alone(small(Helper::Draft), 9_990, 10), 0);
    assert_eq!(reply.usage.output_tokens, 10);
}

#[test]
fn an_idle_machine_draws_for_all_its_chips() {
    for helper in [Helper::Ffn, Helper::Draft] {
        let machine = ModelledMachine::new(small(helper).deployment());
        let totals = machine.totals(at(1_000));
        // Two pools of two chips, of which one is in no group, at 10 W and a dollar a second.
        assert!((totals.energy_j.unwrap() - 40.0).abs() < 1e-9);
        assert!((totals.cost_usd.unwrap() - 4.0).abs() < 1e-9);
    }
}

#[test]
fn a_group_that_helps_takes_the_one_that_it_helps_with_it() {
    for (helper, role) in [(Helper::Ffn, Role::Ffn), (Helper::Draft, Role::Draft)] {
        let mut machine = small(helper).machine();
        let outage = Outage { role, group: 0, from: at(7), until: Some(at(20)) };
        machine.plan_outage(outage).unwrap();
        machine.submit(Instant::ZERO, CallId(0), chat(10, 30));
        let (end, reply) = served(&drain(&mut machine), 0);
        assert_eq!(machine.counts().requeued, 1);
        assert!(end > at(20) && reply.usage.output_tokens == 30);
    }
    let mut machine = small(Helper::Ffn).machine();
    let outage = Outage { role: Role::Ffn, group: 1, from: at(7), until: None };
    insta::assert_snapshot!(machine.plan_outage(outage).unwrap_err(), @"`small` has no group ffn 1; it has attention 0 to 0, ffn 0 to 0");
}

/// The chips of an ffn group are those of the attention groups that it serves, in equal parts, and
/// they fail together.
#[test]
fn attention_groups_share_an_ffn_group() {
    let small = Small { replicas: 2, ..small(Helper::Ffn) };
    let text = small.machine_text();
    let two = format!("replicas = {}", known("2"));
    let (attention, ffn) = text.rsplit_once(&two).expect("two groups of each");
    let text = format!("{attention}replicas = {}{ffn}", known("1"));
    let catalogue = small.catalogue().with_text(ProfileKind::Machine, "small", text);
    let deployment = catalogue.deploy("small", None).expect("one ffn group serves two");
    let mut machine = ModelledMachine::new(deployment);
    let outage = |role, group| Outage { role, group, from: at(1_000), until: None };
    assert!(machine.plan_outage(outage(Role::Ffn, 1)).unwrap_err().contains("ffn 0 to 0"));
    machine.plan_outage(outage(Role::Ffn, 0)).unwrap();
    machine.submit(Instant::ZERO, CallId(0), chat(100, 3));
    let (_, reply) = served(&drain(&mut machine), 0);
    // Ten watts of the one, and five of the other.
    let seconds = (reply.timing.end_to_end() - FRONT_END).as_seconds_f64();
    assert!((reply.energy_j.unwrap() / (15.0 * seconds) - 1.0).abs() < 1e-6);
    machine.submit(at(2_000), CallId(1), chat(100, 3));
    machine.submit(at(2_000), CallId(2), chat(100, 3));
    assert!(drain(&mut machine).is_empty(), "both attention groups are down with it");
}
