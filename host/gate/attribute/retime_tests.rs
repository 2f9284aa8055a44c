//! A run that nothing changed has, timed again, the times of its slip, to the nanosecond.

use proptest::prelude::*;
use timeslip_timeline::drive::Load;
use timeslip_timeline::time::{Instant, Span};

use super::driven::{Chains, Deed, driven, machines};
use super::hand_made::{Calculable, Do, doing, machine, prompt, slip};
use super::is_exact;
use super::journal_of;
use super::recorded::recorded_on;
use super::retime::{Became, retime};
use crate::slip::Slip;
use crate::step::Step;

/// Holds every time of a slip against the run timed again.
fn check(slip: &Slip) {
    let journal = journal_of(slip);
    let times = retime(&journal, &mut machines());
    for (session, times) in slip.sessions.iter().zip(&times.sessions) {
        for (place, (step, became)) in session.steps.iter().zip(&times.steps).enumerate() {
            let Step::Chat(chat) = step else {
                continue;
            };
            if let Became::Served(served) = became {
                let timing = &served.timing;
                let again = [timing.queue, timing.prefill, timing.transfer, timing.decode];
                let parts = [chat.queue_ns, chat.prefill_ns, chat.transfer_ns, chat.decode_ns];
                assert_eq!(again.map(Span::as_nanos), parts, "{}: step {place}", session.task);
                assert_eq!(served.usage.input_tokens, chat.input_tokens);
                assert_eq!(served.usage.cached_input_tokens, chat.cached_input_tokens);
            } else {
                assert!(!chat.is_answered(), "{}: step {place} was answered", session.task);
            }
        }
    }
    assert!(is_exact(slip, &times), "the sessions' times differ");
}

fn turns(count: usize) -> Vec<Deed> {
    let turn = |turn: usize| [Deed::Chat(60 + turn as u64, 40), Deed::Tool(20_000 + turn as u64)];
    (0..count).flat_map(turn).chain([Deed::Chat(10, 25)]).collect()
}

#[test]
fn sessions_in_turn_are_the_same_again() {
    check(&driven(&[vec![turns(3)], vec![turns(1)], vec![turns(2)]], Load::at_once(1), None));
}

#[test]
fn sessions_that_share_batches_are_the_same_again() {
    let sessions: Vec<Chains> = (0..9).map(|session| vec![turns(1 + session % 4)]).collect();
    check(&driven(&sessions, Load::at_once(4), None));
    check(&driven(&sessions, Load::at_once(9), None));
}

#[test]
fn arrivals_are_the_same_again() {
    let sessions: Vec<Chains> = (0..6).map(|session| vec![turns(1 + session % 3)]).collect();
    let arrivals = (0..6).map(|place| Instant::from_nanos(place * 111_111_111)).collect();
    check(&driven(&sessions, Load::Arrivals(arrivals), None));
}

#[test]
fn chains_side_by_side_are_the_same_again() {
    let chains = vec![turns(2), turns(1), vec![Deed::User(900), Deed::Chat(500, 80)]];
    check(&driven(&[chains.clone(), chains], Load::at_once(2), None));
}

#[test]
fn a_chat_that_is_given_up_holds_its_machine_again_until_then() {
    let impatient = vec![vec![Deed::Impatient(300_000_000), Deed::Chat(20, 10)], turns(2)];
    check(&driven(&[impatient, vec![turns(3)]], Load::at_once(2), None));
}

#[test]
fn of_a_race_the_winner_goes_on_again() {
    let race = vec![Deed::Race(5_000, 3_000), Deed::Chat(5, 5)];
    check(&driven(&[vec![race]], Load::at_once(1), None));
}

#[test]
fn a_deadline_ends_a_session_again() {
    let deadline = Some(Span::from_millis(900));
    let slip =
        driven(&[vec![turns(9)], vec![turns(1)], vec![turns(8)]], Load::at_once(2), deadline);
    assert!(slip.sessions.iter().any(|session| session.error.is_some()));
    check(&slip);
}

#[test]
fn a_slip_that_is_recorded_again_is_the_same_slip() {
    let sessions: Vec<Chains> = (0..4).map(|session| vec![turns(1 + session)]).collect();
    let slip = driven(&sessions, Load::at_once(2), None);
    let again = recorded_on(&slip, machines());
    assert_eq!(again.sessions, slip.sessions);
}

#[test]
fn of_chats_at_one_instant_the_one_asked_first_is_served_first() {
    let together = || vec![Do::Together(vec![Do::Chat(prompt(), 5), Do::Chat(prompt(), 50)])];
    let sessions = vec![doing("first", 0, &together()), doing("second", 0, &together())];
    let slip = recorded_on(&slip(sessions), vec![machine(Calculable::one_at_a_time())]);
    let queued = |session: usize| {
        let queue = |step: &Step| match step {
            Step::Chat(chat) => chat.queue_ns,
            _ => unreachable!("both steps are chats"),
        };
        slip.sessions[session].steps.iter().map(queue).collect::<Vec<_>>()
    };
    let (short, long) = (120 * 10 + 5 * 100, 120 * 10 + 50 * 100);
    assert_eq!(queued(0), [0, short]);
    assert_eq!(queued(1), [short + long, short + long + short]);
}

fn any_deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => (0u64..600, 1u64..60).prop_map(|(input, output)| Deed::Chat(input, output)),
        2 => (0u64..9_000_000).prop_map(Deed::Tool),
        1 => (0u64..9_000, 0u64..9_000).prop_map(|(first, second)| Deed::Race(first, second)),
        1 => (0u64..400_000_000).prop_map(Deed::Impatient),
        1 => (0u64..9_000_000).prop_map(Deed::User),
        1 => (0u64..9_000).prop_map(Deed::Sleep),
        2 => (1u64..60, 0u64..9_000_000, 0u64..9_000_000).prop_map(|(output, tool, sleep)| Deed::Delegate(output, tool, sleep)),
    ]
}

pub(super) fn any_sessions() -> impl Strategy<Value = Vec<Chains>> {
    let chain = prop::collection::vec(any_deed(), 0..6);
    prop::collection::vec(prop::collection::vec(chain, 1..3), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_run_is_the_same_again(
        sessions in any_sessions(),
        at_once in 1usize..5,
        deadline in prop::option::of(100u64..2000),
    ) {
        check(&driven(&sessions, Load::at_once(at_once), deadline.map(Span::from_millis)));
    }
}
