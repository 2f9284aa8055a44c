//! Slips replayed: on the machine that they come from, they take exactly the time that they took.

use proptest::prelude::*;

use timeslip_gate::slip::Slip;
use timeslip_timeline::drive;
use timeslip_timeline::time::Instant;

use super::driven::{Chains, Deed, driven};
use super::laws::modelled;
use super::*;
use crate::slip_source::SlipSource;

fn deeds() -> impl Strategy<Value = Deed> {
    prop_oneof![
        3 => (10u64..3000, 1u64..80).prop_map(|(input, output)| Deed::Chat(input, output)),
        2 => (0u64..900_000_000).prop_map(Deed::Tool),
        1 => (0u64..900_000_000).prop_map(Deed::User),
        1 => (0u64..900_000_000).prop_map(Deed::Sleep),
    ]
}

fn sessions() -> impl Strategy<Value = Vec<Chains>> {
    let chains = prop::collection::vec(prop::collection::vec(deeds(), 0..4), 1..3);
    prop::collection::vec(chains, 1..8)
}

fn loads(sessions: usize) -> impl Strategy<Value = drive::Load> {
    let arrivals = prop::collection::vec(0u64..2_000_000_000, sessions).prop_map(|mut at| {
        at.sort_unstable();
        at[0] = 0;
        drive::Load::Arrivals(at.into_iter().map(Instant::from_nanos).collect())
    });
    prop_oneof![(1usize..4).prop_map(drive::Load::at_once), arrivals]
}

fn replayed(slip: &Slip) -> ReplayOutcome {
    let source = Source::Slip(SlipSource::new(slip));
    replay(&source, source.recorded_load(), &mut [modelled()], &with_rows())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_slip_takes_as_long_as_it_took(
        (sessions, load) in sessions().prop_flat_map(|sessions| {
            let load = loads(sessions.len());
            (Just(sessions), load)
        }),
    ) {
        let slip = driven(&sessions, load, None, modelled());
        let mut now = replayed(&slip).summary;
        // Of chains side by side either may be what the other's next step waited for, where one
        // ends while the agent computes for the other: a slip does not say it.
        if sessions.iter().any(|chains| chains.len() > 1) {
            prop_assert_eq!(now.time_share_ns.total(), slip.summary.time_share_ns.total());
            now.time_share_ns = slip.summary.time_share_ns;
        }
        prop_assert_eq!(&now, &slip.summary);
    }
}

#[test]
fn what_was_given_up_or_ended_by_a_deadline_is_again() {
    use Deed::{Chat, Impatient, Tool};
    let sessions = [
        vec![vec![Chat(100, 20), Impatient(40_000_000), Chat(10, 5)]],
        vec![vec![Chat(100, 20), Tool(4_000_000_000)], vec![Tool(3)]],
    ];
    let deadline = Some(Span::from_millis(3_000));
    let slip = driven(&sessions, drive::Load::at_once(2), deadline, modelled());
    let outcome = replayed(&slip);
    let (then, now) = (&slip.summary, &outcome.summary);
    assert_eq!((now.succeeded, now.failed), (1, 1));
    assert_eq!(now.session_e2e_ns, then.session_e2e_ns);
    assert_eq!(now.time_to_first_token_ns, then.time_to_first_token_ns);
    // The deadline cut a burst of the agent from what it waited for, by 11 ns.
    assert_eq!(now.time_share_ns.total(), then.time_share_ns.total());
    assert_eq!(now.time_share_ns.decode, then.time_share_ns.decode);
    assert_eq!(outcome.load.calls.given_up, 1);
    let notes = outcome.notes.join("\n");
    for note in [
        "what one would have decided otherwise",
        "2 of 2 recorded sessions had steps side by side",
        "1 of 2 recorded sessions gave something up",
        "1 of 2 recorded sessions ended by a deadline",
    ] {
        assert!(notes.contains(note), "{note}: {notes}");
    }
}

#[test]
fn later_rounds_have_only_tools_and_instructions_in_common() {
    let sessions = [vec![vec![Deed::Chat(400, 20), Deed::Chat(400, 20)]]];
    let slip = driven(&sessions, drive::Load::at_once(1), None, modelled());
    let source = Source::Slip(SlipSource::new(&slip).repeated(3));
    let load = Load::AtOnce { sessions: 1, think: Span::ZERO };
    let outcome = replay(&source, load, &mut [modelled()], &with_rows());
    assert_eq!((outcome.summary.sessions, outcome.summary.succeeded), (3, 3));
    let cached: Vec<u64> = outcome.rows.iter().map(|row| row.cached_input_tokens).collect();
    // The instructions have 50 tokens, in blocks of 16.
    assert_eq!(cached[..2], [0, cached[1]]);
    assert!(cached[1] > 400, "{cached:?}");
    assert_eq!(cached[2..], [48, cached[1], 48, cached[1]], "{cached:?}");
}

#[test]
fn a_chat_that_is_turned_away_ends_its_session() {
    let sessions = [vec![vec![Deed::Chat(400, 20), Deed::Chat(4, 20)], vec![Deed::Chat(90, 99)]]];
    let slip = driven(&sessions, drive::Load::at_once(1), None, modelled());
    let source = Source::Slip(SlipSource::new(&slip));
    let fixed = FixedLatency { input_max: 460, ..FixedLatency::new(10, 1) };
    let outcome = replay(&source, source.recorded_load(), &mut [machine("m", fixed)], &with_rows());
    let ends: Vec<CallEnd> = outcome.rows.iter().map(|row| row.end).collect();
    assert_eq!(ends, [CallEnd::Completed, CallEnd::GivenUp, CallEnd::Failed]);
    let e2e = outcome.summary.session_e2e_ns.unwrap().max;
    assert_eq!((outcome.summary.failed, outcome.summary.time_share_ns.total()), (1, e2e));
}
