//! What composing keeps, for one known run and for any run.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use proptest::prelude::*;
use timeslip_timeline::conversation::{FinishReason, ModelError, Usage};
use timeslip_timeline::record::{SessionRecord, UserStep};
use timeslip_timeline::time::Span;

use super::*;
use crate::examples;
use crate::laws::breaches;
use crate::summary::Band;

#[test]
fn a_chat_has_the_figures_of_its_record() {
    let slip = examples::two_sessions();
    let Step::Chat(chat) = &slip.sessions[0].steps[0] else { panic!("the first step is a chat") };
    assert_eq!((chat.at_ns, chat.e2e_ns, chat.ttft_ns), (100_000, 1_000_000, 500_000));
    assert_eq!((chat.queue_ns, chat.transfer_ns), (100_000, 50_000));
    assert_eq!(chat.finish_reason, ChatFinish::ToolCalls);
    assert_eq!(chat.inter_token_latency_ns(), Some(500_000));
    assert_eq!(chat.output_tokens_per_second(), Some(2000.0));
}

#[test]
fn a_chat_without_a_reply_says_why_and_gives_no_rate() {
    let slip = examples::two_sessions();
    let Step::Chat(chat) = &slip.sessions[1].steps[2] else { panic!("the third step is a chat") };
    assert_eq!(chat.finish_reason, ChatFinish::Error);
    assert_eq!(chat.error.as_deref(), Some("unavailable: the machine is full"));
    assert_eq!((chat.queue_ns, chat.ttft_ns, chat.e2e_ns), (400_000, 400_000, 400_000));
    assert_eq!(chat.output_tokens_per_second(), None);
}

#[test]
fn a_failed_session_has_its_cause() {
    let slip = examples::two_sessions();
    let error = slip.sessions[1].error.as_ref().unwrap();
    assert_eq!(error.kind, "deadline");
    assert!(error.message.contains("2.00 ms"));
    assert_eq!((slip.summary.succeeded, slip.summary.failed), (1, 1));
}

#[test]
fn a_band_is_that_of_the_machines_that_served() {
    let summary = examples::two_sessions().summary;
    assert_eq!(summary.cost_usd, Some(0.003_1));
    assert_eq!(summary.cost_usd_band, Some(Band { low: 0.002_325, high: 0.004_65 }));
    assert_eq!(summary.energy_j_band, Some(Band { low: 0.187_5, high: 0.375 }));
}

#[test]
fn one_reply_of_unknown_cost_makes_the_sum_unknown() {
    let usage = Usage { output_tokens: 1, ..Usage::default() };
    let end = ChatEnd::Replied(FinishReason::Stop);
    let known = examples::chat(examples::timing([0, 0, 0, 100], 100), usage, end);
    let unknown = record::ChatStep { cost_usd: None, ..known.clone() };
    let steps = vec![
        examples::step(0, 100, StepKind::Chat(Box::new(known))),
        examples::step(100, 200, StepKind::Chat(Box::new(unknown))),
    ];
    let run = examples::run(vec![examples::session(0, 0, 200, steps)]);
    let shares = TimeShares { decode: Span::from_micros(200), ..TimeShares::default() };
    let summary = compose(examples::facts(), &run, &[shares]).summary;
    assert_eq!((summary.cost_usd, summary.cost_usd_band), (None, None));
    assert_eq!(summary.energy_j, Some(0.5));
    assert_eq!(summary.model_calls_at_target, None, "a reply of one token has no rate");
}

#[test]
fn an_unknown_error_makes_the_band_unknown_but_not_the_sum() {
    let mut facts = examples::facts();
    facts.machines[0].error = ErrorFactors::default();
    let run = examples::run(vec![examples::session(0, 0, 100, Vec::new())]);
    let shares = TimeShares { agent: Span::from_micros(100), ..TimeShares::default() };
    assert_eq!(compose(facts.clone(), &run, &[shares]).summary.cost_usd, Some(0.0));

    let usage = Usage { output_tokens: 2, ..Usage::default() };
    let end = ChatEnd::Replied(FinishReason::Stop);
    let chat = examples::chat(examples::timing([0, 0, 0, 100], 50), usage, end);
    let steps = vec![examples::step(0, 100, StepKind::Chat(Box::new(chat)))];
    let run = examples::run(vec![examples::session(0, 0, 100, steps)]);
    let summary = compose(facts, &run, &[shares]).summary;
    assert_eq!((summary.cost_usd, summary.cost_usd_band), (Some(0.003_1), None));
}

#[test]
fn a_call_at_exactly_the_target_reaches_it() {
    let usage = Usage { output_tokens: 4, ..Usage::default() };
    let end = ChatEnd::Replied(FinishReason::Stop);
    let chat = examples::chat(examples::timing([0, 0, 0, 2100], 100), usage, end);
    let steps = vec![examples::step(0, 2100, StepKind::Chat(Box::new(chat)))];
    let run = examples::run(vec![examples::session(0, 0, 2100, steps)]);
    let shares = TimeShares { decode: Span::from_micros(2100), ..TimeShares::default() };
    let slip = compose(examples::facts(), &run, &[shares]);
    assert_eq!(slip.summary.model_calls_at_target, Some(1));
}

#[test]
fn broken_laws_are_found() {
    let mut slip = examples::two_sessions();
    slip.sessions[0].time_share_ns.agent += 1;
    let Step::Tool(tool) = &mut slip.sessions[0].steps[1] else { panic!("the second is a tool") };
    tool.wait_ns += 1;
    tool.error = Some("odd".to_owned());
    slip.sessions[1].steps.swap(0, 1);
    let found = breaches(&slip).join("\n");
    for part in [
        "the summary differs",
        "session 0 (task-0): the shares sum to 2000001",
        "step 1 compute_ns and wait_ns",
        "step 1 has an error exactly when",
        "session 1 (task-1): step 1 begins before",
    ] {
        assert!(found.contains(part), "{part:?} is not in\n{found}");
    }
}

/// The independent check lies beside the checkout where there is one.
const CHECK_SLIP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/tools/check-slip");

fn passes_independent_check(slips: &[Slip]) {
    if !Path::new(CHECK_SLIP).exists() {
        println!("skipped: ../shared/tools/check-slip is not here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("python3");
    command.arg(CHECK_SLIP);
    for (index, slip) in slips.iter().enumerate() {
        let file = folder.path().join(format!("{index}.json"));
        std::fs::write(&file, slip.to_json()).unwrap();
        command.arg(file);
    }
    match command.output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        }
        Err(error) => println!("skipped: python3 does not run here: {error}"),
    }
}

#[test]
fn slips_pass_the_independent_check() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut slips = vec![examples::two_sessions(), examples::nothing()];
    for _ in 0..64 {
        let (run, shares) = any_run().new_tree(&mut runner).unwrap().current();
        slips.push(compose(examples::facts(), &run, &shares));
    }
    passes_independent_check(&slips);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_run_gives_a_slip_that_holds_the_laws((run, shares) in any_run()) {
        let slip = compose(examples::facts(), &run, &shares);
        prop_assert_eq!(breaches(&slip), Vec::<String>::new());
    }

    #[test]
    fn any_summary_is_the_sum_of_its_sessions((run, shares) in any_run()) {
        let slip = compose(examples::facts(), &run, &shares);
        let summary = &slip.summary;
        prop_assert_eq!(summary.sessions, run.sessions.len() as u64);
        prop_assert_eq!(summary.succeeded + summary.failed, summary.sessions);
        let total: u64 = slip.sessions.iter().map(|session| session.e2e_ns).sum();
        prop_assert_eq!(summary.time_share_ns.total(), total);
        let steps = run.sessions.iter().flat_map(|session| &session.steps);
        let output: u64 = steps
            .map(|step| match &step.kind {
                StepKind::Chat(chat) => chat.usage.output_tokens,
                _ => 0,
            })
            .sum();
        prop_assert_eq!(summary.output_tokens, output);
    }

    #[test]
    fn any_slip_is_read_back_as_it_was_written((run, shares) in any_run()) {
        let slip = compose(examples::facts(), &run, &shares);
        let text = slip.to_json();
        let back = Slip::parse("slip.json", &text).unwrap();
        prop_assert_eq!(&back, &slip);
        prop_assert_eq!(back.to_json(), text);
    }
}

fn any_run() -> impl Strategy<Value = (RunRecord, Vec<TimeShares>)> {
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
    ]
}

/// A step's length in microseconds, and what it was.
fn any_step() -> impl Strategy<Value = (u64, StepKind)> {
    prop_oneof![
        any_chat(),
        (0u64..9000, 0u64..9000, prop::option::of("[a-z]{1,9}")).prop_map(
            |(length, compute, output)| {
                let tool = record::ToolStep {
                    tool: Arc::from("look"),
                    arguments: Arc::from("{}"),
                    compute: Span::from_micros(compute),
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
    (prop::array::uniform4(0u64..4000), 0u64..200, 0u64..2000, 0u64..200, end, figures).prop_map(
        |(parts_us, input, extra, output_tokens, end, (energy_j, cost_usd))| {
            let length: u64 = parts_us.iter().sum();
            let timing = examples::timing(parts_us, length - parts_us[3] / 2);
            let input_tokens = input + extra;
            let usage = Usage { input_tokens, cached_input_tokens: input, output_tokens };
            let chat = examples::chat(timing, usage, end);
            let chat = record::ChatStep { energy_j, cost_usd, ..chat };
            (length, StepKind::Chat(Box::new(chat)))
        },
    )
}
