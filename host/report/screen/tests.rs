//! Screens as people see them.

mod limits;
mod unknown;

use timeslip_gate::slip::{Slip, TimeShareNs};

use super::*;
use crate::examples::{chat, delegated, failed, guide, lost, session, slip};

const WORDS: &str = "script agents/hardware-guide/script.toml: written by hand, no model replied";

fn shown(slip: &Slip, answer: Option<&str>, style: Style) -> String {
    let answers: Vec<Option<String>> =
        slip.sessions.iter().map(|_| answer.map(str::to_owned)).collect();
    run_screen(&RunScreen { slip, answers: &answers, words_note: WORDS, tool_outputs: None, style })
}

fn plain_style(width: usize) -> Style {
    Style { width, colour: false, ascii: false }
}

/// Columns of the widest line.
fn widest(text: &str) -> usize {
    text.lines().map(columns).max().unwrap_or(0)
}

const ANSWER: &str = "Groq 3 reads its SRAM at 150 TB/s per chip, Rubin its HBM4 at 22 TB/s: nearly \
                      seven times faster, from a five-hundredth of the memory.";

#[test]
fn one_session_at_80_columns() {
    let text = shown(&slip(vec![guide()]), Some(ANSWER), plain_style(80));
    assert!(widest(&text) <= 80, "{text}");
    insta::assert_snapshot!(text, @r"
    hardware-guide · on rubin-groq3, dgx-spark · timeslip 0.1.0

    ✓ sram-against-hbm: answered in 800 ms on rubin-groq3
           at  step               tokens  cached     TTFT  tok/s     time
      2.00 ms  chat            1,204→312          40.0 ms  1,571   238 ms  ███
       242 ms  tool profiles                                      60.0 ms    ▄▄
       242 ms  tool search-t…                                      118 ms    ▄▄▄
       362 ms  chat            1,633→540   1,204  19.2 ms  1,296   435 ms      █████
      ░ queue  ▒ prefill  ▓ transfer  █ decode  ▄ tool
      answer
      Groq 3 reads its SRAM at 150 TB/s per chip, Rubin its HBM4 at 22 TB/s: nearly
      seven times faster, from a five-hundredth of the memory.

    sessions            1 answered
    calls               2 model calls, 2 tool calls
    tokens              2,837 in (1,204 cached), 852 out
    end-to-end time     800 ms
    time to first token p50 19.2 ms, p95 40.0 ms
    inter-token latency p50 637 µs, p95 771 µs
    tokens/s/user       p50 1,296, p95 1,571
                        1 of 2 model calls at 1,500 tokens/s/user
    where the time went queue      0.5 %     4.00 ms  ░
                        prefill    5.4 %     43.0 ms  ▒▒
                        transfer   0.8 %     6.00 ms  ▓
                        decode    77.5 %      620 ms  ████████████████████████
                        tool      14.8 %      118 ms  ▄▄▄▄▄
                        agent      1.1 %     9.00 ms  ▪
    energy              500 mJ (375 mJ to 750 mJ)
    cost                $0.00620 ($0.00465 to $0.00930)
    seed                7
    machines            rubin-groq3 serves gpt-oss-120b, estimated
                        dgx-spark serves gpt-oss-20b
                        estimated: the profile holds estimates, so every time, joule
                        and dollar that rests on it is one; `timeslip hardware
                        explain MACHINE` lists them
    nine of ten within  rubin-groq3: 0.50 to 2.50 times the time to first token,
                        0.75 to 1.50 times the inter-token latency (no measurements
                        of rubin-groq3, reading and writing apart)
                        dgx-spark: 0.50 to 2.50 times the time to first token, 0.75
                        to 1.50 times the inter-token latency (no measurements of
                        dgx-spark, reading and writing apart)
    words               script agents/hardware-guide/script.toml: written by hand,
                        no model replied
    ");
}

#[test]
fn one_session_at_110_columns() {
    let text = shown(&slip(vec![guide()]), Some(ANSWER), plain_style(110));
    assert!(widest(&text) <= 110, "{text}");
    insta::assert_snapshot!(text, @r"
    hardware-guide · on rubin-groq3, dgx-spark · timeslip 0.1.0

    ✓ sram-against-hbm: answered in 800 ms on rubin-groq3
           at  step                              tokens  cached     TTFT  tok/s     time
      2.00 ms  chat                           1,204→312          40.0 ms  1,571   238 ms  ▒███████
       242 ms  tool profiles                                                     60.0 ms         ▄▄▄
       242 ms  tool search-the-whole-library                                      118 ms         ▄▄▄▄
       362 ms  chat                           1,633→540   1,204  19.2 ms  1,296   435 ms            ▒█████████████
      ░ queue  ▒ prefill  ▓ transfer  █ decode  ▄ tool
      answer
      Groq 3 reads its SRAM at 150 TB/s per chip, Rubin its HBM4 at 22 TB/s: nearly seven times faster, from a
      five-hundredth of the memory.

    sessions            1 answered
    calls               2 model calls, 2 tool calls
    tokens              2,837 in (1,204 cached), 852 out
    end-to-end time     800 ms
    time to first token p50 19.2 ms, p95 40.0 ms
    inter-token latency p50 637 µs, p95 771 µs
    tokens/s/user       p50 1,296, p95 1,571
                        1 of 2 model calls at 1,500 tokens/s/user
    where the time went queue      0.5 %     4.00 ms  ░
                        prefill    5.4 %     43.0 ms  ▒▒▒
                        transfer   0.8 %     6.00 ms  ▓
                        decode    77.5 %      620 ms  ███████████████████████████████████████
                        tool      14.8 %      118 ms  ▄▄▄▄▄▄▄▄
                        agent      1.1 %     9.00 ms  ▪
    energy              500 mJ (375 mJ to 750 mJ)
    cost                $0.00620 ($0.00465 to $0.00930)
    seed                7
    machines            rubin-groq3 serves gpt-oss-120b, estimated
                        dgx-spark serves gpt-oss-20b
                        estimated: the profile holds estimates, so every time, joule and dollar that rests on it
                        is one; `timeslip hardware explain MACHINE` lists them
    nine of ten within  rubin-groq3: 0.50 to 2.50 times the time to first token, 0.75 to 1.50 times the
                        inter-token latency (no measurements of rubin-groq3, reading and writing apart)
                        dgx-spark: 0.50 to 2.50 times the time to first token, 0.75 to 1.50 times the inter-token
                        latency (no measurements of dgx-spark, reading and writing apart)
    words               script agents/hardware-guide/script.toml: written by hand, no model replied
    ");
}

fn tool_outputs() -> ToolOutputsNote {
    ToolOutputsNote {
        equal: 2,
        different: 3,
        not_recorded: 1,
        not_called: 0,
        examples: vec![
            "lost-booking, reserve: first difference at character 3\n  recorded: \"a\"".into(),
        ],
    }
}

#[test]
fn two_sessions_of_which_one_fails() {
    let slip = slip(vec![guide(), lost()]);
    let text = run_screen(&RunScreen {
        slip: &slip,
        answers: &[Some("Seven times.".to_owned()), None],
        words_note: WORDS,
        tool_outputs: Some(tool_outputs()),
        style: plain_style(100),
    });
    assert!(widest(&text) <= 100, "{text}");
    insta::assert_snapshot!(text, @r#"
    hardware-guide · on rubin-groq3, dgx-spark · timeslip 0.1.0

    ✓ sram-against-hbm: answered in 800 ms on rubin-groq3
           at  step                        tokens  cached     TTFT  tok/s     time
      2.00 ms  chat                     1,204→312          40.0 ms  1,571   238 ms  ▒█████
       242 ms  tool profiles                                               60.0 ms        ▄▄
       242 ms  tool search-the-whole-…                                      118 ms        ▄▄▄
       362 ms  chat                     1,633→540   1,204  19.2 ms  1,296   435 ms           ███████████
      ░ queue  ▒ prefill  ▓ transfer  █ decode  ▄ tool
      answer
      Seven times.

    ✗ lost-booking: deadline after 1.00 s, started at 20.0 ms
      the session took longer than its deadline of 1.00 s
           at  step          machine      tokens     TTFT  tok/s     time
          0 s  chat          rubin-groq3    90→4  2.03 ms  1,010  5.00 ms  █
    ✗ 5.00 ms  chat          dgx-spark                            3.00 ms  ░
               unavailable: the machine is full
    ✗ 8.00 ms  tool reserve                                       2.00 ms  ▄
               failed: no seat\u{1b}[2J left
      10.0 ms  user                                                700 ms  ─────────────────────
       710 ms  sleep                                               290 ms                      ┄┄┄┄┄┄┄┄┄
      ░ queue  ▒ prefill  █ decode  ▄ tool  ─ user  ┄ sleep

    sessions            1 answered, 1 failed
    calls               4 model calls, 3 tool calls
    tokens              2,927 in (1,204 cached), 856 out
    end-to-end time     p50 800 ms, p95 1.00 s a session
    makespan            1.02 s
    time to first token p50 19.2 ms, p95 40.0 ms
    inter-token latency p50 771 µs, p95 990 µs
    tokens/s/user       p50 1,296, p95 1,571
                        1 of 4 model calls at 1,500 tokens/s/user
    where the time went queue      0.4 %     7.00 ms  ░
                        prefill    2.5 %     45.0 ms  ▒▒
                        transfer   0.3 %     6.00 ms  ▓
                        decode    34.6 %      623 ms  ██████████████████
                        tool       6.7 %      120 ms  ▄▄▄▄
                        agent      0.5 %     9.00 ms  ▪
                        user      38.9 %      700 ms  ────────────────────
                        sleep     16.1 %      290 ms  ┄┄┄┄┄┄┄┄┄
    energy              750 mJ (562 mJ to 1.12 J)
    cost                $0.00930 ($0.00698 to $0.0140)
    seed                7
    machines            rubin-groq3 serves gpt-oss-120b, estimated
                        dgx-spark serves gpt-oss-20b
                        estimated: the profile holds estimates, so every time, joule and dollar that
                        rests on it is one; `timeslip hardware explain MACHINE` lists them
    nine of ten within  rubin-groq3: 0.50 to 2.50 times the time to first token, 0.75 to 1.50 times the
                        inter-token latency (no measurements of rubin-groq3, reading and writing apart)
                        dgx-spark: 0.50 to 2.50 times the time to first token, 0.75 to 1.50 times the
                        inter-token latency (no measurements of dgx-spark, reading and writing apart)
    words               script agents/hardware-guide/script.toml: written by hand, no model replied

    tool outputs against the cassette: 2 equal, 3 different, 1 not recorded, 0 recorded but not called
      lost-booking, reserve: first difference at character 3
        recorded: "a"
      and 2 more that differ
    "#);
}

/// So many sessions, one after the other, each a millisecond longer; every ninth fails.
fn many(count: u64) -> Slip {
    let of = |index: u64| {
        let span = (200 + index) * 1_000_000;
        let parts = [0, 1_000_000, 0, span - 1_000_000];
        let shares = TimeShareNs { prefill: parts[1], decode: parts[3], ..Default::default() };
        let steps = vec![chat(0, parts, [100, 0, 350], "rubin-groq3")];
        let session = session(&format!("task-{}", index % 3), index * 2_000_000, shares, steps);
        if index % 9 == 8 { failed(session, "deadline") } else { session }
    };
    slip((0..count).map(of).collect())
}

#[test]
fn sessions_that_were_stopped_with_the_run_are_counted_and_not_named() {
    let mut broken = many(8);
    for (place, session) in broken.sessions.iter_mut().enumerate() {
        let kind = if place == 5 { "trap" } else { "run_ended" };
        *session = failed(session.clone(), kind);
    }
    let text = shown(&broken, None, plain_style(100));
    assert!(text.contains("✗ task-2 (session 5, the slowest): trap after 205 ms"), "{text}");
    let named: Vec<&str> = text.lines().filter(|line| line.contains(" (session ")).collect();
    assert_eq!(named.len(), 2, "{named:#?}");
    assert!(text.contains("… 7 sessions stopped, since the run was over"), "{text}");
}

#[test]
fn many_sessions_show_the_slowest_and_the_first_that_failed() {
    let text = shown(&many(150), Some("yes"), plain_style(100));
    assert!(widest(&text) <= 100, "{text}");
    insta::assert_snapshot!(text, @r"
    hardware-guide · on rubin-groq3, dgx-spark · timeslip 0.1.0

    ✓ task-2 (session 149, the slowest): answered in 349 ms on rubin-groq3, started at 298 ms
       at  step   tokens     TTFT  tok/s    time
      0 s  chat  100→350  4.48 ms  1,013  349 ms  ██████████████████████████████████████████████████████
      ▒ prefill  █ decode
      answer
      yes

    ✗ task-2 (session 8): deadline after 208 ms: the session took longer than its deadline of 1.00 s
    ✗ task-2 (session 17): deadline after 217 ms: the session took longer than its deadline of 1.00 s
    ✗ task-2 (session 26): deadline after 226 ms: the session took longer than its deadline of 1.00 s
    ✗ task-2 (session 35): deadline after 235 ms: the session took longer than its deadline of 1.00 s
    ✗ task-2 (session 44): deadline after 244 ms: the session took longer than its deadline of 1.00 s
    ✗ task-2 (session 53): deadline after 253 ms: the session took longer than its deadline of 1.00 s
    ✗ task-2 (session 62): deadline after 262 ms: the session took longer than its deadline of 1.00 s
    ✗ task-2 (session 71): deadline after 271 ms: the session took longer than its deadline of 1.00 s
    ✗ task-2 (session 80): deadline after 280 ms: the session took longer than its deadline of 1.00 s
    ✗ task-2 (session 89): deadline after 289 ms: the session took longer than its deadline of 1.00 s
    … and 6 more sessions failed

    sessions            134 answered, 16 failed
    calls               150 model calls, 0 tool calls
    tokens              15,000 in, 52,500 out
    end-to-end time     p50 274 ms, p95 342 ms a session
    makespan            647 ms
    time to first token p50 3.73 ms, p95 4.41 ms
    inter-token latency p50 774 µs, p95 967 µs
    tokens/s/user       p50 1,287, p95 1,711
                        37 of 150 model calls at 1,500 tokens/s/user
    where the time went prefill    0.4 %      150 ms  ▒
                        decode    99.6 %      41.0 s  ██████████████████████████████████████████████████
    energy              37.5 J (28.1 J to 56.2 J)
    cost                $0.465 ($0.349 to $0.698)
    seed                7
    machines            rubin-groq3 serves gpt-oss-120b, estimated
                        dgx-spark serves gpt-oss-20b
                        estimated: the profile holds estimates, so every time, joule and dollar that
                        rests on it is one; `timeslip hardware explain MACHINE` lists them
    nine of ten within  rubin-groq3: 0.50 to 2.50 times the time to first token, 0.75 to 1.50 times the
                        inter-token latency (no measurements of rubin-groq3, reading and writing apart)
                        dgx-spark: 0.50 to 2.50 times the time to first token, 0.75 to 1.50 times the
                        inter-token latency (no measurements of dgx-spark, reading and writing apart)
    words               script agents/hardware-guide/script.toml: written by hand, no model replied
    ");
}

#[test]
fn no_session_at_all() {
    insta::assert_snapshot!(shown(&slip(Vec::new()), None, plain_style(80)), @r"
    hardware-guide · on rubin-groq3, dgx-spark · timeslip 0.1.0

    sessions            none
    calls               0 model calls, 0 tool calls
    seed                7
    machines            rubin-groq3 serves gpt-oss-120b, estimated
                        dgx-spark serves gpt-oss-20b
                        estimated: the profile holds estimates, so every time, joule
                        and dollar that rests on it is one; `timeslip hardware
                        explain MACHINE` lists them
    nine of ten within  rubin-groq3: 0.50 to 2.50 times the time to first token,
                        0.75 to 1.50 times the inter-token latency (no measurements
                        of rubin-groq3, reading and writing apart)
                        dgx-spark: 0.50 to 2.50 times the time to first token, 0.75
                        to 1.50 times the inter-token latency (no measurements of
                        dgx-spark, reading and writing apart)
    words               script agents/hardware-guide/script.toml: written by hand,
                        no model replied
    ");
}

#[test]
fn ascii_alone() {
    let style = Style { ascii: true, ..plain_style(80) };
    let text = shown(&slip(vec![guide(), lost()]), Some("yes"), style);
    assert!(text.is_ascii(), "{text}");
    insta::assert_snapshot!(text, @r"
    hardware-guide | on rubin-groq3, dgx-spark | timeslip 0.1.0

    ok sram-against-hbm: answered in 800 ms on rubin-groq3
           at  step                tokens  cached     TTFT  tok/s     time
      2.00 ms  chat            1,204->312          40.0 ms  1,571   238 ms  ###
       242 ms  tool profiles                                       60.0 ms    ++
       242 ms  tool search...                                       118 ms    ++
       362 ms  chat            1,633->540   1,204  19.2 ms  1,296   435 ms     #####
      . queue  = prefill  > transfer  # decode  + tool
      answer
      yes

    x lost-booking: deadline after 1.00 s, started at 20.0 ms
      the session took longer than its deadline of 1.00 s
           at  step          machine     tokens     TTFT  tok/s     time
          0 s  chat          rubin-g...   90->4  2.03 ms  1,010  5.00 ms  #
    x 5.00 ms  chat          dgx-spark                           3.00 ms  .
               unavailable: the machine is full
    x 8.00 ms  tool reserve                                      2.00 ms  +
               failed: no seat\u{1b}[2J left
      10.0 ms  user                                               700 ms  --------
       710 ms  sleep                                              290 ms         ~~~
      . queue  = prefill  # decode  + tool  - user  ~ sleep
      answer
      yes

    sessions            1 answered, 1 failed
    calls               4 model calls, 3 tool calls
    tokens              2,927 in (1,204 cached), 856 out
    end-to-end time     p50 800 ms, p95 1.00 s a session
    makespan            1.02 s
    time to first token p50 19.2 ms, p95 40.0 ms
    inter-token latency p50 771 us, p95 990 us
    tokens/s/user       p50 1,296, p95 1,571
                        1 of 4 model calls at 1,500 tokens/s/user
    where the time went queue      0.4 %     7.00 ms  .
                        prefill    2.5 %     45.0 ms  =
                        transfer   0.3 %     6.00 ms  >
                        decode    34.6 %      623 ms  ###########
                        tool       6.7 %      120 ms  ++
                        agent      0.5 %     9.00 ms  @
                        user      38.9 %      700 ms  ------------
                        sleep     16.1 %      290 ms  ~~~~~
    energy              750 mJ (562 mJ to 1.12 J)
    cost                $0.00930 ($0.00698 to $0.0140)
    seed                7
    machines            rubin-groq3 serves gpt-oss-120b, estimated
                        dgx-spark serves gpt-oss-20b
                        estimated: the profile holds estimates, so every time, joule
                        and dollar that rests on it is one; `timeslip hardware
                        explain MACHINE` lists them
    nine of ten within  rubin-groq3: 0.50 to 2.50 times the time to first token,
                        0.75 to 1.50 times the inter-token latency (no measurements
                        of rubin-groq3, reading and writing apart)
                        dgx-spark: 0.50 to 2.50 times the time to first token, 0.75
                        to 1.50 times the inter-token latency (no measurements of
                        dgx-spark, reading and writing apart)
    words               script agents/hardware-guide/script.toml: written by hand,
                        no model replied
    ");
}

#[test]
fn the_steps_of_an_agent_that_is_a_tool_stand_further_in() {
    let text = shown(&slip(vec![delegated()]), Some("yes"), plain_style(80));
    let steps: Vec<&str> = text.lines().skip(3).take(7).collect();
    insta::assert_snapshot!(steps.join("\n"), @r"
         at  step            tokens     TTFT  tok/s     time
        0 s  chat             90→14  2.08 ms  1,641  10.0 ms  ▒██
    10.0 ms  tool research…                          60.0 ms    ▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄
    11.0 ms    chat          200→20  3.09 ms  2,132  12.0 ms    ▒▒██
    23.0 ms    tool fact-c…                          40.0 ms       ▄▄▄▄▄▄▄▄▄▄▄
    24.0 ms      chat        300→60  3.30 ms  1,987  33.0 ms        ▒████████
    70.0 ms  chat            400→14  2.08 ms  1,641  10.0 ms                   ▒██
    ");
}
