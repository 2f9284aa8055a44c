//! The figures that a history keeps of a run: their names, and which way is better.
//!
//! A name is the summary's key without its unit, and for a distribution a dot and the statistic:
//! `session_e2e.p95`, `energy`. What each component computed is `fuel.` and the component's name.

use timeslip_gate::slip::Slip;
use timeslip_gate::summary::{Distribution, Summary};
use timeslip_gate::verdict::Unit;

/// A figure of a run: its name, what it counts, and its value.
pub type Figure = (String, Unit, f64);

/// All figures of a slip, in the order in which they are shown. What is unknown is left out.
pub fn of_slip(slip: &Slip) -> Vec<Figure> {
    let summary = &slip.summary;
    let mut out = Vec::new();
    add_times(&mut out, "session_e2e", summary.session_e2e_ns);
    add_times(&mut out, "time_to_first_token", summary.time_to_first_token_ns);
    add_times(&mut out, "inter_token_latency", summary.inter_token_latency_ns);
    if let Some(rates) = summary.output_token_throughput_per_user {
        let name = "output_token_throughput_per_user";
        // The slowest user is what a rate's tail is about, and that is the smallest value.
        for (stat, value) in [("p50", rates.p50), ("mean", rates.mean), ("min", rates.min)] {
            out.push((format!("{name}.{stat}"), Unit::TokensPerSecond, value));
        }
    }
    out.push(("makespan".to_owned(), Unit::Nanoseconds, summary.makespan_ns as f64));
    add_counts(&mut out, summary);
    let known = |value: Option<f64>, name: &str, unit| Some((name.to_owned(), unit, value?));
    out.extend(known(summary.energy_j, "energy", Unit::Joules));
    out.extend(known(summary.cost_usd, "cost", Unit::Dollars));
    add_fuel(&mut out, slip);
    out
}

/// Whether less of a figure is better; `None` where it only says how much was run.
pub fn less_is_better(name: &str) -> Option<bool> {
    let base = name.split('.').next().unwrap_or(name);
    match base {
        "sessions" => None,
        "output_token_throughput_per_user" | "success_rate" => Some(false),
        "model_calls_at_target" | "cached_input_tokens" | "cached_input_share" => Some(false),
        _ => Some(true),
    }
}

fn add_times(out: &mut Vec<Figure>, name: &str, times: Option<Distribution<u64>>) {
    let Some(times) = times else {
        return;
    };
    let stats = [("p50", times.p50), ("p95", times.p95), ("mean", times.mean), ("max", times.max)];
    out.extend(
        stats.map(|(stat, value)| (format!("{name}.{stat}"), Unit::Nanoseconds, value as f64)),
    );
}

fn add_counts(out: &mut Vec<Figure>, summary: &Summary) {
    let counts = [
        ("sessions", Unit::Count, summary.sessions),
        ("model_calls", Unit::Count, summary.model_calls),
        ("tool_calls", Unit::Count, summary.tool_calls),
        ("input_tokens", Unit::Tokens, summary.input_tokens),
        ("cached_input_tokens", Unit::Tokens, summary.cached_input_tokens),
        ("output_tokens", Unit::Tokens, summary.output_tokens),
    ];
    out.extend(counts.map(|(name, unit, value)| (name.to_owned(), unit, value as f64)));
    if let Some(calls) = summary.model_calls_at_target {
        out.push(("model_calls_at_target".to_owned(), Unit::Count, calls as f64));
    }
    let shares = [
        ("cached_input_share", summary.cached_input_tokens, summary.input_tokens),
        ("success_rate", summary.succeeded, summary.sessions),
    ];
    for (name, part, whole) in shares {
        // A part of nothing is unknown.
        if whole > 0 {
            out.push((name.to_owned(), Unit::Share, part as f64 / whole as f64));
        }
    }
}

/// The computing of all sessions: in all, and by component.
fn add_fuel(out: &mut Vec<Figure>, slip: &Slip) {
    // A slip from before components were counted says nothing of them, which is not none.
    if slip.sessions.iter().any(|session| session.used.is_empty()) {
        return;
    }
    let uses = || slip.sessions.iter().flat_map(|session| &session.used);
    let sum = |name: Option<&str>| {
        let counted = uses().filter(|one| name.is_none_or(|name| one.name == name));
        counted.fold(0u64, |sum, one| sum.saturating_add(one.fuel)) as f64
    };
    out.push(("fuel".to_owned(), Unit::Fuel, sum(None)));
    let mut names: Vec<&str> = Vec::new();
    for one in uses() {
        if !names.contains(&one.name.as_str()) {
            names.push(&one.name);
        }
    }
    out.extend(names.iter().map(|name| (format!("fuel.{name}"), Unit::Fuel, sum(Some(name)))));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;

    #[test]
    fn a_run_has_all_the_figures_of_its_summary() {
        let figures = of_slip(&examples::slip());
        let lines: Vec<String> =
            figures.iter().map(|(name, unit, value)| format!("{name} {value} {unit:?}")).collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        session_e2e.p50 1200000000 Nanoseconds
        session_e2e.p95 2400000000 Nanoseconds
        session_e2e.mean 1800000000 Nanoseconds
        session_e2e.max 2400000000 Nanoseconds
        time_to_first_token.p50 40000000 Nanoseconds
        time_to_first_token.p95 40000001 Nanoseconds
        time_to_first_token.mean 40000000 Nanoseconds
        time_to_first_token.max 40000000 Nanoseconds
        inter_token_latency.p50 600000 Nanoseconds
        inter_token_latency.p95 600001 Nanoseconds
        inter_token_latency.mean 600000 Nanoseconds
        inter_token_latency.max 600000 Nanoseconds
        output_token_throughput_per_user.p50 1666.667 TokensPerSecond
        output_token_throughput_per_user.mean 1500.25 TokensPerSecond
        output_token_throughput_per_user.min 900.5 TokensPerSecond
        makespan 2400000000 Nanoseconds
        sessions 2 Count
        model_calls 4 Count
        tool_calls 0 Count
        input_tokens 4000 Tokens
        cached_input_tokens 1000 Tokens
        output_tokens 640 Tokens
        model_calls_at_target 3 Count
        cached_input_share 0.25 Share
        success_rate 1 Share
        energy 12.5 Joules
        cost 0.0125 Dollars
        fuel 2100 Fuel
        fuel.planner 2000 Fuel
        fuel.flights 100 Fuel
        ");
    }

    #[test]
    fn what_is_unknown_is_left_out_and_never_zero() {
        let mut slip = examples::slip();
        slip.summary.energy_j = None;
        slip.summary.time_to_first_token_ns = None;
        slip.summary.input_tokens = 0;
        slip.sessions[0].used.clear();
        let figures = of_slip(&slip);
        for absent in ["energy", "time_to_first_token.p50", "cached_input_share", "fuel"] {
            assert!(figures.iter().all(|(name, _, _)| name != absent), "{absent}");
        }
        assert!(figures.iter().any(|(name, _, _)| name == "cost"));
    }

    #[test]
    fn the_better_way_is_known_by_the_name() {
        assert_eq!(less_is_better("session_e2e.p95"), Some(true));
        assert_eq!(less_is_better("output_token_throughput_per_user.min"), Some(false));
        assert_eq!(less_is_better("fuel.planner"), Some(true));
        assert_eq!(less_is_better("sessions"), None);
    }
}
