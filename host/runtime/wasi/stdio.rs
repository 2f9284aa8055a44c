//! What a guest writes to its standard output and error: lines of the session's journal.

use std::collections::VecDeque;

use timeslip_timeline::conversation::LogLevel;
use timeslip_timeline::guest::Happening;

use crate::asking::{self, Caller};
use crate::context::Context;

/// A terminal for input, of which there is none.
#[expect(unreachable_pub, reason = "bindgen! re-exports it")]
pub enum TerminalInput {}

/// What standard output is: languages keep lines back that they write elsewhere until the program
/// ends, which a component never does.
#[expect(unreachable_pub, reason = "bindgen! re-exports it")]
pub struct TerminalOutput;

/// The longest line; a longer one is cut into several.
const LINE_BYTES_MAX: usize = 16 << 10;

/// How many lines of standard error a stop's message shows.
const LAST_LINES: usize = 8;

/// The two outputs.
#[derive(Default)]
pub(crate) struct Stdio {
    out: LineBuffer,
    err: LineBuffer,
    /// The last lines of standard error, the newest at the end.
    last_errors: VecDeque<String>,
}

/// Which of the outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    Stdout,
    Stderr,
}

impl Stdio {
    /// What standard error said last.
    pub(crate) fn last_errors(&self) -> impl Iterator<Item = &str> {
        self.last_errors.iter().map(String::as_str)
    }

    fn remember(&mut self, line: &str) {
        if line.trim().is_empty() {
            return;
        }
        if self.last_errors.len() == LAST_LINES {
            self.last_errors.pop_front();
        }
        self.last_errors.push_back(line.to_owned());
    }
}

/// Bytes that no line's end has followed yet.
#[derive(Default)]
struct LineBuffer(Vec<u8>);

impl LineBuffer {
    /// Takes bytes in, and gives the lines that are whole with them.
    fn push(&mut self, mut bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        while !bytes.is_empty() {
            let room = LINE_BYTES_MAX - self.0.len();
            let end = bytes.iter().take(room).position(|byte| *byte == b'\n');
            let taken = end.unwrap_or_else(|| room.min(bytes.len()));
            self.0.extend_from_slice(&bytes[..taken]);
            bytes = &bytes[taken + usize::from(end.is_some())..];
            if end.is_some() {
                lines.push(text(std::mem::take(&mut self.0)));
            } else if self.0.len() == LINE_BYTES_MAX {
                let rest = self.0.split_off(last_character(&self.0));
                lines.push(text(std::mem::replace(&mut self.0, rest)));
            }
        }
        lines
    }

    /// What is left at the end, if it has no line's end.
    fn finish(&mut self) -> Option<String> {
        (!self.0.is_empty()).then(|| text(std::mem::take(&mut self.0)))
    }
}

/// Where the last character begins that may go on after these bytes; their end, if none may.
fn last_character(bytes: &[u8]) -> usize {
    let begins = bytes.iter().rposition(|byte| *byte & 0xc0 != 0x80).unwrap_or(0);
    match bytes.get(begins) {
        Some(byte) if *byte >= 0xc0 && begins > 0 => begins,
        _ => bytes.len(),
    }
}

fn text(mut line: Vec<u8>) -> String {
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    match String::from_utf8(line) {
        Ok(line) => line,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    }
}

/// Writes to an output.
pub(super) fn write(caller: &mut Caller<'_>, output: Output, bytes: &[u8]) -> wasmtime::Result<()> {
    let fuel = asking::enter(caller)?;
    let context = caller.get();
    context.desk.note_fuel(fuel);
    let stdio = &mut context.wasi.stdio;
    let lines = match output {
        Output::Stdout => stdio.out.push(bytes),
        Output::Stderr => stdio.err.push(bytes),
    };
    lines.into_iter().try_for_each(|line| journal(context, output, line))
}

/// Puts what has no line's end yet into the journal, since nothing will follow.
pub(crate) fn flush(context: &mut Context) -> wasmtime::Result<()> {
    let (out, err) = (context.wasi.stdio.out.finish(), context.wasi.stdio.err.finish());
    out.map_or(Ok(()), |line| journal(context, Output::Stdout, line))?;
    err.map_or(Ok(()), |line| journal(context, Output::Stderr, line))
}

fn journal(context: &mut Context, output: Output, line: String) -> wasmtime::Result<()> {
    context.count_journal_line(line.len())?;
    let level = match output {
        Output::Stdout => LogLevel::Info,
        Output::Stderr => {
            context.wasi.stdio.remember(&line);
            LogLevel::Warn
        }
    };
    context.desk.happened(Happening::Logged(level, line));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_whatever_the_pieces() {
        let mut buffer = LineBuffer::default();
        assert!(buffer.push(b"one").is_empty());
        assert_eq!(buffer.push(b" line\r\n\ntwo\nth"), ["one line", "", "two"]);
        assert_eq!(buffer.finish().as_deref(), Some("th"));
        assert_eq!(buffer.finish(), None);
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let mut buffer = LineBuffer::default();
        let long = "a".repeat(LINE_BYTES_MAX - 1) + "żółć";
        let lines = buffer.push(long.as_bytes());
        assert_eq!(lines, ["a".repeat(LINE_BYTES_MAX - 1)]);
        assert_eq!(buffer.finish().as_deref(), Some("żółć"));
        let endless = vec![0x80; 3 * LINE_BYTES_MAX];
        assert_eq!(buffer.push(&endless).len(), 3);
    }
}
