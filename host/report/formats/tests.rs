//! What other programs read.

mod hostile;
mod limits;
mod written;

use super::*;
use crate::verdict_examples as examples;

#[test]
fn markdown_shows_the_cause_first() {
    insta::assert_snapshot!(markdown(&examples::failing()), @r"
    ### ✗ airline: fail

    2 of 4 changes are worse than they may be; 1 budget fails, 1 warns, 1 holds, on rubin-groq3 against baselines/airline.rubin-groq3.json

    *Next:* if it is meant so: `timeslip check --pending`, then `timeslip accept`.

    | | time | change | where | besides time |
    |---|--:|---|---|---|
    | ✗ | **+1.23 s** | a chat more, after the tool get\_user\_details<br>*fails:* a model call more than in the baseline | over 50 sessions, first in refund | +50 model calls, +62,000 tokens in, +48,000 of them cached, +1,800 tokens out, +$0.155, +61.0 J |
    | ✗ | **+390 ms** | the system prompt is 120 tokens longer<br>*fails:* input tokens grew by 9.7 %, more than 1 % | over 50 sessions, 200 times, first in refund | +24,000 tokens in, +$0.00700, joules unknown |
    |  | **+3.20 ms** | the tool search\_flights takes longer<br>*may pass:* under the floor of 10.0 ms | over 1 session, in rebooking |  |
    | ✓ | **−310 ms** | the reply of chat 2 is shorter<br>*may pass:* a gain | over 12 sessions, first in rebooking | −492 tokens out, dollars and joules unknown |

    **Together +1.31 s of end-to-end time, 2.1 % more**

    <details><summary>What stands behind the changes</summary>

    - a chat more, after the tool get\_user\_details
      - chat 3 of 5: 1,240 tokens in, 36 out
      - the agent's digest is another: 5f2a… before, 91bc… now
    - the system prompt is 120 tokens longer
      - 1,204 tokens before, 1,324 now
    - the reply of chat 2 is shorter
      - 412 tokens before, 371 now

    </details>

    | figure | before | now | difference | |
    |---|--:|--:|--:|--:|
    | session\_e2e\_total | 62.4 s | 63.7 s | +1.31 s | +2.1 % |
    | session\_e2e\_p95 | 1.18 s | 1.42 s | +241 ms | +20.4 % |
    | model\_calls | 200 | 250 | +50 | +25.0 % |
    | input\_tokens | 248,000 | 310,000 | +62,000 | +25.0 % |
    | output\_token\_throughput\_per\_user\_p50 | 1,523 tokens/s | 1,487 tokens/s | −36.2 tokens/s | −2.4 % |
    | cost | $0.650 | $0.812 | +$0.162 | +24.9 % |
    | energy | 850 J | 911 J | +61.0 J | +7.2 % |

    | | budget | value | found | line |
    |---|---|---|---|--:|
    | ✗ | p95 of session\_e2e of task refund | 1.42 s, at most 1.20 s; 1.18 s before | 1.42 s is 221 ms more than it may be | 41 |
    | ! | cost | $0.812, at most $0.750; $0.650 before | \$0.812 is \$0.0620 more than it may be | 47 |

    <details><summary>1 budget holds</summary>

    | | budget | value | found | line |
    |---|---|---|---|--:|
    | ✓ | p50 of output\_token\_throughput\_per\_user | 1,523 tokens/s, at least 1,400 tokens/s; 1,523 tokens/s before | 1.18 s is within its limit | 53 |

    </details>
    ");
}

#[test]
fn markdown_of_equal_runs_is_short() {
    insta::assert_snapshot!(markdown(&examples::passing()), @r"
    ### ✓ airline: pass

    No change, every figure is the same; 3 budgets hold, on rubin-groq3 against baselines/airline.rubin-groq3.json

    | figure | before | now | difference | |
    |---|--:|--:|--:|--:|
    | session\_e2e\_total | 62.4 s | 62.4 s | same |  |
    | session\_e2e\_p95 | 1.18 s | 1.18 s | same |  |

    <details><summary>3 budgets hold</summary>

    | | budget | value | found | line |
    |---|---|---|---|--:|
    | ✓ | p95 of session\_e2e of task refund | 1.18 s, at most 1.20 s; 1.18 s before | 1.18 s is within its limit | 41 |
    | ✓ | p95 of session\_e2e of task rebooking | 1.18 s, at most 1.20 s; 1.18 s before | 1.18 s is within its limit | 47 |
    | ✓ | p50 of output\_token\_throughput\_per\_user | 1,523 tokens/s, at least 1,400 tokens/s; 1,523 tokens/s before | 1.18 s is within its limit | 53 |

    </details>
    ");
}

#[test]
fn markdown_without_a_baseline_says_how_to_make_one() {
    insta::assert_snapshot!(markdown(&examples::no_baseline()), @r"
    ### ? airline: no baseline

    There is nothing to compare with; 1 budget cannot be told, 1 holds

    *Next:* to make a baseline: `timeslip check --pending`, then `timeslip accept`.

    | figure | before | now | difference | |
    |---|--:|--:|--:|--:|
    | session\_e2e\_total |  | 62.4 s |  |  |
    | session\_e2e\_p95 |  | 1.18 s |  |  |
    | time\_to\_first\_token\_p95 |  | 412 ms |  |  |
    | model\_calls |  | 200 |  |  |
    | input\_tokens |  | 248,000 |  |  |
    | output\_token\_throughput\_per\_user\_p50 |  | 1,523 tokens/s |  |  |
    | cost |  | $0.650 |  |  |
    | energy |  | 850 J |  |  |

    | | budget | value | found | line |
    |---|---|---|---|--:|
    | ? | session\_e2e, at most 1 % over the baseline | 1.18 s | there is no baseline to hold it against |  |

    <details><summary>1 budget holds</summary>

    | | budget | value | found | line |
    |---|---|---|---|--:|
    | ✓ | p95 of session\_e2e of task refund | 1.18 s, at most 1.20 s; 1.18 s before | 1.18 s is within its limit | 41 |

    </details>
    ");
}

#[test]
fn annotations_stand_at_the_lines_of_budgets() {
    insta::assert_snapshot!(github_annotations(&examples::failing()), @r"
    ::error file=agents/airline-service/airline.toml,line=41,title=budget%3A p95 of session_e2e of task refund::1.42 s is 221 ms more than it may be%0A1.42 s, at most 1.20 s; 1.18 s before
    ::error file=agents/airline-service/airline.toml,line=1,title=+1.23 s%3A a chat more%2C after the tool get_user_details::over 50 sessions, first in refund: +50 model calls, +62,000 tokens in, +48,000 of them cached, +1,800 tokens out, +$0.155, +61.0 J%0Achat 3 of 5: 1,240 tokens in, 36 out%0Athe agent's digest is another: 5f2a… before, 91bc… now%0Afails: a model call more than in the baseline
    ::error file=agents/airline-service/airline.toml,line=1,title=+390 ms%3A the system prompt is 120 tokens longer::over 50 sessions, 200 times, first in refund: +24,000 tokens in, +$0.00700, joules unknown%0A1,204 tokens before, 1,324 now%0Afails: input tokens grew by 9.7 %25, more than 1 %25
    ::warning file=agents/airline-service/airline.toml,line=47,title=budget%3A cost::$0.812 is $0.0620 more than it may be%0A$0.812, at most $0.750; $0.650 before
    ");
}

#[test]
fn annotations_say_what_could_not_be_compared_and_name_the_run_of_several() {
    insta::assert_snapshot!(github_annotations(&examples::no_baseline()), @"::warning file=agents/airline-service/airline.toml,line=1,title=airline%3A no baseline::there is nothing to compare with; 1 budget cannot be told, 1 holds%0Ato make a baseline: `timeslip check --pending`, then `timeslip accept`");
    insta::assert_snapshot!(github_annotations(&examples::machines()), @r"
    ::error file=agents/airline-service/airline.toml,line=41,title=budget on rubin-groq3%3A p95 of session_e2e of task refund::1.42 s is 221 ms more than it may be%0A1.42 s, at most 1.20 s; 1.18 s before
    ::error file=agents/airline-service/airline.toml,line=1,title=+1.23 s on rubin-groq3%3A a chat more%2C after the tool get_user_details::over 50 sessions, first in refund: +50 model calls, +62,000 tokens in, +48,000 of them cached, +1,800 tokens out, +$0.155, +61.0 J%0Achat 3 of 5: 1,240 tokens in, 36 out%0Athe agent's digest is another: 5f2a… before, 91bc… now%0Afails: a model call more than in the baseline
    ::error file=agents/airline-service/airline.toml,line=1,title=+390 ms on rubin-groq3%3A the system prompt is 120 tokens longer::over 50 sessions, 200 times, first in refund: +24,000 tokens in, +$0.00700, joules unknown%0A1,204 tokens before, 1,324 now%0Afails: input tokens grew by 9.7 %25, more than 1 %25
    ::warning file=agents/airline-service/airline.toml,line=47,title=budget on rubin-groq3%3A cost::$0.812 is $0.0620 more than it may be%0A$0.812, at most $0.750; $0.650 before
    ");
    assert_eq!(github_annotations(&examples::passing()), "");
}

#[test]
fn the_built_in_example_has_no_file_to_stand_in() {
    let mut verdict = examples::failing();
    verdict.bench_file = None;
    let annotations = github_annotations(&verdict);
    assert!(annotations.starts_with("::error title="), "{annotations}");
    assert!(!sarif(&verdict).contains("locations"));
    assert!(junit(&verdict).contains("<testsuite name=\"airline\""));
}

#[test]
fn junit_has_a_case_for_each_budget_and_one_for_the_changes() {
    insta::assert_snapshot!(junit(&examples::failing()));
}

#[test]
fn sarif_has_a_result_for_what_fails_or_warns() {
    insta::assert_snapshot!(sarif(&examples::failing()));
    assert!(sarif(&examples::passing()).contains("\"results\": []"));
}

#[test]
fn bencher_has_measures_with_their_unit() {
    insta::assert_snapshot!(bencher(&examples::failing()), @r#"
    {
      "airline on rubin-groq3": {
        "session_e2e_total_seconds": {
          "value": 63.7132
        },
        "session_e2e_p95_seconds": {
          "value": 1.421
        },
        "time_to_first_token_p95_seconds": {
          "value": 0.412
        },
        "model_calls": {
          "value": 250.0
        },
        "input_tokens": {
          "value": 310000.0
        },
        "output_token_throughput_per_user_p50_tokens_per_second": {
          "value": 1487.2
        },
        "cost_usd": {
          "value": 0.812
        },
        "energy_joules": {
          "value": 911.0
        }
      },
      "airline on rubin-groq3, task refund": {
        "session_e2e_p95_seconds": {
          "value": 1.421
        }
      }
    }
    "#);
}

#[test]
fn benchmark_action_has_what_is_better_smaller() {
    insta::assert_snapshot!(benchmark_action(&examples::failing()), @r#"
    [
      {
        "name": "airline on rubin-groq3: session_e2e_total",
        "unit": "seconds",
        "value": 63.7132,
        "extra": "before: 62.4 seconds"
      },
      {
        "name": "airline on rubin-groq3: session_e2e_p95",
        "unit": "seconds",
        "value": 1.421,
        "extra": "before: 1.18 seconds"
      },
      {
        "name": "airline on rubin-groq3: time_to_first_token_p95",
        "unit": "seconds",
        "value": 0.412,
        "extra": "before: 0.412 seconds"
      },
      {
        "name": "airline on rubin-groq3: model_calls",
        "unit": "count",
        "value": 250.0,
        "extra": "before: 200 count"
      },
      {
        "name": "airline on rubin-groq3: input_tokens",
        "unit": "tokens",
        "value": 310000.0,
        "extra": "before: 248000 tokens"
      },
      {
        "name": "airline on rubin-groq3: cost",
        "unit": "usd",
        "value": 0.812,
        "extra": "before: 0.65 usd"
      },
      {
        "name": "airline on rubin-groq3: energy",
        "unit": "joules",
        "value": 911.0,
        "extra": "before: 850 joules"
      },
      {
        "name": "airline on rubin-groq3, task refund: session_e2e_p95",
        "unit": "seconds",
        "value": 1.421,
        "extra": "before: 1.18 seconds"
      }
    ]
    "#);
    assert!(!benchmark_action(&examples::failing()).contains("throughput"));
}
