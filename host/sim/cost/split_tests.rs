//! The time of a step of two groups, by hand and in general.

use proptest::prelude::*;

use super::*;
use crate::cost::StepModel;
use crate::deployment::Deployment;
use crate::example_helpers::Helper;
use crate::examples::Small;

/// Two groups of one chip each; in the uneven machine a chip reads 1.3e6 bytes a second.
fn deployment(uneven: bool) -> Deployment {
    Small { helper: Helper::Ffn, uneven, ..Small::default() }.deployment()
}

fn cost(deployment: &Deployment, micro_batches: u64) -> SplitCost {
    let StepModel::Split(cost) = &deployment.writer().cost else { panic!("a split machine") };
    let mut cost = (**cost).clone();
    cost.link.micro_batches = micro_batches;
    cost
}

fn writing(deployment: &Deployment, contexts: &[u64]) -> Work {
    let mut work = Work::new(&deployment.model);
    contexts.iter().for_each(|context| work.add_decode(*context));
    work
}

fn microseconds(seconds: f64) -> f64 {
    (seconds * 1e9).round() / 1e3
}

fn parts(cost: &SplitCost, work: &Work) -> Vec<(Part, f64)> {
    let mut parts = Vec::new();
    cost.terms(work, &mut |term| parts.push((term.part, microseconds(term.seconds))));
    parts
}

/// A token's activations are 8 values in 16 bits, which cross at 16e6 bytes a second after 100 µs,
/// and each side has half of a fixed millisecond.
#[test]
fn one_micro_batch_takes_the_sum_of_its_ways_and_sides() {
    let deployment = deployment(false);
    let one = parts(&cost(&deployment, 1), &writing(&deployment, &[10, 10, 10]));
    let expected = [
        (Part::AttentionSide, 500.0),
        (Part::FfnSide, 500.0),
        (Part::Crossings, 2.0 * 103.0),
        (Part::Head, 0.0),
    ];
    assert_eq!(one, expected);
    // Two of one and a half chats each: less on the link at a time.
    let two = cost(&deployment, 2).time(&writing(&deployment, &[10, 10, 10])).seconds;
    assert_eq!(microseconds(two), 1_000.0 + 2.0 * 101.5);
    // Never more micro-batches than chats.
    let alone = cost(&deployment, 3).time(&writing(&deployment, &[10])).seconds;
    assert_eq!(microseconds(alone), 1_000.0 + 2.0 * 101.0);
}

/// Three would each take half a millisecond on each side.
#[test]
fn a_step_is_divided_only_where_that_makes_it_shorter() {
    let deployment = deployment(false);
    let work = writing(&deployment, &[10, 10, 10]);
    assert_eq!(parts(&cost(&deployment, 3), &work), parts(&cost(&deployment, 1), &work));
    let mut slow = cost(&deployment, 3);
    slow.link.latency_seconds = 0.0;
    slow.link.bytes_per_second = 15e3;
    let crossing = slow.crossing(&work, 1).seconds;
    let expected = [
        (Part::AttentionSide, 0.0),
        (Part::FfnSide, 0.0),
        (Part::Crossings, microseconds(crossing)),
        (Part::Head, 0.0),
    ];
    assert_eq!(parts(&slow, &work), expected, "both ways and both sides at the same time");
}

/// Five groups with as much to do each: a stage of the ffn group is busy for all of them.
#[test]
fn an_ffn_group_for_many_is_waited_for() {
    let deployment = deployment(false);
    let work = writing(&deployment, &[10]);
    let mut shared = cost(&deployment, 1);
    let alone = shared.time(&work).seconds;
    shared.attention_groups = 2.0;
    assert_eq!(shared.time(&work).seconds, alone, "there is time for two");
    shared.attention_groups = 5.0;
    assert_eq!(microseconds(shared.time(&work).seconds), 5.0 * 500.0);
    let mut sum = 0.0;
    shared.terms(&work, &mut |term| sum += term.seconds);
    assert_eq!(sum, shared.time(&work).seconds);
}

/// Of the uneven machine's two layers each has 128 parameters of attention in 16 bits and 16 bytes of
/// KV a token, of which the second sees 24 at most; the first has 96 of feed-forward, and the second
/// none to cross to or to share its fixed time with.
#[test]
fn each_side_reads_what_it_holds() {
    let deployment = deployment(true);
    let work = writing(&deployment, &[40]);
    let time = cost(&deployment, 1).time(&work);
    let us = |bytes: f64| bytes / 1.3;
    let attention = 500.0 + 1_000.0 + 2.0 * us(256.0) + us(16.0 * 40.0) + us(16.0 * 24.0);
    let ffn = 500.0 + us(192.0);
    let head = us(256.0);
    let whole = attention + ffn + 2.0 * 101.0 + head;
    assert!((time.seconds * 1e6 - whole).abs() < 1e-6, "{} {whole}", time.seconds * 1e6);
    let read = us(512.0) + us(640.0) + us(384.0) + head;
    assert!((time.memory_seconds * 1e6 - read).abs() < 1e-6, "{}", time.memory_seconds);
    assert!((time.helper_memory_seconds * 1e6 - us(192.0)).abs() < 1e-6);
}

fn contexts() -> impl Strategy<Value = Vec<u64>> {
    proptest::collection::vec(1u64..200, 1..12)
}

proptest! {
    /// Both groups have one chip of one kind, and share its fixed time of each layer, so that
    /// nothing but the ways of the layer with a feed-forward part is new.
    #[test]
    fn undivided_it_is_the_whole_machine_and_the_ways(contexts in contexts()) {
        let divided = deployment(true);
        let work = writing(&divided, &contexts);
        let profile = Small { helper: Helper::Ffn, uneven: true, ..Small::default() };
        let whole = profile.whole_deployment();
        let apart = cost(&divided, 1).time(&work).seconds;
        let together = whole.writer().cost.seconds(&work);
        let ways = 1e-4 + contexts.len() as f64 * 16.0 / 16e6;
        let expected = together + 2.0 * ways;
        prop_assert!((apart / expected - 1.0).abs() < 1e-9, "{} {}", apart, expected);
    }

    /// Weights are read for each micro-batch and fixed times are spent on each: dividing a step
    /// never beats what its busiest part takes for all chats at once, and is left where it does not
    /// pay.
    #[test]
    fn dividing_a_step_has_these_bounds(contexts in contexts(), micro_batches in 2u64..6) {
        let deployment = deployment(true);
        let work = writing(&deployment, &contexts);
        let seconds = |micro_batches| cost(&deployment, micro_batches).time(&work).seconds;
        let whole = cost(&deployment, 1);
        let at_once = |index| {
            let parts = whole.parts(index, &work, 1);
            parts.iter().map(|part| part.seconds).fold(0.0, f64::max)
        };
        let busiest: f64 = (0..2).map(at_once).sum();
        let divided = seconds(micro_batches);
        prop_assert!(divided >= busiest * (1.0 - 1e-12));
        prop_assert!(divided <= seconds(1));
    }

    #[test]
    fn the_terms_are_the_whole(contexts in contexts(), micro_batches in 1u64..6) {
        let deployment = deployment(true);
        let work = writing(&deployment, &contexts);
        let cost = cost(&deployment, micro_batches);
        let mut sum = 0.0;
        cost.terms(&work, &mut |term| sum += term.seconds);
        prop_assert_eq!(sum, cost.time(&work).seconds);
    }
}

/// Where work divides and nothing is fixed, alternating saves what the other side takes.
#[test]
fn micro_batches_pay_where_nothing_is_fixed() {
    let deployment = deployment(true);
    let mut free = cost(&deployment, 1);
    let SideCost::Roofline(ffn) = &mut free.ffn else { panic!("both groups have memory") };
    for side in [&mut free.attention, &mut **ffn] {
        side.layer_seconds = 0.0;
        // Weights that cost nothing, so that each micro-batch has its share of the work alone.
        side.linear.bytes = 1e30;
        side.linear.flops = 1e6;
    }
    free.link.latency_seconds = 0.0;
    let work = writing(&deployment, &[100; 12]);
    let mut before = f64::INFINITY;
    for micro_batches in [1, 2, 3, 4, 6, 12] {
        free.link.micro_batches = micro_batches;
        let seconds = free.time(&work).seconds;
        assert!(seconds <= before * (1.0 + 1e-12), "{micro_batches}: {seconds} {before}");
        before = seconds;
    }
}

/// What a layer has of fixed time stays with the side whose part it has, and is shared where it has
/// both.
#[test]
fn the_sides_share_the_fixed_time_of_layers_with_both_parts() {
    let deployment = deployment(true);
    let mut cost = cost(&deployment, 1);
    for fraction in [0.0, 0.3, 1.0] {
        cost.attention_fixed_fraction = fraction;
        let attention = [0, 1].map(|index| microseconds(cost.attention_fixed(index)));
        assert_eq!(attention, [1_000.0 * fraction, 1_000.0]);
        assert_eq!(microseconds(cost.attention_fixed_seconds()), 500.0 * (1.0 + fraction));
        assert_eq!(microseconds(cost.ffn_fixed_seconds()), 1_000.0 * (1.0 - fraction));
    }
    cost.attention.groups[0].mixes_tokens = false;
    assert_eq!(cost.ffn_fixed_seconds(), 0.0, "a layer of kernels alone has theirs");
}
