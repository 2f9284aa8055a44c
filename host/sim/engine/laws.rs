//! What holds of a machine under any load: random calls, given up at random, on small machines of
//! random sizes. Their prompts are made of few different messages, so that many begin alike.

use std::collections::BTreeSet;

use proptest::prelude::*;
use timeslip_timeline::backend::{
    Backend, CallId, Completion, CompletionEvent, Served, Submission,
};
use timeslip_timeline::conversation::PromptPart;
use timeslip_timeline::time::Instant;

use super::ModelledMachine;
use super::group::Duty;
use super::prefix::Found;
use crate::examples::{Small, at, conversation, part};

/// A call of a random load.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// Milliseconds at which it comes.
    pub(super) at: u64,
    /// Its messages, each one of four.
    prompt: Vec<u64>,
    /// A message that only this call has.
    own_tokens: u64,
    pub(super) output_tokens: u64,
    /// The message that its reply will be to later prompts.
    reply: u64,
    /// Milliseconds after which it is given up, unless it is done.
    pub(super) patience: Option<u64>,
}

/// What is done to a machine, in the order of its clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Act {
    Submit(u64),
    Cancel(u64),
}

pub(super) fn load(patience: bool) -> impl Strategy<Value = Vec<Asked>> {
    let patience = match patience {
        true => proptest::option::weighted(0.3, 0u64..60).boxed(),
        false => Just(None).boxed(),
    };
    let prompt = proptest::collection::vec(0u64..4, 0..5);
    let reply = (1u64..40, 0u64..4);
    let asked = (0u64..160, prompt, 0u64..60, reply, patience).prop_map(
        |(at, prompt, own_tokens, (output_tokens, reply), patience)| Asked {
            at,
            prompt,
            own_tokens,
            output_tokens,
            reply,
            patience,
        },
    );
    proptest::collection::vec(asked, 1..24)
}

impl Asked {
    /// One of four messages: shorter than a block, as long as one, and longer.
    fn message(digest: u64) -> PromptPart {
        part(digest, [5, 16, 23, 40][digest as usize])
    }

    pub(super) fn submission(&self, call: u64) -> Submission {
        let mut prompt: Vec<PromptPart> = self.prompt.iter().copied().map(Asked::message).collect();
        if self.own_tokens > 0 {
            prompt.push(part(100 + call, self.own_tokens));
        }
        conversation(&prompt, Asked::message(self.reply), self.output_tokens)
    }

    fn input_tokens(&self) -> u64 {
        self.submission(0).tokens.map_or(0, |tokens| tokens.input_tokens)
    }
}

fn machine() -> impl Strategy<Value = Small> {
    // From too few blocks for the longest call, over a few calls' worth, to plenty.
    (8u64..40, 1u64..6, 0u64..100, 1u64..3, any::<[bool; 2]>()).prop_map(
        |(blocks, calls_per_step, more_tokens, replicas, [split, prefix_cache])| Small {
            blocks,
            calls_per_step,
            tokens_per_step: calls_per_step + more_tokens,
            replicas,
            split,
            prefix_cache,
            ..Small::default()
        },
    )
}

/// What is done to a machine, in its order.
pub(super) fn acts(load: &[Asked]) -> Vec<(Instant, Act)> {
    let mut acts: Vec<(Instant, Act)> = Vec::new();
    for (call, asked) in load.iter().enumerate() {
        acts.push((at(asked.at), Act::Submit(call as u64)));
        let patience = asked.patience.map(|patience| at(asked.at + patience));
        acts.extend(patience.map(|end| (end, Act::Cancel(call as u64))));
    }
    acts.sort_unstable();
    acts
}

/// Runs a load to its end, and gives `inspect` the machine after every completion and deadline.
fn run(small: Small, load: &[Asked], inspect: impl Fn(&ModelledMachine)) -> Vec<Completion> {
    let mut machine = small.machine();
    let mut completions = Vec::new();
    let mut run_to = |machine: &mut ModelledMachine, deadline: Option<Instant>| {
        while let Some(completion) = machine.next(deadline) {
            assert!(deadline.is_none_or(|deadline| completion.at <= deadline));
            inspect(machine);
            completions.push(completion);
        }
        inspect(machine);
    };
    for (instant, act) in acts(load) {
        run_to(&mut machine, Some(instant));
        match act {
            Act::Submit(call) => {
                let work = load[call as usize].submission(call);
                machine.submit(instant, CallId(call), work);
            }
            Act::Cancel(call) => machine.cancel(instant, CallId(call)),
        }
        inspect(&machine);
    }
    run_to(&mut machine, None);
    completions
}

/// The blocks that calls say they hold in a group: their own, and those that they share once.
pub(super) fn held(machine: &ModelledMachine, group: usize) -> u64 {
    let calls = machine.calls.values();
    if machine.groups[group].duty == Duty::Write {
        let here = calls.filter(|call| call.decode_group == Some(group));
        return here.map(|call| call.decode_held.own + call.decode_held.shared).sum();
    }
    let mut shared = BTreeSet::new();
    let mut own = 0;
    for call in calls.filter(|call| call.is_in_first && call.first_group == group) {
        own += call.first_held.own;
        for (link, end) in call.chain.links_between(0, call.first_held.shared) {
            shared.extend((link.first..end).map(|block| (link.key, block)));
        }
    }
    own + shared.len() as u64
}

/// What calls hold is found, and what is found is what a walk from the first block finds.
fn assert_findable(machine: &ModelledMachine) {
    for call in machine.calls.values() {
        let prefixes = &machine.groups[call.first_group].memory.prefixes;
        let mut walked = Found::default();
        for (link, end) in call.chain.links_between(0, call.chain.blocks()) {
            let found = prefixes.of_link(link);
            walked.blocks = walked.blocks.max(found.blocks);
            walked.held = walked.held.max(found.held);
            if found.blocks < end {
                break;
            }
        }
        assert_eq!(prefixes.find(&call.chain, u64::MAX), walked);
        assert!(call.first_held.shared <= walked.held);
    }
}

fn replies(completions: &[Completion]) -> impl Iterator<Item = (usize, Instant, &Served)> {
    completions.iter().filter_map(|completion| match &completion.event {
        CompletionEvent::Served(served) => {
            Some((completion.call.0 as usize, completion.at, served))
        }
        _ => None,
    })
}

fn served_calls(small: Small, load: &[Asked]) -> BTreeSet<usize> {
    replies(&run(small, load, |_| {})).map(|(call, ..)| call).collect()
}

proptest! {
    #[test]
    fn calls_in_are_calls_out_and_calls_inside(small in machine(), load in load(true)) {
        run(small, &load, |machine| {
            let counts = machine.counts();
            let out = counts.served + counts.failed + counts.cancelled;
            assert_eq!(counts.submitted, out + machine.calls.len() as u64);
        });
    }

    #[test]
    fn blocks_are_free_or_held_by_a_call(small in machine(), load in load(true)) {
        run(small, &load, |machine| {
            for (index, group) in machine.groups.iter().enumerate() {
                let (used, held) = (group.memory.used(), held(machine, index));
                assert_eq!(used, held, "group {index}");
                assert!(used + group.memory.cached() <= group.pool.placement.blocks);
                let cached = group.memory.prefixes.evictable_blocks();
                assert_eq!(group.memory.cached(), cached, "group {index}");
            }
            assert_findable(machine);
        });
    }

    #[test]
    fn every_call_that_is_not_given_up_has_one_answer(small in machine(), load in load(true)) {
        let completions = run(small, &load, |_| {});
        let mut answers = vec![0; load.len()];
        for completion in &completions {
            answers[completion.call.0 as usize] += 1;
        }
        for (answers, asked) in answers.iter().zip(&load) {
            prop_assert!(*answers == 1 || (*answers == 0 && asked.patience.is_some()));
        }
    }

    #[test]
    fn the_parts_of_a_calls_time_sum_to_it(small in machine(), load in load(true)) {
        for (call, end, reply) in replies(&run(small, &load, |_| {})) {
            let whole = end.since(at(load[call].at));
            prop_assert_eq!(reply.timing.end_to_end(), whole);
            prop_assert!(reply.timing.time_to_first_token <= whole);
        }
    }

    #[test]
    fn a_served_call_has_the_tokens_that_were_planned(small in machine(), load in load(true)) {
        for (call, _, reply) in replies(&run(small, &load, |_| {})) {
            prop_assert_eq!(reply.usage.input_tokens, load[call].input_tokens());
            prop_assert_eq!(reply.usage.output_tokens, load[call].output_tokens);
            // At least one token is read.
            prop_assert!(reply.usage.cached_input_tokens < reply.usage.input_tokens);
            prop_assert!(small.prefix_cache || reply.usage.cached_input_tokens == 0);
        }
    }

    #[test]
    fn what_is_cached_loses_no_call(small in machine(), load in load(false)) {
        let served = |prefix_cache| served_calls(Small { prefix_cache, ..small }, &load);
        prop_assert_eq!(served(true), served(false));
    }

    #[test]
    fn the_same_calls_complete_the_same_way(small in machine(), load in load(true)) {
        let once = format!("{:?}", run(small, &load, |_| {}));
        prop_assert_eq!(once, format!("{:?}", run(small, &load, |_| {})));
    }

    #[test]
    fn more_memory_never_loses_a_call(
        small in machine(),
        load in load(false),
        more in 1u64..40,
    ) {
        let larger = Small { blocks: small.blocks + more, ..small };
        let before = served_calls(small, &load);
        let after = served_calls(larger, &load);
        prop_assert!(before.is_subset(&after), "{:?} {:?}", before, after);
    }
}
