//! One test for each kind of change: what a person reads of it, and what it costs on a machine
//! that reads a token in 10 ns and writes one in 100 ns.

use super::NamedMachine;
use super::hand_made::{Do, doing, part, slip};
use super::recorded::recorded_on;
use super::shown::{
    chat, compare, compare_on, conversation, longer_prompt, of_deeds, with_a_cache,
};
use crate::slip::{ComponentUse, PromptPartKind, SessionError, SessionStatus, Slip};
use crate::step::{Fetch, Step};

#[test]
fn equal_slips_are_told_apart_by_nothing_and_timed_by_nobody() {
    let one = slip(vec![doing("refund", 0, &conversation())]);
    let mut nobody = || -> Vec<NamedMachine> { panic!("nothing is to be timed again") };
    assert_eq!(compare_on(&one, &one.clone(), &mut nobody), "");
}

#[test]
fn a_chat_that_was_added_says_after_what() {
    let mut now = conversation();
    now.insert(2, Do::Chat(vec![part(PromptPartKind::User, "think", 30)], 9));
    insta::assert_snapshot!(of_deeds(&conversation(), &now), @r"
    StepAdded: chat added after the tool get_user
        +1200 ns, calls +1 +0, tokens +30 (+0 cached) +9: fails, 1.20 µs more time, 1 more model call, 30 more input tokens, 9 more output tokens, 0.001000 US dollars more
    ");
}

#[test]
fn a_step_that_is_gone_saves_its_time() {
    let mut now = conversation();
    now.remove(1);
    insta::assert_snapshot!(of_deeds(&conversation(), &now), @r"
    StepRemoved: tool get_user removed; it was after a chat
        -200 ns, calls +0 -1, tokens +0 (+0 cached) +0: passes, it saves time
    ");
}

#[test]
fn tools_in_turn_that_overlapped_before_are_a_change_of_order() {
    let (search, reserve) = (Do::Tool("search", 300), Do::Tool("reserve", 200));
    let before = [chat(), Do::Together(vec![search.clone(), reserve.clone()]), chat()];
    let now = [chat(), search, reserve, chat()];
    insta::assert_snapshot!(of_deeds(&before, &now), @r"
    Order: tool reserve now waits for tool search; they overlapped before
        +200 ns, calls +0 +0, tokens +0 (+0 cached) +0: fails, 200 ns more time
    ");
    insta::assert_snapshot!(of_deeds(&now, &before), @r"
    Order: tool reserve no longer waits for tool search; they overlap now
        -200 ns, calls +0 +0, tokens +0 (+0 cached) +0: passes, it saves time
    ");
}

/// The conversation whose tool takes so long, all but 50 ns of it for a page.
fn fetching(nanos: u64) -> Slip {
    let mut deeds = conversation();
    deeds[1] = Do::Tool("get_user", nanos);
    let mut slip = slip(vec![doing("refund", 0, &deeds)]);
    for step in &mut slip.sessions[0].steps {
        if let Step::Tool(tool) = step {
            (tool.compute_ns, tool.wait_ns) = (50, nanos - 50);
            tool.fetches.push(Fetch {
                at_ns: tool.at_ns + 50,
                method: "GET".to_owned(),
                url: "http://h/user".to_owned(),
                status: Some(200),
                error: None,
                took_ns: nanos - 50,
            });
        }
    }
    slip
}

#[test]
fn a_page_that_takes_longer_costs_just_that() {
    insta::assert_snapshot!(compare(&fetching(200), &fetching(500)), @r"
    Tool: tool get_user takes 300 ns more a call (200 ns before)
        computing: 0 s more; waiting: 300 ns more; fetching over HTTP, one fetch after another: 300 ns more
        +300 ns, calls +0 +0, tokens +0 (+0 cached) +0: fails, a tool's time alone, 4.35 % of the end-to-end time, over the tolerance of 1 %
    ");
}

#[test]
fn a_longer_system_prompt_is_one_change_in_all_sessions() {
    let run = |tokens| {
        let system = part(PromptPartKind::System, &format!("{tokens}"), tokens);
        let deeds = conversation().into_iter().map(|deed| match deed {
            Do::Chat(mut parts, output) => {
                parts[0] = system.clone();
                Do::Chat(parts, output)
            }
            other => other,
        });
        let deeds: Vec<Do> = deeds.collect();
        slip(vec![doing("refund", 0, &deeds), doing("booking", 0, &deeds)])
    };
    insta::assert_snapshot!(compare(&run(100), &run(600)), @r"
    Prompt: the system prompt grew by 500 tokens
        3,000 more tokens in all
        +30000 ns, calls +0 +0, tokens +3000 (+0 cached) +0: fails, 30.0 µs more time, 3,000 more input tokens
    ");
}

#[test]
fn a_prompt_whose_parts_stay_and_whose_tokens_do_not_is_a_change_of_prompts() {
    let before = slip(vec![doing("refund", 0, &conversation())]);
    let mut now = before.clone();
    for step in &mut now.sessions[0].steps {
        if let Step::Chat(chat) = step {
            chat.input_tokens += 2;
        }
    }
    let now = recorded_on(&now, with_a_cache());
    let before = recorded_on(&before, with_a_cache());
    insta::assert_snapshot!(compare_on(&before, &now, &mut with_a_cache), @r"
    Prompt: prompts grew by 2 tokens a chat
        6 more tokens in all
        +60 ns, calls +0 +0, tokens +6 (+0 cached) +0: fails, 60 ns more time, 6 more input tokens
    ");
}

#[test]
fn a_tool_that_says_more_costs_where_it_is_read() {
    let mut now = conversation();
    for deed in &mut now {
        if let Do::Chat(parts, _) = deed
            && let Some(output) = parts.get_mut(3)
        {
            *output = part(PromptPartKind::Tool, "it is blue and much more", 340);
        }
    }
    insta::assert_snapshot!(of_deeds(&conversation(), &now), @r"
    Prompt: prompts grew by 300 tokens a chat, since tool outputs are more or longer
        600 more tokens in all
        +6000 ns, calls +0 +0, tokens +600 (+0 cached) +0: fails, 6.00 µs more time, 600 more input tokens
    ");
}

#[test]
fn a_date_in_the_system_prompt_loses_the_cache() {
    let run = |system: &str, tokens: u64| {
        let deeds: Vec<Do> = (0..3u64)
            .map(|chat| {
                let own = part(PromptPartKind::System, &format!("{system} {chat}"), tokens);
                let same = part(PromptPartKind::System, system, tokens);
                let mut parts = longer_prompt();
                parts[0] = if system == "dated" { own } else { same };
                Do::Chat(parts, 5)
            })
            .collect();
        recorded_on(&slip(vec![doing("refund", 0, &deeds)]), with_a_cache())
    };
    let changes = compare_on(&run("plain", 1000), &run("dated", 1004), &mut with_a_cache);
    insta::assert_snapshot!(changes, @r"
    PromptCache: the cache of prompts is lost from the system message on: 2,130 tokens are read again
        +21420 ns, calls +0 +0, tokens +12 (-2130 cached) +0: fails, 21.4 µs more time, 12 more input tokens
    ");
}

#[test]
fn a_longer_reply_costs_where_it_is_written_and_where_it_is_read() {
    let mut now = conversation();
    now[2] = Do::Chat(longer_prompt(), 13);
    let Do::Chat(parts, _) = &mut now[4] else { unreachable!() };
    parts[4] = part(PromptPartKind::Assistant, "blue, as ever", 13);
    insta::assert_snapshot!(of_deeds(&conversation(), &now), @r"
    Reply: a reply is 10 tokens longer (3 before)
        +1000 ns, calls +0 +0, tokens +0 (+0 cached) +10: fails, 1.00 µs more time, 10 more output tokens
    Prompt: prompts grew by 10 tokens a chat, since earlier replies are more or longer
        +100 ns, calls +0 +0, tokens +10 (+0 cached) +0: fails, 100 ns more time, 10 more input tokens
    ");
}

#[test]
fn a_slower_tool_says_by_how_much_a_call() {
    let run = |nanos, fuel| {
        let deeds = [chat(), Do::Tool("get_reservation", nanos), Do::Sleep(2_000_000), chat()];
        let mut sessions = vec![doing("refund", 0, &deeds), doing("booking", 0, &deeds)];
        for session in &mut sessions {
            let used = ComponentUse { name: "flights".to_owned(), fuel, memory_bytes: 1 };
            session.used.push(used);
        }
        let mut slip = slip(sessions);
        slip.components[1].digest = format!("sha256:{fuel}");
        slip
    };
    let few = compare(&run(200_000, 1_000), &run(210_000, 1_050));
    insta::assert_snapshot!(few, @r"
    Tool: tool get_reservation takes 10.0 µs more a call (200 µs before)
        20.0 µs more in all
        computing: 20.0 µs more; waiting: 0 s more
        tool plugin flights used 100 fuel more in all (2,000 before)
        tool plugin flights was rebuilt
        +20000 ns, calls +0 +0, tokens +0 (+0 cached) +0: passes, a tool's time alone, 0.45 % of the end-to-end time, within the tolerance of 1 %
    ");
    let many = compare(&run(200_000, 1_000), &run(12_500_000, 60_000));
    insta::assert_snapshot!(many, @r"
    Tool: tool get_reservation takes 12.3 ms more a call (200 µs before)
        24.6 ms more in all
        computing: 24.6 ms more; waiting: 0 s more
        tool plugin flights used 118,000 fuel more in all (2,000 before)
        tool plugin flights was rebuilt
        +24600000 ns, calls +0 +0, tokens +0 (+0 cached) +0: fails, a tool's time alone, 558 % of the end-to-end time, over the tolerance of 1 %
    ");
}

#[test]
fn an_agent_that_computes_more_passes_within_its_share() {
    let run = |nanos, digest: &str| {
        let deeds = [chat(), Do::Compute(nanos), Do::Tool("search", 100_000), chat()];
        let mut slip = slip(vec![doing("refund", 0, &deeds)]);
        slip.components[0].digest = digest.to_owned();
        slip
    };
    insta::assert_snapshot!(compare(&run(70, "sha256:1"), &run(90, "sha256:2")), @r"
    Computing: the agent computes 20 ns more before the tool search
        agent planner was rebuilt
        +20 ns, calls +0 +0, tokens +0 (+0 cached) +0: passes, computing alone, 0.02 % of the end-to-end time, within the tolerance of 1 %
    ");
    insta::assert_snapshot!(compare(&run(70, "sha256:1"), &run(5_090, "sha256:1")), @r"
    Computing: the agent computes 5.02 µs more before the tool search
        +5020 ns, calls +0 +0, tokens +0 (+0 cached) +0: fails, computing alone, 4.85 % of the end-to-end time, over the tolerance of 1 %
    ");
}

#[test]
fn a_user_who_thinks_longer_is_no_computing() {
    let before = [chat(), Do::User(900), chat()];
    let now = [chat(), Do::User(1_000), chat()];
    insta::assert_snapshot!(of_deeds(&before, &now), @r"
    Waiting: the user takes 100 ns more to answer (900 ns before)
        +100 ns, calls +0 +0, tokens +0 (+0 cached) +0: fails, 100 ns more time
    ");
}

#[test]
fn a_tool_that_fails_is_a_change_of_outcome() {
    let before = slip(vec![doing("refund", 0, &conversation())]);
    let mut now = before.clone();
    let Step::Tool(step) = &mut now.sessions[0].steps[1] else { unreachable!() };
    (step.ok, step.error) = (false, Some("crashed: unreachable".to_owned()));
    insta::assert_snapshot!(compare(&before, &now), @r"
    Outcome: tool get_user ends with the error crashed, and with an answer before
        +0 ns, calls +0 +0, tokens +0 (+0 cached) +0: fails, what succeeded before fails now
    ");
}

#[test]
fn a_session_that_fails_is_a_change_of_outcome_and_one_that_succeeds_passes() {
    let before = slip(vec![doing("refund", 0, &conversation())]);
    let mut now = before.clone();
    now.sessions[0].status = SessionStatus::Failed;
    let error = SessionError { kind: "trap".to_owned(), message: "unreachable".to_owned() };
    now.sessions[0].error = Some(error);
    insta::assert_snapshot!(compare(&before, &now), @r"
    Outcome: session ends with the error trap, and with an answer before
        +0 ns, calls +0 +0, tokens +0 (+0 cached) +0: fails, what succeeded before fails now
    ");
    insta::assert_snapshot!(compare(&now, &before), @r"
    Outcome: session ends with an answer, and with the error trap before
        +0 ns, calls +0 +0, tokens +0 (+0 cached) +0: passes, it costs nothing
    ");
}

#[test]
fn several_changes_of_one_session_are_told_apart() {
    let before = conversation();
    let mut now = conversation();
    now[1] = Do::Tool("get_user", 9_000);
    now[3] = Do::User(1_000);
    now.insert(4, Do::Tool("get_weather", 50));
    insta::assert_snapshot!(of_deeds(&before, &now), @r"
    Tool: tool get_user takes 8.80 µs more a call (200 ns before)
        computing: 8.80 µs more; waiting: 0 s more
        +8800 ns, calls +0 +0, tokens +0 (+0 cached) +0: fails, a tool's time alone, 128 % of the end-to-end time, over the tolerance of 1 %
    Waiting: the user takes 100 ns more to answer (900 ns before)
        +100 ns, calls +0 +0, tokens +0 (+0 cached) +0: fails, 100 ns more time
    StepAdded: tool get_weather added after a question to the user
        +50 ns, calls +0 +1, tokens +0 (+0 cached) +0: fails, 50 ns more time, 1 more tool call
    ");
}

#[test]
fn what_runs_side_by_side_costs_only_where_it_is_longest() {
    let together =
        |nanos| [Do::Together(vec![Do::Tool("search", nanos), Do::Tool("reserve", 500)]), chat()];
    insta::assert_snapshot!(of_deeds(&together(200), &together(400)), @r"
    Tool: tool search takes 200 ns more a call (200 ns before)
        computing: 200 ns more; waiting: 0 s more
        +0 ns, calls +0 +0, tokens +0 (+0 cached) +0: passes, it costs nothing
    ");
    insta::assert_snapshot!(of_deeds(&together(200), &together(700)), @r"
    Tool: tool search takes 500 ns more a call (200 ns before)
        computing: 500 ns more; waiting: 0 s more
        +200 ns, calls +0 +0, tokens +0 (+0 cached) +0: fails, a tool's time alone, 9.09 % of the end-to-end time, over the tolerance of 1 %
    ");
}
