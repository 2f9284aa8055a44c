//! Values with their units, as budgets are written: `1.5 s`, `500 tokens`, `$0.01`, `95 %`.

use timeslip_timeline::conversation::nearest;

use crate::verdict::Unit;

/// The spellings of units, each with how many of the base unit it is.
const UNITS: [(Unit, &[(&str, f64)]); 9] = [
    (
        Unit::Nanoseconds,
        &[
            ("ns", 1.0),
            ("us", 1e3),
            ("µs", 1e3),
            ("ms", 1e6),
            ("s", 1e9),
            ("min", 60e9),
            ("h", 3600e9),
        ],
    ),
    (Unit::Count, &[("calls", 1.0), ("call", 1.0), ("sessions", 1.0), ("session", 1.0)]),
    (Unit::Tokens, &[("tokens", 1.0), ("token", 1.0), ("ktokens", 1e3), ("Mtokens", 1e6)]),
    (Unit::TokensPerSecond, &[("tokens/s", 1.0), ("tokens/s/user", 1.0), ("tok/s", 1.0)]),
    (Unit::Dollars, &[("USD", 1.0), ("usd", 1.0), ("$", 1.0)]),
    (
        Unit::Joules,
        &[("J", 1.0), ("mJ", 1e-3), ("kJ", 1e3), ("MJ", 1e6), ("Wh", 3600.0), ("kWh", 3.6e6)],
    ),
    (Unit::Share, &[("%", 0.01)]),
    (
        Unit::Bytes,
        &[
            ("B", 1.0),
            ("kB", 1e3),
            ("MB", 1e6),
            ("GB", 1e9),
            ("KiB", 1024.0),
            ("MiB", 1_048_576.0),
            ("GiB", 1_073_741_824.0),
        ],
    ),
    (Unit::Fuel, &[("fuel", 1.0), ("kfuel", 1e3), ("Mfuel", 1e6), ("Gfuel", 1e9)]),
];

/// Why a text is no value of a unit.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum QuantityError {
    /// It has no number.
    #[error("{text:?} has no number; write it like \"{example}\"")]
    NoNumber {
        /// The text.
        text: String,
        /// A value that could be meant.
        example: String,
    },
    /// It has no unit.
    #[error("{text:?} has no unit; write it like \"{example}\" ({units})")]
    NoUnit {
        /// The text.
        text: String,
        /// The same number with a unit.
        example: String,
        /// The units that fit.
        units: String,
    },
    /// Its unit is unknown, or one of something else.
    #[error("{text:?} has a unit that does not fit: {hint}")]
    OtherUnit {
        /// The text.
        text: String,
        /// The nearest unit, or those that fit.
        hint: String,
    },
}

/// Reads a value in the base unit of `unit`.
///
/// # Errors
/// When it has no number, no unit, or one that does not fit.
pub fn parse(text: &str, unit: Unit) -> Result<f64, QuantityError> {
    let (number, symbol) = split(text);
    let known = units_of(unit);
    let first = known[0].0;
    let no_number =
        || QuantityError::NoNumber { text: text.to_owned(), example: format!("10 {first}") };
    let value = number.parse::<f64>().ok().filter(|value| value.is_finite());
    let value = value.ok_or_else(no_number)?;
    if symbol.is_empty() {
        let example = format!("{number} {first}");
        return Err(QuantityError::NoUnit { text: text.to_owned(), example, units: spelled(unit) });
    }
    match known.iter().find(|(spelling, _)| *spelling == symbol) {
        Some((_, factor)) => {
            Some(value * factor).filter(|value| value.is_finite()).ok_or_else(no_number)
        }
        None => {
            let near = nearest(&symbol, known.iter().map(|(spelling, _)| *spelling));
            let hint = match near.filter(|near| near.len() > 1 || symbol.len() == 1) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("use {}", spelled(unit)),
            };
            Err(QuantityError::OtherUnit { text: text.to_owned(), hint })
        }
    }
}

/// A value in a form for people, with its unit: times and energies in the unit that suits them.
pub fn shown(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Nanoseconds => duration(value),
        Unit::Count => grouped(value),
        Unit::Tokens => format!("{} tokens", grouped(value)),
        Unit::TokensPerSecond => format!("{} tokens/s", grouped(value)),
        Unit::Dollars => format!("${}", significant(value)),
        Unit::Joules => format!("{} J", significant(value)),
        Unit::Share => format!("{} %", significant(value * 100.0)),
        Unit::Bytes => format!("{} MiB", significant(value / 1_048_576.0)),
        Unit::Fuel => format!("{} fuel", grouped(value)),
    }
}

fn duration(nanos: f64) -> String {
    let span = timeslip_timeline::time::Span::from_nanos(nanos.abs() as u64);
    if nanos < 0.0 { format!("-{span}") } else { span.to_string() }
}

/// A number with at most four significant digits, without an exponent for everyday sizes.
fn significant(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let digits = (3 - magnitude(value)).clamp(0, 9) as usize;
    let text = format!("{value:.digits$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// The power of ten of a number's first digit.
fn magnitude(value: f64) -> i32 {
    let text = format!("{:e}", value.abs());
    text.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0)
}

/// A number with commas between its thousands; whole from a hundred on.
fn grouped(value: f64) -> String {
    if value.abs() < 100.0 && value.fract() != 0.0 {
        return significant(value);
    }
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0.0 { format!("-{text}") } else { text }
}

/// A number, and the unit before or after it.
fn split(text: &str) -> (String, String) {
    let text = text.trim();
    let (before, text) = match text.strip_prefix('$') {
        Some(rest) => ("$", rest.trim_start()),
        None => ("", text),
    };
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '_' | '-' | '+')))
        .unwrap_or(text.len());
    let (number, symbol) = text.split_at(end);
    (number.replace('_', ""), format!("{before}{}", symbol.trim()))
}

fn units_of(unit: Unit) -> &'static [(&'static str, f64)] {
    let found = UNITS.iter().find(|(of, _)| *of == unit);
    found.map(|(_, spellings)| *spellings).expect("every unit has spellings")
}

fn spelled(unit: Unit) -> String {
    let spellings: Vec<&str> = units_of(unit).iter().map(|(spelling, _)| *spelling).collect();
    spellings.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_in_their_base_unit() {
        assert_eq!(parse("1.5 s", Unit::Nanoseconds), Ok(1.5e9));
        assert_eq!(parse("250ms", Unit::Nanoseconds), Ok(250e6));
        assert_eq!(parse("1_500 tokens/s", Unit::TokensPerSecond), Ok(1500.0));
        assert_eq!(parse("$0.01", Unit::Dollars), Ok(0.01));
        assert_eq!(parse("0.01 USD", Unit::Dollars), Ok(0.01));
        assert_eq!(parse("5%", Unit::Share), Ok(0.05));
        assert_eq!(parse("64 MiB", Unit::Bytes), Ok(64.0 * 1_048_576.0));
        assert_eq!(parse("3 calls", Unit::Count), Ok(3.0));
    }

    #[test]
    fn a_value_that_cannot_be_read_is_met_with_one_that_can() {
        let told = |text, unit| parse(text, unit).unwrap_err().to_string();
        insta::assert_snapshot!(told("1500", Unit::Nanoseconds), @r#""1500" has no unit; write it like "1500 ns" (ns, us, µs, ms, s, min, h)"#);
        insta::assert_snapshot!(told("fast", Unit::Nanoseconds), @r#""fast" has no number; write it like "10 ns""#);
        insta::assert_snapshot!(told("5 tokns", Unit::Tokens), @r#""5 tokns" has a unit that does not fit: did you mean `tokens`?"#);
        insta::assert_snapshot!(told("5 ms", Unit::Dollars), @r#""5 ms" has a unit that does not fit: use USD, usd, $"#);
        insta::assert_snapshot!(told("nan s", Unit::Nanoseconds), @r#""nan s" has no number; write it like "10 ns""#);
    }

    #[test]
    fn values_are_shown_as_people_write_them() {
        assert_eq!(shown(1.5e9, Unit::Nanoseconds), "1.50 s");
        assert_eq!(shown(-2e6, Unit::Nanoseconds), "-2.00 ms");
        assert_eq!(shown(1234567.0, Unit::Tokens), "1,234,567 tokens");
        assert_eq!(shown(0.003_112, Unit::Dollars), "$0.003112");
        assert_eq!(shown(12.5, Unit::Count), "12.5");
        assert_eq!(shown(0.9512, Unit::Share), "95.12 %");
        assert_eq!(shown(0.0, Unit::Dollars), "$0");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC*") {
            for (unit, _) in UNITS {
                let _ = parse(&text, unit);
            }
        }

        #[test]
        fn every_spelling_is_read_back(value in 0u32..1_000_000) {
            for (unit, spellings) in UNITS {
                for (spelling, factor) in spellings {
                    let read = parse(&format!("{value} {spelling}"), unit);
                    proptest::prop_assert_eq!(read, Ok(f64::from(value) * factor));
                }
            }
        }
    }
}
