//! Reads TOML, and says where it is wrong as a person would.

use serde::de::DeserializeOwned;
use timeslip_timeline::conversation::nearest;

use crate::exit::Failure;

/// The text of a TOML file, for messages that name a line of it.
#[derive(Clone, Debug)]
pub(crate) struct TomlText {
    /// The file, as the user named it.
    pub(crate) file: String,
    /// What stands in it.
    pub(crate) text: String,
}

impl TomlText {
    /// Takes the bytes of a file.
    ///
    /// # Errors
    /// When they are not UTF-8.
    pub(crate) fn new(file: String, bytes: Vec<u8>) -> Result<TomlText, Failure> {
        match String::from_utf8(bytes) {
            Ok(text) => Ok(TomlText { file, text }),
            Err(error) => {
                let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
                Err(Failure::usage(format!(
                    "{file}:{line}: this is not UTF-8 text; a bench is a TOML file"
                )))
            }
        }
    }

    /// Reads it as `T`.
    ///
    /// # Errors
    /// When it is no TOML, or lacks or has keys that `T` does not: with the line and the nearest key.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        toml::from_str(&self.text).map_err(|error| {
            let line = error.span().map_or(1, |span| self.line_of_byte(span.start));
            let message = with_nearest_key(error.message());
            Failure::usage(format!("{}:{line}: {message}", self.file))
        })
    }

    /// `FILE:LINE` of the first place where this text stands as a string; the file alone where it
    /// does not.
    pub(crate) fn place_of(&self, text: &str) -> String {
        let quoted = [format!("\"{text}\""), format!("'{text}'")];
        match quoted.iter().find_map(|quoted| self.text.find(quoted)) {
            Some(byte) => format!("{}:{}", self.file, self.line_of_byte(byte)),
            None => self.file.clone(),
        }
    }

    /// `FILE:LINE` of the first line that begins with this key or table header.
    pub(crate) fn place_of_key(&self, key: &str) -> String {
        let begins = |line: &str| {
            let rest = line.trim_start().strip_prefix(key);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '=', '\t', '#']))
        };
        match self.text.lines().position(begins) {
            Some(index) => format!("{}:{}", self.file, index + 1),
            None => self.file.clone(),
        }
    }

    /// `FILE:LINE` of the header of one of several tables, counted from 0.
    pub(crate) fn place_of_table(&self, header: &str, number: usize) -> String {
        let begins = |line: &str| line.trim_start().starts_with(header);
        let lines = self.text.lines().zip(1..).filter(|(line, _)| begins(line));
        match lines.map(|(_, number)| number).nth(number) {
            Some(line) => format!("{}:{line}", self.file),
            None => self.file.clone(),
        }
    }

    /// The line of a byte, from 1.
    pub(crate) fn line_of_byte(&self, byte: usize) -> usize {
        1 + self.text.as_bytes().iter().take(byte).filter(|byte| **byte == b'\n').count()
    }
}

/// Puts the nearest known name first in serde's message for an unknown one, which reads
/// ``unknown field `x`, expected one of `a`, `b` ``.
fn with_nearest_key(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let what = [("unknown field ", "key"), ("unknown variant ", "kind")]
        .into_iter()
        .find(|(start, _)| message.starts_with(start));
    let (Some((_, what)), Some(name)) = (what, quoted.next()) else {
        return match message.strip_prefix("missing field ") {
            Some(field) => format!("the key {field} is missing; add it"),
            None => message.trim_end().replace('\n', "; "),
        };
    };
    let known: Vec<&str> = quoted.collect();
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("unknown {what} `{name}`; did you mean `{near}`?"),
        None => format!("unknown {what} `{name}`; known here: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Sample {
        name: String,
        seed: u64,
    }

    fn problem(text: &str) -> String {
        let text = TomlText::new("b.toml".to_owned(), text.as_bytes().to_vec()).unwrap();
        text.parse::<Sample>().unwrap_err().message
    }

    #[test]
    fn a_wrong_file_is_located_and_the_nearest_key_named() {
        insta::assert_snapshot!(problem("name = \"a\"\nsead = 1\n"), @"b.toml:2: unknown key `sead`; did you mean `seed`?");
        insta::assert_snapshot!(problem("name = \"a\"\n"), @"b.toml:1: the key `seed` is missing; add it");
        insta::assert_snapshot!(problem("name = \"a\"\nseed = \"x\"\n"), @r#"b.toml:2: invalid type: string "x", expected u64"#);
    }

    #[test]
    fn a_value_and_a_key_are_found_by_their_line() {
        let text = TomlText { file: "b".to_owned(), text: "a = 1\nb = \"x\"\n[c]\n".to_owned() };
        assert_eq!(text.place_of("x"), "b:2");
        assert_eq!(text.place_of("y"), "b");
        assert_eq!(text.place_of_key("[c]"), "b:3");
        assert_eq!(text.place_of_key("a"), "b:1");
        let text = "[[t]]\n[[t.u]]\n# [[t]]\n[[t]] # second\n".to_owned();
        let text = TomlText { file: "b".to_owned(), text };
        let places = [0, 1, 2].map(|number| text.place_of_table("[[t]]", number));
        assert_eq!(places, ["b:1", "b:4", "b"]);
    }
}
