//! Verdicts that the tests of this crate share: one for each answer, and one whose every text is
//! hostile.

use timeslip_gate::verdict::{
    Against, Answer, BudgetResult, ChangeCost, ChangeKind, Level, MetricPair, PricedChange,
    RunVerdict, SCHEMA, Unit, Verdict,
};

/// All examples by name.
pub(crate) fn all() -> Vec<(&'static str, Verdict)> {
    vec![
        ("failing", failing()),
        ("passing", passing()),
        ("cheaper", cheaper()),
        ("no-baseline", no_baseline()),
        ("inconclusive", inconclusive()),
        ("machines", machines()),
        ("hostile", hostile()),
    ]
}

/// Four changes, of which two fail and one is a gain, and three budgets, one of each answer.
pub(crate) fn failing() -> Verdict {
    verdict(vec![failing_run("rubin-groq3")])
}

/// Nothing changed, and every budget holds.
pub(crate) fn passing() -> Verdict {
    verdict(vec![equal_run("rubin-groq3")])
}

/// One gain.
pub(crate) fn cheaper() -> Verdict {
    let mut run = equal_run("rubin-groq3");
    run.changes = vec![gain()];
    run.time_difference_ns = -310_000_000;
    run.metrics[0].now = Some(62.09e9);
    verdict(vec![run])
}

/// Nothing to compare with.
pub(crate) fn no_baseline() -> Verdict {
    let mut run = equal_run("rubin-groq3");
    run.answer = Answer::NoBaseline;
    run.against = None;
    for pair in &mut run.metrics {
        pair.before = None;
    }
    let regress = budget("session_e2e, at most 1 % over the baseline", Answer::NoBaseline, None);
    run.budgets = vec![
        budget("p95 of session_e2e of task refund", Answer::Pass, Some(41)),
        BudgetResult {
            before: None,
            limit: None,
            stat: None,
            task: None,
            message: "there is no baseline to hold it against".to_owned(),
            ..regress
        },
    ];
    verdict(vec![run])
}

/// Between two measurements on another revision.
pub(crate) fn inconclusive() -> Verdict {
    let mut run = equal_run("local");
    run.answer = Answer::Inconclusive;
    run.against = Some(Against::Revision {
        revision: "origin/main".to_owned(),
        commit: "4f1c0de4f1c0de4f1c0de4f1c0de4f1c0de4f1c0".to_owned(),
    });
    run.metrics[0].now = Some(63.1e9);
    run.budgets[1].answer = Answer::Inconclusive;
    run.budgets[1].message = "the two measurements overlap".to_owned();
    verdict(vec![run])
}

/// Three machines: one fails, two have nothing to say.
pub(crate) fn machines() -> Verdict {
    verdict(vec![equal_run("h200-8"), failing_run("rubin-groq3"), equal_run("dgx-spark")])
}

/// Every text tries to be more than text.
pub(crate) fn hostile() -> Verdict {
    let bad = "a|b <script>alert(1)</script> \u{1b}[31m\"q\" 'r' `s` *t* _u_ [v](javascript:w) \
               @everyone #1 &amp; %0A$x$\n::error file=x::y\r##[error]z \u{202e}é]]>";
    let change = PricedChange {
        headline: format!("::error::{bad}"),
        details: vec![format!("::stop-commands::{bad}"), format!("- {bad}")],
        first_task: bad.to_owned(),
        reason: format!("# {bad}"),
        ..chat_more()
    };
    let result = BudgetResult {
        name: format!("p95 of session_e2e of task {bad}"),
        task: Some(bad.to_owned()),
        message: bad.to_owned(),
        ..budget("", Answer::Fail, Some(7))
    };
    let warns = BudgetResult { level: Level::Warn, answer: Answer::Warn, ..result.clone() };
    let run = RunVerdict {
        on: format!("groq+{bad}"),
        against: Some(Against::Baseline { file: format!("baselines/{bad}.json") }),
        changes: vec![change],
        time_difference_ns: 1_230_000_000,
        budgets: vec![result, warns],
        ..failing_run("")
    };
    Verdict {
        bench: format!("air{bad}line"),
        bench_file: Some(format!("a b/c,d:e%/{bad}.toml")),
        ..verdict(vec![run])
    }
}

/// A verdict of some runs, with the worst of their answers.
pub(crate) fn verdict(runs: Vec<RunVerdict>) -> Verdict {
    Verdict {
        schema: SCHEMA.to_owned(),
        timeslip: "0.1.0".to_owned(),
        bench: "airline".to_owned(),
        bench_file: Some("agents/airline-service/airline.toml".to_owned()),
        answer: runs.iter().map(|run| run.answer).max().unwrap_or(Answer::Pass),
        runs,
    }
}

/// A run with four changes and three budgets.
pub(crate) fn failing_run(on: &str) -> RunVerdict {
    let changes = vec![chat_more(), longer_prompt(), slower_tool(), gain()];
    let mut run = equal_run(on);
    run.answer = Answer::Fail;
    run.time_difference_ns = changes.iter().map(|change| change.cost.time_ns).sum();
    run.changes = changes;
    let now = [63.7132e9, 1.421e9, 412e6, 250.0, 310_000.0, 1_487.2, 0.812, 911.0];
    for (pair, now) in run.metrics.iter_mut().zip(now) {
        pair.now = Some(now);
    }
    run.metrics[0].now = Some(62.4e9 + run.time_difference_ns as f64);
    run.budgets[0] = BudgetResult {
        value: Some(1.421e9),
        message: "1.42 s is 221 ms more than it may be".to_owned(),
        ..budget("p95 of session_e2e of task refund", Answer::Fail, Some(41))
    };
    run.budgets[1] = BudgetResult {
        level: Level::Warn,
        unit: Unit::Dollars,
        metric: "cost".to_owned(),
        stat: None,
        task: None,
        value: Some(0.812),
        before: Some(0.65),
        limit: Some(0.75),
        message: "$0.812 is $0.0620 more than it may be".to_owned(),
        ..budget("cost", Answer::Warn, Some(47))
    };
    run
}

fn equal_run(on: &str) -> RunVerdict {
    let pair = |metric: &str, unit, value: f64, less_is_better| MetricPair {
        metric: metric.to_owned(),
        unit,
        before: Some(value),
        now: Some(value),
        less_is_better,
    };
    RunVerdict {
        on: on.to_owned(),
        answer: Answer::Pass,
        against: Some(Against::Baseline { file: format!("baselines/airline.{on}.json") }),
        metrics: vec![
            pair("session_e2e_total", Unit::Nanoseconds, 62.4e9, true),
            pair("session_e2e_p95", Unit::Nanoseconds, 1.18e9, true),
            pair("time_to_first_token_p95", Unit::Nanoseconds, 412e6, true),
            pair("model_calls", Unit::Count, 200.0, true),
            pair("input_tokens", Unit::Tokens, 248_000.0, true),
            pair("output_token_throughput_per_user_p50", Unit::TokensPerSecond, 1_523.4, false),
            pair("cost", Unit::Dollars, 0.65, true),
            pair("energy", Unit::Joules, 850.0, true),
        ],
        changes: Vec::new(),
        time_difference_ns: 0,
        budgets: vec![
            budget("p95 of session_e2e of task refund", Answer::Pass, Some(41)),
            budget("p95 of session_e2e of task rebooking", Answer::Pass, Some(47)),
            BudgetResult {
                unit: Unit::TokensPerSecond,
                metric: "output_token_throughput_per_user".to_owned(),
                stat: Some("p50".to_owned()),
                task: None,
                value: Some(1_523.4),
                before: Some(1_523.4),
                limit: Some(1_400.0),
                limit_is_most: false,
                ..budget("p50 of output_token_throughput_per_user", Answer::Pass, Some(53))
            },
        ],
    }
}

fn budget(name: &str, answer: Answer, line: Option<u32>) -> BudgetResult {
    BudgetResult {
        name: name.to_owned(),
        metric: "session_e2e".to_owned(),
        stat: Some("p95".to_owned()),
        task: Some(name.rsplit(' ').next().unwrap_or_default().to_owned()),
        unit: Unit::Nanoseconds,
        level: Level::Error,
        answer,
        value: Some(1.18e9),
        before: Some(1.18e9),
        limit: Some(1.2e9),
        limit_is_most: true,
        message: "1.18 s is within its limit".to_owned(),
        line,
    }
}

fn chat_more() -> PricedChange {
    PricedChange {
        kind: ChangeKind::StepAdded,
        headline: "a chat more, after the tool get_user_details".to_owned(),
        details: vec![
            "chat 3 of 5: 1,240 tokens in, 36 out".to_owned(),
            "the agent's digest is another: 5f2a… before, 91bc… now".to_owned(),
        ],
        sessions: 50,
        occurrences: 50,
        first_task: "refund".to_owned(),
        cost: ChangeCost {
            time_ns: 1_230_000_000,
            model_calls: 50,
            input_tokens: 62_000,
            cached_input_tokens: 48_000,
            output_tokens: 1_800,
            usd: Some(0.155),
            joules: Some(61.0),
            ..ChangeCost::default()
        },
        fails: true,
        reason: "a model call more than in the baseline".to_owned(),
    }
}

fn longer_prompt() -> PricedChange {
    PricedChange {
        kind: ChangeKind::Prompt,
        headline: "the system prompt is 120 tokens longer".to_owned(),
        details: vec!["1,204 tokens before, 1,324 now".to_owned()],
        sessions: 50,
        occurrences: 200,
        first_task: "refund".to_owned(),
        cost: ChangeCost {
            time_ns: 390_000_000,
            input_tokens: 24_000,
            usd: Some(0.007),
            ..ChangeCost::default()
        },
        fails: true,
        reason: "input tokens grew by 9.7 %, more than 1 %".to_owned(),
    }
}

fn gain() -> PricedChange {
    PricedChange {
        kind: ChangeKind::Reply,
        headline: "the reply of chat 2 is shorter".to_owned(),
        details: vec!["412 tokens before, 371 now".to_owned()],
        sessions: 12,
        occurrences: 12,
        first_task: "rebooking".to_owned(),
        cost: ChangeCost {
            time_ns: -310_000_000,
            output_tokens: -492,
            usd: None,
            ..ChangeCost::default()
        },
        fails: false,
        reason: "a gain".to_owned(),
    }
}

fn slower_tool() -> PricedChange {
    PricedChange {
        kind: ChangeKind::Tool,
        headline: "the tool search_flights takes longer".to_owned(),
        details: Vec::new(),
        sessions: 1,
        occurrences: 1,
        first_task: "rebooking".to_owned(),
        cost: ChangeCost { time_ns: 3_200_000, ..ChangeCost::default() },
        fails: false,
        reason: "under the floor of 10.0 ms".to_owned(),
    }
}
