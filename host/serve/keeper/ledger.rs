//! What the machines have done so far, counted as it comes out of them, in modelled time.

use std::sync::Arc;

use timeslip_timeline::backend::{MachineTotals, Occupancy, Served};
use timeslip_timeline::conversation::FinishReason;
use timeslip_timeline::time::{Instant, Span};

use crate::metrics::histogram::{
    Histogram, LATENESS_SECONDS, REQUEST_SECONDS, TOKEN_SECONDS, TOKENS, TTFT_SECONDS,
};

/// What all machines have done so far.
pub(crate) struct KeeperReport {
    pub(crate) machines: Vec<MachineReport>,
}

/// What one machine has done so far.
pub(crate) struct MachineReport {
    pub(crate) ledger: Ledger,
    pub(crate) totals: MachineTotals,
    pub(crate) occupancy: Option<Occupancy>,
}

/// What came out of one machine.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    pub(crate) machine: Arc<str>,
    pub(crate) model: Arc<str>,
    pub(crate) submitted: u64,
    pub(crate) cancelled: u64,
    pub(crate) failed: u64,
    /// By why they ended, in the order of [`REASONS`].
    pub(crate) served: [u64; 4],
    pub(crate) prompt_tokens: u64,
    pub(crate) cached_tokens: u64,
    pub(crate) generation_tokens: u64,
    pub(crate) time_to_first_token: Histogram,
    pub(crate) inter_token: Histogram,
    pub(crate) time_per_output_token: Histogram,
    pub(crate) end_to_end: Histogram,
    pub(crate) queue: Histogram,
    pub(crate) prefill: Histogram,
    pub(crate) decode: Histogram,
    pub(crate) request_prompt_tokens: Histogram,
    pub(crate) request_generation_tokens: Histogram,
    /// How late what came out was noticed, in seconds of the computer's clock.
    pub(crate) lateness: Histogram,
}

/// Why replies end, as vLLM's label `finished_reason` names it.
pub(crate) const REASONS: [&str; 4] = ["stop", "length", "tool_calls", "content_filter"];

impl Ledger {
    pub(crate) fn new(machine: Arc<str>, model: Arc<str>) -> Ledger {
        Ledger {
            machine,
            model,
            submitted: 0,
            cancelled: 0,
            failed: 0,
            served: [0; 4],
            prompt_tokens: 0,
            cached_tokens: 0,
            generation_tokens: 0,
            time_to_first_token: Histogram::new(TTFT_SECONDS),
            inter_token: Histogram::new(TOKEN_SECONDS),
            time_per_output_token: Histogram::new(TOKEN_SECONDS),
            end_to_end: Histogram::new(REQUEST_SECONDS),
            queue: Histogram::new(REQUEST_SECONDS),
            prefill: Histogram::new(REQUEST_SECONDS),
            decode: Histogram::new(REQUEST_SECONDS),
            request_prompt_tokens: Histogram::new(TOKENS),
            request_generation_tokens: Histogram::new(TOKENS),
            lateness: Histogram::new(LATENESS_SECONDS),
        }
    }

    /// The first token of a reply is out.
    pub(crate) fn first_token(&mut self, after: Span) {
        self.time_to_first_token.observe(after.as_seconds_f64());
    }

    /// A streamed reply has more tokens than before. Those that come at once share the time since
    /// the one before them.
    pub(crate) fn token_gaps(&mut self, before: (u64, Instant), now: (u64, Instant)) {
        let tokens = now.0.saturating_sub(before.0);
        if tokens > 0 {
            let gap = now.1.since(before.1).as_seconds_f64() / tokens as f64;
            self.inter_token.observe_times(gap, tokens);
        }
    }

    /// A reply is complete.
    pub(crate) fn served(&mut self, served: &Served, reason: FinishReason) {
        let (usage, timing) = (&served.usage, &served.timing);
        self.served[reason as usize] += 1;
        self.prompt_tokens += usage.input_tokens;
        self.cached_tokens += usage.cached_input_tokens;
        self.generation_tokens += usage.output_tokens;
        let end_to_end = timing.end_to_end();
        self.end_to_end.observe(end_to_end.as_seconds_f64());
        self.queue.observe(timing.queue.as_seconds_f64());
        self.prefill.observe(timing.prefill.as_seconds_f64());
        self.decode.observe(timing.decode.as_seconds_f64());
        self.request_prompt_tokens.observe(usage.input_tokens as f64);
        self.request_generation_tokens.observe(usage.output_tokens as f64);
        if usage.output_tokens > 1 {
            let writing = end_to_end.saturating_sub(timing.time_to_first_token).as_seconds_f64();
            self.time_per_output_token.observe(writing / (usage.output_tokens - 1) as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_stand_in_the_order_of_the_type() {
        assert_eq!(REASONS[FinishReason::Stop as usize], "stop");
        assert_eq!(REASONS[FinishReason::Length as usize], "length");
        assert_eq!(REASONS[FinishReason::ToolCalls as usize], "tool_calls");
        assert_eq!(REASONS[FinishReason::ContentFilter as usize], "content_filter");
    }
}
