//! Agents that are tools of other agents.

use super::bench::Bench;
use super::guests::{Behaviour, Move, chat, deputy, sleep, tool, trap};
use super::nanos;
use crate::account::{TimeShares, critical_path};
use crate::conversation::ToolError;
use crate::guest::{Ask, GuestState};
use crate::record::{Asker, ChatEnd, StepKind, ToolStep};

/// One session that delegates the deputy's first task and waits for it.
fn delegating(deputy_moves: Vec<Move>) -> Bench {
    Bench::of([vec![deputy(0), Move::WaitForAll]]).deputies([deputy_moves])
}

fn tool_steps(session: &crate::record::SessionRecord) -> Vec<&ToolStep> {
    let tools = session.steps.iter().filter_map(|step| match &step.kind {
        StepKind::Tool(tool) => Some(&**tool),
        _ => None,
    });
    tools.collect()
}

#[test]
fn the_steps_of_a_delegated_task_stand_in_its_session_with_who_asked() {
    let moves = vec![Move::Compute(7), chat("10 5"), Move::WaitForAll, sleep(30), Move::WaitForAll];
    let ran = delegating(moves).run();
    let session = ran.session(0);
    assert_eq!(ran.ended(0), "answered");
    let askers: Vec<Asker> = session.steps.iter().map(|step| step.asked_by).collect();
    assert_eq!(askers, [Asker::Agent, Asker::Delegate(0), Asker::Delegate(0)]);
    let (asked, ended) = ran.step(0, 0);
    assert_eq!((asked, ran.step(0, 1).0, ran.step(0, 2).1), (0, 7, ended));
    assert_eq!(&*session.delegations[0].agent, "deputy");
    let [call] = tool_steps(session)[..] else { panic!("one tool call") };
    assert_eq!(call.output, Some(Ok("done".into())));
    assert_eq!(call.compute, nanos(7));
}

#[test]
fn the_critical_path_goes_through_the_agent_that_is_a_tool() {
    let alone = Bench::of([vec![chat("10 5"), Move::WaitForAll]]).run();
    let direct = critical_path(alone.session(0));
    let delegated = delegating(vec![chat("10 5"), Move::WaitForAll]).run();
    assert_eq!(critical_path(delegated.session(0)), direct);
    let slower = delegating(vec![sleep(1), chat("10 5"), Move::WaitForAll, Move::Compute(9)]).run();
    let shares = critical_path(slower.session(0));
    assert_eq!(shares, TimeShares { agent: nanos(9), ..direct });
}

#[test]
fn tasks_that_are_delegated_together_are_done_beside_each_other() {
    let moves = vec![deputy(0), deputy(1), Move::WaitForAll];
    let deputies = [vec![sleep(100), Move::WaitForAll], vec![sleep(70), Move::WaitForAll]];
    let ran = Bench::of([moves]).deputies(deputies).run();
    assert_eq!(ran.times(0), (0, 100));
    assert_eq!((ran.step(0, 0), ran.step(0, 1)), ((0, 100), (0, 70)));
}

#[test]
fn a_deputy_that_fails_or_traps_is_a_tool_that_fails() {
    let gives_up = GuestState::Finished(Err("too hard".to_owned()));
    let moves = vec![deputy(0), Move::WaitForAll, deputy(1), Move::WaitForAll];
    let ran =
        Bench::of([moves]).deputies([vec![Move::End(gives_up)], vec![Move::End(trap())]]).run();
    assert_eq!(ran.ended(0), "answered");
    let outputs: Vec<_> = tool_steps(ran.session(0)).iter().map(|t| t.output.clone()).collect();
    let failed = ToolError::Failed("too hard".to_owned());
    let crashed = ToolError::Crashed("unreachable".to_owned());
    assert_eq!(outputs, [Some(Err(failed)), Some(Err(crashed))]);
}

#[test]
fn who_gives_up_a_delegated_task_gives_up_all_that_is_done_for_it() {
    let moves = vec![
        deputy(0),
        sleep(50),
        Move::WaitForAny,
        Move::DropOldest,
        chat("1 1"),
        Move::WaitForAll,
    ];
    let patient = vec![chat("10 100000"), deputy(1), Move::WaitForAll];
    let deputies = [patient, vec![chat("10 100000"), Move::WaitForAll]];
    // The machine has two slots, so the last chat shows whether both were freed.
    let ran = Bench { slots: [2, 1], ..Bench::of([moves]).deputies(deputies) }.run();
    assert_eq!((ran.ended(0), ran.times(0)), ("answered", (0, 210)));
    let chats: Vec<&ChatEnd> = ran
        .session(0)
        .steps
        .iter()
        .filter_map(|step| match &step.kind {
            StepKind::Chat(chat) => Some(&chat.end),
            _ => None,
        })
        .collect();
    assert_eq!(chats[..2], [&ChatEnd::Cancelled, &ChatEnd::Cancelled]);
    assert_eq!(ran.record.calls.cancelled, 4);
}

#[test]
fn what_a_deputy_would_have_done_after_it_was_given_up_never_happens() {
    let moves = vec![
        deputy(0),
        sleep(50),
        Move::WaitForAny,
        Move::DropOldest,
        sleep(900),
        Move::WaitForAll,
    ];
    let busy = vec![Move::Compute(200), tool("left", Behaviour::Compute, 5), Move::WaitForAll];
    let ran = Bench::of([moves]).deputies([busy]).run();
    let session = ran.session(0);
    assert_eq!(session.steps.len(), 3, "the deputy's own call was never asked");
    assert_eq!(session.delegations[0].bursts[0].compute, nanos(50));
}

#[test]
fn agents_delegate_eight_deep_and_no_deeper() {
    let ran = delegating(vec![deputy(0), Move::WaitForAll]).run();
    assert_eq!(ran.ended(0), "answered");
    let session = ran.session(0);
    assert_eq!((session.steps.len(), session.delegations.len()), (9, 8));
    let deepest = tool_steps(session)[8];
    assert!(
        matches!(&deepest.output, Some(Err(ToolError::Refused(text))) if text.contains("8 deep"))
    );
}

#[test]
fn a_delegated_task_is_named_in_the_arguments() {
    for (arguments, problem) in [
        (r#"{}"#, "`task` is missing"),
        (r#"{"task":1}"#, "`task` is no text"),
        (r#"{"job":"0"}"#, "no argument `job`"),
        ("[]", "no JSON object"),
        ("{", "no JSON:"),
    ] {
        let ask = Ask::Tool { name: "deputy".into(), arguments: arguments.into() };
        let ran = Bench::of([vec![Move::Ask(ask), Move::WaitForAll]]).run();
        let output = tool_steps(ran.session(0))[0].output.clone();
        let Some(Err(ToolError::InvalidArguments(text))) = output else { panic!("{output:?}") };
        assert!(text.contains(problem), "{text}");
    }
}

#[test]
fn a_session_has_sixteen_delegated_tasks_under_way_and_no_more() {
    let moves: Vec<Move> = (0..17).map(|_| deputy(0)).chain([Move::WaitForAll]).collect();
    let ran = Bench::of([moves]).deputies([vec![sleep(100), Move::WaitForAll]]).run();
    let outputs: Vec<bool> =
        tool_steps(ran.session(0)).iter().map(|tool| matches!(tool.output, Some(Ok(_)))).collect();
    assert_eq!(outputs.iter().filter(|ok| **ok).count(), 16);
    assert!(!outputs[16], "the last one is refused");
    assert_eq!(ran.times(0), (0, 100));
}
