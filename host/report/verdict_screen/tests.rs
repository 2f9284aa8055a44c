//! Screens of verdicts as people see them.

use super::*;
use crate::text::columns;
use crate::verdict_examples as examples;

fn shown(verdict: &Verdict, width: usize) -> String {
    let text = verdict_screen(verdict, Style { width, colour: false, ascii: false });
    let widest = text.lines().map(columns).max().unwrap_or(0);
    assert!(widest <= width, "{widest} columns:\n{text}");
    text
}

#[test]
fn what_fails_shows_its_cause_first() {
    insta::assert_snapshot!(shown(&examples::failing(), 100), @r"
    airline · on rubin-groq3 · against baselines/airline.rubin-groq3.json
    ✗ fail: 2 of 4 changes are worse than they may be; 1 budget fails, 1 warns, 1 holds
      if it is meant so: `timeslip check --pending`, then `timeslip accept`

    ✗   +1.23 s  a chat more, after the tool get_user_details
                 over 50 sessions, first in refund: +50 model calls, +62,000 tokens in, +48,000 of them
                 cached, +1,800 tokens out, +$0.155, +61.0 J
                 chat 3 of 5: 1,240 tokens in, 36 out
                 the agent's digest is another: 5f2a… before, 91bc… now
                 fails: a model call more than in the baseline
    ✗   +390 ms  the system prompt is 120 tokens longer
                 over 50 sessions, 200 times, first in refund: +24,000 tokens in, +$0.00700, joules
                 unknown
                 1,204 tokens before, 1,324 now
                 fails: input tokens grew by 9.7 %, more than 1 %
       +3.20 ms  the tool search_flights takes longer
                 over 1 session, in rebooking
                 may pass: under the floor of 10.0 ms
    ✓   −310 ms  the reply of chat 2 is shorter
                 over 12 sessions, first in rebooking: −492 tokens out, dollars and joules unknown
                 412 tokens before, 371 now
                 may pass: a gain
    together +1.31 s of end-to-end time, 2.1 % more

                                                  before             now
    session_e2e_total                             62.4 s          63.7 s         +1.31 s   +2.1 %
    session_e2e_p95                               1.18 s          1.42 s         +241 ms  +20.4 %
    model_calls                                      200             250             +50  +25.0 %
    input_tokens                                 248,000         310,000         +62,000  +25.0 %
    output_token_throughput_per_user_p50  1,523 tokens/s  1,487 tokens/s  −36.2 tokens/s   −2.4 %
    cost                                          $0.650          $0.812         +$0.162  +24.9 %
    energy                                         850 J           911 J         +61.0 J   +7.2 %

    ✗ p95 of session_e2e of task refund: 1.42 s, at most 1.20 s; 1.18 s before
      1.42 s is 221 ms more than it may be (agents/airline-service/airline.toml:41)
    ! cost: $0.812, at most $0.750; $0.650 before
      $0.812 is $0.0620 more than it may be (agents/airline-service/airline.toml:47)
    ✓ 1 budget holds
    ");
}

#[test]
fn it_fits_80_columns() {
    insta::assert_snapshot!(shown(&examples::failing(), 80), @r"
    airline · on rubin-groq3 · against baselines/airline.rubin-groq3.json
    ✗ fail: 2 of 4 changes are worse than they may be; 1 budget fails, 1 warns, 1
      holds
      if it is meant so: `timeslip check --pending`, then `timeslip accept`

    ✗   +1.23 s  a chat more, after the tool get_user_details
                 over 50 sessions, first in refund: +50 model calls, +62,000 tokens
                 in, +48,000 of them cached, +1,800 tokens out, +$0.155, +61.0 J
                 chat 3 of 5: 1,240 tokens in, 36 out
                 the agent's digest is another: 5f2a… before, 91bc… now
                 fails: a model call more than in the baseline
    ✗   +390 ms  the system prompt is 120 tokens longer
                 over 50 sessions, 200 times, first in refund: +24,000 tokens in,
                 +$0.00700, joules unknown
                 1,204 tokens before, 1,324 now
                 fails: input tokens grew by 9.7 %, more than 1 %
       +3.20 ms  the tool search_flights takes longer
                 over 1 session, in rebooking
                 may pass: under the floor of 10.0 ms
    ✓   −310 ms  the reply of chat 2 is shorter
                 over 12 sessions, first in rebooking: −492 tokens out, dollars and
                 joules unknown
                 412 tokens before, 371 now
                 may pass: a gain
    together +1.31 s of end-to-end time, 2.1 % more

                                     before             now
    session_e2e_total                62.4 s          63.7 s         +1.31 s   +2.1 %
    session_e2e_p95                  1.18 s          1.42 s         +241 ms  +20.4 %
    model_calls                         200             250             +50  +25.0 %
    input_tokens                    248,000         310,000         +62,000  +25.0 %
    output_token_throughpu…  1,523 tokens/s  1,487 tokens/s  −36.2 tokens/s   −2.4 %
    cost                             $0.650          $0.812         +$0.162  +24.9 %
    energy                            850 J           911 J         +61.0 J   +7.2 %

    ✗ p95 of session_e2e of task refund: 1.42 s, at most 1.20 s; 1.18 s before
      1.42 s is 221 ms more than it may be (agents/airline-service/airline.toml:41)
    ! cost: $0.812, at most $0.750; $0.650 before
      $0.812 is $0.0620 more than it may be (agents/airline-service/airline.toml:47)
    ✓ 1 budget holds
    ");
}

#[test]
fn the_narrowest_terminal_keeps_the_figures() {
    let text = shown(&examples::failing(), 60);
    let table: Vec<&str> = text.lines().filter(|line| line.contains('%')).collect();
    insta::assert_snapshot!(table.join("\n"), @r"
                 fails: input tokens grew by 9.7 %, more than 1
                 %
    together +1.31 s of end-to-end time, 2.1 % more
    session_e2e_total            62.4 s          63.7 s   +2.1 %
    session_e2e_p95              1.18 s          1.42 s  +20.4 %
    model_calls                     200             250  +25.0 %
    input_tokens                248,000         310,000  +25.0 %
    output_token_throu…  1,523 tokens/s  1,487 tokens/s   −2.4 %
    cost                         $0.650          $0.812  +24.9 %
    energy                        850 J           911 J   +7.2 %
    ");
}

#[test]
fn equal_runs_take_few_lines() {
    insta::assert_snapshot!(shown(&examples::passing(), 80), @r"
    airline · on rubin-groq3 · against baselines/airline.rubin-groq3.json
    ✓ pass: no change, every figure is the same; 3 budgets hold

                       before     now
    session_e2e_total  62.4 s  62.4 s  same
    session_e2e_p95    1.18 s  1.18 s  same
    ");
}

#[test]
fn a_gain_is_told() {
    insta::assert_snapshot!(shown(&examples::cheaper(), 80), @r"
    airline · on rubin-groq3 · against baselines/airline.rubin-groq3.json
    ✓ pass: a change, not worse than it may be; 3 budgets hold
      to keep this as the baseline: `timeslip check --pending`, then `timeslip
      accept`

    ✓  −310 ms  the reply of chat 2 is shorter
                over 12 sessions, first in rebooking: −492 tokens out, dollars and
                joules unknown
                412 tokens before, 371 now
                may pass: a gain
    that is −310 ms of end-to-end time, 0.5 % less

                       before     now
    session_e2e_total  62.4 s  62.1 s  −310 ms  −0.5 %
    session_e2e_p95    1.18 s  1.18 s     same
    ");
}

#[test]
fn without_a_baseline_it_says_how_to_make_one() {
    insta::assert_snapshot!(shown(&examples::no_baseline(), 80), @r"
    airline · on rubin-groq3
    ? no baseline: there is nothing to compare with; 1 budget cannot be told, 1
      holds
      to make a baseline: `timeslip check --pending`, then `timeslip accept`

                                                     now
    session_e2e_total                             62.4 s
    session_e2e_p95                               1.18 s
    time_to_first_token_p95                       412 ms
    model_calls                                      200
    input_tokens                                 248,000
    output_token_throughput_per_user_p50  1,523 tokens/s
    cost                                          $0.650
    energy                                         850 J

    ? session_e2e, at most 1 % over the baseline: 1.18 s
      there is no baseline to hold it against
    ✓ 1 budget holds
    ");
}

#[test]
fn what_cannot_be_told_is_no_pass() {
    insta::assert_snapshot!(shown(&examples::inconclusive(), 80), @r"
    airline · on local · against origin/main (4f1c0de4f1)
    ? inconclusive: it cannot be told whether anything became worse; 1 budget
      cannot be told, 2 hold

                       before     now
    session_e2e_total  62.4 s  63.1 s  +700 ms  +1.1 %
    session_e2e_p95    1.18 s  1.18 s     same

    ? p95 of session_e2e of task rebooking: 1.18 s, at most 1.20 s; 1.18 s before
      the two measurements overlap (agents/airline-service/airline.toml:47)
    ✓ 2 budgets hold
    ");
}

#[test]
fn machines_with_nothing_to_say_take_one_line_each() {
    insta::assert_snapshot!(shown(&examples::machines(), 80), @r"
    airline
    ✗ fail: 1 of 3 runs fails
      if it is meant so: `timeslip check --pending`, then `timeslip accept`

    ✗ rubin-groq3 against baselines/airline.rubin-groq3.json: 2 of 4 changes are
      worse than they may be; 1 budget fails, 1 warns, 1 holds
    ✗   +1.23 s  a chat more, after the tool get_user_details
                 over 50 sessions, first in refund: +50 model calls, +62,000 tokens
                 in, +48,000 of them cached, +1,800 tokens out, +$0.155, +61.0 J
                 chat 3 of 5: 1,240 tokens in, 36 out
                 the agent's digest is another: 5f2a… before, 91bc… now
                 fails: a model call more than in the baseline
    ✗   +390 ms  the system prompt is 120 tokens longer
                 over 50 sessions, 200 times, first in refund: +24,000 tokens in,
                 +$0.00700, joules unknown
                 1,204 tokens before, 1,324 now
                 fails: input tokens grew by 9.7 %, more than 1 %
       +3.20 ms  the tool search_flights takes longer
                 over 1 session, in rebooking
                 may pass: under the floor of 10.0 ms
    ✓   −310 ms  the reply of chat 2 is shorter
                 over 12 sessions, first in rebooking: −492 tokens out, dollars and
                 joules unknown
                 412 tokens before, 371 now
                 may pass: a gain
    together +1.31 s of end-to-end time, 2.1 % more

                                     before             now
    session_e2e_total                62.4 s          63.7 s         +1.31 s   +2.1 %
    session_e2e_p95                  1.18 s          1.42 s         +241 ms  +20.4 %
    model_calls                         200             250             +50  +25.0 %
    input_tokens                    248,000         310,000         +62,000  +25.0 %
    output_token_throughpu…  1,523 tokens/s  1,487 tokens/s  −36.2 tokens/s   −2.4 %
    cost                             $0.650          $0.812         +$0.162  +24.9 %
    energy                            850 J           911 J         +61.0 J   +7.2 %

    ✗ p95 of session_e2e of task refund: 1.42 s, at most 1.20 s; 1.18 s before
      1.42 s is 221 ms more than it may be (agents/airline-service/airline.toml:41)
    ! cost: $0.812, at most $0.750; $0.650 before
      $0.812 is $0.0620 more than it may be (agents/airline-service/airline.toml:47)
    ✓ 1 budget holds

    ✓ h200-8: no change, every figure is the same; 3 budgets hold
    ✓ dgx-spark: no change, every figure is the same; 3 budgets hold
    ");
}

#[test]
fn two_slips_have_no_baseline_to_move() {
    let mut verdict = examples::failing();
    let other = timeslip_gate::verdict::Against::Slip { file: "before.json".to_owned() };
    verdict.runs[0].against = Some(other);
    let text = shown(&verdict, 100);
    assert!(text.contains("against before.json") && !text.contains("accept"), "{text}");
}

#[test]
fn a_run_of_which_nothing_was_asked_says_so() {
    let mut verdict = examples::passing();
    (verdict.runs[0].against, verdict.runs[0].budgets) = (None, Vec::new());
    let text = shown(&verdict, 100);
    assert!(text.contains("✓ pass: no budget, and nothing to compare with\n"), "{text}");
    verdict.runs.clear();
    assert!(shown(&verdict, 100).contains("pass: nothing was run\n"));
}

#[test]
fn names_act_neither_on_a_terminal_nor_on_a_log() {
    let style = Style { width: 80, colour: false, ascii: false };
    let text = verdict_screen(&examples::hostile(), style);
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text}");
    assert!(!text.contains("##["), "{text}");
    assert!(text.lines().all(|line| !line.trim_start().starts_with("::")), "{text}");
    assert!(!text.contains('\u{202e}'), "{text}");
}

#[test]
fn ascii_alone() {
    let style = Style { width: 80, colour: false, ascii: true };
    let text = verdict_screen(&examples::machines(), style);
    assert!(text.replace("5f2a…", "").replace("91bc…", "").is_ascii(), "{text}");
    assert!(text.lines().all(|line| columns(line) <= 80), "{text}");
    insta::assert_snapshot!(text.lines().take(10).collect::<Vec<_>>().join("\n"), @r"
    airline
    x fail: 1 of 3 runs fails
      if it is meant so: `timeslip check --pending`, then `timeslip accept`

    x rubin-groq3 against baselines/airline.rubin-groq3.json: 2 of 4 changes are
      worse than they may be; 1 budget fails, 1 warns, 1 holds
    x   +1.23 s  a chat more, after the tool get_user_details
                 over 50 sessions, first in refund: +50 model calls, +62,000 tokens
                 in, +48,000 of them cached, +1,800 tokens out, +$0.155, +61.0 J
                 chat 3 of 5: 1,240 tokens in, 36 out
    ");
}

#[test]
fn what_fails_is_red_and_gains_are_green() {
    let style = Style { width: 80, colour: true, ascii: false };
    let text = verdict_screen(&examples::failing(), style);
    assert!(text.contains("\u{1b}[31m✗ fail: "), "{text}");
    assert!(text.contains("\u{1b}[31m✗   +1.23 s\u{1b}[0m"), "{text}");
    assert!(text.contains("\u{1b}[32m✓   −310 ms\u{1b}[0m"), "{text}");
}

#[test]
fn many_changes_keep_to_a_screen_and_failing_ones_stay() {
    let mut verdict = examples::failing();
    let run = &mut verdict.runs[0];
    let small = run.changes[2].clone();
    let failing = run.changes.remove(0);
    run.changes.extend(vec![small; 40]);
    run.changes.push(failing);
    for change in &mut run.changes {
        change.details = vec!["a line".to_owned(); 30];
    }
    let text = shown(&verdict, 80);
    assert!(text.lines().count() < 80, "{text}");
    assert!(text.contains("a chat more") && text.contains("… and 38 more changes"), "{text}");
    assert!(text.contains("… 26 more lines"), "{text}");
}
