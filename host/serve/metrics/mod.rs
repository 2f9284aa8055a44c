//! What `/metrics` says, in Prometheus' text format, under the names that vLLM gives.
//!
//! A figure that a machine cannot tell is left out. Times are modelled ones, as the help lines say.

pub(crate) mod histogram;

use std::fmt::Write;

use histogram::Histogram;

use crate::keeper::{KeeperReport, Ledger, MachineReport, REASONS};

type Family = (&'static str, &'static str, fn(&Ledger) -> &Histogram);

/// Names, help and figures of the histograms.
const HISTOGRAMS: [Family; 10] = [
    (
        "vllm:time_to_first_token_seconds",
        "From the request to the first token, in modelled seconds.",
        |ledger| &ledger.time_to_first_token,
    ),
    (
        "vllm:inter_token_latency_seconds",
        "Between two tokens of streamed replies, in modelled seconds.",
        |ledger| &ledger.inter_token,
    ),
    (
        "vllm:request_time_per_output_token_seconds",
        "Mean between two tokens of a reply, in modelled seconds.",
        |ledger| &ledger.time_per_output_token,
    ),
    (
        "vllm:time_per_output_token_seconds",
        "The older name of the mean between two tokens of a reply, in modelled seconds.",
        |ledger| &ledger.time_per_output_token,
    ),
    (
        "vllm:e2e_request_latency_seconds",
        "From the request to the last token, in modelled seconds.",
        |ledger| &ledger.end_to_end,
    ),
    (
        "vllm:request_queue_time_seconds",
        "Waiting for the machine, in modelled seconds.",
        |ledger| &ledger.queue,
    ),
    ("vllm:request_prefill_time_seconds", "Reading the prompt, in modelled seconds.", |ledger| {
        &ledger.prefill
    }),
    ("vllm:request_decode_time_seconds", "Writing the reply, in modelled seconds.", |ledger| {
        &ledger.decode
    }),
    ("vllm:request_prompt_tokens", "Tokens of the prompt.", |ledger| &ledger.request_prompt_tokens),
    ("vllm:request_generation_tokens", "Tokens of the reply.", |ledger| {
        &ledger.request_generation_tokens
    }),
];

/// The page of `/metrics`.
pub(crate) fn page(report: &KeeperReport) -> String {
    let mut text = String::new();
    let machines = &report.machines;
    gauges(machines, &mut text);
    counters(machines, &mut text);
    for (name, help, figures) in HISTOGRAMS {
        head(name, "histogram", help, &mut text);
        for machine in machines {
            figures(&machine.ledger).write(name, &labels(machine), &mut text);
        }
    }
    let name = "timeslip:keeper_lateness_seconds";
    let help = "How late what came out of the machine was handed on, in seconds of wall time.";
    head(name, "histogram", help, &mut text);
    for machine in machines {
        machine.ledger.lateness.write(name, &labels(machine), &mut text);
    }
    text
}

fn gauges(machines: &[MachineReport], text: &mut String) {
    let name = "vllm:num_requests_running";
    let help = "Requests that the modelled machine works on.";
    let running = |one: &MachineReport| one.occupancy.map(|occupancy| occupancy.running as f64);
    family(name, "gauge", help, machines, running, text);
    let name = "vllm:num_requests_waiting";
    let help = "Requests that wait for the modelled machine.";
    let waiting = |one: &MachineReport| one.occupancy.map(|occupancy| occupancy.waiting as f64);
    family(name, "gauge", help, machines, waiting, text);
    let name = "vllm:kv_cache_usage_perc";
    let help = "The part of the memory for KV that requests hold; 1 is all of it.";
    let share = |one: &MachineReport| one.occupancy.map(|occupancy| occupancy.kv_share);
    family(name, "gauge", help, machines, share, text);
}

fn counters(machines: &[MachineReport], text: &mut String) {
    type Count = (&'static str, &'static str, fn(&MachineReport) -> Option<f64>);
    let counts: [Count; 10] = [
        ("vllm:prompt_tokens_total", "Tokens of prompts of requests that are over.", |one| {
            Some(one.ledger.prompt_tokens as f64)
        }),
        ("vllm:generation_tokens_total", "Tokens of replies that are over.", |one| {
            Some(one.ledger.generation_tokens as f64)
        }),
        ("vllm:prefix_cache_queries_total", "Tokens that were looked up in the cache.", |one| {
            Some(one.ledger.prompt_tokens as f64)
        }),
        ("vllm:prefix_cache_hits_total", "Tokens that were found in the cache.", |one| {
            Some(one.ledger.cached_tokens as f64)
        }),
        ("vllm:num_preemptions_total", "Requests that lost their KV to another.", |one| {
            Some(one.totals.incidents.preempted as f64)
        }),
        ("timeslip:requests_rejected_total", "Turned away: too many waited.", |one| {
            Some(one.totals.incidents.rejected as f64)
        }),
        ("timeslip:requests_expired_total", "Waited as long as they may.", |one| {
            Some(one.totals.incidents.expired as f64)
        }),
        ("timeslip:requests_cancelled_total", "Given up by their clients.", |one| {
            Some(one.ledger.cancelled as f64)
        }),
        ("timeslip:energy_joules_total", "Of the whole machine, idle chips included.", |one| {
            one.totals.energy_j
        }),
        ("timeslip:cost_usd_total", "Of the whole machine, idle chips included.", |one| {
            one.totals.cost_usd
        }),
    ];
    for (name, help, figure) in counts {
        family(name, "counter", help, machines, figure, text);
    }
    let name = "vllm:request_success_total";
    head(name, "counter", "Requests that were served, by why their replies ended.", text);
    for machine in machines {
        for (reason, count) in REASONS.iter().zip(machine.ledger.served) {
            let labels = labels(machine);
            let _ = writeln!(text, "{name}{{{labels},finished_reason=\"{reason}\"}} {count}");
        }
    }
}

/// One line for each machine that can tell the figure; none at all where no machine can.
fn family(
    name: &str,
    kind: &str,
    help: &str,
    machines: &[MachineReport],
    figure: impl Fn(&MachineReport) -> Option<f64>,
    text: &mut String,
) {
    let known: Vec<(String, f64)> =
        machines.iter().filter_map(|one| Some((labels(one), figure(one)?))).collect();
    if !known.is_empty() {
        head(name, kind, help, text);
    }
    for (labels, value) in known {
        let _ = writeln!(text, "{name}{{{labels}}} {value}");
    }
}

fn head(name: &str, kind: &str, help: &str, text: &mut String) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn labels(machine: &MachineReport) -> String {
    let escaped = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let (model, name) = (escaped(&machine.ledger.model), escaped(&machine.ledger.machine));
    format!("model_name=\"{model}\",engine=\"0\",machine=\"{name}\"")
}
