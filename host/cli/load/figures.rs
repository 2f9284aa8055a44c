//! A run on a machine in the figures by which machines are chosen.

use serde::{Deserialize, Serialize};

use super::runs::Ran;

/// What a workload came to on a machine. Rates are over the whole run, from the first session's
/// start to the last one's end; unknown is `null`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figures {
    /// Sessions.
    pub(crate) sessions: u64,
    /// Of those, that failed.
    pub(crate) failed: u64,
    /// Chats with models.
    pub(crate) model_calls: u64,
    /// Tokens of prompts.
    pub(crate) input_tokens: u64,
    /// Of those, served by a cache.
    pub(crate) cached_input_tokens: u64,
    /// Tokens of replies.
    pub(crate) output_tokens: u64,
    /// How long it took.
    pub(crate) makespan_ns: u64,
    /// Sessions a second.
    pub(crate) sessions_per_second: Option<f64>,
    /// Tokens of replies a second, all users together.
    pub(crate) output_tokens_per_second: Option<f64>,
    /// The median over requests of one over the inter-token latency.
    pub(crate) tokens_per_second_per_user: Option<f64>,
    /// Time to the first token.
    pub(crate) ttft_p50_ns: Option<u64>,
    /// Time to the first token.
    pub(crate) ttft_p95_ns: Option<u64>,
    /// Inter-token latency.
    pub(crate) inter_token_p50_ns: Option<u64>,
    /// Inter-token latency.
    pub(crate) inter_token_p95_ns: Option<u64>,
    /// End-to-end time of sessions.
    pub(crate) session_p50_ns: Option<u64>,
    /// End-to-end time of sessions.
    pub(crate) session_p95_ns: Option<u64>,
    /// Joules of all chips, idle ones included.
    pub(crate) energy_j: Option<f64>,
    /// Tokens of replies a second for each megawatt: per megajoule.
    pub(crate) tokens_per_second_per_megawatt: Option<f64>,
    /// Dollars of all chips for that time.
    pub(crate) cost_usd: Option<f64>,
    /// Those per million tokens of replies.
    pub(crate) usd_per_million_output_tokens: Option<f64>,
}

impl Figures {
    /// The figures of a run.
    pub(crate) fn of(ran: &Ran) -> Figures {
        let summary = &ran.summary;
        let seconds = summary.makespan_ns as f64 / 1e9;
        let tokens = summary.output_tokens as f64;
        let a_second = |count: f64| (seconds > 0.0).then(|| rounded(count / seconds, 1e3));
        let of = |value: Option<f64>, by: f64| value.filter(|_| by > 0.0).map(|value| value / by);
        let (joules, dollars) = (ran.totals.energy_j, ran.totals.cost_usd);
        let megawatt = joules.filter(|joules| *joules > 0.0).map(|joules| tokens / joules * 1e6);
        Figures {
            sessions: summary.sessions,
            failed: summary.failed,
            model_calls: summary.model_calls,
            input_tokens: summary.input_tokens,
            cached_input_tokens: summary.cached_input_tokens,
            output_tokens: summary.output_tokens,
            makespan_ns: summary.makespan_ns,
            sessions_per_second: a_second(summary.sessions as f64),
            output_tokens_per_second: a_second(tokens),
            tokens_per_second_per_user: summary
                .output_token_throughput_per_user
                .map(|spread| spread.p50),
            ttft_p50_ns: summary.time_to_first_token_ns.map(|spread| spread.p50),
            ttft_p95_ns: summary.time_to_first_token_ns.map(|spread| spread.p95),
            inter_token_p50_ns: summary.inter_token_latency_ns.map(|spread| spread.p50),
            inter_token_p95_ns: summary.inter_token_latency_ns.map(|spread| spread.p95),
            session_p50_ns: summary.session_e2e_ns.map(|spread| spread.p50),
            session_p95_ns: summary.session_e2e_ns.map(|spread| spread.p95),
            energy_j: joules.map(|joules| rounded(joules, 1e3)),
            tokens_per_second_per_megawatt: megawatt.map(|rate| rounded(rate, 1e3)),
            cost_usd: dollars.map(|dollars| rounded(dollars, 1e6)),
            usd_per_million_output_tokens: of(dollars, tokens / 1e6)
                .map(|dollars| rounded(dollars, 1e6)),
        }
    }
}

/// The nearest of the numbers with so many steps in one, so that results hold no digits without
/// meaning.
fn rounded(value: f64, steps: f64) -> f64 {
    (value * steps).round() / steps
}
