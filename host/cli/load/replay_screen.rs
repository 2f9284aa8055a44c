//! What a person reads of a replay.

use timeslip_gate::summary::Distribution;
use timeslip_replay::figures::ReplayOutcome;
use timeslip_replay::measured::{Accuracy, Compared};
use timeslip_report::text::{count, dollars, joules, plain, rate};
use timeslip_sim::deployment::Deployment;
use timeslip_timeline::backend::Incidents;
use timeslip_timeline::time::Span;

use super::sweep_screen::shown;
use crate::bands::bands_text;
use crate::table::columns;

/// What a screen is made of.
pub(crate) struct ReplayScreen<'a> {
    /// The trace, the slip or the description.
    pub(crate) source: &'a str,
    /// The machines.
    pub(crate) deployments: &'a [Deployment],
    /// What came out.
    pub(crate) outcome: &'a ReplayOutcome,
    /// What a cache without limits would find of the prompts' tokens, from 0 to 1.
    pub(crate) infinite_cache_share: Option<f64>,
    /// Against a real server.
    pub(crate) accuracy: Option<&'a Accuracy>,
}

/// Draws the screen.
pub(crate) fn replay_screen(screen: &ReplayScreen<'_>) -> String {
    let (summary, load) = (&screen.outcome.summary, &screen.outcome.load);
    let calls = &load.calls;
    let machines: Vec<String> = screen
        .deployments
        .iter()
        .map(|deployment| {
            let sign = if deployment.estimated() { "~" } else { "" };
            format!("{sign}{}:{}", deployment.machine, deployment.model.name)
        })
        .collect();
    let mut text = format!(
        "{} on {}\n{} sessions, {} requests in {} of virtual time\n\n",
        plain(screen.source),
        machines.join(" and "),
        count(summary.sessions),
        count(calls.submitted),
        Span::from_nanos(summary.makespan_ns),
    );
    let ends = [
        ("completed", calls.completed),
        ("rejected", calls.rejected),
        ("timed out", calls.timed_out),
        ("failed", calls.failed),
        ("given up", calls.given_up),
        ("unfinished", calls.unfinished),
    ];
    let ends = ends.into_iter().filter(|(word, count)| *count > 0 || *word == "completed");
    let ends: Vec<String> =
        ends.map(|(word, number)| format!("{} {word}", count(number))).collect();
    text += &columns(&[
        row("requests", ends.join(", ")),
        row("at once", format!("{} at most", count(load.calls_at_once_max))),
        row("requests/s", shown(load.requests_per_second, rate)),
        row("output tokens/s", shown(load.output_tokens_per_second, rate)),
        row("cached", cached(screen)),
        row("energy", shown(summary.energy_j, joules)),
        row("cost", shown(summary.cost_usd, dollars)),
    ]);
    if let (Some(good), Some(goodput)) = (load.good_requests, load.goodput_per_second) {
        text += &format!("good requests    {}, {} a second\n", count(good), rate(goodput));
    }
    text += &incidents(screen.outcome);
    text += "\n";
    text += &spreads(screen.outcome);
    if let Some(accuracy) = screen.accuracy {
        text += &against(accuracy);
    }
    for note in &screen.outcome.notes {
        text += &format!("\nnote: {}\n", plain(note));
    }
    text += &format!("\n{}", bands_text(screen.deployments));
    if screen.deployments.iter().any(Deployment::estimated) {
        text += "\nMachines with ~ rest on estimates: `timeslip hardware show` names them.\n";
    }
    text
}

/// What the machines did with requests beside serving them; nothing where there was nothing.
fn incidents(outcome: &ReplayOutcome) -> String {
    let sum = |of: fn(&Incidents) -> u64| {
        outcome.machines.iter().map(|machine| of(&machine.incidents)).sum::<u64>()
    };
    let told = [
        ("lost their memory to others", sum(|incidents| incidents.preempted)),
        ("began again after a failure", sum(|incidents| incidents.requeued)),
        ("were turned away by full queues", sum(|incidents| incidents.rejected)),
        ("were turned away after waiting", sum(|incidents| incidents.expired)),
    ];
    let told = told.into_iter().filter(|(_, number)| *number > 0);
    let told: Vec<String> =
        told.map(|(what, number)| format!("{} {what}", count(number))).collect();
    match told.is_empty() {
        true => String::new(),
        false => columns(&[row("incidents", told.join(", "))]),
    }
}

fn row(name: &str, value: String) -> [String; 2] {
    [format!("{name:<15}"), value]
}

fn cached(screen: &ReplayScreen<'_>) -> String {
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let share = shown(screen.outcome.load.cached_share, percent);
    match screen.infinite_cache_share {
        Some(most) => {
            format!("{share} of prompts' tokens; a cache without limits: {}", percent(most))
        }
        None => format!("{share} of prompts' tokens"),
    }
}

fn spreads(outcome: &ReplayOutcome) -> String {
    let (summary, load) = (&outcome.summary, &outcome.load);
    let spread = |name: &str, spread: &Option<Distribution<u64>>| {
        let of = |value: fn(&Distribution<u64>) -> u64| {
            spread
                .as_ref()
                .map_or("unknown".to_owned(), |spread| Span::from_nanos(value(spread)).to_string())
        };
        [
            name.to_owned(),
            of(|s| s.p50),
            of(|s| s.p90),
            of(|s| s.p99),
            of(|s| s.max),
            of(|s| s.mean),
        ]
    };
    let heading = ["", "P50", "P90", "P99", "MAX", "MEAN"].map(str::to_owned);
    columns(&[
        heading,
        spread("queue", &load.queue_ns),
        spread("TTFT", &summary.time_to_first_token_ns),
        spread("inter-token", &summary.inter_token_latency_ns),
        spread("request", &load.request_e2e_ns),
        spread("session", &summary.session_e2e_ns),
    ])
}

fn against(accuracy: &Accuracy) -> String {
    let line = |name: &str, compared: &Option<Compared>| {
        let Some(compared) = compared else {
            return [name.to_owned(), String::new(), String::new(), "unknown".to_owned()];
        };
        let span = |nanos: f64| Span::from_seconds_f64(nanos / 1e9).to_string();
        let mean = &compared.mean;
        let error = |error: f64| format!("{:+.1} %", error * 100.0);
        [
            name.to_owned(),
            span(mean.measured_ns),
            span(mean.replayed_ns),
            format!("{}, median {}", error(mean.error()), error(compared.p50.error())),
        ]
    };
    let rows = [
        ["MEANS", "MEASURED", "REPLAYED", "ERROR"].map(str::to_owned),
        line("TTFT", &accuracy.time_to_first_token),
        line("inter-token", &accuracy.inter_token_latency),
        line("request", &accuracy.end_to_end),
    ];
    format!("\nagainst {} measured requests\n{}", count(accuracy.requests), columns(&rows))
}
