//! `timeslip cassette show`: a recorded conversation, to be read.

use timeslip_report::text::{count, counted, plain, wrapped};
use timeslip_timeline::conversation::{FinishReason, Role};
use timeslip_timeline::time::Span;
use timeslip_words::cassette::{KeyPart, TokenSource};

use super::facts::{
    Conversation, Relation, Told, ToldChat, ToldChunks, ToldMessage, ToldTimes, ToldTokens,
};
use super::fetches::ToldFetch;
use super::{CassetteShowArgs, print_json, read};
use crate::exit::{Exit, Failure};
use crate::output;

/// The lines that are shown of a long text.
const LINES_SHOWN: usize = 5;
/// Columns before a text: the indent, and what it is.
const LABEL_COLUMNS: usize = 13;
/// The fewest columns that a text is broken into.
const NARROWEST: usize = 40;

/// Prints one recording.
pub(super) fn show(args: &CassetteShowArgs) -> Result<Exit, Failure> {
    let cassette = read(&args.file)?;
    let conversation = Conversation::of(&cassette);
    match args.json {
        true => print_json(&conversation)?,
        false => output::print(&screen(&conversation, args.full, output::width()))?,
    }
    Ok(Exit::Pass)
}

/// A conversation on a screen of so many columns.
pub(super) fn screen(conversation: &Conversation<'_>, is_full: bool, width: usize) -> String {
    let columns = width.saturating_sub(LABEL_COLUMNS).max(NARROWEST);
    let any = |has: fn(&ToldChat<'_>) -> bool| {
        conversation.entries.iter().any(|entry| matches!(entry, Told::Chat(chat) if has(chat)))
    };
    let mut screen = Screen {
        text: String::new(),
        is_full,
        columns,
        has_tokens: any(|chat| chat.tokens.is_some()),
        has_times: any(|chat| chat.times.is_some()),
    };
    screen.header(conversation);
    for entry in &conversation.entries {
        screen.text.push('\n');
        match entry {
            Told::Chat(chat) => screen.chat(chat),
            Told::Tool { line, name, arguments, output, ok } => {
                screen.head(&format!("tool {} (line {line})", plain(name)));
                screen.block("arguments", arguments);
                screen.block(if *ok { "output" } else { "error" }, output);
            }
            Told::Fetch(fetch) => screen.fetch(fetch),
            Told::User { line, question, question_on_line, answer, after_ns } => {
                screen.head(&format!("user (line {line})"));
                match question_on_line {
                    Some(line) => screen.row("question", &format!("(as on line {line})")),
                    None => screen.block("question", question),
                }
                screen.block("answer", answer);
                screen.row("times", &format!("answered after {after_ns}"));
            }
        }
    }
    screen.text
}

struct Screen {
    text: String,
    is_full: bool,
    columns: usize,
    /// Whether any chat has them; where none has, that is said once.
    has_tokens: bool,
    has_times: bool,
}

impl Screen {
    fn head(&mut self, text: &str) {
        self.text += &format!("{text}\n");
    }

    /// A row of this program's own words, broken where it does not fit.
    fn row(&mut self, label: &str, text: &str) {
        self.rows(label, &wrapped(text, self.columns));
    }

    fn rows(&mut self, label: &str, lines: &[String]) {
        let labels = std::iter::once(label).chain(std::iter::repeat(""));
        for (label, line) in labels.zip(lines) {
            let row = format!("  {label:<10} {line}");
            self.text += &format!("{}\n", row.trim_end());
        }
    }

    /// A text that somebody wrote, shortened unless it is to be whole.
    fn block(&mut self, label: &str, text: &str) {
        if text.trim().is_empty() {
            return self.row(label, "(no text)");
        }
        if self.is_full {
            return self.row(label, text);
        }
        let all = text.chars().count();
        let most = LINES_SHOWN * self.columns;
        let beginning: String = text.chars().take(most).collect();
        let mut lines = wrapped(&beginning, self.columns);
        if lines.len() > LINES_SHOWN || all > most {
            lines.truncate(LINES_SHOWN);
            lines.push(format!("… ({} in all)", counted(all as u64, "character")));
        }
        self.rows(label, &lines);
    }

    fn header(&mut self, conversation: &Conversation<'_>) {
        let Conversation { file, name, source, .. } = conversation;
        match name.is_empty() {
            true => self.head(&plain(file)),
            false => self.head(&format!("{} ({})", plain(name), plain(file))),
        }
        self.row("source", source);
        self.row("model", conversation.recorded_model.unwrap_or("unknown"));
        let key: Vec<&str> = conversation.key.iter().copied().map(name_of_part).collect();
        self.row("key", &key.join(", "));
        self.row(
            "tokens",
            match conversation.tokens {
                TokenSource::Counted => "counted by the run that plays it",
                TokenSource::Recorded => "as recorded",
            },
        );
        for rewrite in conversation.rewrites {
            let times = counted(rewrite.applied, "output");
            let (from, to) = (&rewrite.from, &rewrite.to);
            self.row("rewritten", &format!("{}: {from} => {to} in {times}", rewrite.tool));
        }
        self.row("redacted", if conversation.redacted { "yes" } else { "no" });
        let mut holds = vec![
            counted(conversation.chats as u64, "chat"),
            counted(conversation.tool_calls as u64, "tool call"),
            format!("{} of the user", counted(conversation.answers as u64, "answer")),
        ];
        if conversation.fetches > 0 {
            holds.push(format!("{} of tools", fetches(conversation.fetches)));
        }
        self.row("holds", &holds.join(", "));
        let lacking = lacking(self.has_tokens, self.has_times);
        if let Some(lacking) = lacking.filter(|_| conversation.chats > 0) {
            self.row("lacks", lacking);
        }
        if conversation.cut_off {
            self.row("cut off", "the last line is not whole, and is passed over");
        }
    }

    fn chat(&mut self, chat: &ToldChat<'_>) {
        self.head(&format!("chat {} (line {})", chat.number, chat.line));
        if let Some(note) = beginning(chat) {
            self.row("follows", &note);
        }
        if let Some(model) = chat.model.filter(|model| !model.is_empty()) {
            self.row("model", model);
        }
        for message in &chat.new_messages {
            self.message(message);
        }
        if let Some(reply) = &chat.reply {
            self.message(reply);
        }
        if let Some(error) = &chat.error {
            self.block("error", error);
        }
        self.measured(chat);
    }

    fn fetch(&mut self, fetch: &ToldFetch<'_>) {
        self.head(&format!("fetch (line {})", fetch.line));
        self.block("request", &format!("{} {}", fetch.method, fetch.url));
        for header in &fetch.request_headers {
            self.block("", &format!("{}: {}", header.name, header.value));
        }
        if let Some(body) = &fetch.request_body {
            self.block("body", body);
        }
        if let Some(status) = fetch.status {
            let kind = fetch.headers.iter().find(|header| header.name == "content-type");
            let kind = kind.map_or_else(String::new, |kind| format!(", {}", kind.value));
            self.block("response", &format!("{status}{kind}"));
        }
        if let Some(body) = &fetch.body {
            self.block("body", body);
        }
        if let Some(error) = &fetch.error {
            self.block("error", error);
        }
        let end = if fetch.given_up { "given up after" } else { "took" };
        self.row("times", &format!("{end} {}", fetch.took_ns));
    }

    fn message(&mut self, message: &ToldMessage<'_>) {
        let role = name_of_role(message.role);
        match message.as_on_line {
            Some(line) => self.row(role, &format!("(as on line {line})")),
            None if message.content.is_empty() && !message.tool_calls.is_empty() => {}
            None => self.block(role, message.content),
        }
        for call in message.tool_calls {
            self.block("calls", &format!("{} {}", call.name, call.arguments));
        }
    }

    /// Why a reply ended, tokens, and times.
    fn measured(&mut self, chat: &ToldChat<'_>) {
        if let Some(reason) = chat.finish_reason {
            self.row("ended by", name_of_reason(reason));
        }
        if let Some(model) = chat.served_model {
            self.row("served by", model);
        }
        if let Some(tokens) = &chat.tokens {
            self.row("tokens", &tokens_told(tokens));
        } else if chat.error.is_none() && self.has_tokens {
            self.row("tokens", "not recorded");
        }
        match &chat.times {
            Some(times) => {
                self.row("asked at", &Span::from_nanos(times.asked_at_ns).to_string());
                self.row("times", &times_told(times, chat.error.is_some()));
            }
            None if self.has_times => self.row("times", "not recorded"),
            None => {}
        }
        if let Some(chunks) = &chat.chunks {
            self.row("chunks", &chunks_told(chunks));
        }
        for (at, attempt) in chat.attempts.iter().enumerate() {
            let label = if at == 0 { "attempts" } else { "" };
            let outcome = attempt.error.map_or_else(String::new, |error| format!(": {error}"));
            let sent =
                format!("{}, sent after {}, took {}", at + 1, attempt.at_ns, attempt.lasted_ns);
            self.block(label, &format!("{sent}{outcome}"));
        }
    }
}

/// So many fetches, in words.
pub(super) fn fetches(number: usize) -> String {
    match number {
        1 => "1 fetch".to_owned(),
        number => format!("{} fetches", count(number as u64)),
    }
}

/// What no chat of a recording has.
fn lacking(has_tokens: bool, has_times: bool) -> Option<&'static str> {
    match (has_tokens, has_times) {
        (true, true) => None,
        (true, false) => Some("the times of all chats"),
        (false, true) => Some("the tokens of all chats"),
        (false, false) => Some("the tokens and the times of all chats"),
    }
}

/// With what a chat goes on, unless that is the chat just before it.
fn beginning(chat: &ToldChat<'_>) -> Option<String> {
    let other = chat.follows.unwrap_or_default();
    match chat.relation {
        Relation::Begins if chat.number == 1 => None,
        Relation::GoesOn if other + 1 == chat.number => None,
        Relation::Begins => Some("no chat: it begins a conversation".to_owned()),
        Relation::GoesOn => Some(format!("chat {other}")),
        Relation::Repeats => Some(format!("chat {other}, asking the same")),
        Relation::Branches => {
            Some(format!("chat {other} up to its message {}", count(chat.known_messages as u64)))
        }
    }
}

fn tokens_told(tokens: &ToldTokens) -> String {
    let part = |tokens: u64, name: &str| match tokens {
        0 => String::new(),
        tokens => format!(" ({} {name})", count(tokens)),
    };
    let by = if tokens.counted { "; counted by the recorder" } else { "" };
    format!(
        "{} in{}, {} out{}{by}",
        count(tokens.input_tokens),
        part(tokens.cached_input_tokens, "cached"),
        count(tokens.output_tokens),
        part(tokens.reasoning_tokens.unwrap_or(0), "reasoning"),
    )
}

fn times_told(times: &ToldTimes, is_failure: bool) -> String {
    let (first, end) = (times.ttft_ns, times.e2e_ns);
    let between = times.inter_token_ns.map(|span| format!(", inter-token {span}"));
    match is_failure {
        true => format!("failed after {end}"),
        false => format!("TTFT {first}{}, end-to-end {end}", between.unwrap_or_default()),
    }
}

fn chunks_told(chunks: &ToldChunks) -> String {
    let count = count(chunks.count as u64);
    match (chunks.gap_p50_ns, chunks.gap_max_ns) {
        (Some(middle), Some(most)) => {
            format!("{count}, gaps between them p50 {middle}, max {most}")
        }
        _ => count,
    }
}

fn name_of_part(part: KeyPart) -> &'static str {
    match part {
        KeyPart::Messages => "messages",
        KeyPart::Model => "model",
        KeyPart::Tools => "tools",
        KeyPart::Options => "options",
    }
}

/// A role, as a recording writes it.
pub(super) fn name_of_role(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    }
}

/// Why a reply ended, as a recording writes it.
pub(super) fn name_of_reason(reason: FinishReason) -> &'static str {
    match reason {
        FinishReason::Stop => "stop",
        FinishReason::Length => "length",
        FinishReason::ToolCalls => "tool_calls",
        FinishReason::ContentFilter => "content_filter",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cassette::examples;

    fn shown(text: &str, is_full: bool, width: usize) -> String {
        let cassette = examples::parsed(text);
        screen(&Conversation::of(&cassette), is_full, width)
    }

    #[test]
    fn a_recording_reads_like_the_conversation() {
        insta::assert_snapshot!(shown(&examples::desk(), false, 80));
    }

    #[test]
    fn chats_that_do_not_follow_the_one_before_say_which_they_follow() {
        insta::assert_snapshot!(shown(&examples::branches(), false, 80));
    }

    #[test]
    fn a_long_text_is_shortened_unless_it_is_to_be_whole() {
        let text = examples::saying(&"word ".repeat(100));
        let (short, full) = (shown(&text, false, 80), shown(&text, true, 80));
        assert!(short.contains("… (500 characters in all)"), "{short}");
        assert_eq!(short.matches("word").count(), 5 * 13, "{short}");
        assert_eq!(full.matches("word").count(), 100, "{full}");
        assert!(full.lines().chain(short.lines()).all(|line| line.len() <= 80), "{full}");
    }

    #[test]
    fn nothing_in_a_text_acts_on_the_terminal() {
        let text = examples::saying(r"a\u001b[31mb\u0007\r\u202ec");
        for is_full in [false, true] {
            let shown = shown(&text, is_full, 80);
            assert!(shown.contains(r"a\u{1b}[31mb\u{7}\r\u{202e}c"), "{shown}");
        }
    }
}
