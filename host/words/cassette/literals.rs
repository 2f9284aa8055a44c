//! The strings inside a line of JSON, with their places, so that one of them can be changed and
//! every other byte of the line stay as it is.

use std::ops::Range;

/// A string of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Literal {
    /// Its bytes in the line, quotes included.
    pub(super) range: Range<usize>,
    /// What it says.
    pub(super) text: String,
    /// The key of the value that it is or stands in; its own text where it is a key.
    pub(super) key: String,
    /// Whether it is a key.
    pub(super) is_key: bool,
}

/// The strings of a line in their order. Of a line that is no JSON those that are whole.
pub(super) fn literals(line: &str) -> Vec<Literal> {
    let mut found: Vec<Literal> = Vec::new();
    let mut key = String::new();
    let mut from = 0;
    while let Some(start) = line[from..].find('"').map(|offset| from + offset) {
        let Some(end) = end_of_literal(line.as_bytes(), start) else {
            break;
        };
        let inside = &line[start + 1..end - 1];
        let text = serde_json::from_str(&line[start..end]).unwrap_or_else(|_| inside.to_owned());
        let is_key = line[end..].trim_start().starts_with(':');
        if is_key {
            key.clone_from(&text);
        }
        found.push(Literal { range: start..end, text, key: key.clone(), is_key });
        from = end;
    }
    found
}

/// Where a string ends that begins at a quote.
fn end_of_literal(line: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        match line.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// A text as a string of JSON.
pub(super) fn literal(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(line: &str) -> Vec<(String, String, bool)> {
        literals(line).into_iter().map(|found| (found.key, found.text, found.is_key)).collect()
    }

    #[test]
    fn strings_are_found_with_the_keys_that_they_stand_under() {
        let line = r#"{"a" : "x\"\\", "b":["é\u00e9"],"c":{"d":""}}"#;
        let key = |text: &str| (text.to_owned(), text.to_owned(), true);
        let value = |key: &str, text: &str| (key.to_owned(), text.to_owned(), false);
        let expected = [
            key("a"),
            value("a", "x\"\\"),
            key("b"),
            value("b", "éé"),
            key("c"),
            key("d"),
            value("d", ""),
        ];
        assert_eq!(told(line), expected);
        assert_eq!(told(r#"{"cut":"of"#), [key("cut")]);
    }

    proptest! {
        #[test]
        fn every_string_is_found_where_it_stands(texts in prop::collection::vec(any::<String>(), 0..5)) {
            let line = serde_json::to_string(&texts).unwrap();
            let found = literals(&line);
            prop_assert_eq!(found.iter().map(|found| found.text.clone()).collect::<Vec<_>>(), texts);
            for found in &found {
                prop_assert_eq!(&line[found.range.clone()], literal(&found.text));
            }
        }

        #[test]
        fn no_text_makes_the_search_panic(line in any::<String>()) {
            let _ = literals(&line);
        }
    }
}
