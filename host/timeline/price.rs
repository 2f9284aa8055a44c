//! A machine whose chats have a price by the token, as providers of models have, instead of their
//! share of what its chips cost.

use crate::backend::{
    Backend, CallId, Completion, CompletionEvent, Estimate, MachineFailure, MachineTotals,
    Occupancy, Submission,
};
use crate::conversation::Usage;
use crate::time::Instant;

/// What tokens cost, in dollars per million.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TokenPrice {
    /// Of tokens of a prompt that no cache holds.
    pub usd_per_million_input_tokens: f64,
    /// Of tokens of a prompt that a cache holds.
    pub usd_per_million_cached_input_tokens: f64,
    /// Of tokens of a reply.
    pub usd_per_million_output_tokens: f64,
}

impl TokenPrice {
    /// Dollars for the tokens of one chat.
    pub fn usd(&self, usage: &Usage) -> f64 {
        let read = usage.input_tokens.saturating_sub(usage.cached_input_tokens);
        let parts = [
            (read, self.usd_per_million_input_tokens),
            (usage.cached_input_tokens, self.usd_per_million_cached_input_tokens),
            (usage.output_tokens, self.usd_per_million_output_tokens),
        ];
        parts.into_iter().map(|(tokens, price)| tokens as f64 * price).sum::<f64>() / 1e6
    }
}

/// A machine whose chats cost what their tokens do. What the machine itself costs stays in its
/// totals.
pub struct Priced {
    backend: Box<dyn Backend>,
    price: TokenPrice,
}

impl Priced {
    /// Puts a price on a machine's chats.
    pub fn new(backend: Box<dyn Backend>, price: TokenPrice) -> Priced {
        Priced { backend, price }
    }
}

impl Backend for Priced {
    fn submit(&mut self, at: Instant, call: CallId, work: Submission) {
        self.backend.submit(at, call, work);
    }

    fn cancel(&mut self, at: Instant, call: CallId) {
        self.backend.cancel(at, call);
    }

    fn next_event_at(&self) -> Option<Instant> {
        self.backend.next_event_at()
    }

    fn next(&mut self, deadline: Option<Instant>) -> Option<Completion> {
        let mut completion = self.backend.next(deadline)?;
        if let CompletionEvent::Served(served) = &mut completion.event {
            served.cost_usd = Some(self.price.usd(&served.usage));
        }
        Some(completion)
    }

    fn totals(&self, at: Instant) -> MachineTotals {
        self.backend.totals(at)
    }

    fn occupancy(&self) -> Option<Occupancy> {
        self.backend.occupancy()
    }

    fn failure(&self) -> Option<MachineFailure> {
        self.backend.failure()
    }

    fn estimate(&self, at: Instant, work: &Submission) -> Option<Estimate> {
        let estimate = self.backend.estimate(at, work)?;
        let tokens = work.tokens.as_ref()?;
        let usage = Usage {
            input_tokens: tokens.input_tokens,
            cached_input_tokens: 0,
            output_tokens: tokens.max_output_tokens?,
        };
        Some(Estimate { cost_usd: Some(self.price.usd(&usage)), ..estimate })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_token_has_its_price() {
        let price = TokenPrice {
            usd_per_million_input_tokens: 2.0,
            usd_per_million_cached_input_tokens: 0.5,
            usd_per_million_output_tokens: 8.0,
        };
        let usage = Usage { input_tokens: 3_000, cached_input_tokens: 1_000, output_tokens: 500 };
        assert_eq!(price.usd(&usage), 0.0085);
    }
}
