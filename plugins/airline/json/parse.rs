//! Reads JSON text.

use std::str::FromStr;

use num_bigint::BigInt;

use super::{Number, Object, Value};

/// Containers deeper than this are refused, so that no text can exhaust the stack.
const DEPTH_MAX: usize = 100;

/// Longer integers are refused: reading one takes time with the square of its length.
const INTEGER_DIGITS_MAX: usize = 4300;

/// Reads one value.
///
/// # Errors
/// What is wrong, and at which byte, counted from 0.
pub(crate) fn parse(text: &str) -> Result<Value, String> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    let value = reader.value()?;
    reader.skip_space();
    match reader.at == text.len() {
        true => Ok(value),
        false => Err(reader.fault("expected the end")),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn value(&mut self) -> Result<Value, String> {
        self.skip_space();
        match self.byte() {
            Some(b'{') => self.nested(Reader::object).map(Value::Object),
            Some(b'[') => self.nested(Reader::array).map(Value::Array),
            Some(b'"') => self.string().map(Value::Text),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            _ if self.take("null") => Ok(Value::Null),
            _ if self.take("true") => Ok(Value::Boolean(true)),
            _ if self.take("false") => Ok(Value::Boolean(false)),
            _ => Err(self.fault("expected a value")),
        }
    }

    fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, String>,
    ) -> Result<T, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.fault("values are nested too deeply"));
        }
        self.at += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn object(&mut self) -> Result<Object, String> {
        let mut object = Object::default();
        self.skip_space();
        if self.take("}") {
            return Ok(object);
        }
        loop {
            self.skip_space();
            if self.byte() != Some(b'"') {
                return Err(self.fault("expected a name in double quotes"));
            }
            let key = self.string()?;
            self.skip_space();
            self.expect(":")?;
            let value = self.value()?;
            object.set(&key, value);
            self.skip_space();
            if self.take("}") {
                return Ok(object);
            }
            self.expect(",")?;
        }
    }

    fn array(&mut self) -> Result<Vec<Value>, String> {
        let mut items = Vec::new();
        self.skip_space();
        if self.take("]") {
            return Ok(items);
        }
        loop {
            items.push(self.value()?);
            self.skip_space();
            if self.take("]") {
                return Ok(items);
            }
            self.expect(",")?;
        }
    }

    /// A string whose opening quote is next.
    fn string(&mut self) -> Result<String, String> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let stop = rest.find(|c: char| matches!(c, '"' | '\\' | '\0'..=' ') && c != ' ');
            let run = &rest[..stop.unwrap_or(rest.len())];
            out.push_str(run);
            self.at += run.len();
            match self.byte() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape()?),
                Some(_) => return Err(self.fault("a control character in a string")),
                None => return Err(self.fault("a string without an end")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, String> {
        self.at += 1;
        let character = match self.byte() {
            Some(b'u') => return self.escaped_unicode(),
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(byte @ (b'"' | b'\\' | b'/')) => byte.into(),
            _ => return Err(self.fault("an unknown escape in a string")),
        };
        self.at += 1;
        Ok(character)
    }

    /// One escape `\uXXXX`, or two that are a surrogate pair.
    fn escaped_unicode(&mut self) -> Result<char, String> {
        let first = self.code_unit()?;
        let mut units = vec![first];
        if (0xd800..0xdc00).contains(&first) && self.take("\\") && self.byte() == Some(b'u') {
            units.push(self.code_unit()?);
        }
        match char::decode_utf16(units).collect::<Result<Vec<_>, _>>() {
            Ok(characters) => Ok(characters[0]),
            Err(_) => Err(self.fault("half of a surrogate pair in a string")),
        }
    }

    /// The four digits behind a `u` that is next.
    fn code_unit(&mut self) -> Result<u16, String> {
        let digits = self.text.as_bytes().get(self.at + 1..self.at + 5);
        let digits = digits.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let text = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let unit = text.and_then(|text| u16::from_str_radix(text, 16).ok());
        let unit = unit.ok_or_else(|| self.fault("\\u without four hexadecimal digits"))?;
        self.at += 5;
        Ok(unit)
    }

    fn number(&mut self) -> Result<Number, String> {
        let start = self.at;
        self.take("-");
        let integer_start = self.at;
        let digits = self.digits()?;
        if digits > 1 && self.text.as_bytes()[integer_start] == b'0' {
            return Err(self.fault("a number with a leading zero"));
        }
        let mut double = false;
        if self.take(".") {
            double = true;
            self.digits()?;
        }
        if self.take("e") || self.take("E") {
            double = true;
            let _ = self.take("+") || self.take("-");
            self.digits()?;
        }
        let text = &self.text[start..self.at];
        let number = if double {
            text.parse().ok().map(Number::Double)
        } else if digits <= INTEGER_DIGITS_MAX {
            integer(text).map(Number::Integer)
        } else {
            None
        };
        number.ok_or_else(|| self.fault("a number that is too long"))
    }

    /// Skips at least one digit, and says how many there were.
    fn digits(&mut self) -> Result<usize, String> {
        let start = self.at;
        while matches!(self.byte(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        match self.at - start {
            0 => Err(self.fault("expected a digit")),
            count => Ok(count),
        }
    }

    fn skip_space(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, wanted: &str) -> bool {
        let found = self.text.as_bytes()[self.at..].starts_with(wanted.as_bytes());
        self.at += if found { wanted.len() } else { 0 };
        found
    }

    fn expect(&mut self, wanted: &str) -> Result<(), String> {
        match self.take(wanted) {
            true => Ok(()),
            false => Err(self.fault(&format!("expected {wanted:?}"))),
        }
    }

    fn fault(&self, what: &str) -> String {
        format!("not valid JSON: {what} at byte {}", self.at)
    }
}

/// Nearly every integer fits a machine word, which reads faster.
fn integer(text: &str) -> Option<BigInt> {
    let word = text.parse::<i64>().ok().map(BigInt::from);
    word.or_else(|| BigInt::from_str(text).ok())
}

#[cfg(test)]
mod tests {
    use super::super::json;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_repeated_member_keeps_its_place_and_takes_the_last_value() {
        let value = parse(r#"{"a":1,"b":2,"a":3}"#).unwrap();
        assert_eq!(json(&value), r#"{"a": 3, "b": 2}"#);
    }

    #[test]
    fn faults_are_located() {
        for (text, fault) in [
            ("", "expected a value at byte 0"),
            ("{\"a\"}", "expected \":\" at byte 4"),
            ("[1 2]", "expected \",\" at byte 3"),
            ("{a:1}", "expected a name in double quotes at byte 1"),
            ("1 1", "expected the end at byte 2"),
            ("01", "a number with a leading zero at byte 2"),
            ("-", "expected a digit at byte 1"),
            ("\"abc", "a string without an end at byte 4"),
            ("\"\\x\"", "an unknown escape in a string at byte 2"),
            ("\"\\u12g4\"", "\\u without four hexadecimal digits at byte 2"),
            ("\"\\ud800\"", "half of a surrogate pair in a string at byte 7"),
            ("\"a\nb\"", "a control character in a string at byte 2"),
        ] {
            assert_eq!(parse(text), Err(format!("not valid JSON: {fault}")));
        }
    }

    #[test]
    fn deep_nesting_is_refused() {
        let fault = parse(&"[".repeat(100_000)).unwrap_err();
        assert_eq!(fault, "not valid JSON: values are nested too deeply at byte 100");
    }

    #[test]
    fn surrogate_pairs_are_one_character() {
        assert_eq!(parse(r#""\ud83d\ude00""#), Ok("\u{1f600}".into()));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = parse(&text);
        }

        #[test]
        fn no_likely_text_panics(text in "[\\[\\]{}:,\"\\\\u0-9a-f.eE+ntrl -]{0,40}") {
            let _ = parse(&text);
        }

        #[test]
        fn what_is_written_reads_back(text in "\\PC{0,40}", number: f64, integer: i64) {
            let number = if number.is_finite() { number } else { 0.5 };
            let value = Value::Array(vec![
                Value::Text(text),
                Number::Double(number).into(),
                Number::Integer(integer.into()).into(),
            ]);
            prop_assert_eq!(parse(&json(&value)), Ok(value));
        }
    }
}
