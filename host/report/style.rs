//! For what terminal a report is made.

use timeslip_timeline::time::Span;

/// For what terminal a report is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Columns; below [`NARROWEST`] lines are made for that many.
    pub width: usize,
    /// Whether colours are wanted.
    pub colour: bool,
    /// Whether bars and signs are of ASCII characters only.
    pub ascii: bool,
}

/// The fewest columns that a report is made for.
pub const NARROWEST: usize = 60;

/// What a colour says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// A heading.
    Strong,
    /// What may be passed over.
    Faint,
    /// All is well.
    Good,
    /// Something failed.
    Bad,
    /// A part of a bar, by its number in the terminal's palette.
    Part(u8),
}

impl Style {
    /// Columns to make lines for.
    pub fn columns(self) -> usize {
        self.width.max(NARROWEST)
    }

    /// The text in a colour, if colours are wanted. The text is plain already.
    pub fn paint(self, ink: Ink, text: &str) -> String {
        if !self.colour || text.is_empty() {
            return text.to_owned();
        }
        let code = match ink {
            Ink::Strong => 1,
            Ink::Faint => 2,
            Ink::Good => 32,
            Ink::Bad => 31,
            Ink::Part(code) => code,
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// One of two ways to write a sign.
    pub fn sign(self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.ascii { ascii } else { unicode }
    }

    /// What stands for the rest of a text that was cut off.
    pub fn ellipsis(self) -> &'static str {
        self.sign("…", "...")
    }

    /// A time in human units.
    pub fn span(self, nanos: u64) -> String {
        self.own(Span::from_nanos(nanos).to_string())
    }

    /// A text of this program's own, without what ASCII lacks if so wanted.
    pub fn own(self, text: String) -> String {
        if self.ascii { text.replace('µ', "u").replace('−', "-") } else { text }
    }
}
