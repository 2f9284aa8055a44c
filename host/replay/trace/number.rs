//! Numbers of traces, read exactly: instants in seconds since 1970 have more digits than a floating
//! point number keeps.

/// The most tokens that one prompt or reply is read with.
const TOKENS_MAX: i128 = 1_000_000_000;

/// Powers of ten between a unit and a nanosecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds = 9,
    Milliseconds = 6,
}

/// A number of tokens; the error says what is wrong with the text.
pub(super) fn tokens(text: &str) -> Result<u64, String> {
    let decimal = Decimal::of(text)?;
    match decimal.times_ten_to(0)? {
        (_, false) => Err(format!("{text} is no whole number of tokens")),
        (tokens, _) if tokens < 0 => Err(format!("{text} is below zero")),
        (tokens, _) if tokens > TOKENS_MAX => {
            Err(format!("{text} tokens are more than the {TOKENS_MAX} that one text may have"))
        }
        (tokens, _) => Ok(tokens as u64),
    }
}

/// A time in nanoseconds, rounded to the nearest; the error says what is wrong with the text.
pub(super) fn nanos(text: &str, unit: Unit) -> Result<i128, String> {
    Ok(Decimal::of(text)?.times_ten_to(unit as i32)?.0)
}

/// An instant written as a date and a time of day, in nanoseconds since 1970; `None` when the text
/// is none. Without a zone it is taken as universal time.
pub(super) fn date_time_nanos(text: &str) -> Option<i128> {
    let text = text.trim();
    let (date, rest) = text.split_at_checked(10)?;
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let mut parts = date.splitn(3, '-');
    let mut part = |low: i64, high: i64| whole(parts.next()?, low, high);
    let (year, month, day) = (part(1, 9999)?, part(1, 12)?, part(1, 31)?);
    let (time, offset_minutes) = without_zone(rest)?;
    let mut parts = time.splitn(3, ':');
    let (hour, minute) = (whole(parts.next()?, 0, 23)?, whole(parts.next()?, 0, 59)?);
    let second = parts.next()?;
    whole(second.split('.').next()?, 0, 60)?;
    let in_minute = nanos(second, Unit::Seconds).ok()?;
    let minutes = (days_since_1970(year, month, day) * 24 + hour) * 60 + minute - offset_minutes;
    Some(i128::from(minutes) * 60_000_000_000 + in_minute)
}

fn whole(text: &str, low: i64, high: i64) -> Option<i64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.then(|| text.parse::<i64>().ok())??;
    (low..=high).contains(&number).then_some(number)
}

/// A time of day, and the minutes by which its zone is ahead.
fn without_zone(text: &str) -> Option<(&str, i64)> {
    if let Some(time) = text.strip_suffix(['Z', 'z']).or_else(|| text.strip_suffix(" UTC")) {
        return Some((time, 0));
    }
    let Some(at) = text.rfind(['+', '-']) else {
        return Some((text, 0));
    };
    let (time, zone) = text.split_at(at);
    let (hours, minutes) = zone[1..].split_once(':').unwrap_or((&zone[1..], "0"));
    let ahead = whole(hours, 0, 14)? * 60 + whole(minutes, 0, 59)?;
    Some((time, if zone.starts_with('-') { -ahead } else { ahead }))
}

/// Days from 1970-01-01 in the Gregorian calendar (Hinnant, "chrono-compatible low-level date
/// algorithms").
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// `digits` times ten to the power of `exponent`.
#[derive(Clone, Copy, Debug)]
struct Decimal {
    digits: i128,
    exponent: i32,
}

/// More digits than any instant has.
const DIGITS_MAX: usize = 30;

impl Decimal {
    fn of(text: &str) -> Result<Decimal, String> {
        let text = text.trim();
        Decimal::read(text).ok_or_else(|| match text {
            "" | "null" => "there is no number".to_owned(),
            _ => format!("{text} is no number that a trace may have"),
        })
    }

    fn read(text: &str) -> Option<Decimal> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let unsigned = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
        let (before, after) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let number = format!("{before}{after}");
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number || number.trim_start_matches('0').len() > DIGITS_MAX {
            return None;
        }
        let digits: i128 = number.parse().ok()?;
        let exponent = exponent.checked_sub(i32::try_from(after.len()).ok()?)?;
        Some(Decimal { digits: if mantissa.starts_with('-') { -digits } else { digits }, exponent })
    }

    /// The nearest whole number to this number times a power of ten, and whether it is exact.
    fn times_ten_to(self, power: i32) -> Result<(i128, bool), String> {
        let power = i64::from(self.exponent) + i64::from(power);
        let scale = u32::try_from(power.unsigned_abs()).ok().and_then(|p| 10i128.checked_pow(p));
        let too_large = || "the number is too large".to_owned();
        match (self.digits, scale) {
            (0, _) => Ok((0, true)),
            (digits, Some(scale)) if power >= 0 => {
                digits.checked_mul(scale).map(|number| (number, true)).ok_or_else(too_large)
            }
            (_, None) if power >= 0 => Err(too_large()),
            (digits, Some(scale)) => {
                let half = if digits < 0 { -(scale / 2) } else { scale / 2 };
                Ok(((digits + half) / scale, digits % scale == 0))
            }
            (_, None) => Ok((0, false)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_keep_all_their_digits() {
        assert_eq!(nanos("1787267980.0827403", Unit::Seconds), Ok(1_787_267_980_082_740_300));
        assert_eq!(nanos("27.5", Unit::Milliseconds), Ok(27_500_000));
        assert_eq!(nanos("1e3", Unit::Milliseconds), Ok(1_000_000_000));
        assert_eq!(nanos("-2.5e-9", Unit::Seconds), Ok(-3));
        assert_eq!(nanos("1e-99", Unit::Seconds), Ok(0));
    }

    #[test]
    fn dates_are_instants() {
        let written = "2023-11-16 18:17:03.9799600";
        assert_eq!(date_time_nanos(written), Some(1_700_158_623_979_960_000));
        let zoned = date_time_nanos("2023-11-16T20:17:03.9799600+02:00");
        assert_eq!(zoned, date_time_nanos(written));
        assert_eq!(date_time_nanos("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(date_time_nanos("2024-02-29 00:00:00"), Some(1_709_164_800_000_000_000));
        for text in
            ["", "2023-11-16", "12345", "2023-13-16 10:00:00", "2023-11-16 10:00", "ä2345678901"]
        {
            assert_eq!(date_time_nanos(text), None, "{text}");
        }
    }

    #[test]
    fn tokens_are_whole_and_not_absurd() {
        assert_eq!(tokens("128.0"), Ok(128));
        for text in ["-1", "1.5", "NaN", "inf", "1e400", "2000000000", "", "null", "1_000"] {
            assert!(tokens(text).is_err(), "{text}");
        }
    }
}
