use super::evaluate::{evaluate, main_figures};
use super::metric::{METRICS, Metric, Stat};
use super::*;
use crate::examples;
use crate::slip::Slip;
use crate::verdict::{Answer, Level};

fn budget(metric: &str) -> Budget {
    Budget {
        metric: Metric::named(metric).unwrap(),
        stat: None,
        scope: Scope::Run,
        max: None,
        min: None,
        max_regress: None,
        abs_floor: 0.0,
        level: Level::Error,
        line: Some(7),
    }
}

fn one(budget: Budget, before: Option<&Slip>, now: &Slip) -> (Answer, String) {
    let results = evaluate(&[budget], before, now);
    assert_eq!(results.len(), 1);
    (results[0].answer, results[0].message.clone())
}

#[test]
fn every_metric_has_a_value_and_names_of_its_own() {
    let slip = examples::two_sessions();
    let sessions: Vec<_> = slip.sessions.iter().collect();
    let mut names = std::collections::BTreeSet::new();
    for metric in &METRICS {
        let stat = metric.wants_stat().then_some(Stat::Max);
        assert!(metric.value(&slip, &sessions, stat).is_some(), "{}", metric.name);
        for name in std::iter::once(&metric.name).chain(metric.aliases) {
            assert!(names.insert(*name), "{name} names two metrics");
            assert_eq!(Metric::named(name).unwrap(), metric);
        }
    }
}

#[test]
fn values_are_those_of_the_summary() {
    let slip = examples::two_sessions();
    let sessions: Vec<_> = slip.sessions.iter().collect();
    let value = |name: &str, stat| Metric::named(name).unwrap().value(&slip, &sessions, stat);
    let summary = &slip.summary;
    assert_eq!(value("model_calls", None), Some(summary.model_calls as f64));
    assert_eq!(value("tool_calls", None), Some(summary.tool_calls as f64));
    assert_eq!(value("input_tokens", None), Some(summary.input_tokens as f64));
    assert_eq!(value("makespan", None), Some(summary.makespan_ns as f64));
    assert_eq!(value("cost", None), summary.cost_usd);
    assert_eq!(value("energy", None), summary.energy_j);
    assert_eq!(value("success_rate", None), Some(0.5));
    let e2e = summary.session_e2e_ns.unwrap();
    assert_eq!(value("e2e", Some(Stat::Percentile(95))), Some(e2e.p95 as f64));
    assert_eq!(value("e2e", Some(Stat::Mean)), Some(e2e.mean as f64));
    let ttft = summary.time_to_first_token_ns.unwrap();
    assert_eq!(value("ttft", Some(Stat::Max)), Some(ttft.max as f64));
}

#[test]
fn names_of_other_tools_are_understood_and_unknown_ones_met_with_the_nearest() {
    for name in ["TTFT", "ttft_ms", "time-to-first-token", "time_to_first_token_ns"] {
        assert_eq!(Metric::named(name).unwrap().name, "time_to_first_token");
    }
    assert_eq!(Metric::named("tpot").unwrap().name, "inter_token_latency");
    let told = Metric::named("tool_cals").unwrap_err();
    assert_eq!(told, "unknown metric `tool_cals`; did you mean `tool_calls`?");
    assert!(Metric::named("beauty").unwrap_err().contains("known are session_e2e, "));
}

#[test]
fn an_absolute_limit_needs_nothing_to_compare_with() {
    let now = examples::two_sessions();
    let at_most = |calls| Budget { max: Some(calls), ..budget("tool_calls") };
    assert_eq!(one(at_most(2.0), None, &now).0, Answer::Pass);
    let (answer, told) = one(at_most(1.0), None, &now);
    assert_eq!((answer, told.as_str()), (Answer::Fail, "2, and it may be at most 1"));
    let warned = Budget { level: Level::Warn, ..at_most(1.0) };
    assert_eq!(one(warned, None, &now).0, Answer::Warn);
    let at_least = Budget { min: Some(1.0), ..budget("success_rate") };
    let (answer, told) = one(at_least, None, &now);
    assert_eq!((answer, told.as_str()), (Answer::Fail, "50 %, and it may be at least 100 %"));
    let off = Budget { level: Level::Off, ..at_most(1.0) };
    assert!(evaluate(&[off], None, &now).is_empty());
}

#[test]
fn a_relative_limit_is_held_against_the_run_before() {
    let before = examples::two_sessions();
    let mut now = before.clone();
    now.sessions[0].e2e_ns += 200_000;
    let regress = |share, floor| Budget {
        stat: Some(Stat::Max),
        max_regress: Some(share),
        abs_floor: floor,
        ..budget("session_e2e")
    };
    let (answer, told) = one(regress(0.05, 0.0), Some(&before), &now);
    assert_eq!(answer, Answer::Fail);
    insta::assert_snapshot!(told, @"2.20 ms, 10.0 % worse than 2.00 ms, and it may become 5.0 % worse");
    assert_eq!(one(regress(0.2, 0.0), Some(&before), &now).0, Answer::Pass);
    assert_eq!(one(regress(0.05, 1e6), Some(&before), &now).0, Answer::Pass, "within the floor");
    assert_eq!(one(regress(0.05, 0.0), None, &now).0, Answer::NoBaseline);
    assert_eq!(one(regress(0.0, 0.0), Some(&before), &before).0, Answer::Pass);
}

#[test]
fn of_some_metrics_less_is_worse() {
    let before = examples::two_sessions();
    let mut now = before.clone();
    let crate::step::Step::Chat(chat) = &mut now.sessions[0].steps[0] else { unreachable!() };
    chat.e2e_ns += 500_000;
    let slower = Budget {
        stat: Some(Stat::Min),
        max_regress: Some(0.1),
        ..budget("output_token_throughput_per_user")
    };
    assert_eq!(one(slower.clone(), Some(&before), &now).0, Answer::Fail);
    assert_eq!(one(slower, Some(&now), &before).0, Answer::Pass);
}

#[test]
fn a_task_is_looked_at_by_itself() {
    let now = examples::two_sessions();
    let of = |scope| Budget { scope, max: Some(1.0), ..budget("tool_calls") };
    let tasks = evaluate(&[of(Scope::EveryTask)], None, &now);
    let told: Vec<_> = tasks.iter().map(|result| (&*result.name, result.answer)).collect();
    assert_eq!(
        told,
        [("tool_calls of task task-0", Answer::Fail), ("tool_calls of task task-1", Answer::Pass)]
    );
    let (answer, told) = one(of(Scope::Task("refund".to_owned())), None, &now);
    assert_eq!(answer, Answer::Pass, "no session, no call: {told}");
}

#[test]
fn what_is_unknown_is_not_within_its_limit() {
    let mut now = examples::two_sessions();
    let crate::step::Step::Chat(chat) = &mut now.sessions[0].steps[0] else { unreachable!() };
    chat.cost_usd = None;
    let cheap = Budget { max: Some(1e9), ..budget("cost") };
    let (answer, told) = one(cheap, None, &now);
    assert_eq!((answer, told.as_str()), (Answer::Fail, "unknown: the run does not say it"));
}

#[test]
fn the_main_figures_stand_beside_each_other() {
    let slip = examples::two_sessions();
    let figures = main_figures(Some(&slip), &slip);
    assert!(figures.iter().all(|pair| pair.before == pair.now));
    assert_eq!(figures[0].metric, "mean_session_e2e");
    assert!(main_figures(None, &slip).iter().all(|pair| pair.before.is_none()));
}
