//! How figures of a verdict are written: a value with its unit, a difference with its sign, a change
//! in percent; and for other programs, plain numbers with the unit's name.

use timeslip_gate::verdict::Unit;
use timeslip_timeline::time::Span;

use crate::text::{bytes, count, dollars, joules, rate};

/// A value in human units; "unknown" where there is none.
pub(crate) fn shown(unit: Unit, value: Option<f64>) -> String {
    match value {
        Some(value) if value < 0.0 => format!("−{}", magnitude(unit, -value)),
        Some(value) if value.is_finite() => magnitude(unit, value),
        _ => "unknown".to_owned(),
    }
}

/// A difference in human units, with its sign: `+1.23 s`. Nothing where there is none.
pub(crate) fn difference(unit: Unit, value: f64) -> String {
    match value {
        v if v > 0.0 => format!("+{}", magnitude(unit, v)),
        v if v < 0.0 => format!("−{}", magnitude(unit, -v)),
        _ => String::new(),
    }
}

/// A difference of time with its sign; `0 s` for none.
pub(crate) fn signed_time(nanos: i64) -> String {
    match nanos {
        0 => Span::ZERO.to_string(),
        nanos if nanos > 0 => format!("+{}", Span::from_nanos(nanos.unsigned_abs())),
        nanos => format!("−{}", Span::from_nanos(nanos.unsigned_abs())),
    }
}

/// By how much a value changed, in percent with its sign; nothing where that says nothing: without
/// a difference, or from nothing.
pub(crate) fn relative(before: f64, now: f64) -> Option<String> {
    let percent = (now - before) / before * 100.0;
    if percent == 0.0 || !percent.is_finite() {
        return None;
    }
    let sign = if percent > 0.0 { "+" } else { "−" };
    Some(format!("{sign}{}", unsigned_percent(percent.abs())))
}

/// By how much more or less a value is, as one says it: `2.1 % more`.
pub(crate) fn more_or_less(before: f64, now: f64) -> Option<String> {
    let percent = (now - before) / before * 100.0;
    if percent == 0.0 || !percent.is_finite() {
        return None;
    }
    let word = if percent > 0.0 { "more" } else { "less" };
    Some(format!("{} {word}", unsigned_percent(percent.abs())))
}

/// What values are counted in when they are written as plain numbers.
pub(crate) fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Nanoseconds => "seconds",
        Unit::Count => "count",
        Unit::Tokens => "tokens",
        Unit::TokensPerSecond => "tokens_per_second",
        Unit::Dollars => "usd",
        Unit::Joules => "joules",
        Unit::Share => "share",
        Unit::Bytes => "bytes",
        Unit::Fuel => "fuel",
    }
}

/// A value as a plain number of [`unit_name`]s: seconds for time. `None` for what no number is.
pub(crate) fn plain_number(unit: Unit, value: Option<f64>) -> Option<f64> {
    let value = value.filter(|value| value.is_finite())?;
    Some(if unit == Unit::Nanoseconds { value / 1e9 } else { value })
}

fn magnitude(unit: Unit, value: f64) -> String {
    let whole = value.round() as u64;
    match unit {
        Unit::Nanoseconds => Span::from_nanos(whole).to_string(),
        Unit::Count if value.fract() != 0.0 => format!("{value:.2}"),
        Unit::Tokens if value.fract() != 0.0 => rate(value),
        // Tokens and fuel go by the name of what they are a figure of.
        Unit::Count | Unit::Tokens | Unit::Fuel => count(whole),
        Unit::TokensPerSecond => format!("{} tokens/s", rate(value)),
        Unit::Dollars => dollars(value),
        Unit::Joules => joules(value),
        Unit::Share => unsigned_percent(value * 100.0),
        Unit::Bytes => bytes(value),
    }
}

fn unsigned_percent(value: f64) -> String {
    match value {
        v if v >= 0.05 || v == 0.0 => format!("{v:.1} %"),
        v if v >= 0.005 => format!("{v:.2} %"),
        _ => "<0.01 %".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_carry_their_unit() {
        let of = |unit, value| shown(unit, Some(value));
        assert_eq!(of(Unit::Nanoseconds, 1.23e9), "1.23 s");
        assert_eq!(
            (of(Unit::Count, 1200.0), of(Unit::Count, 1.5)),
            ("1,200".into(), "1.50".into())
        );
        assert_eq!(of(Unit::Tokens, 62_000.0), "62,000");
        assert_eq!(of(Unit::TokensPerSecond, 1523.4), "1,523 tokens/s");
        assert_eq!(
            (of(Unit::Dollars, 0.155), of(Unit::Joules, 0.25)),
            ("$0.155".into(), "250 mJ".into())
        );
        assert_eq!(
            (of(Unit::Share, 0.612), of(Unit::Bytes, 65_536.0)),
            ("61.2 %".into(), "64.0 KiB".into())
        );
        assert_eq!(
            (shown(Unit::Fuel, None), of(Unit::Count, f64::NAN)),
            ("unknown".into(), "unknown".into())
        );
    }

    #[test]
    fn differences_carry_their_sign() {
        assert_eq!(
            (signed_time(1_230_000_000), signed_time(-7)),
            ("+1.23 s".into(), "−7 ns".into())
        );
        assert_eq!((signed_time(0), signed_time(i64::MIN).is_empty()), ("0 s".into(), false));
        assert_eq!(
            (difference(Unit::Count, -2.0), difference(Unit::Count, 0.0)),
            ("−2".into(), String::new())
        );
    }

    #[test]
    fn percent_of_nothing_says_nothing() {
        assert_eq!(relative(100.0, 102.1).as_deref(), Some("+2.1 %"));
        assert_eq!(relative(100.0, 99.99).as_deref(), Some("−0.01 %"));
        assert_eq!(relative(1e9, 1e9 + 1.0).as_deref(), Some("+<0.01 %"));
        assert_eq!((relative(0.0, 5.0), relative(5.0, 5.0)), (None, None));
        assert_eq!(more_or_less(200.0, 100.0).as_deref(), Some("50.0 % less"));
    }

    #[test]
    fn other_programs_get_plain_numbers() {
        assert_eq!(plain_number(Unit::Nanoseconds, Some(1.5e9)), Some(1.5));
        assert_eq!(
            (plain_number(Unit::Count, Some(f64::NAN)), unit_name(Unit::Dollars)),
            (None, "usd")
        );
    }
}
