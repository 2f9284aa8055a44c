//! What holds of a machine in all the ways in which its serving software can behave: random loads
//! and random machines, whose groups also fail.

use proptest::prelude::*;
use timeslip_timeline::backend::{Backend, CallId, Completion, CompletionEvent, ReplyLength};
use timeslip_timeline::time::Instant;

use super::laws::{Act, Asked, acts, held, load};
use super::{ModelledMachine, Outage};
use crate::catalogue::Catalogue;
use crate::example_helpers::Helper;
use crate::examples::{Small, Ways, at};
use crate::profile::{Policy, Preemption, Routing, Sending};

/// A group that is down for some time, or for ever.
#[derive(Clone, Copy, Debug)]
struct Down {
    group: u64,
    from: u64,
    milliseconds: Option<u64>,
}

#[derive(Clone, Debug)]
struct Case {
    small: Small,
    downs: Vec<Down>,
}

impl Case {
    fn machine(&self) -> ModelledMachine {
        let mut machine = self.small.machine();
        for down in &self.downs {
            let roles = self.small.roles();
            let kinds = roles.len() as u64;
            let outage = Outage {
                role: roles[(down.group % kinds) as usize],
                group: down.group / kinds % self.small.replicas,
                from: at(down.from),
                until: down.milliseconds.map(|span| at(down.from + span)),
            };
            machine.plan_outage(outage).unwrap();
        }
        machine
    }
}

fn ways() -> impl Strategy<Value = Ways> {
    let policy =
        prop_oneof![Just(Policy::Fcfs), Just(Policy::ShortestPrompt), Just(Policy::SloAware)];
    let routing = prop_oneof![
        Just(Routing::RoundRobin),
        Just(Routing::LeastOutstanding),
        Just(Routing::PrefixAffinity)
    ];
    let tier = prop_oneof![Just(0u64), 16u64..400];
    let limit = || proptest::option::weighted(0.3, 1u64..30);
    (
        policy,
        routing,
        any::<[bool; 3]>(),
        [tier.clone(), tier],
        limit(),
        limit(),
        [1u64..4, 0..6],
        1u64..40,
    )
        .prop_map(
            |(
                policy,
                routing,
                [swap, per_layer, plans_ahead],
                tiers,
                calls,
                longest,
                [paths, intake_steps],
                objective,
            )| {
                let has_tier = tiers != [0, 0];
                Ways {
                    policy,
                    objective_ms: objective,
                    routing,
                    preemption: match swap && has_tier {
                        true => Preemption::Swap,
                        false => Preemption::Recompute,
                    },
                    sends: if per_layer { Sending::PerLayer } else { Sending::AtEnd },
                    paths,
                    tiers,
                    waiting_calls_max: calls,
                    waiting_ms_max: longest,
                    plans_ahead,
                    intake_steps,
                    ..Ways::default()
                }
            },
        )
}

fn case() -> impl Strategy<Value = Case> {
    let down = (0u64..8, 0u64..120, proptest::option::weighted(0.8, 1u64..60))
        .prop_map(|(group, from, milliseconds)| Down { group, from, milliseconds });
    let helper = prop_oneof![
        Just(Helper::None),
        Just(Helper::Ffn),
        Just(Helper::Draft),
        Just(Helper::Heads)
    ];
    let kind = (any::<[bool; 3]>(), helper);
    let small = (8u64..40, 1u64..6, 0u64..100, 1u64..4, kind, ways()).prop_map(
        |(blocks, calls_per_step, more, replicas, (flags, helper), ways)| Small {
            blocks,
            calls_per_step,
            tokens_per_step: calls_per_step + more,
            replicas,
            split: flags[0],
            prefix_cache: flags[1],
            uneven: flags[2],
            helper,
            ways,
            ..Small::default()
        },
    );
    (small, proptest::collection::vec(down, 0..3)).prop_map(|(small, downs)| Case { small, downs })
}

/// Runs a load to its end, or to `until`. Gives all that came out, in its order, and the machine.
fn run(
    mut machine: ModelledMachine,
    load: &[Asked],
    until: Option<Instant>,
) -> (Vec<Completion>, ModelledMachine) {
    let mut completions = Vec::new();
    for (instant, act) in acts(load) {
        if until.is_some_and(|until| instant > until) {
            break;
        }
        completions.extend(std::iter::from_fn(|| machine.next(Some(instant))));
        match act {
            Act::Submit(call) => {
                let work = load[call as usize].submission(call);
                machine.submit(instant, CallId(call), work);
            }
            Act::Cancel(call) => machine.cancel(instant, CallId(call)),
        }
    }
    completions.extend(std::iter::from_fn(|| machine.next(until)));
    (completions, machine)
}

/// What can be seen of a machine from outside.
fn seen(machine: &ModelledMachine, at: Instant) -> String {
    let totals = machine.totals(at);
    format!("{:?} {:?} {:?}", machine.counts(), totals.busy, totals.cost_usd)
}

proptest! {
    #[test]
    fn summed_steps_are_walked_steps_to_the_bit(case in case(), load in load(true)) {
        let (summed, summing) = run(case.machine(), &load, None);
        let (walked, walking) = run(case.machine().walking(), &load, None);
        prop_assert_eq!(format!("{summed:?}"), format!("{walked:?}"));
        let end = at(100_000);
        prop_assert_eq!(seen(&summing, end), seen(&walking, end));
    }

    /// Of chains of SRAM chips, alone and behind or for chips with memory beside them.
    #[test]
    fn summed_steps_of_chains_are_walked_steps_to_the_bit(
        name in prop_oneof![
            Just("groqrack"),
            Just("cerebras-cs3-4"),
            Just("rubin-groq3"),
            Just("rubin-groq3-afd"),
        ],
        load in load(true),
    ) {
        let machine = || ModelledMachine::new(Catalogue::built_in().deploy(name, None).unwrap());
        let (summed, summing) = run(machine(), &load, None);
        let (walked, walking) = run(machine().walking(), &load, None);
        prop_assert_eq!(format!("{summed:?}"), format!("{walked:?}"));
        let end = at(100_000);
        prop_assert_eq!(seen(&summing, end), seen(&walking, end));
    }

    #[test]
    fn summed_steps_are_walked_steps_at_any_instant(
        case in case(),
        load in load(true),
        until in 0u64..200,
    ) {
        let until = at(until);
        let (summed, summing) = run(case.machine(), &load, Some(until));
        let (walked, walking) = run(case.machine().walking(), &load, Some(until));
        prop_assert_eq!(format!("{summed:?}"), format!("{walked:?}"));
        prop_assert_eq!(seen(&summing, until), seen(&walking, until));
        let joules = |machine: &ModelledMachine| machine.totals(until).energy_j.unwrap();
        let (summed, walked) = (joules(&summing), joules(&walking));
        prop_assert!((summed - walked).abs() <= 1e-9 * walked.max(1e-3), "{} {}", summed, walked);
    }

    #[test]
    fn every_call_has_one_answer_or_waits_for_a_group_that_is_down(
        case in case(),
        load in load(true),
    ) {
        let (completions, machine) = run(case.machine(), &load, None);
        let mut answers = vec![0; load.len()];
        for completion in &completions {
            answers[completion.call.0 as usize] += 1;
        }
        let is_down = case.downs.iter().any(|down| down.milliseconds.is_none());
        for (answers, asked) in answers.iter().zip(&load) {
            let may_be_silent = asked.patience.is_some() || is_down;
            prop_assert!(*answers == 1 || (*answers == 0 && may_be_silent));
        }
        let counts = machine.counts();
        let done = counts.served + counts.failed + counts.cancelled;
        prop_assert_eq!(counts.submitted, done + machine.calls.len() as u64);
        prop_assert!(counts.rejected + counts.expired <= counts.failed);
    }

    #[test]
    fn blocks_are_free_or_held_by_a_call(
        case in case(),
        load in load(true),
        until in 0u64..200,
    ) {
        // With windows a block of a prompt is not one of memory; `memory` has tests of its own.
        let small = Small { uneven: false, ..case.small };
        let case = Case { small, ..case };
        let (_, mut machine) = run(case.machine(), &load, Some(at(until)));
        for group in 0..machine.groups.len() {
            machine.settle(group);
            let memory = &machine.groups[group].memory;
            prop_assert_eq!(memory.used(), held(&machine, group), "group {}", group);
        }
    }

    #[test]
    fn the_parts_of_a_calls_time_sum_to_it(case in case(), load in load(true)) {
        let (completions, _) = run(case.machine(), &load, None);
        for completion in &completions {
            if let CompletionEvent::Served(reply) = &completion.event {
                let asked = &load[completion.call.0 as usize];
                prop_assert_eq!(reply.timing.end_to_end(), completion.at.since(at(asked.at)));
                prop_assert!(reply.timing.time_to_first_token <= reply.timing.end_to_end());
                prop_assert!(reply.usage.cached_input_tokens < reply.usage.input_tokens);
            }
        }
    }

    /// The length of a reply is seen by nobody before it is written.
    #[test]
    fn what_happens_does_not_depend_on_what_is_still_to_be_written(
        case in case(),
        load in load(true),
        longer in 0usize..24,
        until in 0u64..120,
    ) {
        let longer = longer % load.len();
        let (before, _) = run(case.machine(), &load, Some(at(until)));
        let is_done = before.iter().any(|completion| completion.call == CallId(longer as u64));
        if is_done || load[longer].patience.is_some() {
            return Ok(());
        }
        let mut changed = load.clone();
        changed[longer].output_tokens += 100;
        let (after, _) = run(case.machine(), &changed, Some(at(until)));
        prop_assert_eq!(format!("{before:?}"), format!("{after:?}"));
    }
}

#[test]
fn a_reply_says_how_many_tokens_it_lacks() {
    let reply = ReplyLength::of(3);
    assert_eq!([0, 2, 3].map(|written| reply.tokens_left(written)), [3, 1, 1]);
}
