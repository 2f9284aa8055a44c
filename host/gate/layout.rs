//! The bytes of a slip: JSON with one line for each session and each step, so that `diff` and
//! `git diff` show a changed step as one changed line.
//!
//! Arrays, and objects down to the second level, have one entry a line; deeper objects stand on one
//! line. Numbers are the shortest that read back as the same value.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use crate::slip::Slip;

impl Slip {
    /// The slip as JSON text, the same bytes on every platform, with a newline at the end.
    pub fn to_json(&self) -> String {
        let mut bytes = Vec::new();
        let mut serializer = Serializer::with_formatter(&mut bytes, Lines::default());
        self.serialize(&mut serializer).expect("a slip holds nothing that JSON cannot");
        bytes.push(b'\n');
        String::from_utf8(bytes).expect("JSON is UTF-8")
    }
}

/// Objects at this depth or above have one entry a line.
const OBJECT_DEPTH_BY_LINES: usize = 2;

/// Decides where lines end.
#[derive(Default)]
struct Lines {
    /// How many objects and arrays are open.
    depth: usize,
    /// How many of them are laid out by lines.
    indent: usize,
    /// Whether the one that ends has an entry.
    has_entry: bool,
}

impl Lines {
    fn new_line(&self, out: &mut (impl io::Write + ?Sized)) -> io::Result<()> {
        out.write_all(b"\n")?;
        (0..self.indent).try_for_each(|_| out.write_all(b" "))
    }

    fn open(&mut self, out: &mut (impl io::Write + ?Sized), by_lines: bool, bracket: u8) -> io::Result<()> {
        self.depth += 1;
        self.indent += usize::from(by_lines);
        self.has_entry = false;
        out.write_all(&[bracket])
    }

    fn close(&mut self, out: &mut (impl io::Write + ?Sized), by_lines: bool, bracket: u8) -> io::Result<()> {
        self.depth -= 1;
        self.indent -= usize::from(by_lines);
        if by_lines && self.has_entry {
            self.new_line(out)?;
        }
        self.has_entry = true;
        out.write_all(&[bracket])
    }

    fn entry(&mut self, out: &mut (impl io::Write + ?Sized), by_lines: bool, first: bool) -> io::Result<()> {
        if !first {
            out.write_all(b",")?;
        }
        if by_lines { self.new_line(out) } else { Ok(()) }
    }

    /// Whether the innermost open object is laid out by lines.
    fn object_by_lines(&self) -> bool {
        self.depth <= OBJECT_DEPTH_BY_LINES
    }
}

impl Formatter for Lines {
    fn begin_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, true, b'[')
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, true, b']')
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.entry(out, true, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_entry = true;
        Ok(())
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        let by_lines = self.depth < OBJECT_DEPTH_BY_LINES;
        self.open(out, by_lines, b'{')
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        let by_lines = self.object_by_lines();
        self.close(out, by_lines, b'}')
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        let by_lines = self.object_by_lines();
        self.entry(out, by_lines, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(if self.object_by_lines() { b": " } else { b":" })
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_entry = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::examples;

    #[test]
    fn each_session_and_each_step_has_a_line_of_its_own() {
        let text = examples::two_sessions().to_json();
        insta::assert_snapshot!(text, @"");
    }

    #[test]
    fn a_changed_step_is_one_changed_line() {
        let before = examples::two_sessions();
        let mut after = before.clone();
        let crate::step::Step::Tool(tool) = &mut after.sessions[0].steps[1] else { unreachable!() };
        tool.tool = "other".to_owned();
        let (before, after) = (before.to_json(), after.to_json());
        let changed = before.lines().zip(after.lines()).filter(|(a, b)| a != b).count();
        assert_eq!(changed, 1);
    }
}
