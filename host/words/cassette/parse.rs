//! Reads a cassette, and says exactly what is wrong with one that cannot be read.

use std::collections::HashMap;

use serde_json::Value;
use timeslip_timeline::backend::ChatTiming;
use timeslip_timeline::conversation::{ChatOptions, Message, Role, Usage};
use timeslip_timeline::time::{Instant, Span};

use super::lines::{
    ChatLine, Header, KEYS, KINDS, KeyPart, Line, MessageLine, ReplyLine, ToolLine, UserLine,
};
use super::observed_lines::{TimingLine, observed};
use super::{Cassette, RecordedAnswer, RecordedChat, RecordedOutcome, RecordedToolCall, SCHEMA};
use crate::digest::sha256_hex;
use crate::error::{FileError, suggestion};

/// The longest line that is read. A longer one is no recording, and would only fill the memory.
const LINE_BYTES_MAX: usize = 64 << 20;

/// The keys under which objects stand that have keys of their own.
const OBJECTS: [&str; 9] = [
    "reply",
    "error",
    "usage",
    "timing",
    "attempts",
    "tool_calls",
    "rewrites",
    "response",
    "headers",
];

/// What is wrong, in which column if that is known, and the fix.
type Fault = (Option<usize>, String, String);

impl Cassette {
    /// Reads a cassette from the bytes of a file; `file` names it in messages.
    ///
    /// # Errors
    /// When the bytes are no cassette of this schema, naming the line, the column and the fix.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Cassette, FileError> {
        let located = |line: Option<usize>, (column, problem, fix): Fault| FileError {
            file: file.to_owned(),
            line,
            column,
            problem,
            fix,
        };
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let line = bytes[..error.valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
            located(Some(line), not_utf8())
        })?;
        let mut lines = text.split_inclusive('\n').enumerate().map(|(at, line)| (at + 1, line));
        let (number, first) = lines
            .by_ref()
            .find(|(_, line)| !line.trim().is_empty())
            .ok_or_else(|| located(None, empty_file()))?;
        let header = read_header(first).map_err(|fault| located(Some(number), fault))?;
        let mut cassette = Cassette::with_header(file, sha256_hex(bytes), header);
        cassette.whole_bytes = bytes.len();
        for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
            if is_torn(line) {
                cassette.is_cut_off = true;
                cassette.whole_bytes -= line.len();
                break;
            }
            read_line(line)
                .and_then(|line| cassette.add_line(number, line))
                .map_err(|fault| located(Some(number), fault))?;
        }
        Ok(cassette)
    }

    fn with_header(file: &str, digest: String, header: Header) -> Cassette {
        Cassette {
            file: file.to_owned(),
            digest,
            header,
            messages: Vec::new(),
            message_keys: Vec::new(),
            tool_lists: Vec::new(),
            chats: Vec::new(),
            tools: Vec::new(),
            answers: Vec::new(),
            servers: Vec::new(),
            fetches: Vec::new(),
            fetches_by_key: HashMap::new(),
            chats_by_key: HashMap::new(),
            whole_bytes: 0,
            is_cut_off: false,
        }
    }

    fn add_line(&mut self, number: usize, line: Line) -> Result<(), Fault> {
        match line {
            Line::Cassette(_) => {
                return Err(fault(
                    "a second header: one cassette is one file",
                    "put what follows into a file of its own",
                ));
            }
            Line::Message(line) => drop(self.add_message(line.into())),
            Line::Tools(line) => self.tool_lists.push(line.definitions),
            Line::Chat(line) => self.add_chat_line(number, *line)?,
            Line::Tool(line) => self.add_tool_line(number, line),
            Line::User(line) => self.add_user_line(number, line)?,
            Line::Server(line) => {
                let added = self.add_server_line(line);
                added.map_err(|(problem, fix)| (None, problem, fix))?;
            }
            Line::Fetch(line) => {
                let added = self.add_fetch_line(number, *line);
                added.map_err(|(problem, fix)| (None, problem, fix))?;
            }
        }
        Ok(())
    }

    fn add_chat_line(&mut self, number: usize, line: ChatLine) -> Result<(), Fault> {
        self.check_ranges(&line.messages)?;
        self.check_key_parts(&line)?;
        let options = line.options.map(read_options).transpose()?;
        let timing = line.timing.as_ref().map(read_timing).transpose()?;
        let next = self.messages.len();
        let (outcome, reply) = match (line.reply, line.finish_reason, line.error) {
            (Some(reply), Some(finish_reason), None) => {
                (RecordedOutcome::Reply(next, finish_reason), Some(message_of(reply)))
            }
            (None, None, Some(error)) => (RecordedOutcome::Error(error.into()), None),
            _ => {
                return Err(fault(
                    "a chat ends with `reply` and `finish_reason`, or with `error` alone",
                    "give it the one or the other",
                ));
            }
        };
        let observed =
            observed(line.chunks_ns, line.attempts, line.usage.as_ref(), line.served_model);
        let chat = RecordedChat {
            line: number,
            ranges: line.messages,
            model: line.model,
            tools: line.tools,
            options,
            outcome,
            usage: line.usage.map(Usage::from),
            timing,
            observed,
        };
        self.add_chat(chat);
        if let Some(reply) = reply {
            self.add_message(reply);
        }
        Ok(())
    }

    fn check_ranges(&self, ranges: &[[usize; 2]]) -> Result<(), Fault> {
        let defined = self.messages.len();
        let wrong = ranges.iter().find(|[from, to]| from >= to || *to > defined);
        if let Some([from, to]) = wrong {
            return Err(fault(
                format!("the range [{from}, {to}] does not lie in the {defined} messages so far"),
                format!("use ranges [from, to] with from < to and to at most {defined}"),
            ));
        }
        if ranges.is_empty() {
            return Err(fault("a chat without messages", "give at least one range of messages"));
        }
        Ok(())
    }

    fn check_key_parts(&self, line: &ChatLine) -> Result<(), Fault> {
        if let Some(list) = line.tools.filter(|list| *list >= self.tool_lists.len()) {
            return Err(fault(
                format!("`tools` is {list}, but {} lists were defined", self.tool_lists.len()),
                "define the list by a `tools` line before this one; lists count from 0",
            ));
        }
        let missing = self.header.key.iter().find_map(|part| match part {
            KeyPart::Tools if line.tools.is_none() => Some("tools"),
            KeyPart::Options if line.options.is_none() => Some("options"),
            KeyPart::Model if line.model.is_none() => Some("model"),
            _ => None,
        });
        match missing {
            None => Ok(()),
            Some(part) => Err(fault(
                format!("the header's key holds `{part}`, but this chat does not say it"),
                format!("add `{part}` to the chat, or take it out of the header's key"),
            )),
        }
    }

    fn add_tool_line(&mut self, number: usize, line: ToolLine) {
        let output = self.add_message(Message {
            role: Role::Tool,
            content: line.output,
            tool_calls: Vec::new(),
            tool_call_id: line.tool_call_id,
        });
        self.tools.push(RecordedToolCall {
            line: number,
            name: line.name,
            arguments: line.arguments,
            output,
            ok: line.ok,
        });
    }

    fn add_user_line(&mut self, number: usize, line: UserLine) -> Result<(), Fault> {
        let before = self.messages.last().map(|message| message.content.clone());
        let question = line.question.or(before).ok_or_else(|| {
            fault("a user line without a question, and no message before it", "add `question`")
        })?;
        let answer = self.add_message(Message::text(Role::User, line.answer));
        let after = Span::from_nanos(line.after_ns);
        self.answers.push(RecordedAnswer { line: number, question, answer, after });
        Ok(())
    }
}

fn message_of(reply: ReplyLine) -> Message {
    MessageLine {
        role: Role::Assistant,
        content: reply.content,
        tool_calls: reply.tool_calls,
        tool_call_id: None,
    }
    .into()
}

fn read_header(text: &str) -> Result<Header, Fault> {
    // The schema is looked at first: a header of another version may have other keys.
    if let Ok(Value::Object(header)) = serde_json::from_str(text)
        && let Some(Value::String(schema)) = header.get("schema")
        && schema != SCHEMA
    {
        return Err(wrong_schema(schema));
    }
    let Line::Cassette(header) = read_line(text)? else {
        return Err(fault(
            "the first line is not a cassette's header",
            format!(
                r#"begin with {{"kind":"cassette","schema":"{SCHEMA}","source":"…","key":["messages"]}}"#
            ),
        ));
    };
    if !header.key.contains(&KeyPart::Messages) {
        return Err(fault(
            "the key leaves out the messages, so every request would be the same",
            r#"write "key":["messages"], with "model", "tools" or "options" added as needed"#,
        ));
    }
    Ok(header)
}

fn wrong_schema(schema: &str) -> Fault {
    let version = schema.strip_prefix("timeslip.cassette/").and_then(|v| v.parse::<u32>().ok());
    match version {
        Some(version) if version > 1 => fault(
            format!("this cassette is of schema {schema}; this program reads {SCHEMA}"),
            "it was written by a newer timeslip: update this one, or record the cassette again",
        ),
        _ => fault(
            format!("`{schema}` is not the schema of a cassette"),
            format!("this program reads {SCHEMA}"),
        ),
    }
}

fn read_line(text: &str) -> Result<Line, Fault> {
    if text.len() > LINE_BYTES_MAX {
        return Err(fault(
            format!("the line has {} bytes, over the limit of {LINE_BYTES_MAX}", text.len()),
            "check that the file is a cassette",
        ));
    }
    serde_json::from_str(text).map_err(|error| diagnose(text, &error))
}

/// Finds out, step by step, why a line could not be read.
fn diagnose(text: &str, error: &serde_json::Error) -> Fault {
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => return no_json(text, &error),
    };
    let Value::Object(object) = &value else {
        return fault("the line is no JSON object", "write one JSON object per line");
    };
    let kind = match object.get("kind").and_then(Value::as_str) {
        Some(kind) if KINDS.contains(&kind) => kind,
        Some(kind) => {
            let problem = format!("there is no line of kind `{kind}`");
            return (column_of(text, kind), problem, suggestion(kind, &KINDS));
        }
        None => {
            return fault(
                "the line does not say its kind",
                format!("add \"kind\": one of {}", KINDS.join(", ")),
            );
        }
    };
    if let Some((name, known)) = unknown_key(kind, &value) {
        let problem = format!("unknown key `{name}`");
        return (column_of(text, &name), problem, suggestion(&name, known));
    }
    fault(
        format!("this `{kind}` line is not complete: {error}"),
        format!("a `{kind}` line has the keys {}", keys_of(kind).join(", ")),
    )
}

fn no_json(text: &str, error: &serde_json::Error) -> Fault {
    if error.is_eof() && !text.ends_with('\n') {
        return (
            Some(text.chars().count() + 1),
            "the last line is cut off, as when a recording is stopped while it writes".to_owned(),
            "delete this line to keep what was recorded before it, or record again".to_owned(),
        );
    }
    let column = text
        .get(..error.column().saturating_sub(1))
        .map_or(error.column(), |before| before.chars().count() + 1);
    (Some(column), format!("this is no JSON: {error}"), "write one JSON object per line".to_owned())
}

/// The first key of an object, or of an object inside it, that its kind does not have.
fn unknown_key(kind: &str, value: &Value) -> Option<(String, &'static [&'static str])> {
    let known = keys_of(kind);
    value.as_object()?.iter().find_map(|(name, inner)| {
        if !known.contains(&name.as_str()) {
            return Some((name.clone(), known));
        }
        let is_object = OBJECTS.contains(&name.as_str());
        match inner {
            Value::Array(list) if is_object => list.iter().find_map(|v| unknown_key(name, v)),
            other if is_object => unknown_key(name, other),
            _ => None,
        }
    })
}

fn keys_of(kind: &str) -> &'static [&'static str] {
    KEYS.iter().find(|(name, _)| *name == kind).map_or(&[], |(_, keys)| keys)
}

fn read_timing(line: &TimingLine) -> Result<(Instant, ChatTiming), Fault> {
    match line.timing() {
        Some(timing) => Ok((line.asked_at(), timing)),
        None => Err(fault(
            "`timing` has a first token after the chat's end",
            "`ttft_ns` is at most the sum of queue, prefill, transfer and decode",
        )),
    }
}

/// Whether a line is the last one and was cut off: it lacks its end, and is no JSON without it.
fn is_torn(line: &str) -> bool {
    !line.ends_with('\n') && serde_json::from_str::<Value>(line).is_err()
}

fn read_options(value: Value) -> Result<ChatOptions, Fault> {
    if let Some((name, known)) = unknown_key("options", &value) {
        return Err(fault(format!("unknown option `{name}`"), suggestion(&name, known)));
    }
    serde_json::from_value(value).map_err(|error| {
        fault(format!("`options` cannot be read: {error}"), "write them as the recorder does")
    })
}

fn column_of(text: &str, name: &str) -> Option<usize> {
    let quoted = format!("\"{name}\"");
    text.find(&quoted).map(|byte| text[..byte].chars().count() + 1)
}

fn fault(problem: impl Into<String>, fix: impl Into<String>) -> Fault {
    (None, problem.into(), fix.into())
}

fn not_utf8() -> Fault {
    fault("the text is not UTF-8", "a cassette is a text file: check that this is one")
}

fn empty_file() -> Fault {
    fault("the file is empty", "record or import a conversation into it")
}
