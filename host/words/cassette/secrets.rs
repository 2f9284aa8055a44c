//! Finds what looks like a secret in the file of a cassette.

use super::fetch_secrets::LineSecrets;
use super::literals::literals;
use crate::redact::secrets_in;

/// What looks like secrets on one line of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretLine {
    /// The line, counted from 1.
    pub line: usize,
    /// How many there are.
    pub secrets: usize,
}

/// The lines of a file that hold what looks like a secret. The file need not be a whole cassette:
/// what cannot be read may hold secrets all the same.
pub fn secret_lines(bytes: &[u8]) -> Vec<SecretLine> {
    let text = String::from_utf8_lossy(bytes);
    let counted = text.lines().enumerate().map(|(at, line)| {
        let found = literals(line);
        let read = found.last().map_or(0, |last| last.range.end);
        let mut secrets = LineSecrets::default();
        let inside: usize = found.iter().map(|literal| secrets.redacted(literal).1).sum();
        SecretLine { line: at + 1, secrets: inside + secrets_in(&line[read..]) }
    });
    counted.filter(|line| line.secrets > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_found_in_whole_lines_and_in_one_that_was_cut_off() {
        let text = concat!(
            r#"{"kind":"message","content":"a\nsk-0123456789abcdefghij"}"#,
            "\n{}\n",
            r#"{"a":"Bearer abcdef0123456789XYZ","b":["AKIAIOSFODNN7EXAMPLE"]}"#,
            "\n",
            r#"{"kind":"message","content":"ghp_0123456789abcdefghij"#,
        );
        let lines = secret_lines(text.as_bytes());
        let told: Vec<_> = lines.iter().map(|line| (line.line, line.secrets)).collect();
        assert_eq!(told, [(1, 1), (3, 2), (4, 1)]);
        assert_eq!(secret_lines(b"\xff\xfe"), []);
    }
}
