//! Writes values: as JSON in the encoding of the recorded outputs, and as plain text in messages.

use std::fmt::Write;

use super::{Number, Value};

/// The JSON of a value on one line, with a space behind every comma and colon, and everything that
/// is not ASCII escaped.
pub(crate) fn json(value: &Value) -> String {
    let mut out = String::new();
    write_json(value, &mut out);
    out
}

/// A value as a message shows it: text without quotes, numbers as in JSON.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Boolean(true) => "True".to_owned(),
        Value::Boolean(false) => "False".to_owned(),
        Value::Number(number) => plain_number(number),
        Value::Text(text) => text.clone(),
        Value::Array(_) | Value::Object(_) => json(value),
    }
}

/// A text in single quotes, or in double ones where it has single quotes itself.
pub(crate) fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            '\0'..' ' | '\x7f' => append(&mut out, format_args!("\\x{:02x}", character as u32)),
            _ if character == quote => {
                out.push('\\');
                out.push(quote);
            }
            _ => out.push(character),
        }
    }
    out.push(quote);
    out
}

fn plain_number(number: &Number) -> String {
    match number {
        Number::Integer(integer) => integer.to_string(),
        Number::Double(double) if double.is_nan() => "nan".to_owned(),
        Number::Double(f64::INFINITY) => "inf".to_owned(),
        Number::Double(f64::NEG_INFINITY) => "-inf".to_owned(),
        Number::Double(double) => shortest(*double),
    }
}

fn write_json(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Boolean(truth) => append(out, format_args!("{truth}")),
        Value::Number(number) => match number {
            Number::Double(double) if double.is_nan() => out.push_str("NaN"),
            Number::Double(f64::INFINITY) => out.push_str("Infinity"),
            Number::Double(f64::NEG_INFINITY) => out.push_str("-Infinity"),
            number => out.push_str(&plain_number(number)),
        },
        Value::Text(text) => write_text(text, out),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                write_json(item, out);
            }
            out.push(']');
        }
        Value::Object(object) => {
            out.push('{');
            for (index, (key, value)) in object.0.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                write_text(key, out);
                out.push_str(": ");
                write_json(value, out);
            }
            out.push('}');
        }
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='\x7f' => out.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    append(out, format_args!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
}

/// The shortest decimal that reads back as the same double, always with a fraction or an exponent.
fn shortest(double: f64) -> String {
    let scientific = shortest_scientific(double);
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if double != 0.0 && !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", digits),
    };
    let digits = digits.replace('.', "");
    if exponent < 0 {
        let zeros = "0".repeat(exponent.unsigned_abs() as usize - 1);
        return format!("{sign}0.{zeros}{digits}");
    }
    let integer_length = exponent as usize + 1;
    let digits = format!("{digits:0<width$}", width = integer_length + 1);
    let (integer, fraction) = digits.split_at(integer_length);
    format!("{sign}{integer}.{fraction}")
}

/// Of all decimals with as few digits as possible, the one nearest to the double; of two that are
/// equally near, the one whose last digit is even, where the standard library takes the other.
fn shortest_scientific(double: f64) -> String {
    let short = format!("{double:e}");
    let digits = short.bytes().take_while(|byte| *byte != b'e');
    let fraction_digits = digits.skip_while(|byte| *byte != b'.').count().saturating_sub(1);
    let nearest = format!("{double:.fraction_digits$e}");
    if nearest.parse() == Ok(double) { nearest } else { short }
}

/// Writing to a `String` cannot fail.
fn append(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(arguments);
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;
    use proptest::prelude::*;

    fn rewritten(text: &str) -> String {
        json(&parse(text).unwrap())
    }

    #[test]
    fn containers_have_spaces_behind_commas_and_colons() {
        assert_eq!(
            rewritten(r#"{"a":[1,{"b":[]},{}],"c":null,"d":true}"#),
            r#"{"a": [1, {"b": []}, {}], "c": null, "d": true}"#
        );
    }

    #[test]
    fn text_is_escaped_to_ascii() {
        assert_eq!(
            rewritten("\"\\\" \\\\ \\/ \\n\\r\\t\\b\\f \\u0001 \u{7f} ~ é \u{10348}\""),
            "\"\\\" \\\\ / \\n\\r\\t\\b\\f \\u0001 \u{7f} ~ \\u00e9 \\ud800\\udf48\""
        );
    }

    #[test]
    fn doubles_are_written_in_their_shortest_form() {
        for (written, expected) in [
            ("255.0", "255.0"),
            ("0.10", "0.1"),
            ("1e16", "1e+16"),
            ("1e15", "1000000000000000.0"),
            ("123456789012345680.0", "1.2345678901234568e+17"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-05"),
            ("1.5e-300", "1.5e-300"),
            ("-0.0", "-0.0"),
            ("1e400", "Infinity"),
            ("9007199254740993.0", "9007199254740992.0"),
            ("1714596540688931.25", "1714596540688931.2"),
            ("-105639506202781.625", "-105639506202781.62"),
            ("5e-324", "5e-324"),
            ("-12.0", "-12.0"),
            ("100.0", "100.0"),
            ("-0.00012", "-0.00012"),
        ] {
            assert_eq!(rewritten(written), expected);
        }
    }

    proptest! {
        #[test]
        fn doubles_read_back(bits: u64) {
            let double = f64::from_bits(bits);
            prop_assume!(double.is_finite());
            prop_assert_eq!(shortest(double).parse::<f64>().map(f64::to_bits), Ok(bits));
        }
    }

    #[test]
    fn messages_show_values_plainly() {
        let shown = |text| plain(&parse(text).unwrap());
        assert_eq!(shown("\"a\\\"b\""), "a\"b");
        assert_eq!(shown("50"), "50");
        assert_eq!(shown("50.0"), "50.0");
        assert_eq!(shown("null"), "None");
        assert_eq!(shown("1e400"), "inf");
    }

    #[test]
    fn quoting_prefers_single_quotes() {
        assert_eq!(quoted("first"), "'first'");
        assert_eq!(quoted("it's"), "\"it's\"");
        assert_eq!(quoted("'\""), "'\\'\"'");
        assert_eq!(quoted("a\nb"), "'a\\nb'");
    }
}
