//! Steps over JSON text without reading it: finds the members of an object and where their values
//! end.
//!
//! A session touches a few of thousands of entries, so most text is only stepped over. Text that is
//! stepped over is not checked; a fault in it shows when it is read.

use std::borrow::Cow;
use std::ops::Range;

use super::bracket::end_of_container;
use super::parse;

/// A place in JSON text.
pub(crate) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Whether an object was entered and none of its members passed.
    entered: bool,
}

impl<'a> Scanner<'a> {
    /// Starts before the value that begins at byte `at`.
    pub(crate) fn new(bytes: &'a [u8], at: usize) -> Scanner<'a> {
        Scanner { bytes, at, entered: false }
    }

    /// Goes on where another scanner of the same text stopped, behind a member's value.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Enters the object that is next.
    ///
    /// # Errors
    /// What is there instead, and at which byte, counted from 0; so for every function here.
    pub(crate) fn enter(&mut self) -> Result<(), String> {
        self.expect(b'{')?;
        self.entered = true;
        Ok(())
    }

    /// The next member's name, behind which its value stands; none at the object's end, which is
    /// then left.
    pub(crate) fn next_key(&mut self) -> Result<Option<Cow<'a, str>>, String> {
        let first = std::mem::take(&mut self.entered);
        if self.byte() == Some(b'}') {
            self.at += 1;
            return Ok(None);
        }
        if !first {
            self.expect(b',')?;
        }
        if self.byte() != Some(b'"') {
            return Err(self.fault("expected a name in double quotes"));
        }
        let start = self.at;
        let end = end_of_string(self.bytes, start);
        self.at = end.ok_or_else(|| self.fault("a name without an end"))?;
        let key = self.text(start..self.at)?;
        self.expect(b':')?;
        Ok(Some(key))
    }

    /// Steps over the value that is next, and says where it lies.
    pub(crate) fn skip_value(&mut self) -> Result<Range<usize>, String> {
        let first = self.byte();
        let start = self.at;
        let end = match first {
            Some(b'{' | b'[') => end_of_container(self.bytes, start),
            Some(b'"') => end_of_string(self.bytes, start),
            _ => Some(end_of_word(self.bytes, start)),
        };
        self.at = end.ok_or_else(|| self.fault("a value without an end"))?;
        if self.at == start {
            return Err(self.fault("expected a value"));
        }
        Ok(start..self.at)
    }

    /// The text of a string in quotes.
    fn text(&self, range: Range<usize>) -> Result<Cow<'a, str>, String> {
        let quoted =
            str::from_utf8(&self.bytes[range]).map_err(|_| self.fault("text that is not UTF-8"))?;
        if quoted.contains('\\') {
            let value = parse(quoted).map_err(|_| self.fault("a malformed name"))?;
            return Ok(Cow::Owned(value.as_text().unwrap_or_default().to_owned()));
        }
        Ok(Cow::Borrowed(&quoted[1..quoted.len() - 1]))
    }

    /// The next byte that is not white space.
    fn byte(&mut self) -> Option<u8> {
        while matches!(self.bytes.get(self.at)?, b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    fn expect(&mut self, wanted: u8) -> Result<(), String> {
        if self.byte() != Some(wanted) {
            return Err(self.fault(&format!("expected {:?}", char::from(wanted))));
        }
        self.at += 1;
        Ok(())
    }

    fn fault(&self, what: &str) -> String {
        format!("not valid JSON: {what} at byte {}", self.at)
    }
}

fn end_of_word(bytes: &[u8], start: usize) -> usize {
    let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t');
    let length = bytes[start..].iter().position(ends);
    length.map_or(bytes.len(), |length| start + length)
}

/// Behind the quote that closes the string that begins at `start`.
fn end_of_string(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Value, json};
    use proptest::prelude::*;

    /// The members of an object, with the text of each value.
    fn members(text: &str) -> Result<Vec<(String, String)>, String> {
        let mut scanner = Scanner::new(text.as_bytes(), 0);
        scanner.enter()?;
        let mut members = Vec::new();
        while let Some(key) = scanner.next_key()? {
            let range = scanner.skip_value()?;
            members.push((key.into_owned(), text[range].to_owned()));
        }
        Ok(members)
    }

    #[test]
    fn values_of_every_kind_are_stepped_over() {
        let text = r#" { "a" : 1 , "b":"}\"{", "c":[{"d":"]"},[2]],"e":null , "f":{} } "#;
        let values = ["1", r#""}\"{""#, r#"[{"d":"]"},[2]]"#, "null", "{}"];
        let keys = ["a", "b", "c", "e", "f"];
        let expected = keys.iter().zip(values);
        let expected = expected.map(|(key, value)| ((*key).to_owned(), value.to_owned()));
        assert_eq!(members(text), Ok(expected.collect()));
        assert_eq!(members("{}"), Ok(Vec::new()));
    }

    #[test]
    fn names_are_unescaped() {
        let members = members(r#"{"\u00e9\"":1}"#).unwrap();
        assert_eq!(members, [("é\"".to_owned(), "1".to_owned())]);
    }

    #[test]
    fn faults_are_located() {
        for (text, fault) in [
            ("[]", "expected '{' at byte 0"),
            ("{\"a\":1 \"b\":2}", "expected ',' at byte 7"),
            ("{\"a\":1,}", "expected a name in double quotes at byte 7"),
            ("{\"a\" 1}", "expected ':' at byte 5"),
            ("{\"a\":}", "expected a value at byte 5"),
            ("{\"a\":{\"b\":1}", "expected ',' at byte 12"),
            ("{\"a\":[1", "a value without an end at byte 5"),
            ("{\"a", "a name without an end at byte 1"),
        ] {
            assert_eq!(members(text), Err(format!("not valid JSON: {fault}")));
        }
    }

    proptest! {
        #[test]
        fn no_likely_text_panics(text in "[\\[\\]{}:,\"\\\\a1 ]{0,80}") {
            let _ = members(&text);
        }

        #[test]
        fn what_is_written_is_stepped_over(texts in prop::collection::vec("[\\PC\"\\\\{}]{0,90}", 0..5)) {
            let inner = Value::Array(texts.iter().map(|text| text.as_str().into()).collect());
            let inner = json(&inner);
            let text = format!("{{\"first\":{inner},\"second\":0}}");
            let expected = vec![("first".to_owned(), inner), ("second".to_owned(), "0".to_owned())];
            prop_assert_eq!(members(&text), Ok(expected));
        }
    }
}
