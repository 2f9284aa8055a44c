//! Random runs, with their critical paths, for the property tests of this crate.

use std::sync::Arc;

use proptest::prelude::*;
use timeslip_timeline::account::TimeShares;
use timeslip_timeline::conversation::{FinishReason, ModelError, Usage};
use timeslip_timeline::guest::StopCause;
use timeslip_timeline::record::{
    self, ChatEnd, RunRecord, SessionOutcome, SessionRecord, StepKind, UserStep,
};
use timeslip_timeline::route::{Considered, Route, RouteReason};
use timeslip_timeline::time::Span;

use crate::examples;

pub(crate) fn any_run() -> impl Strategy<Value = (RunRecord, Vec<TimeShares>)> {
    prop::collection::vec(any_session(), 0..6).prop_map(|sessions| {
        let (sessions, shares) = sessions.into_iter().unzip();
        (examples::run(sessions), shares)
    })
}

fn any_session() -> impl Strategy<Value = (SessionRecord, TimeShares)> {
    let steps = prop::collection::vec((0u64..1000, any_step()), 0..8);
    (0u64..1_000_000, steps, prop::array::uniform8(0u64..5000), any_outcome()).prop_map(
        |(start_us, drawn, shares_us, outcome)| {
            let mut asked_us = start_us;
            let mut steps = Vec::new();
            for (gap_us, (length_us, kind)) in drawn {
                asked_us += gap_us;
                steps.push(examples::step(asked_us, asked_us + length_us, kind));
            }
            let last = steps.iter().map(|step| step.ended_at).max().unwrap_or_default();
            let end_us = (last.as_nanos() / 1000).max(start_us + shares_us.iter().sum::<u64>());
            let mut session = examples::session(0, start_us, end_us, steps);
            session.outcome = outcome;
            let mut shares = shares_of(shares_us);
            shares.agent += session.ended_at.since(session.started_at) - shares.total();
            (session, shares)
        },
    )
}

fn shares_of(micros: [u64; 8]) -> TimeShares {
    let [queue, prefill, transfer, decode, tool, agent, user, sleep] =
        micros.map(Span::from_micros);
    TimeShares { queue, prefill, transfer, decode, tool, agent, user, sleep }
}

fn any_outcome() -> impl Strategy<Value = SessionOutcome> {
    prop_oneof![
        Just(SessionOutcome::Answered("done".to_owned())),
        "\\PC{0,20}".prop_map(SessionOutcome::GaveUp),
        "\\PC{0,20}".prop_map(|message| {
            SessionOutcome::Stopped(StopCause { kind: "out_of_fuel", message })
        }),
    ]
}

/// A step's length in microseconds, and what it was.
fn any_step() -> impl Strategy<Value = (u64, StepKind)> {
    prop_oneof![
        any_chat(),
        (0u64..9000, 0u64..9000, prop::option::of("[a-z]{1,9}")).prop_map(
            |(length, compute, output)| {
                let tool = record::ToolStep {
                    delegation: None,
                    tool: Arc::from("look"),
                    arguments: Arc::from("{}"),
                    compute: Span::from_micros(compute),
                    fetches: Vec::new(),
                    output: output.map(|text| Ok(Arc::from(text))),
                };
                (length, StepKind::Tool(Box::new(tool)))
            }
        ),
        (0u64..9000, any::<bool>()).prop_map(|(length, answered)| {
            let answer = answered.then(|| Ok("yes".to_owned()));
            (length, StepKind::User(UserStep { message: "?".to_owned(), answer }))
        }),
        (0u64..9000).prop_map(|length| (length, StepKind::Sleep)),
    ]
}

fn any_chat() -> impl Strategy<Value = (u64, StepKind)> {
    let end = prop_oneof![
        4 => Just(ChatEnd::Replied(FinishReason::Stop)),
        1 => Just(ChatEnd::Failed(ModelError::Refused("no grant".to_owned()))),
        1 => Just(ChatEnd::Cancelled),
    ];
    let figures = (prop::option::of(0.0f64..50.0), prop::option::of(0.0f64..0.5));
    let figures = (figures, prop::option::of(any_route()));
    (prop::array::uniform4(0u64..4000), 0u64..200, 0u64..2000, 0u64..200, end, figures).prop_map(
        |(parts_us, input, extra, output_tokens, end, ((energy_j, cost_usd), route))| {
            let length: u64 = parts_us.iter().sum();
            let timing = examples::timing(parts_us, length - parts_us[3] / 2);
            let input_tokens = input + extra;
            let usage = Usage { input_tokens, cached_input_tokens: input, output_tokens };
            let chat = examples::chat(timing, usage, end);
            let chat = record::ChatStep { energy_j, cost_usd, route, ..chat };
            (length, StepKind::Chat(Box::new(chat)))
        },
    )
}

/// A route to the machine of [`examples::chat`].
fn any_route() -> impl Strategy<Value = Route> {
    let expected = (prop::option::of(0u64..9_000_000), prop::option::of(0.0f64..0.5));
    let tier = prop::option::of(Just(Arc::from("premium")));
    let reason = prop_oneof![Just(RouteReason::ByTier), Just(RouteReason::FastestInBudget)];
    (tier, reason, prop::option::of(expected)).prop_map(|(tier, reason, expected)| {
        let considered = expected.map(|(nanos, expected_cost_usd)| Considered {
            machine: Arc::from("rack"),
            expected: nanos.map(Span::from_nanos),
            expected_cost_usd,
        });
        Route { tier, reason, considered: considered.into_iter().collect() }
    })
}
