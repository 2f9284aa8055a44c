//! What a small machine reaches, worked out by hand, and the page that stands with the profiles.

use std::path::Path;

use proptest::prelude::*;

use super::{
    Answer, AtContext, CONTEXTS, Evidence, Limit, Pair, Question, Reach, largest_batch, reach,
};
use crate::catalogue::{Catalogue, ProfileKind};
use crate::cost::{Binds, Part};
use crate::example_helpers::Helper;
use crate::examples::{Small, known};
use crate::explain::TARGET_TOKENS_PER_SECOND;

fn question(target: f64, machine: Option<&str>, model: Option<&str>) -> Question {
    let [machine, model] = [machine, model].map(|name| name.map(str::to_owned));
    Question { target_tokens_per_second: target, machine, model }
}

fn small(catalogue: &Catalogue, target: f64) -> Pair {
    let question = question(target, Some("small"), Some("small-model"));
    let mut pairs = reach(catalogue, &question).unwrap().pairs;
    assert_eq!(pairs.len(), 1);
    pairs.remove(0)
}

/// The small machine, whose host takes so many milliseconds for a step of one chat.
fn with_host(small: &Small, milliseconds: &str) -> Catalogue {
    let host = |value: &str| format!("host_step_seconds = {}", known(value));
    let text = small.machine_text().replace(&host("0"), &host(&format!("{milliseconds}e-3")));
    small.catalogue().with_text(ProfileKind::Machine, "small", text)
}

fn answers(pair: &Pair) -> Vec<&Answer> {
    pair.contexts.iter().map(|at: &AtContext| &at.answer).collect()
}

/// A layer takes a millisecond and the host three times the root of the batch: four users take 7 ms,
/// and get 142.9 tokens/s; five take 7.71 ms and get 129.7.
#[test]
fn the_largest_batch_is_the_one_worked_out_by_hand() {
    let catalogue = with_host(&Small::default(), "3");
    let pair = small(&catalogue, 140.0);
    let Answer::Reached(reached) = answers(&pair)[0] else { panic!("{pair:?}") };
    assert_eq!((reached.batch, reached.limit), (4, Limit::Time));
    assert!((reached.tokens_per_second - 1e3 / 7.0).abs() < 0.01, "{reached:?}");
    assert_eq!((reached.longest.part, reached.longest.binds), (Part::Host, Binds::Latency));
    assert!((reached.longest.share - 6.0 / 7.0).abs() < 1e-9);
}

/// 1,000 blocks of 16 tokens hold 15 chats of 1,000 tokens (63 blocks each) and two of 8,000; the
/// model takes 10,000.
#[test]
fn memory_and_the_scheduler_end_a_batch_that_is_fast_enough() {
    let pair = small(&Small::default().catalogue(), 1_000.0);
    let [Answer::Reached(first), Answer::Reached(second), third, fourth] = answers(&pair)[..]
    else {
        panic!("{pair:?}")
    };
    assert_eq!((first.batch, first.limit), (8, Limit::CallsPerStep));
    assert_eq!((second.batch, second.limit), (2, Limit::Memory));
    assert_eq!([third, fourth], [&Answer::BeyondModel; 2]);
    let catalogue = Small { blocks: 70, ..Small::default() }.catalogue();
    let pair = small(&catalogue, 1_000.0);
    let Answer::Reached(first) = answers(&pair)[0] else { panic!("{pair:?}") };
    assert_eq!((first.batch, first.limit), (1, Limit::Memory));
    assert_eq!(*answers(&pair)[1], Answer::BeyondMemory);
}

/// Alone, a user waits 1 ms for the layer and 3 ms for the host, and gets 250 tokens/s; 1,000 without
/// the host.
#[test]
fn a_user_who_is_alone_and_too_slow_is_told_what_binds() {
    let catalogue = with_host(&Small::default(), "3");
    for (target, reaches) in [(500.0, true), (1_500.0, false)] {
        let pair = small(&catalogue, target);
        let slower = pair.slower().expect("it is too slow");
        assert!((slower.tokens_per_second - 250.0).abs() < 1e-6);
        assert!((slower.part_of_target - 250.0 / target).abs() < 1e-9);
        assert_eq!(slower.longest.part, Part::Host);
        assert!((slower.longest.share - 0.75).abs() < 1e-9);
        assert!((slower.longest.tokens_per_second_without.unwrap() - 1e3).abs() < 1e-6);
        assert_eq!(slower.longest.reaches_without, reaches);
    }
}

/// Of two chats whose draft group has room for one, the other writes one token a step, and it is the
/// one that has to be as fast.
#[test]
fn the_slowest_user_counts() {
    let machine = Small { blocks: 100, helper: Helper::Draft, ..Small::default() };
    let deployment = machine.deployment();
    let step = |batch| crate::explain::WritingStep::of(&deployment, 1_000, batch);
    let one = step(1).slowest_tokens_per_second(1.0);
    let two = step(2).slowest_tokens_per_second(1.0);
    assert!((one - 1.7).abs() < 1e-9, "of two proposed tokens 0.7 are accepted: {one}");
    assert_eq!(two, 1.0);
}

#[test]
fn what_cannot_be_served_is_told_in_short_and_the_cancelled_left_out() {
    let catalogue = Catalogue::built_in();
    let large = reach(&catalogue, &question(1.0, Some("h100-8"), Some("kimi-k3"))).unwrap();
    let reason = large.pairs[0].refused.as_deref().expect("it is too large");
    assert!(reason.starts_with("weights of ") && reason.contains("8 × h100 hold"), "{reason}");
    let other = reach(&catalogue, &question(1.0, Some("rubin-groq3"), Some("kimi-k3")));
    assert!(other.unwrap_err().to_string().contains("does not serve `kimi-k3`"));
    let cancelled = reach(&catalogue, &question(1.0, Some("vera-rubin-nvl144-cpx"), None)).unwrap();
    assert_eq!(cancelled.cancelled, ["vera-rubin-nvl144-cpx"]);
    assert!(cancelled.pairs.is_empty());
    let unknown = reach(&catalogue, &question(1.0, Some("h10-8"), None)).unwrap_err();
    assert!(unknown.to_string().contains("did you mean `h100-8`?"), "{unknown}");
    let unknown = reach(&catalogue, &question(1.0, None, Some("kimi-k5"))).unwrap_err();
    assert!(unknown.to_string().contains("there is no model `kimi-k5`"), "{unknown}");
}

#[test]
fn a_machine_says_what_it_rests_on() {
    let catalogue = Catalogue::built_in();
    let of = |machine: &str| {
        super::evidence::of(&catalogue, &catalogue.machine(machine).unwrap()).unwrap()
    };
    assert_eq!(of("h200-8"), Evidence::PartlyKnown);
    assert_eq!(of("mtia-v2-24"), Evidence::Unmeasured);
    assert_eq!(of("ai200-8"), Evidence::EstimatedWhole);
    assert_eq!(of("fixed-step"), Evidence::Stated);
}

proptest! {
    #[test]
    fn a_smaller_target_never_gives_a_smaller_batch(
        one in 20.0f64..1_100.0,
        other in 20.0f64..1_100.0,
        host in 0u64..4,
    ) {
        let machine = Small { blocks: 4_000, calls_per_step: 50, uneven: true, ..Small::default() };
        let catalogue = with_host(&machine, &host.to_string());
        let batches = |target| {
            let pair = small(&catalogue, target);
            let batch = |at: &AtContext| match &at.answer {
                Answer::Reached(reached) => reached.batch,
                _ => 0,
            };
            pair.contexts.iter().map(batch).collect::<Vec<u64>>()
        };
        let (more, fewer) = (batches(one.min(other)), batches(one.max(other)));
        prop_assert!(more.iter().zip(&fewer).all(|(more, fewer)| more >= fewer), "{more:?} {fewer:?}");
    }

    #[test]
    fn bisection_finds_the_last_that_meets(most in 0u64..500, last in 0u64..600) {
        prop_assert_eq!(largest_batch(most, |batch| batch <= last), last.min(most));
    }
}

/// The page that stands with the profiles is what the code says of them today; `UPDATE_REACH=1`
/// writes it.
#[test]
fn the_page_of_the_built_in_machines_is_what_they_say() {
    let question = question(TARGET_TOKENS_PER_SECOND, None, None);
    let reach: Reach = reach(&Catalogue::built_in(), &question).unwrap();
    assert!(reach.timed().all(|pair| pair.contexts.len() == CONTEXTS.len()));
    let page = reach.page();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../hardware-profiles/REACH.md");
    if std::env::var_os("UPDATE_REACH").is_some() {
        std::fs::write(&file, page).unwrap();
        return;
    }
    let known = std::fs::read_to_string(&file).expect("the page is there").replace("\r\n", "\n");
    assert!(known == page, "REACH.md is old; run this test with UPDATE_REACH=1");
}
