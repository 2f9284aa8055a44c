//! The figures of a run in Prometheus' text format, for a collector of a build's figures.

use std::fmt::Write as _;

use timeslip_gate::slip::Slip;
use timeslip_gate::summary::Distribution;

/// The summary of a slip as gauges in base units. What is unknown is left out.
pub fn prometheus(slip: &Slip) -> String {
    let summary = &slip.summary;
    let machines: Vec<&str> = slip.machines.iter().map(|machine| machine.name.as_str()).collect();
    let mut page = Page {
        labels: format!(
            "bench=\"{}\",machines=\"{}\"",
            escaped(&slip.bench.name),
            escaped(&machines.join("+"))
        ),
        text: String::new(),
    };
    let counts = [
        ("sessions", "Sessions.", summary.sessions),
        ("sessions_failed", "Sessions without an answer.", summary.failed),
        ("model_calls", "Chats with models.", summary.model_calls),
        ("tool_calls", "Tool calls.", summary.tool_calls),
        ("input_tokens", "Tokens of all prompts.", summary.input_tokens),
        ("cached_input_tokens", "Of those, served by a cache.", summary.cached_input_tokens),
        ("output_tokens", "Tokens of all replies.", summary.output_tokens),
    ];
    for (name, help, value) in counts {
        page.gauge(name, help, Some(value as f64));
    }
    let calls = summary.model_calls_at_target.map(|calls| calls as f64);
    page.gauge("model_calls_at_target", "Chats that reach the target.", calls);
    page.gauge("makespan_seconds", "The whole run.", Some(seconds(summary.makespan_ns)));
    let spreads = [
        ("session_e2e_seconds", "End-to-end time of sessions.", summary.session_e2e_ns),
        ("time_to_first_token_seconds", "Time to first token.", summary.time_to_first_token_ns),
        ("inter_token_latency_seconds", "Inter-token latency.", summary.inter_token_latency_ns),
    ];
    for (name, help, spread) in spreads {
        page.spread(name, help, spread.map(|spread| named(&spread).map(|(k, v)| (k, seconds(v)))));
    }
    let rates = summary.output_token_throughput_per_user;
    page.spread(
        "output_token_throughput_per_user",
        "Tokens a second for one user.",
        rates.map(|spread| named(&spread)),
    );
    page.shares(slip);
    page.gauge("energy_joules", "Joules of all chats.", summary.energy_j);
    page.gauge("cost_usd", "Dollars of all chats.", summary.cost_usd);
    page.text
}

struct Page {
    labels: String,
    text: String,
}

impl Page {
    fn head(&mut self, name: &str, help: &str) {
        writeln!(self.text, "# HELP timeslip_{name} {help}\n# TYPE timeslip_{name} gauge")
            .expect("a string takes it");
    }

    fn gauge(&mut self, name: &str, help: &str, value: Option<f64>) {
        let Some(value) = value else { return };
        self.head(name, help);
        writeln!(self.text, "timeslip_{name}{{{}}} {value}", self.labels)
            .expect("a string takes it");
    }

    fn spread(&mut self, name: &str, help: &str, spread: Option<[(&'static str, f64); 7]>) {
        let Some(values) = spread else { return };
        self.head(name, help);
        for (stat, value) in values {
            writeln!(self.text, "timeslip_{name}{{{},stat=\"{stat}\"}} {value}", self.labels)
                .expect("a string takes it");
        }
    }

    fn shares(&mut self, slip: &Slip) {
        self.head("time_share_seconds", "Critical paths of all sessions, by what they wait for.");
        for (stage, nanos) in slip.summary.time_share_ns.named() {
            writeln!(
                self.text,
                "timeslip_time_share_seconds{{{},stage=\"{stage}\"}} {}",
                self.labels,
                seconds(nanos)
            )
            .expect("a string takes it");
        }
    }
}

fn named<T: Copy>(spread: &Distribution<T>) -> [(&'static str, T); 7] {
    [
        ("min", spread.min),
        ("p50", spread.p50),
        ("p90", spread.p90),
        ("p95", spread.p95),
        ("p99", spread.p99),
        ("max", spread.max),
        ("mean", spread.mean),
    ]
}

fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

/// A label's value between its quotes.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
