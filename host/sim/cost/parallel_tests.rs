//! What holds however the chips of a group share a model.

use proptest::prelude::*;

use super::term::{Part, Term};
use super::work::Work;
use crate::deployment::Deployment;
use crate::example_groups::{DENSE, EXPERTS, LATENT, Many, RECURRENT, shared};
use crate::profile::Parallelism;

fn terms(deployment: &Deployment, work: &Work) -> Vec<Term> {
    let mut terms = Vec::new();
    deployment.writer().cost.terms(work, &mut |term| terms.push(term));
    terms
}

fn term(deployment: &Deployment, work: &Work, part: Part) -> Term {
    let found = terms(deployment, work).into_iter().find(|term| term.part == part);
    found.unwrap_or_else(|| panic!("a step has {part:?}"))
}

/// A step of so many replies and a prompt.
fn mixed(deployment: &Deployment, replies: u64, prompt: u64) -> Work {
    let mut work = Work::new(&deployment.model);
    (0..replies).for_each(|_| work.add_decode(3_000));
    if prompt > 0 {
        work.add_prefill(100, prompt, true);
    }
    work
}

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-9 * other.abs()
}

/// Powers of two, whose product is at most 64.
fn parallel() -> impl Strategy<Value = Parallelism> {
    (0u32..3, 0u32..3, 0u32..3, 0u32..3).prop_map(|(tensor, data, expert, pipeline)| {
        let expert = expert.min(tensor + data);
        shared(1 << tensor, 1 << data, 1 << expert, 1 << pipeline)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// What a group has is its weights, with a copy of all but the experts for each rank, what the
    /// software keeps, and room for KV.
    #[test]
    fn memory_is_weights_and_kv_and_what_is_reserved(parallel in parallel()) {
        let deployment = Many::new(parallel, &[EXPERTS, DENSE]).deployment();
        let (placement, model) = (&deployment.writer().placement, &deployment.model);
        prop_assert_eq!(placement.chips, parallel.chips());
        let passed = model.linear_parameters() + 2 * 2 * model.head_parameters();
        let weights = parallel.data * passed + model.expert_parameters();
        prop_assert_eq!(placement.weights_bytes, weights as f64);
        let all = placement.weights_bytes + placement.kv_bytes + placement.reserved_bytes;
        prop_assert!(near(all, placement.capacity_bytes));
    }

    /// The chips of a group compute as much together as one would alone, and read no less.
    #[test]
    fn operations_are_shared_and_none_is_lost(
        parallel in parallel(),
        replies in 1u64..90,
        prompt in 0u64..600,
    ) {
        for layers in [[EXPERTS, DENSE], [LATENT, RECURRENT]] {
            let many = |parallel| {
                let capacity = vec![("capacity_bytes", "1e12")];
                Many { figures: capacity, ..Many::new(parallel, &layers) }.deployment()
            };
            let (divided, whole) = (many(parallel), many(shared(1, 1, 1, 1)));
            let work = mixed(&whole, replies, prompt);
            for part in [Part::Linear, Part::Attention, Part::Experts, Part::Head] {
                let (one, other) = (term(&divided, &work, part), term(&whole, &work, part));
                let chips = parallel.chips() as f64;
                prop_assert!(near(one.flops * chips, other.flops), "{part:?} {one:?} {other:?}");
                prop_assert!(one.bytes * chips >= other.bytes * (1.0 - 1e-9), "{part:?}");
            }
        }
    }

    #[test]
    fn more_tensor_parallel_chips_never_take_longer_where_nothing_is_fixed(
        replies in 1u64..200,
        prompt in 0u64..4_000,
    ) {
        let mut before = f64::INFINITY;
        for tensor in [1, 2, 4, 8, 16] {
            let many = Many::new(shared(tensor, 1, 1, 1), &[DENSE]).without_fixed_times();
            let deployment = many.deployment();
            let work = mixed(&deployment, replies, prompt);
            let seconds: f64 = terms(&deployment, &work)
                .iter()
                // Bytes on links are more with each chip.
                .filter(|term| term.part != Part::Exchange)
                .map(|term| term.seconds)
                .sum();
            prop_assert!(seconds <= before, "{tensor}: {seconds} {before}");
            before = seconds;
        }
    }

    #[test]
    fn ones_that_are_said_change_no_bit(replies in 1u64..90, prompt in 0u64..600) {
        for tensor in [1, 4] {
            let plain = Many::new(Parallelism::tensor(tensor), &[EXPERTS, DENSE]);
            let said = Many { says_ones: true, ..plain.clone() };
            let (plain, said) = (plain.deployment(), said.deployment());
            let work = mixed(&plain, replies, prompt);
            let seconds = [&plain, &said].map(|one| one.writer().cost.seconds(&work).to_bits());
            prop_assert_eq!(seconds[0], seconds[1]);
        }
    }

    /// Each of as many micro-batches as stages passes all layers, on the chips of one stage at a
    /// time.
    #[test]
    fn stages_take_what_a_share_of_the_work_takes_on_a_share_of_the_chips(
        tensor in 0u32..3,
        replies in 1u64..60,
    ) {
        let tensor = 1 << tensor;
        let many = |pipeline| Many::new(shared(tensor, 1, 1, pipeline), &[DENSE, EXPERTS]);
        let whole = many(1).deployment();
        for stages in [2, 4] {
            let divided = many(stages).deployment();
            let (all, share) = (mixed(&whole, stages * replies, 0), mixed(&whole, replies, 0));
            let ways = term(&divided, &all, Part::Stages).seconds;
            let host = |work: &Work| 300e-6 * (work.calls as f64).sqrt();
            let divided = divided.writer().cost.seconds(&all) - ways - host(&all);
            let whole = whole.writer().cost.seconds(&share) - host(&share);
            prop_assert!(near(divided, whole), "{divided} {whole}");
            let way = 5e-6 + replies as f64 * 4096.0 * 2.0 / (9e11 * 0.7);
            prop_assert!(near(ways, (stages - 1) as f64 * way));
        }
    }
}

/// Two ranks of two chips: 24 layers with experts, of which a token has four, on three other chips
/// of four.
#[test]
fn tokens_go_to_the_chips_of_their_experts_and_back() {
    let deployment = Many::new(shared(2, 2, 1, 1), &[EXPERTS]).deployment();
    let work = mixed(&deployment, 10, 0);
    let dispatch = term(&deployment, &work, Part::Dispatch);
    let bytes = 0.75 * 5.0 * 4.0 * 4096.0 * 1.5;
    let expected = 24.0 * 2.0 * (11e-6 + bytes / (9e11 * 0.6));
    assert!(near(dispatch.seconds, expected), "{dispatch:?}");
    assert!(near(dispatch.bytes, 24.0 * 2.0 * bytes));
    // Each rank reduces its own tokens.
    let exchange = term(&deployment, &work, Part::Exchange);
    let expected = 24.0 * 2.0 * (5e-6 + 5.0 * 4096.0 * 2.0 / (9e11 * 0.7));
    assert!(near(exchange.seconds, expected), "{exchange:?}");
    let host = term(&deployment, &work, Part::Host);
    assert!(near(host.seconds, 300e-6 * 5.0_f64.sqrt()));
}

/// A layer of each kind: two products of attention, one of the router and two of the shared expert;
/// five of latent attention; three of a state and two of a dense part.
#[test]
fn kernels_take_what_their_layers_have() {
    let kernels = |layers, format| {
        let many = Many { format, ..Many::new(shared(8, 1, 1, 1), &[layers, DENSE]) };
        let deployment = many.deployment();
        let seconds = term(&deployment, &mixed(&deployment, 1, 0), Part::Kernels).seconds;
        let products = if format == "bf16" { 2.0 } else { 3.0 };
        (seconds * 1e6 - 32.0 * (4.0 * products + 4.0 + 7.0), products)
    };
    let close = |one: f64, other: f64| assert!((one - other).abs() < 1e-6, "{one} {other}");
    let (seconds, product) = kernels(EXPERTS, "fp8");
    close(seconds, 24.0 * (5.0 * product + 4.0 + 7.0 + 9.0));
    let (seconds, product) = kernels(EXPERTS, "bf16");
    close(seconds, 24.0 * (5.0 * product + 4.0 + 7.0 + 10.0));
    let (seconds, product) = kernels(LATENT, "fp8");
    close(seconds, 58.0 * (8.0 * product + 4.0 + 5.0 + 7.0 + 9.0));
    let (seconds, product) = kernels(RECURRENT, "fp8");
    close(seconds, 20.0 * (5.0 * product + 6.0 + 7.0));
}

/// Of 128 experts one token hits four, half of which are on the chip of either part.
#[test]
fn experts_that_are_hit_take_time_on_their_chips() {
    let experts = |parallel, hit: &'static str| {
        let mut many = Many::new(parallel, &[EXPERTS]).without_fixed_times();
        many.figures.push(("expert_hit_seconds", hit));
        let deployment = many.deployment();
        term(&deployment, &mixed(&deployment, 1, 0), Part::Experts).seconds
    };
    for (parallel, hits) in [(shared(2, 1, 1, 1), 4.0), (shared(2, 1, 2, 1), 2.0)] {
        let more = experts(parallel, "1e-6") - experts(parallel, "0");
        assert!((more - 24.0 * hits * 1e-6).abs() < 1e-9, "{more}");
    }
}

#[test]
fn a_group_that_is_too_small_is_told_with_the_fewest_tensor_parallel_chips() {
    let told = |parallel| Many::new(parallel, &[LATENT]).try_deployment().unwrap_err().to_string();
    insta::assert_snapshot!(told(shared(1, 2, 1, 1)), @"`many-model` does not fit the pool of `many`: its weights take 396 GB as held there (2 copies of all but the experts, one for each data rank), and 2 × many-chip give 2 × (150 GB − 10.0 GB reserved) = 280 GB. The smallest group that holds it is 4 × many-chip, with `tensor_parallel` 2");
    insta::assert_snapshot!(told(shared(1, 1, 1, 1)), @"`many-model` does not fit the pool of `many`: its weights take 385 GB as held there, and 1 × many-chip give 1 × (150 GB − 10.0 GB reserved) = 140 GB. The smallest group that holds it is 3 × many-chip");
    insta::assert_snapshot!(told(shared(8, 16, 1, 1)), @"a group of 128 many-chip in `many` is larger than the 64 that one domain joins; lower `tensor_parallel`, or the product of it and `data_parallel`");
}
