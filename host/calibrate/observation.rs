//! Requests as a real endpoint served them.

use timeslip_timeline::time::{Instant, Span};

/// One request that was observed, whatever it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// When it was sent, on a clock that all observations of a file share.
    pub asked_at: Instant,
    /// Tokens of its prompt.
    pub input_tokens: u64,
    /// Of those, served by the endpoint's cache; 0 where the endpoint does not say.
    pub cached_input_tokens: u64,
    /// Tokens of its reply.
    pub output_tokens: u64,
    /// From the request to the first token; `None` where the reply came in one piece.
    pub time_to_first_token: Option<Span>,
    /// From the request to the last token.
    pub end_to_end: Span,
    /// The conversation that it belongs to, whose prompts begin alike; `None` where that is
    /// unknown.
    pub session: Option<String>,
}

impl Observation {
    /// Between two tokens of the reply; `None` where no first token was seen, or there is no
    /// second.
    pub fn inter_token_seconds(&self) -> Option<f64> {
        let first = self.time_to_first_token?;
        let after = self.output_tokens.checked_sub(1).filter(|tokens| *tokens > 0)?;
        Some(self.end_to_end.saturating_sub(first).as_seconds_f64() / after as f64)
    }
}

/// The requests of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observations {
    /// In the order in which they were sent.
    pub requests: Vec<Observation>,
    /// When they were observed, as `YYYY-MM-DD`, where the file says it.
    pub date: Option<String>,
    /// What a person should know of the reading.
    pub notes: Vec<String>,
}

impl Observations {
    /// Of requests in any order.
    pub fn of(mut requests: Vec<Observation>) -> Observations {
        requests.sort_by_key(|request| request.asked_at);
        Observations { requests, date: None, notes: Vec::new() }
    }
}
