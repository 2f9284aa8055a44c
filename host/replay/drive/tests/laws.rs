//! What holds of every replay.

use proptest::prelude::*;

use timeslip_sim::catalogue::Catalogue;
use timeslip_sim::engine::ModelledMachine;
use timeslip_timeline::time::Instant;

use super::fixed::Ticking;
use super::*;

pub(super) fn modelled() -> ReplayMachine {
    let deployment = Catalogue::built_in().deploy("h200-8", Some(MODEL)).expect("it is built in");
    machine("rack", ModelledMachine::new(deployment))
}

fn loads() -> impl Strategy<Value = Load> {
    prop_oneof![
        (1u64..6, 0u64..30).prop_map(|(sessions, think)| Load::AtOnce {
            sessions,
            think: Span::from_millis(think)
        }),
        (0u64..20).prop_map(|millis| Load::Every(Span::from_millis(millis))),
        (1.0f64..500.0, 0.2f64..4.0).prop_map(|(rate, shape)| Load::Random { rate, shape }),
        Just(Load::Recorded { speed: 1.0 }),
    ]
}

fn sources() -> impl Strategy<Value = Source> {
    (1u64..30, 1u64..5, 1u64..2000, 1u64..60, any::<u64>()).prop_map(
        |(sessions, calls, input, output, seed)| {
            let text = format!(
                "sessions={sessions},calls=1..{calls},input=1..{input},output=1..{output},\
                 gap=0ms..20ms,shared=0.8"
            );
            Source::Generated(Workload::parse(&text, seed).unwrap().generated)
        },
    )
}

fn assert_nothing_is_lost(source: &Source, load: Load, outcome: &ReplayOutcome) {
    let calls = &outcome.load.calls;
    let ended = calls.completed + calls.rejected + calls.timed_out + calls.failed + calls.given_up;
    assert_eq!((calls.submitted, calls.unfinished), (ended, 0));
    assert_eq!(calls.errors.values().sum::<u64>(), calls.rejected + calls.failed);
    assert_eq!(outcome.rows.len() as u64, calls.submitted);
    let with = |end| outcome.rows.iter().filter(|row| row.end == end).count() as u64;
    assert_eq!(with(CallEnd::Completed), calls.completed);
    assert_eq!(with(CallEnd::TimedOut), calls.timed_out);
    let summary = &outcome.summary;
    assert_eq!(summary.sessions, source.sessions());
    assert_eq!(summary.succeeded + summary.failed, summary.sessions);
    assert!(outcome.rows.is_sorted_by_key(|row| row.at));
    if let Load::AtOnce { sessions, .. } = load {
        assert!(outcome.load.calls_at_once_max <= sessions);
    }
    // The shares of all sessions sum to their end-to-end times; a mean is rounded.
    let sessions = summary.session_e2e_ns.expect("there are sessions");
    let whole = u128::from(sessions.mean) * u128::from(summary.sessions);
    assert!(whole.abs_diff(summary.time_share_ns.total().into()) <= summary.sessions.into());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_is_lost(
        source in sources(),
        load in loads(),
        timeout in prop::option::of(1u64..100),
        at_once_max in 1usize..8,
    ) {
        let fixed = || FixedLatency { at_once_max, input_max: 1500, ..FixedLatency::new(7, 1) };
        let timeout = timeout.map(Span::from_millis);
        let options = ReplayOptions { timeout, ..with_rows() };
        let outcome = replay(&source, load, &mut [machine("m", fixed())], &options);
        assert_nothing_is_lost(&source, load, &outcome);
        let again = replay(&source, load, &mut [machine("m", fixed())], &options);
        prop_assert_eq!(&outcome, &again);
        let mut two = [machine("a", fixed()), machine("b", FixedLatency::new(3, 2))];
        assert_nothing_is_lost(&source, load, &replay(&source, load, &mut two, &options));
    }

    #[test]
    fn the_order_of_lines_with_instants_of_their_own_changes_nothing(
        lines in Just((0..12).map(|n| format!("{},{},{}\n", n * 7, 10 + n, 1 + n % 5))
            .collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let text = |lines: &[String]| format!("arrival_ms,isl,osl\n{}", lines.concat());
        let mut sorted = lines.clone();
        sorted.sort_by_key(|line| line.split(',').next().unwrap().parse::<u64>().unwrap());
        let run = |lines: &[String]| {
            let source = trace(&text(lines));
            let mut machines = [machine("m", FixedLatency::new(10, 1))];
            let outcome = replay(&source, source.recorded_load(), &mut machines, &with_rows());
            (outcome.summary, outcome.load, outcome.rows)
        };
        prop_assert_eq!(run(&lines), run(&sorted));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// A machine that runs on alone gives what it gives when the clock stops at each millisecond.
    #[test]
    fn running_alone_changes_nothing(
        source in sources(),
        load in loads(),
        timeout in prop::option::of(50u64..2000),
    ) {
        let timeout = timeout.map(Span::from_millis);
        let options = ReplayOptions { timeout, ..with_rows() };
        let fixed = || FixedLatency::new(90, 3);
        let mut machines = [modelled(), machine("m", fixed())];
        let outcome = replay(&source, load, &mut machines, &options);
        assert_nothing_is_lost(&source, load, &outcome);
        let ticking = Ticking { machine: fixed(), until: Instant::from_nanos(5_000_000_000) };
        let mut machines = [modelled(), machine("m", ticking)];
        let stepped = replay(&source, load, &mut machines, &options);
        prop_assert_eq!(outcome.rows, stepped.rows);
        prop_assert_eq!(outcome.summary, stepped.summary);
    }
}
