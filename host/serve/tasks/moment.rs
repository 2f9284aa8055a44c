//! Instants of the computer's clock, for people.

use std::time::{SystemTime, UNIX_EPOCH};

use timeslip_timeline::calendar::date_and_time;

/// The last millisecond of the year 9999.
const LAST: i64 = 253_402_300_799_999;

/// Milliseconds since 1970.
pub(super) fn now() -> i64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_1970.as_millis()).unwrap_or(LAST)
}

/// An instant in Coordinated Universal Time as `2026-11-24T21:58:00.250Z`.
pub(super) fn utc(milliseconds_since_1970: i64) -> String {
    let milliseconds = milliseconds_since_1970.clamp(0, LAST);
    let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
    format!("{}.{rest:03}Z", date_and_time(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_become_dates_of_the_calendar() {
        assert_eq!(utc(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(utc(951_782_400_250), "2000-02-29T00:00:00.250Z");
        assert_eq!(utc(i64::MAX), "9999-12-31T23:59:59.999Z");
    }
}
