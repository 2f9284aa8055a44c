//! Bars: where a step lies in its session, and how large a share is.

use timeslip_gate::step::Step;

use crate::style::{Ink, Style};

/// What a stretch of a bar stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Queue,
    Prefill,
    Transfer,
    Decode,
    Tool,
    Agent,
    User,
    Sleep,
}

impl Part {
    /// The part of this name, a key of a slip's time shares.
    pub(crate) fn named(name: &str) -> Part {
        match name {
            "queue" => Part::Queue,
            "prefill" => Part::Prefill,
            "transfer" => Part::Transfer,
            "decode" => Part::Decode,
            "tool" => Part::Tool,
            "user" => Part::User,
            "sleep" => Part::Sleep,
            _ => Part::Agent,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Part::Queue => "queue",
            Part::Prefill => "prefill",
            Part::Transfer => "transfer",
            Part::Decode => "decode",
            Part::Tool => "tool",
            Part::Agent => "agent",
            Part::User => "user",
            Part::Sleep => "sleep",
        }
    }

    fn sign(self, style: Style) -> &'static str {
        match self {
            Part::Queue => style.sign("░", "."),
            Part::Prefill => style.sign("▒", "="),
            Part::Transfer => style.sign("▓", ">"),
            Part::Decode => style.sign("█", "#"),
            Part::Tool => style.sign("▄", "+"),
            Part::Agent => style.sign("▪", "@"),
            Part::User => style.sign("─", "-"),
            Part::Sleep => style.sign("┄", "~"),
        }
    }

    fn ink(self) -> Ink {
        Ink::Part(match self {
            Part::Queue => 90,
            Part::Prefill => 36,
            Part::Transfer => 35,
            Part::Decode => 32,
            Part::Tool => 34,
            Part::Agent => 37,
            Part::User => 33,
            Part::Sleep => 90,
        })
    }

    /// So many signs of this part.
    pub(crate) fn drawn(self, cells: usize, style: Style) -> String {
        style.paint(self.ink(), &self.sign(style).repeat(cells))
    }
}

/// The parts of a step with their lengths in nanoseconds, in the order in which they pass.
pub(crate) fn parts(step: &Step) -> Vec<(Part, u64)> {
    match step {
        Step::Chat(chat) => vec![
            (Part::Queue, chat.queue_ns),
            (Part::Prefill, chat.prefill_ns),
            (Part::Transfer, chat.transfer_ns),
            (Part::Decode, chat.decode_ns),
        ],
        Step::Tool(tool) => vec![(Part::Tool, tool.e2e_ns)],
        Step::User(user) => vec![(Part::User, user.e2e_ns)],
        Step::Sleep(sleep) => vec![(Part::Sleep, sleep.e2e_ns)],
    }
}

/// A step in a bar that stands for its whole session: each cell shows the part that fills most of
/// it, and a step too short for a cell still has one. `from` is counted from the session's start.
pub(crate) fn step_bar(
    from: u64,
    parts: &[(Part, u64)],
    whole: u64,
    cells: usize,
    style: Style,
) -> String {
    let mut out = String::new();
    let mut run: Option<(Part, usize)> = None;
    for cell in cells_of(from, parts, whole, cells) {
        match (&mut run, cell) {
            (Some((part, length)), Some(next)) if *part == next => *length += 1,
            (_, next) => {
                flush(&mut out, run.take(), style);
                match next {
                    Some(part) => run = Some((part, 1)),
                    None => out.push(' '),
                }
            }
        }
    }
    flush(&mut out, run, style);
    out.trim_end().to_owned()
}

fn flush(out: &mut String, run: Option<(Part, usize)>, style: Style) {
    if let Some((part, length)) = run {
        out.push_str(&part.drawn(length, style));
    }
}

fn cells_of(from: u64, parts: &[(Part, u64)], whole: u64, cells: usize) -> Vec<Option<Part>> {
    // A nanosecond is `cells` units long and a cell `whole`, so that all borders are whole numbers.
    let unit = cells as u128;
    let cell = u128::from(whole).max(1);
    let mut filled = vec![(0, None); cells];
    let mut at = u128::from(from) * unit;
    for (part, length) in parts {
        let end = at + u128::from(*length) * unit;
        let first = (at / cell).min(unit) as usize;
        let last = end.div_ceil(cell).min(unit) as usize;
        for (index, most) in filled.iter_mut().enumerate().take(last).skip(first) {
            let border = index as u128 * cell;
            let overlap = end.min(border + cell) - at.max(border);
            if overlap > most.0 {
                *most = (overlap, Some(*part));
            }
        }
        at = end;
    }
    if filled.iter().all(|(_, part)| part.is_none())
        && let (Some((part, _)), Some(last)) = (parts.first(), cells.checked_sub(1))
    {
        let index = (u128::from(from) * unit / cell).min(last as u128) as usize;
        filled[index].1 = Some(*part);
    }
    filled.into_iter().map(|(_, part)| part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASCII: Style = Style { width: 80, colour: false, ascii: true };

    fn bar(from: u64, parts: &[(Part, u64)], whole: u64) -> String {
        step_bar(from, parts, whole, 10, ASCII)
    }

    #[test]
    fn a_step_stands_where_it_lies_in_its_session() {
        let chat =
            [(Part::Queue, 10), (Part::Prefill, 20), (Part::Transfer, 0), (Part::Decode, 30)];
        assert_eq!(bar(0, &chat, 100), ".==###");
        assert_eq!(bar(40, &chat, 100), "    .==###");
        assert_eq!(bar(45, &[(Part::Tool, 10)], 100), "    ++");
    }

    #[test]
    fn a_cell_shows_what_fills_most_of_it() {
        assert_eq!(bar(0, &[(Part::Prefill, 4), (Part::Decode, 6)], 100), "#");
        assert_eq!(bar(0, &[(Part::Prefill, 6), (Part::Decode, 4)], 100), "=");
    }

    #[test]
    fn a_step_too_short_for_a_cell_still_has_one() {
        assert_eq!(bar(50, &[(Part::Tool, 0)], 100), "     +");
        assert_eq!(bar(100, &[(Part::Tool, 0)], 100), "         +");
        assert_eq!(bar(0, &[(Part::Sleep, 0)], 0), "~");
        assert_eq!(bar(99, &[(Part::User, 1)], u64::MAX), "-");
    }

    #[test]
    fn a_bar_never_leaves_its_cells() {
        assert_eq!(bar(0, &[(Part::Tool, u64::MAX)], u64::MAX), "++++++++++");
        assert_eq!(bar(u64::MAX, &[(Part::Tool, u64::MAX)], 7), "         +");
    }

    #[test]
    fn colours_come_only_when_asked_for() {
        let colour = Style { colour: true, ..ASCII };
        assert_eq!(step_bar(0, &[(Part::Tool, 5)], 10, 2, colour), "\x1b[34m+\x1b[0m");
    }
}
