//! The laws, over random runs.

use std::sync::Arc;

use proptest::prelude::*;

use super::bench::{Bench, Ran, at};
use super::guests::{Behaviour, Move, chat_with, deputy, sleep, tool, trap, user};
use crate::account::critical_path;
use crate::drive::{Load, RunUntil};
use crate::guest::GuestState;
use crate::record::{Asker, BurstCause, BurstRecord, CallCounts, ChatEnd, SessionRecord, StepKind};
use crate::time::{Instant, Span};

/// Half of all times are short and few, so that many things are due at one instant.
fn any_nanos() -> impl Strategy<Value = u64> {
    prop_oneof![
        4 => (0u64..6).prop_map(|step| step * 50),
        3 => 0u64..2000,
        1 => Just(Instant::END.as_nanos() - 1),
        1 => Just(u64::MAX),
    ]
}

fn any_chat() -> impl Strategy<Value = Move> {
    let model = prop_oneof![
        4 => Just(None),
        3 => Just(Some("small")),
        2 => Just(Some("large")),
        1 => Just(Some("huge")),
    ];
    let text = prop_oneof![
        12 => (0u64..40, 1u64..12).prop_map(|(input, output)| format!("{input} {output}")),
        1 => Just("901 5".to_owned()),
        1 => Just("nothing is written for this".to_owned()),
    ];
    (model, text, any::<bool>()).prop_map(|(model, text, stream)| chat_with(model, &text, stream))
}

fn any_tool() -> impl Strategy<Value = Move> {
    let name = prop_oneof![4 => Just("left"), 4 => Just("right"), 1 => Just("lefd")];
    let behaviour = prop_oneof![
        6 => Just(Behaviour::Compute),
        6 => Just(Behaviour::Sleep),
        2 => Just(Behaviour::Fail),
        1 => Just(Behaviour::Trap),
        1 => Just(Behaviour::Return),
        1 => Just(Behaviour::Forget),
    ];
    (name, behaviour, any_nanos()).prop_map(|(name, behaviour, nanos)| tool(name, behaviour, nanos))
}

fn any_user() -> impl Strategy<Value = Move> {
    prop_oneof![
        6 => any_nanos().prop_map(|nanos| user(&nanos.to_string())),
        1 => Just(user("nobody")),
        1 => Just(user("gone")),
    ]
}

fn any_move(deputies: usize) -> impl Strategy<Value = Move> {
    let delegates = match deputies {
        0 => any_chat().boxed(),
        _ => (0..deputies).prop_map(deputy).boxed(),
    };
    prop_oneof![
        5 => any_chat(),
        2 => delegates,
        5 => any_tool(),
        1 => any_user(),
        2 => any_nanos().prop_map(sleep),
        3 => (0u64..300).prop_map(Move::Compute),
        3 => Just(Move::DropOldest),
        5 => Just(Move::WaitForAll),
        5 => Just(Move::WaitForAny),
        1 => Just(Move::Log("a line")),
        1 => Just(Move::BeginSpan("a part")),
    ]
}

fn any_end() -> impl Strategy<Value = Move> {
    prop_oneof![
        6 => Just(Move::WaitForAll),
        1 => Just(Move::End(trap())),
        1 => Just(Move::End(GuestState::Finished(Err("gave up".to_owned())))),
        1 => Just(Move::Panic),
        1 => any_nanos().prop_map(Move::Compute),
    ]
}

/// A session that may delegate the first so many of the deputy's tasks.
fn any_session(deputies: usize) -> impl Strategy<Value = Vec<Move>> {
    (prop::collection::vec(any_move(deputies), 0..14), any_end()).prop_map(|(mut moves, end)| {
        moves.push(end);
        moves
    })
}

prop_compose! {
    fn any_bench()(
        sessions in prop::collection::vec(any_session(2), 0..7),
        // Each deputy may ask the next one, so that none asks for ever.
        deputies in (any_session(1), any_session(0)),
        at_once in 1usize..5,
        think in prop_oneof![3 => Just(0), 1 => 0u64..300],
        gaps in prop::collection::vec(prop_oneof![Just(0u64), 0u64..500], 7),
        closed in any::<bool>(),
        deadline in prop::option::of(prop_oneof![0u64..4000, Just(u64::MAX)]),
        slots in prop::array::uniform2(1usize..4),
    ) -> Bench {
        let arrivals = gaps.iter().scan(0, |now, gap| {
            *now += gap;
            Some(at(*now))
        });
        let load = match closed {
            true => Load::AtOnce { count: at_once, think: Span::from_nanos(think) },
            false => Load::Arrivals(arrivals.take(sessions.len()).collect()),
        };
        // The first may ask the one behind it, and it is that one that its tasks number 0.
        let deputies = vec![deputies.1, deputies.0];
        let deadline = deadline.map(Span::from_nanos);
        let until = RunUntil::AllHaveEnded;
        Bench { sessions, deputies, load, until, deadline, slots, threads: 1 }
    }
}

/// All that a run left, as text; panics write their own lines.
fn everything(ran: &Ran) -> String {
    format!("{:#?}\n{:#?}", ran.record, ran.diaries)
}

/// Counts a session's steps by how they ended.
fn counts(session: &SessionRecord) -> CallCounts {
    let mut counts = CallCounts { asked: session.steps.len() as u64, ..CallCounts::default() };
    for step in &session.steps {
        let answered = match &step.kind {
            StepKind::Chat(chat) => match chat.end {
                ChatEnd::Replied(_) => Some(true),
                ChatEnd::Failed(_) => Some(false),
                ChatEnd::Cancelled => None,
            },
            StepKind::Tool(tool) => tool.output.as_ref().map(Result::is_ok),
            StepKind::User(user) => user.answer.as_ref().map(Result::is_ok),
            // The record does not say whether a sleep was slept or given up.
            StepKind::Sleep => continue,
        };
        match answered {
            Some(true) => counts.answered += 1,
            Some(false) => counts.failed += 1,
            None => counts.cancelled += 1,
        }
    }
    counts
}

fn check_session(session: &SessionRecord) -> Result<(), TestCaseError> {
    let end_to_end = session.ended_at.since(session.started_at);
    let shares = critical_path(session);
    prop_assert_eq!(shares.total(), end_to_end);
    prop_assert!(shares.agent <= end_to_end && session.agent_compute <= end_to_end);
    let mut not_before = session.started_at;
    for step in &session.steps {
        prop_assert!(not_before <= step.asked_at, "steps stand in the order of their asking");
        not_before = step.asked_at;
        prop_assert!(step.asked_at <= step.ended_at && step.ended_at <= session.ended_at);
        if let StepKind::Chat(chat) = &step.kind {
            prop_assert_eq!(chat.timing.end_to_end(), step.end_to_end());
        }
    }
    check_bursts(session, Asker::Agent, session.started_at, session.ended_at)?;
    for (place, delegation) in session.delegations.iter().enumerate() {
        let step = &session.steps[delegation.step];
        check_bursts(session, Asker::Delegate(place), step.asked_at, step.ended_at)?;
    }
    prop_assert!(session.journal.is_sorted_by_key(|line| line.at));
    prop_assert!(session.journal.iter().all(|line| line.at <= session.ended_at));
    Ok(())
}

/// An agent runs one burst at a time, and no effect comes before its cause: a burst follows the
/// asking of the step that woke it and, unless that is a stream of pieces, its end; a step is asked
/// inside the burst that it names.
fn check_bursts(
    session: &SessionRecord,
    asker: Asker,
    started_at: Instant,
    ended_at: Instant,
) -> Result<(), TestCaseError> {
    let end_of = |burst: &BurstRecord| burst.began_at + burst.compute;
    let bursts = session.bursts_of(asker);
    let mut free_at = started_at;
    for (place, burst) in bursts.iter().enumerate() {
        prop_assert!(free_at <= burst.began_at, "an agent runs one burst at a time");
        free_at = end_of(burst);
        prop_assert!(free_at <= ended_at);
        match burst.cause {
            BurstCause::Start => prop_assert_eq!((place, burst.began_at), (0, started_at)),
            BurstCause::Busy => prop_assert_eq!(burst.began_at, end_of(&bursts[place - 1])),
            BurstCause::Step(step) => {
                let step = &session.steps[step];
                prop_assert_eq!(step.asked_by, asker);
                prop_assert!(step.asked_in < place && step.asked_at <= burst.began_at);
                let is_chat = matches!(step.kind, StepKind::Chat(_));
                prop_assert!(is_chat || step.ended_at == burst.began_at);
            }
        }
    }
    for step in session.steps.iter().filter(|step| step.asked_by == asker) {
        let asked_in = &bursts[step.asked_in];
        prop_assert!(started_at <= step.asked_at && step.ended_at <= ended_at);
        prop_assert!(asked_in.began_at <= step.asked_at && step.asked_at <= end_of(asked_in));
    }
    Ok(())
}

/// What was over in a session before an instant: its bursts and steps, as text.
fn before(session: &SessionRecord, instant: Instant) -> String {
    let bursts = session.bursts.iter().filter(|burst| burst.began_at + burst.compute < instant);
    let steps = session.steps.iter().filter(|step| step.ended_at < instant);
    format!("{:#?}\n{:#?}", bursts.collect::<Vec<_>>(), steps.collect::<Vec<_>>())
}

/// What a diary says of each ask: nothing follows its last answer, and the clock never falls.
fn check_diary(diary: &[(u64, Vec<String>)]) -> Result<(), TestCaseError> {
    prop_assert!(diary.is_sorted_by_key(|(at, _)| *at));
    let told = diary.iter().flat_map(|(_, told)| told).filter(|told| !told.contains('…'));
    let mut asks: Vec<&str> = told.map(|told| told.split(':').next().unwrap_or_default()).collect();
    let answers = asks.len();
    asks.sort_unstable();
    asks.dedup();
    prop_assert_eq!(asks.len(), answers, "an ask has at most one last answer");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_laws_hold_in_any_run(bench in any_bench()) {
        let ran = bench.run();
        prop_assert_eq!(ran.record.sessions.len(), bench.sessions.len());
        let mut asked = 0;
        let mut known = CallCounts::default();
        for (index, session) in ran.record.sessions.iter().enumerate() {
            check_session(session)?;
            check_diary(&ran.diaries[index])?;
            prop_assert_eq!(session.id.0 as usize, index);
            let counts = counts(session);
            asked += counts.asked;
            known.answered += counts.answered;
            known.failed += counts.failed;
            known.cancelled += counts.cancelled;
        }
        let calls = ran.record.calls;
        prop_assert_eq!(calls.asked, asked);
        prop_assert_eq!(calls.failed, known.failed);
        prop_assert!(calls.answered >= known.answered && calls.cancelled >= known.cancelled);
        prop_assert_eq!(calls.asked, calls.answered + calls.failed + calls.cancelled);
    }

    #[test]
    fn no_number_of_threads_changes_anything(bench in any_bench()) {
        let alone = everything(&bench.run());
        for threads in [1, 2, 4] {
            let together = Bench { threads, ..bench.clone() }.run();
            prop_assert_eq!(&alone, &everything(&together));
        }
    }

    /// On machines with room for all, sessions that arrive by themselves share nothing.
    #[test]
    fn one_sessions_failure_changes_nothing_for_the_others(
        bench in any_bench(),
        at_once in any::<bool>(),
        broken in any::<prop::sample::Index>(),
        cut in 0usize..10,
        end in prop_oneof![Just(Move::Panic), Just(Move::End(trap())), Just(Move::WaitForAny)],
    ) {
        let count = bench.sessions.len();
        if count == 0 {
            return Ok(());
        }
        let load = match (at_once, bench.load.clone()) {
            (false, Load::Arrivals(arrivals)) => Load::Arrivals(arrivals),
            _ => Load::at_once(count),
        };
        let whole = Bench { load, slots: [1000, 1000], ..bench };
        let mut failing = whole.clone();
        let broken = broken.index(count);
        failing.sessions[broken].truncate(cut);
        failing.sessions[broken].push(end);
        let (before, after) = (whole.run(), failing.run());
        for index in (0..count).filter(|index| *index != broken) {
            let before = (before.session(index), &before.diaries[index]);
            let after = (after.session(index), &after.diaries[index]);
            prop_assert_eq!(format!("{before:#?}"), format!("{after:#?}"));
        }
    }

    /// A session alone ends when it ends beside others that it shares no machine with.
    #[test]
    fn a_session_has_the_same_bytes_alone_and_in_company(bench in any_bench()) {
        let count = bench.sessions.len();
        let bench = Bench { load: Load::at_once(count), slots: [1000, 1000], ..bench };
        let together = bench.run();
        for (index, moves) in bench.sessions.iter().enumerate() {
            let one = Bench { sessions: vec![moves.clone()], load: Load::at_once(1), ..bench.clone() };
            let alone = one.run();
            let mut session = alone.session(0).clone();
            session.id = together.session(index).id;
            session.task_index = index;
            session.task = Arc::clone(&together.session(index).task);
            prop_assert_eq!(format!("{session:#?}"), format!("{:#?}", together.session(index)));
        }
    }

    /// One more session at the end asks the machines, which are full, for more; nobody sees that
    /// before it has come.
    #[test]
    fn what_comes_later_changes_nothing_before(
        bench in any_bench(),
        moves in any_session(2),
        gaps in prop::collection::vec(0u64..300, 8),
        after in 0u64..2000,
    ) {
        let count = bench.sessions.len();
        let mut arrivals: Vec<Instant> = gaps[..count].iter().scan(0, |now, gap| {
            *now += gap;
            Some(at(*now))
        }).collect();
        let fewer = Bench { load: Load::Arrivals(arrivals.clone()), ..bench };
        let arrival = arrivals.last().copied().unwrap_or_default() + Span::from_nanos(after);
        arrivals.push(arrival);
        let mut more = Bench { load: Load::Arrivals(arrivals), ..fewer.clone() };
        more.sessions.push(moves);
        let (fewer, more) = (fewer.run(), more.run());
        for index in 0..count {
            prop_assert_eq!(
                before(fewer.session(index), arrival),
                before(more.session(index), arrival)
            );
        }
    }
}
