//! A run in figures, one line each.

use timeslip_gate::slip::{Machine, Slip};
use timeslip_gate::summary::{Band, Distribution, Summary};

use crate::bands::{NINE_OF_TEN, bands_line};
use crate::bar::Part;
use crate::routes::routes;
use crate::style::{Ink, Style};
use crate::text::{count, counted, dollars, joules, left, percent, plain, rate, right, wrapped};

/// Columns of a figure's name.
const NAME: usize = 20;

/// The most columns of the bar of a share.
const SHARE_BAR: usize = 50;

const UNKNOWN: &str = "unknown";

/// Named lines, each wrapped under its own beginning.
struct Figures {
    style: Style,
    lines: Vec<String>,
}

impl Figures {
    fn add(&mut self, name: &str, value: &str) {
        let room = self.style.columns() - NAME;
        for (index, line) in wrapped(&self.style.own(value.to_owned()), room).iter().enumerate() {
            let name = if index == 0 { name } else { "" };
            self.add_line(name, line);
        }
    }

    /// Adds a line as it is: plain, and no longer than there is room.
    fn add_line(&mut self, name: &str, line: &str) {
        let name = self.style.paint(Ink::Faint, &left(name, NAME));
        self.lines.push(format!("{name}{line}").trim_end().to_owned());
    }
}

/// The run in figures.
pub(crate) fn figures(slip: &Slip, words_note: &str, style: Style) -> Vec<String> {
    let mut out = Figures { style, lines: Vec::new() };
    let summary = &slip.summary;
    out.add("sessions", &sessions(summary));
    let calls =
        [counted(summary.model_calls, "model call"), counted(summary.tool_calls, "tool call")];
    out.add("calls", &calls.join(", "));
    add_times(&mut out, summary);
    add_shares(&mut out, summary);
    if summary.model_calls > 0 {
        let energy = with_band(summary.energy_j, summary.energy_j_band, joules);
        out.add("energy", &energy);
        out.add("cost", &with_band(summary.cost_usd, summary.cost_usd_band, dollars));
    }
    for (index, line) in routes(slip).iter().enumerate() {
        out.add(if index == 0 { "routing" } else { "" }, line);
    }
    out.add("seed", &slip.seed.to_string());
    for (index, machine) in slip.machines.iter().enumerate() {
        out.add(if index == 0 { "machines" } else { "" }, &machine_line(machine));
    }
    if slip.machines.iter().any(|machine| machine.estimated) {
        out.add("", ESTIMATED);
    }
    let bands = slip.machines.iter().filter_map(|machine| Some((machine, machine.bands.as_ref()?)));
    for (index, (machine, bands)) in bands.enumerate() {
        out.add(if index == 0 { NINE_OF_TEN } else { "" }, &bands_line(&machine.name, bands));
    }
    out.add("words", &plain(words_note));
    out.lines
}

const ESTIMATED: &str = "estimated: the profile holds estimates, so every time, joule and dollar \
                         that rests on it is one; `timeslip hardware explain MACHINE` lists them";

fn sessions(summary: &Summary) -> String {
    let (answered, failed) = (count(summary.succeeded), count(summary.failed));
    match (summary.sessions, summary.failed) {
        (0, _) => "none".to_owned(),
        (_, 0) => format!("{answered} answered"),
        _ => format!("{answered} answered, {failed} failed"),
    }
}

fn add_times(out: &mut Figures, summary: &Summary) {
    let style = out.style;
    let spans = |distribution, unit| spread(distribution, |nanos| style.span(nanos), unit);
    if summary.model_calls > 0 {
        let input = match summary.cached_input_tokens {
            0 => format!("{} in", count(summary.input_tokens)),
            cached => format!("{} in ({} cached)", count(summary.input_tokens), count(cached)),
        };
        out.add("tokens", &format!("{input}, {} out", count(summary.output_tokens)));
    }
    if summary.sessions > 1 {
        let span = style.span(summary.makespan_ns);
        out.add("end-to-end time", &spans(summary.session_e2e_ns, "a session"));
        out.add("makespan", &span);
    } else if summary.sessions == 1 {
        out.add("end-to-end time", &style.span(summary.makespan_ns));
    }
    if summary.model_calls > 0 {
        out.add("time to first token", &spans(summary.time_to_first_token_ns, ""));
        out.add("inter-token latency", &spans(summary.inter_token_latency_ns, ""));
        let rates = summary.output_token_throughput_per_user;
        out.add("tokens/s/user", &spread(rates, rate, ""));
        out.add("", &at_target(summary));
    }
}

/// The middle and the slow end of a distribution; of one value, that value.
fn spread<T: PartialEq>(
    distribution: Option<Distribution<T>>,
    shown: impl Fn(T) -> String,
    of: &str,
) -> String {
    let Some(distribution) = distribution else {
        return UNKNOWN.to_owned();
    };
    if distribution.min == distribution.max {
        return format!("{} {of}", shown(distribution.max));
    }
    format!("p50 {}, p95 {} {of}", shown(distribution.p50), shown(distribution.p95))
}

fn at_target(summary: &Summary) -> String {
    let calls = counted(summary.model_calls, "model call");
    let target = count(u64::from(summary.target_tokens_per_second));
    match summary.model_calls_at_target {
        Some(reached) => format!("{} of {calls} at {target} tokens/s/user", count(reached)),
        None => format!("{UNKNOWN} against {target}: no reply has a second token"),
    }
}

fn add_shares(out: &mut Figures, summary: &Summary) {
    let style = out.style;
    let whole = summary.time_share_ns.total();
    let shares = summary.time_share_ns.named().into_iter().filter(|(_, nanos)| *nanos > 0);
    for (index, (name, nanos)) in shares.enumerate() {
        let text = format!(
            "{} {} {}  ",
            left(name, 8),
            right(&percent(nanos, whole), 7),
            right(&style.span(nanos), 11)
        );
        let room = (style.columns() - NAME - text.chars().count()).min(SHARE_BAR);
        let cells = (u128::from(nanos) * room as u128).div_ceil(u128::from(whole).max(1));
        let bar = Part::named(name).drawn(cells as usize, style);
        out.add_line(if index == 0 { "where the time went" } else { "" }, &format!("{text}{bar}"));
    }
}

/// A figure with the ends of its error band.
fn with_band(value: Option<f64>, band: Option<Band>, shown: fn(f64) -> String) -> String {
    match (value, band) {
        (None, _) => UNKNOWN.to_owned(),
        (Some(value), None) => format!("{}, error unknown", shown(value)),
        (Some(value), Some(Band { low, high })) if low == value && high == value => shown(value),
        (Some(value), Some(Band { low, high })) => {
            format!("{} ({} to {})", shown(value), shown(low), shown(high))
        }
    }
}

fn machine_line(machine: &Machine) -> String {
    let estimated = if machine.estimated { ", estimated" } else { "" };
    format!("{} serves {}{estimated}", plain(&machine.name), plain(&machine.model))
}
