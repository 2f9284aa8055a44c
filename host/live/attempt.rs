//! What was tried for a call, and when to try again.

use std::hash::{BuildHasher, RandomState};
use std::time::SystemTime;

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use timeslip_timeline::chance::Chance;
use timeslip_timeline::time::Span;

use crate::error::LiveError;
use crate::settings::Retries;

/// One request of a call, whatever came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// From the call until it was sent.
    pub at: Span,
    /// The pause before it; nothing before the first.
    pub pause: Span,
    /// From sending it until its outcome was known.
    pub lasted: Span,
    /// Why it gave no reply; absent where it gave one.
    pub error: Option<LiveError>,
}

/// Draws pauses.
#[derive(Debug)]
pub(crate) struct Pauses {
    settings: Retries,
    chance: Chance,
}

impl Pauses {
    pub(crate) fn new(settings: Retries) -> Pauses {
        // The hasher's keys are what the standard library has of randomness.
        let seed = settings.seed.unwrap_or_else(|| RandomState::new().hash_one("timeslip"));
        Pauses { settings, chance: Chance::new(seed, "retries", 0) }
    }

    /// The pause before the next attempt after `attempts` of them, the last of which ended so;
    /// none where there is to be no other.
    pub(crate) fn before_next(&mut self, attempts: usize, error: &LiveError) -> Option<Span> {
        let done = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
        if !error.is_passing() || done >= self.settings.retries {
            return None;
        }
        let factor = 1u64.checked_shl(done).unwrap_or(u64::MAX);
        let longest = self.settings.pause.as_nanos().saturating_mul(factor);
        let longest = longest.min(self.settings.pause_max.as_nanos());
        let drawn = Span::from_nanos(self.chance.next_between(0, longest));
        match error.retry_after() {
            Some(asked) if asked > self.settings.retry_after_max => None,
            Some(asked) => Some(asked + drawn),
            None => Some(drawn),
        }
    }
}

/// How long an answer asks to wait: `Retry-After` in seconds, or as a date (RFC 9110, 10.2.3).
///
/// A date is held against the answer's own `Date`, so that a wrong clock on either side does no
/// harm; without one, against `now`. What is neither says nothing.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Span> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds: u64 = text.parse().unwrap_or(u64::MAX);
        return Some(Span::from_millis(seconds.saturating_mul(1_000)));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let date = headers.get(DATE).and_then(|date| date.to_str().ok());
    let from = date.and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or(now);
    // A date that is past asks for no wait.
    let wait = until.duration_since(from).unwrap_or_default();
    Some(Span::from_nanos(u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::header::HeaderValue;

    use super::*;
    use crate::wire::ServerError;

    fn busy(retry_after: Option<Span>) -> LiveError {
        LiveError::Status { status: 503, error: ServerError::default(), retry_after }
    }

    fn pauses() -> Pauses {
        Pauses::new(Retries {
            retries: 8,
            pause: Span::from_millis(100),
            pause_max: Span::from_millis(1_000),
            retry_after_max: Span::from_millis(5_000),
            seed: Some(1),
        })
    }

    #[test]
    fn pauses_are_drawn_from_a_doubling_range_with_an_end() {
        let mut pauses = pauses();
        for (attempts, longest) in [(1, 100), (2, 200), (4, 800), (5, 1_000), (8, 1_000)] {
            let drawn: Vec<Span> =
                (0..400).map(|_| pauses.before_next(attempts, &busy(None)).unwrap()).collect();
            let longest = Span::from_millis(longest);
            assert!(drawn.iter().all(|pause| *pause <= longest));
            // Full jitter: both the lowest and the highest tenth of the range are drawn from.
            let tenth = longest.as_nanos() / 10;
            assert!(drawn.iter().any(|pause| pause.as_nanos() < tenth));
            assert!(drawn.iter().any(|pause| pause.as_nanos() > 9 * tenth));
        }
        assert_eq!(pauses.before_next(9, &busy(None)), None);
    }

    #[test]
    fn what_the_server_asks_comes_before_the_drawn_pause() {
        let asked = Span::from_millis(3_000);
        let pause = pauses().before_next(1, &busy(Some(asked))).unwrap();
        assert!(pause >= asked && pause <= asked + Span::from_millis(100), "{pause}");
        let too_long = Span::from_millis(5_001);
        assert_eq!(pauses().before_next(1, &busy(Some(too_long))), None);
    }

    #[test]
    fn only_what_passes_is_tried_again() {
        let error = |status, code: &str| {
            let error = ServerError { code: Some(code.to_owned()), ..ServerError::default() };
            LiveError::Status { status, error, retry_after: None }
        };
        let is_tried = |error: &LiveError| pauses().before_next(1, error).is_some();
        for status in [429, 500, 502, 503, 504] {
            assert!(is_tried(&error(status, "x")), "{status}");
        }
        for status in [400, 401, 403, 404, 408, 413, 422, 501] {
            assert!(!is_tried(&error(status, "x")), "{status}");
        }
        assert!(!is_tried(&error(429, "insufficient_quota")));
        let broken =
            |received_bytes| LiveError::Broken { received_bytes, reason: "reset".to_owned() };
        assert!(is_tried(&broken(0)));
        assert!(!is_tried(&broken(1)));
    }

    #[test]
    fn retry_after_is_read_in_seconds_and_as_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let read = |value: &'static str, date: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_static(value));
            if let Some(date) = date {
                headers.insert(DATE, HeaderValue::from_static(date));
            }
            retry_after(&headers, now)
        };
        let seconds = |seconds: u64| Some(Span::from_millis(seconds * 1_000));
        assert_eq!(read("7", None), seconds(7));
        assert_eq!(read("0", None), seconds(0));
        assert_eq!(read("99999999999999999999", None), Some(Span::from_millis(u64::MAX)));
        assert_eq!(read("Sun, 06 Nov 1994 08:50:07 GMT", None), seconds(30));
        assert_eq!(read("Sun, 06 Nov 1994 08:00:00 GMT", None), seconds(0));
        let date = Some("Sun, 06 Nov 1994 08:50:00 GMT");
        assert_eq!(read("Sun, 06 Nov 1994 08:50:07 GMT", date), seconds(7));
        for nonsense in ["", "soon", "-1", "1.5"] {
            assert_eq!(read(nonsense, None), None, "{nonsense}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
