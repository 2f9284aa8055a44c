//! The screen of two recordings that are held against each other.

use std::cmp::Ordering;

use timeslip_report::text::{count, counted, plain};
use timeslip_timeline::conversation::Role;
use timeslip_timeline::time::Span;

use super::diff::{Both, ComparedChat, ComparedRequest, ComparedStep, Comparison, Parting};
use super::facts::ToldTokens;
use super::listed;
use super::show::{name_of_reason, name_of_role};

/// What differs, chat by chat, and a line that sums it up.
pub(super) fn screen(comparison: &Comparison<'_>) -> String {
    let files = Both { before: plain(comparison.before), now: plain(comparison.now) };
    let mut text = format!("before  {}\nnow     {}\n\n", files.before, files.now);
    let mut told: Vec<(&ComparedRequest, usize)> = Vec::new();
    for chat in &comparison.chats {
        text += &chat_told(chat, &mut told);
    }
    for (file, chats) in
        [(&files.before, &comparison.only_before), (&files.now, &comparison.only_now)]
    {
        if !chats.is_empty() {
            text += &format!("only {file} has {}\n", listed("chat", chats));
        }
    }
    for step in &comparison.steps {
        text += &step_told(step, &files);
    }
    text + &summary(comparison)
}

/// A chat of both. A request that differs as an earlier one did is not shown again: conversations
/// are sent whole with every chat.
fn chat_told<'c>(
    chat: &'c ComparedChat<'_>,
    told: &mut Vec<(&'c ComparedRequest, usize)>,
) -> String {
    let mut text = match chat.before == chat.now {
        true => format!("chat {}", chat.before),
        false => format!("chat {}, now chat {}", chat.before, chat.now),
    };
    text += if chat.equal { ": equal\n" } else { ": different\n" };
    if let Some(request) = &chat.request {
        match told.iter().find(|(earlier, _)| *earlier == request) {
            Some((_, earlier)) => text += &row("request", &format!("as that of chat {earlier}")),
            None => {
                told.push((request, chat.before));
                text += &request_told(request);
            }
        }
    }
    if let Some(errors) = &chat.error {
        let [before, now] = [&errors.before, &errors.now]
            .map(|error| error.as_deref().map_or_else(|| "a reply".to_owned(), plain));
        text += &row("outcome", &format!("{before}; now {now}"));
    }
    for (label, texts) in [("reply", &chat.reply), ("calls", &chat.tool_calls)] {
        if let Some(texts) = texts {
            text += &texts_told(label, "", texts);
        }
    }
    if let Some(reasons) = chat.finish_reason {
        let [before, now] = [reasons.before, reasons.now].map(name_of_reason);
        text += &row("ended by", &format!("{before}; now {now}"));
    }
    text + &measured(chat)
}

/// Tokens and times, and who answered.
fn measured(chat: &ComparedChat<'_>) -> String {
    let mut text = String::new();
    if let Some(tokens) = chat.tokens {
        text += &row(
            "tokens",
            &format!("{}; now {}", tokens_told(tokens.before), tokens_told(tokens.now)),
        );
    }
    if let Some(served) = chat.served_model {
        text += &row("served by", &format!("{}; now {}", plain(served.before), plain(served.now)));
    }
    if let Some((first, end)) = chat.ttft_ns.zip(chat.e2e_ns) {
        let (first, end) = (change("TTFT", first), change("end-to-end", end));
        text += &row("times", &format!("{first}; {end}"));
    }
    text
}

fn request_told(request: &ComparedRequest) -> String {
    let Some(number) = request.message else {
        let part = request.part.unwrap_or_default();
        return match &request.texts {
            Some(texts) => texts_told("request", &format!("{part}, "), texts),
            None => row("request", part),
        };
    };
    let role = |role: Option<Role>| role.map_or("nothing", name_of_role);
    let roles = match (request.role.before, request.role.now) {
        (before, now) if before == now => role(before).to_owned(),
        (before, now) => format!("{}; now {}", role(before), role(now)),
    };
    let what = format!("message {number} ({roles})");
    match &request.texts {
        Some(texts) => texts_told("request", &format!("{what}, "), texts),
        None => row("request", &what),
    }
}

fn step_told(step: &ComparedStep, files: &Both<String>) -> String {
    let what = plain(&step.what);
    match (step.line.before, step.line.now, &step.texts) {
        (Some(before), Some(now), Some(texts)) => {
            let head = format!("{what} (line {before}, now line {now}): different\n");
            head + &texts_told("text", "", texts)
        }
        (Some(line), None, _) => format!("only {} has {what} (line {line})\n", files.before),
        (_, line, _) => {
            format!("only {} has {what} (line {})\n", files.now, line.unwrap_or_default())
        }
    }
}

fn texts_told(label: &str, what: &str, texts: &Parting) -> String {
    let head = row(label, &format!("{what}from character {}", count(texts.character as u64)));
    let line = |label: &str, text: &str| row("", &format!("{label:<7} {}", plain(text)));
    head + &line("before", &texts.before) + &line("now", &texts.now)
}

fn row(label: &str, text: &str) -> String {
    format!("  {label:<10} {text}\n")
}

fn tokens_told(tokens: ToldTokens) -> String {
    let cached = match tokens.cached_input_tokens {
        0 => String::new(),
        cached => format!(" ({} cached)", count(cached)),
    };
    format!("{} in{cached}, {} out", count(tokens.input_tokens), count(tokens.output_tokens))
}

fn change(what: &str, spans: Both<Span>) -> String {
    let Both { before, now } = spans;
    let change = match now.cmp(&before) {
        Ordering::Equal => return format!("{what} {now}"),
        Ordering::Greater => format!("+{}", now.saturating_sub(before)),
        Ordering::Less => format!("−{}", before.saturating_sub(now)),
    };
    format!("{what} {before}, now {now} ({change})")
}

fn summary(comparison: &Comparison<'_>) -> String {
    let both = comparison.chats.len();
    let equal = comparison.chats.iter().filter(|chat| chat.equal).count();
    let only = comparison.only_before.len() + comparison.only_now.len();
    let only = match only {
        0 => String::new(),
        only => format!(", {} that only one has", counted(only as u64, "chat")),
    };
    let steps = match comparison.steps.len() {
        0 => String::new(),
        steps => format!(", {} different", counted(steps as u64, "other step")),
    };
    let answer = if comparison.equal { "equal" } else { "different" };
    format!(
        "\n{answer}: {} of {} equal{only}{steps}\n",
        count(equal as u64),
        counted(both as u64, "chat")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cassette::examples;

    fn compared(before: &str, now: &str) -> (bool, String) {
        let (before, now) = (examples::parsed(before), examples::parsed_as("again.jsonl", now));
        let comparison = Comparison::of(&before, &now);
        (comparison.equal, screen(&comparison))
    }

    #[test]
    fn times_and_cached_tokens_alone_are_no_difference() {
        let before = examples::desk();
        let now = before.replace("\"decode_ns\":80000000", "\"decode_ns\":60000000");
        let now = now.replace("\"cached_input_tokens\":64", "\"cached_input_tokens\":1024");
        let (equal, screen) = compared(&before, &now);
        assert!(equal, "{screen}");
        insta::assert_snapshot!(screen);
    }

    #[test]
    fn what_differs_is_told_where_it_begins_and_once() {
        let before = examples::desk();
        let now = before
            .replace("Seattle on Monday", "Portland on Monday")
            .replace("Shall I book it?", "Shall I?")
            .replace("{\\\"to\\\":\\\"SEA\\\"}\"}]", "{\\\"to\\\":\\\"PDX\\\"}\"}]")
            .replace("\"finish_reason\":\"length\"", "\"finish_reason\":\"stop\"")
            .replace("\"output_tokens\":9", "\"output_tokens\":7")
            .replace("HAT001\\\"}]\",\"tool", "HAT002\\\"}]\",\"tool")
            .replace("503 Service", "502 Service");
        let (equal, screen) = compared(&before, &now);
        assert!(!equal, "{screen}");
        insta::assert_snapshot!(screen);
    }

    #[test]
    fn chats_and_calls_that_only_one_has_are_named() {
        let desk = examples::desk();
        let shorter: Vec<&str> = desk.lines().take(6).collect();
        let (equal, screen) = compared(&desk, &shorter.join("\n"));
        assert!(!equal);
        insta::assert_snapshot!(screen);
    }
}
