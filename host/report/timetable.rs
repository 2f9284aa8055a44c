//! A session's timetable: one line a step, with a bar that shows where the step lies.

use std::collections::BTreeSet;

use timeslip_gate::slip::Session;
use timeslip_gate::step::{ChatStep, Step};

use crate::bar::{Part, parts, step_bar};
use crate::style::{Ink, Style};
use crate::text::{columns, count, left, plain, rate, right, shortened};

/// Steps that are shown at the beginning and at the end of a session with more of them.
const STEPS_SHOWN: (usize, usize) = (45, 15);

/// Columns of a bar that are kept free for it before a name is shortened.
const BAR_WANTED: usize = 20;

/// Columns below which there is no bar.
const BAR_LEAST: usize = 8;

/// Columns to which the names of steps and of machines are shortened where there is no room.
const NAMES_LEAST: (usize, usize) = (14, 10);

const GAP: usize = 2;

/// Columns by which the steps of an agent that is a tool stand further in.
const INDENT: usize = 2;

/// The columns of a line, without its bar.
#[derive(Default)]
struct Line {
    at: String,
    step: String,
    machine: String,
    tokens: String,
    cached: String,
    ttft: String,
    rate: String,
    time: String,
}

/// The columns' widths; 0 for one that is left out.
#[derive(Debug)]
struct Widths {
    at: usize,
    step: usize,
    machine: usize,
    tokens: usize,
    cached: usize,
    ttft: usize,
    rate: usize,
    time: usize,
    bar: usize,
}

/// The lines of a session's timetable, its heading and the key to its bars included.
pub(crate) fn timetable(session: &Session, style: Style) -> Vec<String> {
    if session.steps.is_empty() {
        return vec![style.paint(Ink::Faint, "  no steps")];
    }
    let shown = shown_steps(session);
    let lines: Vec<Line> = shown.iter().map(|step| line_of(session, step, style)).collect();
    let head = heading();
    let widths = Widths::of(&head, &lines, machines_of(session).len(), style.columns());
    let mut out = vec![style.paint(Ink::Faint, widths.laid_out(&head, style).trim_end())];
    let left_out = session.steps.len() - shown.len();
    for (index, (step, line)) in shown.iter().zip(&lines).enumerate() {
        if index == STEPS_SHOWN.0 && left_out > 0 {
            let text = format!("  {} {} more steps", style.ellipsis(), count(left_out as u64));
            out.push(style.paint(Ink::Faint, &text));
        }
        out.extend(step_lines(session, step, line, &widths, style));
    }
    if widths.bar > 0 {
        out.push(key(&shown, style));
    }
    out
}

fn shown_steps(session: &Session) -> Vec<&Step> {
    let (first, last) = STEPS_SHOWN;
    let steps = &session.steps;
    let skipped = if steps.len() > first + last { first..steps.len() - last } else { 0..0 };
    let kept = steps.iter().enumerate().filter(|(index, _)| !skipped.contains(index));
    kept.map(|(_, step)| step).collect()
}

/// The machines of a session's chats. A single one stands in the session's heading and needs no
/// column.
pub(crate) fn machines_of(session: &Session) -> BTreeSet<&str> {
    let chats = session.steps.iter().filter_map(|step| match step {
        Step::Chat(chat) => Some(chat.machine.as_str()),
        _ => None,
    });
    chats.filter(|name| !name.is_empty()).collect()
}

fn heading() -> Line {
    let word = str::to_owned;
    Line {
        at: word("at"),
        step: word("step"),
        machine: word("machine"),
        tokens: word("tokens"),
        cached: word("cached"),
        ttft: word("TTFT"),
        rate: word("tok/s"),
        time: word("time"),
    }
}

fn line_of(session: &Session, step: &Step, style: Style) -> Line {
    let at = step.at_ns().saturating_sub(session.at_ns);
    let common = Line { at: style.span(at), time: style.span(step.e2e_ns()), ..Line::default() };
    let line = match step {
        Step::Chat(chat) => chat_line(chat, common, style),
        Step::Tool(tool) => Line { step: format!("tool {}", plain(&tool.tool)), ..common },
        Step::User(_) => Line { step: "user".to_owned(), ..common },
        Step::Sleep(_) => Line { step: "sleep".to_owned(), ..common },
    };
    Line { step: " ".repeat(INDENT * depth(session, step)) + &line.step, ..line }
}

/// How many agents, each a tool of the next, stand between the session's own agent and a step.
fn depth(session: &Session, step: &Step) -> usize {
    let outer = |within: &usize| session.steps.get(*within).and_then(Step::within);
    // Each stands above the one before it, in a slip that keeps the laws.
    std::iter::successors(step.within(), outer).take(session.steps.len()).count()
}

fn chat_line(chat: &ChatStep, common: Line, style: Style) -> Line {
    let machine = plain(&chat.machine);
    let line = Line { step: "chat".to_owned(), machine, ..common };
    if !chat.is_answered() {
        return line;
    }
    let arrow = style.sign("→", "->");
    let tokens = format!("{}{arrow}{}", count(chat.input_tokens), count(chat.output_tokens));
    let cached = chat.cached_input_tokens;
    Line {
        tokens,
        cached: if cached > 0 { count(cached) } else { String::new() },
        ttft: style.span(chat.ttft_ns),
        rate: chat.output_tokens_per_second().map(rate).unwrap_or_default(),
        ..line
    }
}

impl Widths {
    fn of(head: &Line, lines: &[Line], machines: usize, columns_in_all: usize) -> Widths {
        let widest = |cell: fn(&Line) -> &str| {
            let most = lines.iter().map(|line| columns(cell(line))).max().unwrap_or(0);
            if most == 0 { 0 } else { most.max(columns(cell(head))) }
        };
        let mut widths = Widths {
            at: widest(|line| &line.at),
            step: widest(|line| &line.step),
            machine: widest(|line| &line.machine),
            tokens: widest(|line| &line.tokens),
            cached: widest(|line| &line.cached),
            ttft: widest(|line| &line.ttft),
            rate: widest(|line| &line.rate),
            time: widest(|line| &line.time),
            bar: 0,
        };
        if machines <= 1 {
            widths.machine = 0;
        }
        let mut missing = (widths.taken() + BAR_WANTED).saturating_sub(columns_in_all);
        let names = [(&mut widths.machine, NAMES_LEAST.1), (&mut widths.step, NAMES_LEAST.0)];
        for (name, least) in names {
            let given = missing.min(name.saturating_sub(least));
            *name -= given;
            missing -= given;
        }
        let dispensable: [fn(&mut Widths) -> &mut usize; 4] = [
            |widths: &mut Widths| &mut widths.cached,
            |widths: &mut Widths| &mut widths.machine,
            |widths: &mut Widths| &mut widths.rate,
            |widths: &mut Widths| &mut widths.ttft,
        ];
        for column in dispensable {
            if widths.taken() > columns_in_all {
                *column(&mut widths) = 0;
            }
        }
        let free = columns_in_all.saturating_sub(widths.taken());
        widths.bar = if free >= BAR_LEAST { free } else { 0 };
        widths
    }

    /// Columns of everything but the bar, with a gap after each column and the sign of failure.
    fn taken(&self) -> usize {
        let all = [
            self.at,
            self.step,
            self.machine,
            self.tokens,
            self.cached,
            self.ttft,
            self.rate,
            self.time,
        ];
        GAP + all.into_iter().filter(|width| *width > 0).map(|width| width + GAP).sum::<usize>()
    }

    fn laid_out(&self, line: &Line, style: Style) -> String {
        let name = |text: &str, width| left(&shortened(text, width, style.ellipsis()), width);
        let cells = [
            (self.at, right(&line.at, self.at)),
            (self.step, name(&line.step, self.step)),
            (self.machine, name(&line.machine, self.machine)),
            (self.tokens, right(&line.tokens, self.tokens)),
            (self.cached, right(&line.cached, self.cached)),
            (self.ttft, right(&line.ttft, self.ttft)),
            (self.rate, right(&line.rate, self.rate)),
            (self.time, right(&line.time, self.time)),
        ];
        let shown = cells.into_iter().filter(|(width, _)| *width > 0);
        let gap = " ".repeat(GAP);
        shown.fold(gap.clone(), |out, (_, cell)| out + &cell + &gap)
    }
}

fn step_lines(
    session: &Session,
    step: &Step,
    line: &Line,
    widths: &Widths,
    style: Style,
) -> Vec<String> {
    let text = widths.laid_out(line, style);
    let from = step.at_ns().saturating_sub(session.at_ns);
    let bar = step_bar(from, &parts(step), session.e2e_ns, widths.bar, style);
    let Some(error) = step.error() else {
        return vec![format!("{text}{bar}").trim_end().to_owned()];
    };
    let mark = style.sign("✗", "x");
    let marked = format!("{mark}{}", &text[1..]);
    let error = format!("{}{}", " ".repeat(GAP + widths.at + GAP), plain(error));
    let error = shortened(&error, style.columns(), style.ellipsis());
    vec![
        format!("{}{bar}", style.paint(Ink::Bad, &marked)).trim_end().to_owned(),
        style.paint(Ink::Bad, &error),
    ]
}

/// What the bars' signs stand for, those that occur.
fn key(steps: &[&Step], style: Style) -> String {
    let all = steps.iter().flat_map(|step| parts(step));
    let drawn: BTreeSet<Part> = all.filter(|(_, nanos)| *nanos > 0).map(|(part, _)| part).collect();
    let entry =
        |part: Part| format!("{} {}", part.drawn(1, style), style.paint(Ink::Faint, part.name()));
    format!("  {}", drawn.into_iter().map(entry).collect::<Vec<_>>().join("  "))
}
