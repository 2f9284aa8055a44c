//! A session, and one of its steps with every figure: what `timeslip view` prints.

use timeslip_gate::attribute::critical_steps;
use timeslip_gate::slip::{PromptPartKind, Session, Slip};
use timeslip_gate::step::{ChatStep, Step, ToolStep};

use crate::screen::session_heading;
use crate::style::{Ink, Style};
use crate::text::{count, counted, dollars, joules, plain, rate, wrapped};
use crate::timetable::timetable;

/// A session's timetable, with a newline at its end.
pub fn session_view(session: &Session, number: usize, style: Style) -> String {
    let mut lines = session_heading(session, Some((number, "")), style);
    lines.extend(timetable(session, style));
    lines.join("\n") + "\n"
}

/// A line for each session, up to so many, and the number of the others.
pub fn sessions_view(slip: &Slip, most: usize, style: Style) -> String {
    let sessions = slip.sessions.iter().enumerate().take(most);
    let mut lines: Vec<String> = sessions
        .flat_map(|(number, session)| session_heading(session, Some((number, "")), style))
        .collect();
    let more = slip.sessions.len().saturating_sub(most);
    if more > 0 {
        let text = format!("{} {}", style.ellipsis(), counted(more as u64, "more session"));
        lines.push(style.paint(Ink::Faint, &text));
    }
    lines.join("\n") + "\n"
}

/// Every figure of a step, and what was said in it where that is known.
pub fn step_view(
    session: &Session,
    place: usize,
    said: &[(String, String)],
    style: Style,
) -> String {
    let Some(step) = session.steps.get(place) else {
        return String::new();
    };
    let on_path = if critical_steps(session)[place] { ", on the critical path" } else { "" };
    let heading = format!("step {place} of {}: {}{on_path}", session.steps.len(), name_of(step));
    let mut lines = vec![style.paint(Ink::Strong, &heading)];
    let mut figures = vec![
        ("begins at", style.span(step.at_ns().saturating_sub(session.at_ns))),
        ("time", style.span(step.e2e_ns())),
    ];
    match step {
        Step::Chat(chat) => figures.extend(chat_figures(session, chat, style)),
        Step::Tool(tool) => figures.extend(tool_figures(tool, style)),
        Step::User(_) | Step::Sleep(_) => {}
    }
    if let Some(outer) = step.within() {
        figures.push(("within", format!("step {outer}")));
    }
    lines.extend(figures.into_iter().map(|(name, value)| format!("  {name:<14} {value}")));
    if let Some(error) = step.error() {
        lines.push(style.paint(Ink::Bad, &format!("  {:<14} {}", "error", plain(error))));
    }
    for (who, what) in said {
        lines.push(style.paint(Ink::Faint, &format!("  {}", plain(who))));
        let text = wrapped(what, style.columns().saturating_sub(4));
        lines.extend(text.iter().map(|line| format!("    {line}").trim_end().to_owned()));
    }
    lines.join("\n") + "\n"
}

fn name_of(step: &Step) -> String {
    match step {
        Step::Chat(chat) if chat.machine.is_empty() => "chat on no machine".to_owned(),
        Step::Chat(chat) => format!("chat with {} on {}", plain(&chat.model), plain(&chat.machine)),
        Step::Tool(tool) => format!("tool {}", plain(&tool.tool)),
        Step::User(_) => "user".to_owned(),
        Step::Sleep(_) => "sleep".to_owned(),
    }
}

fn chat_figures(session: &Session, chat: &ChatStep, style: Style) -> Vec<(&'static str, String)> {
    let unknown = || "unknown".to_owned();
    let mut figures = vec![
        ("queue", style.span(chat.queue_ns)),
        ("prefill", style.span(chat.prefill_ns)),
        ("transfer", style.span(chat.transfer_ns)),
        ("decode", style.span(chat.decode_ns)),
        ("to first token", style.span(chat.ttft_ns)),
    ];
    if let (Some(each), Some(speed)) =
        (chat.inter_token_latency_ns(), chat.output_tokens_per_second())
    {
        figures.push(("inter-token", style.span(each)));
        figures.push(("tokens/s/user", rate(speed)));
    }
    let cached = count(chat.cached_input_tokens);
    figures.push(("prompt", format!("{}, {cached} cached", counted(chat.input_tokens, "token"))));
    let parts = parts_of(session, chat);
    if !parts.is_empty() {
        figures.push(("made of", parts));
    }
    figures.push(("reply", counted(chat.output_tokens, "token")));
    figures.push(("energy", chat.energy_j.map_or_else(unknown, joules)));
    figures.push(("cost", chat.cost_usd.map_or_else(unknown, dollars)));
    figures
}

fn tool_figures(tool: &ToolStep, style: Style) -> Vec<(&'static str, String)> {
    let mut figures =
        vec![("computing", style.span(tool.compute_ns)), ("waiting", style.span(tool.wait_ns))];
    for fetch in &tool.fetches {
        let end = match (fetch.status, &fetch.error) {
            (Some(status), _) => status.to_string(),
            (None, Some(error)) => plain(error),
            (None, None) => "unknown".to_owned(),
        };
        let (method, url) = (plain(&fetch.method), plain(&fetch.url));
        figures.push(("fetch", format!("{method} {url}: {end}, {}", style.span(fetch.took_ns))));
    }
    figures
}

/// The tokens of a prompt by what they are: `tools 220, system 140`.
fn parts_of(session: &Session, chat: &ChatStep) -> String {
    let kinds = [
        PromptPartKind::Tools,
        PromptPartKind::System,
        PromptPartKind::User,
        PromptPartKind::Assistant,
        PromptPartKind::Tool,
    ];
    let parts: Vec<_> =
        chat.prompt.places().filter_map(|place| session.prompt_parts.get(place)).collect();
    let sums = kinds.map(|kind| {
        let own = parts.iter().filter(|part| part.kind == kind);
        (kind.word(), own.map(|part| part.tokens).sum::<u64>())
    });
    let sums = sums.into_iter().filter(|(_, tokens)| *tokens > 0);
    sums.map(|(word, tokens)| format!("{word} {}", count(tokens))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;

    const STYLE: Style = Style { width: 90, colour: false, ascii: false };

    #[test]
    fn a_chat_shows_every_figure_and_what_was_said() {
        let said = vec![("user".to_owned(), "How fast?\u{1b}[2J".to_owned())];
        insta::assert_snapshot!(step_view(&examples::guide(), 0, &said, STYLE), @r"
        step 0 of 4: chat with gpt-oss-120b on rubin-groq3, on the critical path
          begins at      2.00 ms
          time           238 ms
          queue          4.00 ms
          prefill        31.0 ms
          transfer       3.00 ms
          decode         200 ms
          to first token 40.0 ms
          inter-token    637 µs
          tokens/s/user  1,571
          prompt         1,204 tokens, 0 cached
          reply          312 tokens
          energy         250 mJ
          cost           $0.00310
          user
            How fast?\u{1b}[2J
        ");
    }

    #[test]
    fn a_call_that_failed_says_why_and_what_is_unknown_reads_so() {
        insta::assert_snapshot!(step_view(&examples::lost(), 2, &[], STYLE), @r"
        step 2 of 5: tool reserve, on the critical path
          begins at      8.00 ms
          time           2.00 ms
          computing      1.00 ms
          waiting        1.00 ms
          error          failed: no seat\u{1b}[2J left
        ");
        let view = step_view(&examples::lost(), 1, &[], STYLE);
        assert!(view.contains("energy         unknown\n"), "{view}");
        assert_eq!(step_view(&examples::lost(), 99, &[], STYLE), "");
    }
}
