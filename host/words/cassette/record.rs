//! Writes what a session does into a cassette while it does it.

use std::collections::HashMap;

use timeslip_timeline::conversation::ToolDefinition;
use timeslip_timeline::http::Fetch;
use timeslip_timeline::observed::{CountedBy, Observed};
use timeslip_timeline::record::{ChatEnd, ChatStep, Step, StepKind, ToolStep, UserStep};
use timeslip_timeline::time::{Instant, Span};

use super::Cassette;
use super::fetch_lines::FetchLine;
use super::fetches::key_of_fetch;
use super::key::{Key, key_of_call};
use super::lines::{Header, ServerLine, UsageLine};
use super::observed_lines::{AttemptLine, TimingLine};
use super::write::CassetteWriter;
use crate::redact::{redact, redacted_fetch, redacted_message, redacted_request};

/// Records one session: every chat, tool call and question to the user that was answered or failed,
/// and what its tools fetched, without what looks like a secret.
///
/// A session that goes on with a cassette does again what stands in it. So what the cassette holds is
/// expected as often as it stands there, and written only when it comes more often.
pub struct CassetteRecorder {
    header: Header,
    writer: CassetteWriter,
    expected: Expected,
    servers: Vec<ServerLine>,
}

/// How often something stands in a cassette that its session has not come to yet.
#[derive(Clone, Debug, Default)]
struct Expected {
    chats: HashMap<Key, u64>,
    tools: HashMap<Key, u64>,
    answers: HashMap<String, u64>,
    fetches: HashMap<Key, u64>,
}

impl CassetteRecorder {
    /// Begins a cassette.
    pub fn new(header: Header) -> CassetteRecorder {
        let writer = CassetteWriter::new(header.clone());
        CassetteRecorder { header, writer, expected: Expected::default(), servers: Vec::new() }
    }

    /// Goes on with a cassette.
    pub fn after(cassette: &Cassette) -> CassetteRecorder {
        let mut expected = Expected::default();
        for (key, chats) in &cassette.chats_by_key {
            expected.chats.insert(*key, chats.len() as u64);
        }
        for call in &cassette.tools {
            *expected.tools.entry(key_of_call(&call.name, &call.arguments)).or_default() += 1;
        }
        for answer in &cassette.answers {
            *expected.answers.entry(answer.question.clone()).or_default() += 1;
        }
        for (key, fetches) in &cassette.fetches_by_key {
            expected.fetches.insert(*key, fetches.len() as u64);
        }
        let header = cassette.header.clone();
        let servers = cassette.servers.clone();
        CassetteRecorder { header, writer: CassetteWriter::after(cassette), expected, servers }
    }

    /// What stands in the cassette of a server.
    pub(super) fn known_server(&self, name: &str) -> Option<&[ToolDefinition]> {
        let known = self.servers.iter().find(|server| server.name == name)?;
        Some(&known.definitions)
    }

    /// Writes a server's line.
    pub(super) fn write_server(&mut self, line: ServerLine) {
        self.writer.server(&line);
        self.servers.push(line);
    }

    /// What was written since this was last called, whole lines.
    pub(super) fn take_text(&mut self) -> &str {
        self.writer.take_text()
    }

    /// The first text of a new cassette; nothing where one goes on.
    pub fn beginning(&mut self) -> &str {
        self.writer.take_text()
    }

    /// Takes a step that is over, and gives the text to append to the cassette: whole lines, or
    /// nothing.
    pub fn step(&mut self, step: &Step) -> &str {
        match &step.kind {
            StepKind::Chat(chat) => self.chat(step.asked_at, chat),
            StepKind::Tool(tool) => self.tool(tool),
            StepKind::User(user) => self.user(user, step.end_to_end()),
            StepKind::Sleep => {}
        }
        self.writer.take_text()
    }

    /// Takes a fetch that is over or was given up, and gives the text to append to the cassette.
    pub fn fetch(&mut self, fetch: &Fetch) -> &str {
        let fetch = redacted_fetch(fetch);
        if !is_one_of(self.expected.fetches.get_mut(&key_of_fetch(&fetch.request))) {
            self.writer.fetch(FetchLine::of(&fetch));
        }
        self.writer.take_text()
    }

    fn chat(&mut self, asked_at: Instant, chat: &ChatStep) {
        if matches!(chat.end, ChatEnd::Cancelled) {
            return;
        }
        let request = redacted_request(&chat.request);
        let reply = chat.reply.as_ref().map(redacted_message);
        if is_one_of(self.expected.chats.get_mut(&self.header.key_of(&request))) {
            return reply.iter().for_each(|reply| self.writer.heard(reply));
        }
        let mut line = self.writer.chat_line(&request);
        line.timing = Some(TimingLine::new(asked_at, &chat.timing));
        if let Some(observed) = &chat.observed {
            line.chunks_ns = Some(observed.chunks.iter().map(|at| at.as_nanos()).collect());
            line.attempts = attempts(observed);
            line.served_model.clone_from(&observed.served_model);
        }
        match (&chat.end, &reply) {
            (ChatEnd::Replied(finish_reason), Some(reply)) => {
                line.usage = Some(usage(chat));
                self.writer.add_reply(line, reply, *finish_reason);
            }
            (ChatEnd::Failed(error), _) => self.writer.add_error(line, error),
            _ => unreachable!("a chat has a reply, an error, or was given up"),
        }
    }

    fn tool(&mut self, tool: &ToolStep) {
        let (output, ok) = match &tool.output {
            Some(Ok(output)) => (output.to_string(), true),
            Some(Err(error)) => (error.to_string(), false),
            None => return,
        };
        let arguments = redact(&tool.arguments);
        let before = self.expected.tools.get_mut(&key_of_call(&tool.tool, &arguments));
        if !is_one_of(before) {
            self.writer.tool(&tool.tool, &arguments, &redact(&output), ok);
        }
    }

    fn user(&mut self, user: &UserStep, took: Span) {
        let Some(Ok(answer)) = &user.answer else {
            return;
        };
        let question = redact(&user.message);
        if !is_one_of(self.expected.answers.get_mut(&*question)) {
            self.writer.user(&question, &redact(answer), took);
        }
    }
}

fn usage(chat: &ChatStep) -> UsageLine {
    let observed = chat.observed.as_ref();
    UsageLine {
        reasoning_tokens: observed.and_then(|observed| observed.reasoning_tokens),
        counted: observed.is_none_or(|observed| observed.counted_by == CountedBy::Tokenizer),
        ..UsageLine::from(chat.usage)
    }
}

/// Whether there is one left, which is then used up.
fn is_one_of(left: Option<&mut u64>) -> bool {
    match left {
        Some(left) if *left > 0 => {
            *left -= 1;
            true
        }
        _ => false,
    }
}

/// The requests that were sent, where there is more to tell than the chat's own times do.
fn attempts(observed: &Observed) -> Vec<AttemptLine> {
    match observed.attempts.as_slice() {
        [only] if only.error.is_none() => Vec::new(),
        attempts => attempts.iter().map(AttemptLine::from).collect(),
    }
}
