//! The laws of the gate, over random pairs of runs on machines of the simulator.

use proptest::prelude::*;
use timeslip_timeline::drive::Load;

use super::driven::{Chains, Deed, driven, machines};
use super::recorded::recorded_on;
use super::retime_tests::any_sessions;
use super::shown::with_a_cache;
use super::{Attribution, attribute};
use crate::slip::Slip;
use crate::tolerance::Tolerance;
use crate::verdict::ChangeKind;

fn compare(before: &Slip, now: &Slip) -> Attribution {
    attribute(before, now, &mut machines, &Tolerance::default())
}

fn total(slip: &Slip) -> i64 {
    slip.sessions.iter().map(|session| session.e2e_ns as i64).sum()
}

/// A run, and the same with a few of its deeds changed, lost or said twice.
fn any_pair() -> impl Strategy<Value = (Vec<Chains>, Vec<Chains>)> {
    let edits = prop::collection::vec((any::<prop::sample::Index>(), 0u8..8, 1u64..500), 0..4);
    (any_sessions(), edits).prop_map(|(before, edits)| {
        let mut now = before.clone();
        for (place, edit, amount) in edits {
            let session = place.index(now.len());
            let chain = &mut now[session][0];
            if chain.is_empty() {
                continue;
            }
            let deed = place.index(chain.len());
            match edit {
                0 => _ = chain.remove(deed),
                1 => chain.insert(deed, Deed::Chat(amount, 5)),
                2 => chain.insert(deed, Deed::Tool(amount * 1_000)),
                3 => now.push(vec![vec![Deed::Chat(amount, 3)]]),
                4 => chain.truncate(deed),
                5 | 6 => chain[deed] = Deed::Delegate(amount / 10 + 1, amount * 900, amount),
                _ => chain[deed] = Deed::Chat(amount, amount / 10 + 1),
            }
        }
        (before, now)
    })
}

/// The sessions without what is given up, whose times do not follow from its record alone.
pub(super) fn without_giving_up(mut sessions: Vec<Chains>) -> Vec<Chains> {
    for deed in sessions.iter_mut().flatten().flatten() {
        match deed {
            Deed::Race(first, _) => *deed = Deed::Tool(*first),
            Deed::Impatient(nanos) => *deed = Deed::Sleep(*nanos),
            _ => {}
        }
    }
    sessions
}

/// What every comparison of two runs on one machine holds.
fn check(before: &Slip, now: &Slip, attribution: &Attribution) {
    let Attribution { changes, time_difference_ns, exact, failure } = attribution;
    assert!(failure.is_none(), "a modelled machine times what it is given");
    assert!(exact, "the run of now is the same again");
    assert_eq!(*time_difference_ns, total(now) - total(before));
    let sum: i64 = changes.iter().map(|change| change.cost.time_ns).sum();
    assert_eq!(sum, *time_difference_ns, "the costs sum to the difference");
    let tokens: i64 = changes.iter().map(|change| change.cost.input_tokens).sum();
    let difference = now.summary.input_tokens as i64 - before.summary.input_tokens as i64;
    assert_eq!(tokens, difference, "so do tokens");
    let calls: i64 = changes.iter().map(|change| change.cost.model_calls).sum();
    assert_eq!(calls, now.summary.model_calls as i64 - before.summary.model_calls as i64);
    assert!(changes.is_sorted_by(|first, second| first.cost.time_ns >= second.cost.time_ns));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// With everything undone a run is the one before: nothing is left over.
    #[test]
    fn what_differs_explains_the_whole_difference((before, now) in any_pair(), at_once in 1usize..4) {
        let load = Load::at_once(at_once);
        let before = driven(&before, load.clone(), None);
        let now = driven(&now, load, None);
        let attribution = compare(&before, &now);
        check(&before, &now, &attribution);
        let left = attribution.changes.iter().find(|change| change.kind == ChangeKind::Conditions);
        let left = left.map_or(0, |change| change.cost.time_ns);
        prop_assert_eq!(left, 0, "{:#?}", attribution);
    }

    /// The same on a machine that keeps prompts, so that what a prompt begins with matters.
    #[test]
    fn what_differs_explains_what_a_cache_of_prompts_does((before, now) in any_pair()) {
        let recorded = |sessions: Vec<Chains>| {
            let slip = driven(&without_giving_up(sessions), Load::at_once(2), None);
            recorded_on(&slip, with_a_cache())
        };
        let (before, now) = (recorded(before), recorded(now));
        let attribution = attribute(&before, &now, &mut with_a_cache, &Tolerance::default());
        check(&before, &now, &attribution);
        let left = attribution.changes.iter().find(|change| change.kind == ChangeKind::Conditions);
        let left = left.map_or((0, 0), |left| (left.cost.time_ns, left.cost.cached_input_tokens));
        prop_assert_eq!(left, (0, 0), "{:#?}", attribution);
    }

    #[test]
    fn runs_that_have_nothing_to_do_with_each_other_are_told_apart_all_the_same(
        before in any_sessions(),
        now in any_sessions(),
        at_once in (1usize..4, 1usize..4),
    ) {
        let before = driven(&before, Load::at_once(at_once.0), None);
        let now = driven(&now, Load::at_once(at_once.1), None);
        check(&before, &now, &compare(&before, &now));
        prop_assert_eq!(compare(&before, &before).changes, []);
    }
}
