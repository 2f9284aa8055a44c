//! What is wrong with a file of words, where, and how to put it right.

/// A file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {problem}\n  fix: {fix}", place(*line, *column))]
pub struct FileError {
    /// The file, as the user named it.
    pub file: String,
    /// The line, counted from 1; absent when the whole file is meant.
    pub line: Option<usize>,
    /// The column in characters, counted from 1; absent when the whole line is meant.
    pub column: Option<usize>,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub fix: String,
}

fn place(line: Option<usize>, column: Option<usize>) -> String {
    match (line, column) {
        (Some(line), Some(column)) => format!(":{line}:{column}"),
        (Some(line), None) => format!(":{line}"),
        (None, _) => String::new(),
    }
}

/// The line and column, both counted from 1, of a byte of a text.
pub(crate) fn line_and_column(text: &str, byte: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..byte.min(text.len())];
    let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let line = before.iter().filter(|b| **b == b'\n').count() + 1;
    let column = String::from_utf8_lossy(&before[line_start..]).chars().count() + 1;
    (line, column)
}

/// `, did you mean X?` when a known name is near, otherwise the list of known names.
pub(crate) fn suggestion(name: &str, known: &[&str]) -> String {
    match timeslip_timeline::conversation::nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known here: {}", known.join(", ")),
    }
}

/// What a JSON reader says, without the place that it adds: that is counted inside a part of a file.
pub(crate) fn reason_without_place(error: &serde_json::Error) -> String {
    let place = format!(" at line {} column {}", error.line(), error.column());
    let reason = error.to_string();
    reason.strip_suffix(&place).unwrap_or(&reason).to_owned()
}

/// The text of a file.
pub(crate) fn utf8<'b>(file: &str, bytes: &'b [u8]) -> Result<&'b str, FileError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        FileError {
            file: file.to_owned(),
            line: Some(before.iter().filter(|b| **b == b'\n').count() + 1),
            column: None,
            problem: "the text is not UTF-8".to_owned(),
            fix: "save the file as UTF-8 text".to_owned(),
        }
    })
}

/// What a TOML reader says of a text, with the line and the nearest known name.
///
/// Serde writes ``unknown field `x`, expected one of `a`, `b` `` and ``missing field `x` ``.
pub(crate) fn of_toml(file: &str, text: &str, error: &toml::de::Error) -> FileError {
    let message = error.message();
    let mut quoted = message.split('`').skip(1).step_by(2);
    let (problem, fix) = match quoted.next() {
        Some(name) if message.starts_with("unknown field") => {
            (format!("unknown key `{name}`"), suggestion(name, &quoted.collect::<Vec<_>>()))
        }
        Some(name) if message.starts_with("unknown variant") => {
            (format!("unknown value `{name}`"), suggestion(name, &quoted.collect::<Vec<_>>()))
        }
        Some(name) if message.starts_with("missing field") => {
            (format!("the key `{name}` is missing"), "add it here".to_owned())
        }
        _ => (message.trim_end().replace('\n', "; "), "correct the TOML of this line".to_owned()),
    };
    let place = error.span().map(|span| line_and_column(text, span.start));
    FileError {
        file: file.to_owned(),
        line: place.map(|(line, _)| line),
        column: place.map(|(_, column)| column),
        problem,
        fix,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_found_by_line_and_column() {
        let text = "one\nzwö lf\n";
        assert_eq!(line_and_column(text, 0), (1, 1));
        assert_eq!(line_and_column(text, 4), (2, 1));
        assert_eq!(line_and_column(text, text.find('l').unwrap()), (2, 5));
        assert_eq!(line_and_column(text, 999), (3, 1));
    }
}
