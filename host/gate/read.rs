//! Taking a slip back from its file.

use std::path::Path;

use serde::Deserialize;

use crate::slip::{SCHEMA, Slip};

/// Why a file is not read as a slip.
#[derive(Debug, thiserror::Error)]
pub enum SlipError {
    /// The file cannot be read.
    #[error("cannot read the slip {file}: {source}")]
    File {
        /// The file.
        file: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The text is no slip, or a broken one.
    #[error(
        "{file}:{line}:{column}: {reason}; a slip is what `timeslip run --slip FILE` writes, so \
         write it again rather than edit it"
    )]
    Broken {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
    /// It is JSON without a schema.
    #[error(
        "{file}:1: this is no slip: it has no \"schema\" key, and a slip begins with \
         \"schema\": \"{SCHEMA}\""
    )]
    NoSchema {
        /// The file.
        file: String,
    },
    /// It is a slip of a later format.
    #[error(
        "{file}: this slip has the format {schema}, and this timeslip ({}) reads {SCHEMA}; read it \
         with the timeslip that wrote it{}, or write it again with this one",
        env!("CARGO_PKG_VERSION"),
        writer.as_ref().map(|version| format!(" ({version})")).unwrap_or_default()
    )]
    Newer {
        /// The file.
        file: String,
        /// Its schema.
        schema: String,
        /// The version that wrote it, where the file says so.
        writer: Option<String>,
    },
    /// It is some other file.
    #[error("{file}: this is no slip but a file of the format {schema:?}; a slip has {SCHEMA:?}")]
    OtherFormat {
        /// The file.
        file: String,
        /// Its schema.
        schema: String,
    },
}

/// As much of a slip as says whether the rest can be read.
#[derive(Deserialize)]
struct Head {
    schema: Option<serde_json::Value>,
    timeslip: Option<serde_json::Value>,
}

impl Slip {
    /// Reads a slip from its file.
    ///
    /// # Errors
    /// When the file cannot be read, and as for [`Slip::parse`].
    pub fn read(file: &Path) -> Result<Slip, SlipError> {
        let name = file.display().to_string();
        match std::fs::read_to_string(file) {
            Ok(text) => Slip::parse(&name, &text),
            Err(source) => Err(SlipError::File { file: name, source }),
        }
    }

    /// Reads a slip from the text of a file; `file` is its name for errors.
    ///
    /// # Errors
    /// When the text is no JSON, has another schema, or lacks what a slip has.
    pub fn parse(file: &str, text: &str) -> Result<Slip, SlipError> {
        let head: Head = serde_json::from_str(text).map_err(|error| broken(file, text, &error))?;
        let schema = match head.schema {
            None => {
                return Err(SlipError::NoSchema { file: file.to_owned() });
            }
            Some(schema) => plain(schema),
        };
        if schema != SCHEMA {
            return Err(other_schema(file, schema, head.timeslip.map(plain)));
        }
        serde_json::from_str(text).map_err(|error| broken(file, text, &error))
    }
}

fn plain(value: serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    }
}

fn other_schema(file: &str, schema: String, writer: Option<String>) -> SlipError {
    let file = file.to_owned();
    let family = SCHEMA.trim_end_matches(|c: char| c.is_ascii_digit());
    if schema.starts_with(family) {
        SlipError::Newer { file, schema, writer }
    } else {
        SlipError::OtherFormat { file, schema }
    }
}

fn broken(file: &str, text: &str, error: &serde_json::Error) -> SlipError {
    let (line, column) = place(text, error);
    let position = format!(" at line {} column {}", error.line(), error.column());
    let reason = error.to_string();
    let reason = reason.strip_suffix(&position).unwrap_or(&reason).to_owned();
    SlipError::Broken { file: file.to_owned(), line, column, reason }
}

/// The line and column of an error, from 1.
///
/// A step is taken as a whole before its keys are looked at, and the parser then stands behind the
/// comma or bracket that follows it, so what is wrong in a step would be reported one line too low.
fn place(text: &str, error: &serde_json::Error) -> (usize, usize) {
    let (line, column) = (error.line().max(1), error.column().max(1));
    if !error.is_data() {
        return (line, column);
    }
    let before: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let Some(consumed) = text.get(..before + error.column()) else {
        return (line, column);
    };
    let consumed = consumed.trim_end_matches(|c: char| c.is_whitespace() || c == ',' || c == ']');
    let last_line = consumed.lines().last().unwrap_or_default();
    (consumed.lines().count().max(1), last_line.len().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;

    fn message(text: &str) -> String {
        Slip::parse("old.json", text).unwrap_err().to_string()
    }

    #[test]
    fn what_was_written_is_read_back() {
        let slip = examples::two_sessions();
        assert_eq!(Slip::parse("slip.json", &slip.to_json()).unwrap(), slip);
    }

    #[test]
    fn a_later_format_is_refused_by_its_name() {
        let text = examples::two_sessions().to_json().replace(SCHEMA, "timeslip.slip/2");
        let message = message(&text);
        assert!(
            message.contains("old.json: this slip has the format timeslip.slip/2"),
            "{message}"
        );
        assert!(message.contains("reads timeslip.slip/1"), "{message}");
        assert!(message.contains("the timeslip that wrote it (0.1.0)"), "{message}");
    }

    #[test]
    fn a_later_format_is_refused_even_when_nothing_else_of_it_is_known() {
        assert!(message(r#"{"schema":"timeslip.slip/9","what":[]}"#).contains("timeslip.slip/9"));
    }

    #[test]
    fn other_files_are_told_apart() {
        assert!(message(r#"{"schema":"timeslip.baseline/1"}"#).contains("timeslip.baseline/1"));
        assert!(message(r#"{"sessions":[]}"#).contains("no \"schema\" key"));
        assert!(message(r#"{"schema":7}"#).contains("\"7\""));
    }

    #[test]
    fn a_broken_slip_is_reported_with_its_line() {
        let text = examples::two_sessions().to_json();
        let tools = text.lines().enumerate().filter(|(_, line)| line.contains("\"compute_ns\":"));
        for (index, line) in tools {
            let text = text.replace(line, &line.replace("\"compute_ns\":", "\"compute\":"));
            let message = message(&text);
            let length = line.trim_end_matches(',').len() - 3;
            let place = format!("old.json:{}:{length}: missing field `compute_ns`", index + 1);
            assert!(message.starts_with(&place), "{place}\n{message}");
        }
    }

    #[test]
    fn a_file_that_is_cut_off_is_reported_with_its_last_line() {
        let text = examples::two_sessions().to_json();
        let cut = &text[..text.len() / 2];
        assert!(message(cut).starts_with(&format!("old.json:{}:", cut.lines().count())));
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Slip::read(Path::new("no/such/slip.json")).unwrap_err();
        assert!(error.to_string().contains("no/such/slip.json"), "{error}");
    }

    #[test]
    fn keys_of_a_later_version_are_passed_over() {
        let slip = examples::two_sessions();
        let text = slip.to_json().replace("\"kind\":\"tool\"", "\"kind\":\"tool\",\"new\":[1]");
        assert_eq!(Slip::parse("slip.json", &text).unwrap(), slip);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC*") {
            let _ = Slip::parse("any", &text);
        }

        #[test]
        fn no_change_of_a_byte_makes_the_reader_panic(at in 0usize..4000, byte in 0u8..128) {
            let mut bytes = examples::two_sessions().to_json().into_bytes();
            let at = at % bytes.len();
            bytes[at] = byte;
            if let Ok(text) = String::from_utf8(bytes) {
                let _ = Slip::parse("any", &text);
            }
        }
    }
}
