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
