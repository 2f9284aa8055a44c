//! Slips and entries for the tests of this crate.

use timeslip_gate::slip::{
    Bench, Component, ComponentRole, ComponentUse, Machine, SCHEMA, Session, SessionStatus, Slip,
    TimeShareNs, WordsKind, WordsUsed,
};
use timeslip_gate::summary::{Distribution, summarise};
use timeslip_gate::verdict::Unit;

use crate::entry::Entry;
use crate::moment::utc;
use crate::series::{BenchHistory, Point, Series};

/// A slip of two sessions without steps, with a summary as if they had some.
pub(crate) fn slip() -> Slip {
    let machine = |name: &str| Machine {
        name: name.to_owned(),
        digest: None,
        model: "small".to_owned(),
        estimated: false,
        bands: None,
        endpoint: None,
    };
    let sessions = vec![session("refund", 1_200_000_000), session("rebook", 2_400_000_000)];
    let mut summary = summarise(&sessions, 1500, |_| Default::default());
    let times = |p50| {
        Some(Distribution { min: 1, p50, p90: p50, p95: p50 + 1, p99: p50, max: p50, mean: p50 })
    };
    summary.time_to_first_token_ns = times(40_000_000);
    summary.inter_token_latency_ns = times(600_000);
    summary.output_token_throughput_per_user = Some(Distribution {
        min: 900.5,
        p50: 1666.667,
        p90: 1700.0,
        p95: 1700.0,
        p99: 1700.0,
        max: 1700.0,
        mean: 1500.25,
    });
    (summary.model_calls, summary.model_calls_at_target) = (4, Some(3));
    (summary.input_tokens, summary.cached_input_tokens) = (4000, 1000);
    summary.output_tokens = 640;
    (summary.energy_j, summary.cost_usd) = (Some(12.5), Some(0.0125));
    Slip {
        schema: SCHEMA.to_owned(),
        timeslip: "0.1.0".to_owned(),
        bench: Bench { name: "airline".to_owned(), digest: "sha256:be4c".to_owned() },
        seed: 7,
        machines: vec![machine("rack"), machine("other")],
        components: vec![Component {
            role: ComponentRole::Agent,
            name: "planner".to_owned(),
            digest: String::new(),
        }],
        words: WordsUsed { kind: WordsKind::Script, digest: None },
        summary,
        sessions,
    }
}

fn session(task: &str, e2e_ns: u64) -> Session {
    let one_use = |name: &str, fuel| ComponentUse { name: name.to_owned(), fuel, memory_bytes: 64 };
    Session {
        task: task.to_owned(),
        status: SessionStatus::Ok,
        error: None,
        at_ns: 0,
        e2e_ns,
        time_share_ns: TimeShareNs::default(),
        used: vec![one_use("planner", 1000), one_use("flights", 50)],
        prompt_parts: Vec::new(),
        steps: Vec::new(),
    }
}

/// The name of a commit by its number, which stands at its beginning.
pub(crate) fn commit(index: u64) -> String {
    format!("{index:07x}{}", "c0ffee".repeat(6))[..40].to_owned()
}

/// An entry of a commit by its number, an hour apart, with one time and one price.
pub(crate) fn entry(index: u64, nanos: f64) -> Entry {
    let made_at = 1_764_000_000 + 3600 * index as i64;
    Entry {
        recorded_at: utc(made_at + 90 * 86_400),
        commit: Some(commit(index)),
        branch: Some("main".to_owned()),
        commit_time: Some(utc(made_at)),
        bench: "airline".to_owned(),
        on: "rack".to_owned(),
        slip_digest: format!("sha256:{index:x}"),
        bench_digest: "sha256:be4c".to_owned(),
        timeslip: "0.1.0".to_owned(),
        metrics: vec![
            ("session_e2e.p50".to_owned(), Unit::Nanoseconds, nanos),
            ("cost".to_owned(), Unit::Dollars, 0.0125),
        ],
    }
}

/// A figure over commits, one for each value.
pub(crate) fn series(metric: &str, unit: Unit, values: &[f64]) -> Series {
    let point = |(index, value): (usize, &f64)| {
        let entry = entry(index as u64, *value);
        Point {
            commit: entry.commit,
            branch: entry.branch,
            commit_time: entry.commit_time,
            recorded_at: entry.recorded_at,
            slip_digest: entry.slip_digest,
            bench_digest: entry.bench_digest,
            timeslip: entry.timeslip,
            unit,
            value: *value,
        }
    };
    let points = values.iter().enumerate().map(point).collect();
    Series { metric: metric.to_owned(), unit, points }
}

/// A bench with figures of several units over twelve commits; the bench itself changes once.
pub(crate) fn bench() -> BenchHistory {
    const MS: f64 = 1e6;
    let e2e = [1204., 1204., 1204., 1180., 1180., 1180., 1310., 1310., 1190., 1190., 1190., 1165.];
    let e2e = e2e.map(|ms| ms * MS);
    let rate: Vec<f64> = e2e.iter().map(|nanos| 1.84e12 / nanos).collect();
    let mut all = vec![
        series("session_e2e.p50", Unit::Nanoseconds, &e2e),
        series("session_e2e.p95", Unit::Nanoseconds, &e2e.map(|nanos| nanos * 1.7)),
        series("inter_token_latency.p50", Unit::Nanoseconds, &e2e.map(|nanos| nanos / 1900.0)),
        series("output_token_throughput_per_user.p50", Unit::TokensPerSecond, &rate),
        series("model_calls", Unit::Count, &[9.0; 12]),
        series("input_tokens", Unit::Tokens, &e2e.map(|nanos| (nanos / 1e5).round())),
        series("success_rate", Unit::Share, &[1., 1., 1., 1., 0.5, 1., 1., 1., 1., 1., 1., 1.]),
        series("energy", Unit::Joules, &e2e.map(|nanos| nanos / 2e9)),
        series("cost", Unit::Dollars, &e2e.map(|nanos| nanos / 4e11)),
        series("fuel", Unit::Fuel, &e2e.map(|nanos| nanos * 11.0)),
    ];
    for point in all.iter_mut().flat_map(|one| one.points.iter_mut().skip(6)) {
        point.bench_digest = "sha256:0dd".to_owned();
    }
    BenchHistory { bench: "airline".to_owned(), on: "rubin-groq3".to_owned(), series: all }
}
