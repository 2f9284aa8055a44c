//! Instants of the calendar, to the second.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{MarketError, Result};

const DAY_SECONDS: u64 = 86_400;

/// The last second of the year 9999.
const LAST: u64 = 253_402_300_799;

/// Seconds since 1970, in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Instant(pub u64);

impl Instant {
    /// How long before another instant this one is, in seconds; 0 if it is later.
    pub fn seconds_until(self, later: Instant) -> u64 {
        later.0.saturating_sub(self.0)
    }

    /// Reads `2026-11-28T13:37:00Z`; what stands behind the seconds is left out.
    ///
    /// # Errors
    /// When the text is no such instant.
    pub fn parse(text: &str) -> Result<Instant> {
        let wrong = || MarketError::refused(format!("`{}` is no instant", text.escape_debug()));
        let number = |from: usize, to: usize, least: u64, most: u64| {
            let digits = text.get(from..to).filter(|part| part.bytes().all(|b| b.is_ascii_digit()));
            let number: u64 = digits.and_then(|part| part.parse().ok()).ok_or_else(wrong)?;
            (least..=most).contains(&number).then_some(number).ok_or_else(wrong)
        };
        let (year, month) = (number(0, 4, 1970, 9999)?, number(5, 7, 1, 12)?);
        let day = number(8, 10, 1, 31)?;
        let (hour, minute) = (number(11, 13, 0, 23)?, number(14, 16, 0, 59)?);
        let second = number(17, 19, 0, 60)?;
        if !text.ends_with('Z') {
            return Err(wrong());
        }
        let days = days_before(year, month) + day - 1;
        Ok(Instant(days * DAY_SECONDS + hour * 3_600 + minute * 60 + second))
    }
}

/// Days from 1970 to the first of a month, by the civil calendar.
fn days_before(year: u64, month: u64) -> u64 {
    // The year begins in March, so that the day that some years have more is its last.
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let of_months = (153 * month + 2) / 5;
    year * 365 + year / 4 - year / 100 + year / 400 + of_months - 719_468
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What comes after the year 9999 has no name here.
        let now = self.0.min(LAST);
        let (days, seconds) = (now / DAY_SECONDS, now % DAY_SECONDS);
        let mut year = 1970 + days / 366;
        while days_before(year + 1, 1) <= days {
            year += 1;
        }
        let mut month = 1;
        while month < 12 && days_before(year, month + 1) <= days {
            month += 1;
        }
        let day = days - days_before(year, month) + 1;
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

impl TryFrom<String> for Instant {
    type Error = MarketError;

    fn try_from(text: String) -> Result<Instant> {
        Instant::parse(&text)
    }
}

impl From<Instant> for String {
    fn from(instant: Instant) -> String {
        instant.to_string()
    }
}

/// A length of time in words: `3 days`.
pub fn age_text(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..60 => return "less than a minute".to_owned(),
        60..3_600 => (seconds / 60, "minute"),
        3_600..DAY_SECONDS => (seconds / 3_600, "hour"),
        _ => (seconds / DAY_SECONDS, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// Reads a length of time: `30m`, `24h`, `7d`, or `0`.
///
/// # Errors
/// When the text is none.
pub fn parse_age(text: &str) -> Result<u64> {
    let wrong = || {
        let text = text.escape_debug();
        MarketError::refused(format!(
            "`{text}` is no length of time; write `30m`, `24h`, `7d` or `0`"
        ))
    };
    if text == "0" {
        return Ok(0);
    }
    let unit = match text.chars().last() {
        Some('m') => 60,
        Some('h') => 3_600,
        Some('d') => DAY_SECONDS,
        _ => return Err(wrong()),
    };
    let count: u64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    count.checked_mul(unit).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_read_as_it_is_written() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_872_659, "2026-11-28T13:30:59Z"),
            (4_102_444_799, "2099-12-31T23:59:59Z"),
            (LAST, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(Instant(seconds).to_string(), text);
            assert_eq!(Instant::parse(text), Ok(Instant(seconds)));
        }
        assert_eq!(
            Instant::parse("2026-11-28T13:30:59.25Z"),
            Instant::parse("2026-11-28T13:30:59Z")
        );
        for wrong in ["", "2026-11-28", "2026-13-28T13:30:59Z", "2026-11-28T13:30:59+01:00", "äöü"]
        {
            assert!(Instant::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_day_has_one_name() {
        let days: std::collections::BTreeSet<String> =
            (0..60_000).map(|day| Instant(day * DAY_SECONDS).to_string()).collect();
        assert_eq!(days.len(), 60_000);
        for (day, text) in days.iter().enumerate() {
            assert_eq!(Instant::parse(text), Ok(Instant(day as u64 * DAY_SECONDS)));
        }
    }

    #[test]
    fn ages_are_read_and_told() {
        assert_eq!(
            (parse_age("24h"), parse_age("0"), parse_age("7d")),
            (Ok(86_400), Ok(0), Ok(604_800))
        );
        for wrong in ["", "h", "1w", "-1h", "99999999999999999999d", "1ä"] {
            assert!(parse_age(wrong).is_err(), "{wrong}");
        }
        assert_eq!((age_text(86_400), age_text(7_300)), ("1 day".to_owned(), "2 hours".to_owned()));
    }
}
