//! The text of a trace's file, and its lines.

use crate::error::TraceError;

/// The text of a file without its byte order mark. A character cut in two at the end is left out.
pub(super) fn text_of<'b>(file: &str, bytes: &'b [u8]) -> Result<&'b str, TraceError> {
    let error = |line, problem: &str, fix: &str| TraceError {
        file: file.to_owned(),
        line,
        problem: problem.to_owned(),
        fix: fix.to_owned(),
    };
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(broken) => {
            let before = &bytes[..broken.valid_up_to()];
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            match (broken.error_len(), std::str::from_utf8(before)) {
                (None, Ok(text)) => text,
                _ => {
                    let fix = "save it as UTF-8, and unpack it if it is packed";
                    return Err(error(Some(line), "the text is not UTF-8", fix));
                }
            }
        }
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match text.trim().is_empty() {
        true => Err(error(None, "the file is empty", "name a trace with at least one request")),
        false => Ok(text),
    }
}

/// A line that is not empty.
pub(super) struct Line<'t> {
    /// Counted from 1.
    pub(super) number: usize,
    /// Without its ending.
    pub(super) text: &'t str,
    /// Whether the file ends inside it, so that it may be cut off.
    pub(super) is_open: bool,
}

/// The lines of a text, without empty ones.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let numbered = text.split_inclusive('\n').enumerate();
    numbered
        .map(|(index, line)| Line {
            number: index + 1,
            text: line.trim_end_matches(['\n', '\r']),
            is_open: !line.ends_with('\n'),
        })
        .filter(|line| !line.text.trim().is_empty())
}

/// What is said of a last line that is left out.
pub(super) fn cut_off_note(file: &str, line: usize) -> String {
    format!("{file}:{line}: the last line is cut off and was left out")
}
