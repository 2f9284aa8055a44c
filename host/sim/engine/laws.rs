//! What holds of a machine under any load: random calls, given up at random, on small machines of
//! random sizes.

use proptest::prelude::*;
use timeslip_timeline::backend::{Backend, CallId, Completion, CompletionEvent, Served};
use timeslip_timeline::time::Instant;

use super::ModelledMachine;
use crate::examples::{Small, at, chat};
use crate::profile::Role;

/// A call of a random load.
#[derive(Clone, Copy, Debug)]
struct Asked {
    /// Milliseconds at which it comes.
    at: u64,
    input_tokens: u64,
    output_tokens: u64,
    /// Milliseconds after which it is given up, unless it is done.
    patience: Option<u64>,
}

/// What is done to a machine, in the order of its clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    Submit(u64),
    Cancel(u64),
}

fn load(patience: bool) -> impl Strategy<Value = Vec<Asked>> {
    let patience = match patience {
        true => proptest::option::weighted(0.3, 0u64..60).boxed(),
        false => Just(None).boxed(),
    };
    let asked = (0u64..40, 1u64..150, 1u64..40, patience).prop_map(
        |(at, input_tokens, output_tokens, patience)| Asked {
            at,
            input_tokens,
            output_tokens,
            patience,
        },
    );
    proptest::collection::vec(asked, 1..24)
}

fn machine() -> impl Strategy<Value = Small> {
    // From too few blocks for the longest call, over a few calls' worth, to plenty.
    (8u64..40, 1u64..6, 0u64..100, 1u64..3, any::<bool>()).prop_map(
        |(blocks, calls_per_step, more_tokens, replicas, split)| Small {
            blocks,
            calls_per_step,
            tokens_per_step: calls_per_step + more_tokens,
            replicas,
            split,
        },
    )
}

/// Runs a load to its end, and gives `inspect` the machine after every completion and deadline.
fn run(small: Small, load: &[Asked], inspect: impl Fn(&ModelledMachine)) -> Vec<Completion> {
    let mut machine = small.machine();
    let mut acts: Vec<(Instant, Act)> = Vec::new();
    for (call, asked) in load.iter().enumerate() {
        acts.push((at(asked.at), Act::Submit(call as u64)));
        let patience = asked.patience.map(|patience| at(asked.at + patience));
        acts.extend(patience.map(|end| (end, Act::Cancel(call as u64))));
    }
    acts.sort_unstable();
    let mut completions = Vec::new();
    let mut run_to = |machine: &mut ModelledMachine, deadline: Option<Instant>| {
        while let Some(completion) = machine.next(deadline) {
            assert!(deadline.is_none_or(|deadline| completion.at <= deadline));
            inspect(machine);
            completions.push(completion);
        }
        inspect(machine);
    };
    for (instant, act) in acts {
        run_to(&mut machine, Some(instant));
        match act {
            Act::Submit(call) => {
                let asked = load[call as usize];
                let work = chat(asked.input_tokens, asked.output_tokens);
                machine.submit(instant, CallId(call), work);
            }
            Act::Cancel(call) => machine.cancel(instant, CallId(call)),
        }
        inspect(&machine);
    }
    run_to(&mut machine, None);
    completions
}

/// The blocks that calls say they hold in a group.
fn held(machine: &ModelledMachine, group: usize) -> u64 {
    let calls = machine.calls.values();
    match machine.groups[group].role {
        Role::Decode => calls
            .filter(|call| call.decode_group == Some(group))
            .map(|call| call.decode_blocks)
            .sum(),
        Role::Prefill | Role::All => {
            calls.filter(|call| call.first_group == group).map(|call| call.first_blocks).sum()
        }
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
                let (used, held) = (group.blocks.used(), held(machine, index));
                assert_eq!(used, held, "group {index}");
                assert!(used <= group.pool.placement.blocks);
            }
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
            prop_assert_eq!(reply.usage.input_tokens, load[call].input_tokens);
            prop_assert_eq!(reply.usage.output_tokens, load[call].output_tokens);
        }
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
        let served = |small| -> Vec<usize> {
            let mut calls: Vec<usize> =
                replies(&run(small, &load, |_| {})).map(|(call, ..)| call).collect();
            calls.sort_unstable();
            calls
        };
        let before = served(small);
        let after = served(larger);
        prop_assert!(before.iter().all(|call| after.contains(call)), "{:?} {:?}", before, after);
    }
}
