//! Observations for tests.

use timeslip_timeline::time::{Instant, Span};

use crate::observation::Observation;

/// A request sent so many milliseconds after the first, with times that do not matter.
pub(crate) fn observed(at_ms: u64, input_tokens: u64, output_tokens: u64) -> Observation {
    Observation {
        asked_at: Instant::from_nanos(at_ms * 1_000_000),
        input_tokens,
        cached_input_tokens: 0,
        output_tokens,
        time_to_first_token: Some(Span::from_millis(100)),
        end_to_end: Span::from_millis(200),
        session: None,
    }
}
