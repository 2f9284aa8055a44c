//! What composing keeps, for one known run and for any run.

use std::path::Path;
use std::process::Command;

use proptest::prelude::*;
use timeslip_timeline::conversation::{FinishReason, Usage};
use timeslip_timeline::time::Span;

use super::*;
use crate::examples;
use crate::laws::breaches;
use crate::random::any_run;
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
        "summary.time_share_ns is {",
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

/// What the independent check says of each text, in order; `None` where it does not run.
fn independent_check(texts: &[String]) -> Option<Vec<String>> {
    if !Path::new(CHECK_SLIP).exists() {
        eprintln!("skipped: ../shared/tools/check-slip is not here");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("python3");
    command.arg(CHECK_SLIP).current_dir(&folder);
    for (index, text) in texts.iter().enumerate() {
        std::fs::write(folder.path().join(format!("{index}.json")), text).unwrap();
        command.arg(format!("{index}.json"));
    }
    match command.output() {
        Ok(output) => {
            let said = String::from_utf8(output.stdout).unwrap();
            let of =
                |index| said.lines().filter(move |line| line.starts_with(&format!("{index}.")));
            let verdicts = (0..texts.len()).map(|index| of(index).collect::<Vec<_>>().join("\n"));
            Some(verdicts.collect())
        }
        Err(error) => {
            eprintln!("skipped: python3 does not run here: {error}");
            None
        }
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
    let texts: Vec<String> = slips.iter().map(Slip::to_json).collect();
    for (index, verdict) in independent_check(&texts).iter().flatten().enumerate() {
        assert_eq!(*verdict, format!("{index}.json: ok"));
    }
}

/// Every whole number of a slip, one more and one less.
fn changed_by_one(text: &str) -> Vec<String> {
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    let mut changed = Vec::new();
    let mut at = 0;
    while let Some(offset) = text[at..].find("\":") {
        at += offset + 2;
        let value = text[at..].trim_start();
        let start = text.len() - value.len();
        let digits = value.find(|c| !is_number(c)).unwrap_or(value.len());
        let Ok(number) = value[..digits].parse::<u64>() else {
            continue;
        };
        for other in [number.checked_add(1), number.checked_sub(1)].into_iter().flatten() {
            changed.push(format!("{}{other}{}", &text[..start], &value[digits..]));
        }
    }
    changed
}

#[test]
fn whatever_the_independent_check_finds_is_found_here() {
    let texts = changed_by_one(&examples::two_sessions().to_json());
    assert!(texts.len() > 150, "{}", texts.len());
    let verdicts = independent_check(&texts);
    for (text, verdict) in texts.iter().zip(verdicts.iter().flatten()) {
        let found = Slip::parse("changed.json", text).map(|slip| breaches(&slip));
        let nothing_found = found.is_ok_and(|found| found.is_empty());
        assert!(!nothing_found || verdict.ends_with(": ok"), "only the other says: {verdict}");
    }
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
