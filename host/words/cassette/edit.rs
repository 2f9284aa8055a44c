//! Changes a recorded conversation in its file.
//!
//! Messages are referred to by their places in the list of all messages, so no line that adds one is
//! taken out. A line is changed inside its strings alone: all else in the file stays as it is, byte
//! for byte.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::de::IgnoredAny;

use super::fetch_secrets::LineSecrets;
use super::literals::{Literal, literal, literals};
use super::{Cassette, RecordedOutcome};
use crate::difference::beginning;
use crate::error::FileError;

/// The keys under which texts stand, which a replacement changes. Names and identifiers are none.
const TEXTS: [&str; 15] = [
    "content",
    "arguments",
    "output",
    "question",
    "answer",
    "message",
    "error",
    "description",
    "input_schema",
    "output_schema",
    "response_schema",
    "stop",
    "url",
    "value",
    "body",
];

/// Of those, the keys whose texts are JSON.
const JSON_TEXTS: [&str; 4] = ["arguments", "input_schema", "output_schema", "response_schema"];

/// What to change in a cassette.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CassetteEdit {
    /// Texts to put in the place of others wherever something was said, one after another. The header
    /// stays as it is.
    pub replacements: Vec<Replacement>,
    /// Whether chats that ended with an error are taken out.
    pub drop_failures: bool,
    /// Whether what looks like a secret is taken out, and the header is to say so.
    pub redact: bool,
    /// Texts for replies; tokens and times stay as they were recorded.
    pub replies: Vec<NewReply>,
}

/// A text to put in the place of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// The text to look for.
    pub from: String,
    /// The text in its place.
    pub to: String,
}

/// A text for a chat's reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewReply {
    /// The chat, counted from 1 in the order of the file.
    pub chat: usize,
    /// What it says from now on.
    pub text: String,
}

/// A changed cassette, and what was changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EditedCassette {
    /// The text of the whole file.
    pub text: String,
    /// For each replacement, how often and where it was made. Lines are those of the file before.
    pub replaced: Vec<Changes>,
    /// The lines of the chats that were taken out.
    pub dropped: Vec<usize>,
    /// How often something was taken out that looks like a secret, and where.
    pub redacted: Changes,
    /// The lines whose replies have a new text, in the order in which they were given.
    pub replies: Vec<usize>,
    /// Whether the last line was cut off; it is left out.
    pub left_out_cut_off: bool,
}

/// How often something was changed, and on which lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// How often.
    pub times: usize,
    /// The lines, counted from 1.
    pub lines: Vec<usize>,
}

impl Changes {
    fn add(&mut self, times: usize, line: usize) {
        self.times += times;
        if times > 0 && self.lines.last() != Some(&line) {
            self.lines.push(line);
        }
    }
}

impl CassetteEdit {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        *self == CassetteEdit::default()
    }

    /// Changes the cassette in the bytes of a file; `file` names it in messages.
    ///
    /// # Errors
    /// When the bytes are no cassette, when something that is to be changed is not in it, and when
    /// what comes out would be no cassette.
    pub fn apply(&self, file: &str, bytes: &[u8]) -> Result<EditedCassette, FileError> {
        let cassette = Cassette::parse(file, bytes)?;
        let whole = crate::error::utf8(file, &bytes[..cassette.whole_bytes])?;
        let mut editing = Editing::new(self, &cassette)?;
        for (at, line) in whole.split_inclusive('\n').enumerate() {
            editing.line(at + 1, line)?;
        }
        let edited = editing.edited;
        self.require_matches(&cassette, &edited)?;
        Cassette::parse(file, edited.text.as_bytes())?;
        Ok(edited)
    }

    /// Every part of the edit must have found something: one that did not is a slip of the pen.
    fn require_matches(
        &self,
        cassette: &Cassette,
        edited: &EditedCassette,
    ) -> Result<(), FileError> {
        let mut replaced = self.replacements.iter().zip(&edited.replaced);
        if let Some((missing, _)) = replaced.find(|(_, changes)| changes.times == 0) {
            return Err(about(
                cassette,
                None,
                format!("no text holds {}", beginning(&missing.from)),
                "write it exactly as it stands there; names of tools, identifiers and the header \
                 are not looked at",
            ));
        }
        if self.drop_failures && edited.dropped.is_empty() {
            return Err(about(
                cassette,
                None,
                "no chat ended with an error".to_owned(),
                "leave out the dropping of failures",
            ));
        }
        if self.redact && edited.redacted.times == 0 && cassette.header.redacted {
            return Err(about(
                cassette,
                None,
                "nothing looks like a secret, and the header says so already".to_owned(),
                "take out what is none by its looks with a replacement",
            ));
        }
        Ok(())
    }
}

/// A file on its way from one form to the other.
struct Editing<'e> {
    edit: &'e CassetteEdit,
    cassette: &'e Cassette,
    /// New texts of replies by their chats' lines.
    replies: HashMap<usize, &'e str>,
    /// The lines to leave out.
    failures: Vec<usize>,
    is_header_done: bool,
    edited: EditedCassette,
}

impl<'e> Editing<'e> {
    fn new(edit: &'e CassetteEdit, cassette: &'e Cassette) -> Result<Editing<'e>, FileError> {
        let mut replies = HashMap::new();
        let mut lines = Vec::new();
        for reply in &edit.replies {
            let line = line_of_reply(cassette, reply.chat)?;
            if replies.insert(line, reply.text.as_str()).is_some() {
                return Err(about(
                    cassette,
                    Some(line),
                    format!("chat {} is given two texts", reply.chat),
                    "give it one",
                ));
            }
            lines.push(line);
        }
        let failed = |outcome: &RecordedOutcome| matches!(outcome, RecordedOutcome::Error(_));
        let failures = cassette.chats.iter().filter(|chat| failed(&chat.outcome));
        let failures = match edit.drop_failures {
            true => failures.map(|chat| chat.line).collect(),
            false => Vec::new(),
        };
        let edited = EditedCassette {
            replaced: vec![Changes::default(); edit.replacements.len()],
            replies: lines,
            left_out_cut_off: cassette.is_cut_off,
            ..EditedCassette::default()
        };
        Ok(Editing { edit, cassette, replies, failures, is_header_done: false, edited })
    }

    fn line(&mut self, number: usize, line: &str) -> Result<(), FileError> {
        if self.failures.contains(&number) {
            self.edited.dropped.push(number);
            return Ok(());
        }
        let is_header = !self.is_header_done && !line.trim().is_empty();
        self.is_header_done |= is_header;
        let mut line = Cow::Borrowed(line);
        if !is_header && !self.edit.replacements.is_empty() {
            line = Cow::Owned(self.with_replacements(number, &line)?);
        }
        if let Some(text) = self.replies.get(&number) {
            line = Cow::Owned(with_reply(&line, text));
        }
        if self.edit.redact {
            line = Cow::Owned(self.without_secrets(number, &line));
        }
        if self.edit.redact && is_header && !self.cassette.header.redacted {
            line = Cow::Owned(marked_redacted(&line));
        }
        self.edited.text.push_str(&line);
        Ok(())
    }

    fn with_replacements(&mut self, number: usize, line: &str) -> Result<String, FileError> {
        let is_text = |literal: &Literal| TEXTS.contains(&literal.key.as_str());
        let mut spoilt = None;
        let changed = with_literals(line, |literal| {
            let mut text = literal.text.clone();
            if is_text(literal) {
                for (replacement, changes) in
                    self.edit.replacements.iter().zip(&mut self.edited.replaced)
                {
                    changes.add(text.matches(&replacement.from).count(), number);
                    text = text.replace(&replacement.from, &replacement.to);
                }
            }
            let key = literal.key.as_str();
            if JSON_TEXTS.contains(&key) && is_json(&literal.text) && !is_json(&text) {
                spoilt = Some(key.to_owned());
            }
            text
        });
        match spoilt {
            None => Ok(changed),
            Some(key) => Err(about(
                self.cassette,
                Some(number),
                format!("after the replacement, `{key}` would be no JSON any more"),
                "write quotes as \\\" inside the new text, or look for a text inside one string",
            )),
        }
    }

    fn without_secrets(&mut self, number: usize, line: &str) -> String {
        let mut secrets = LineSecrets::default();
        with_literals(line, |literal| {
            let (text, times) = secrets.redacted(literal);
            self.edited.redacted.add(times, number);
            text
        })
    }
}

/// The line of a chat that got a reply.
fn line_of_reply(cassette: &Cassette, number: usize) -> Result<usize, FileError> {
    let chat = number.checked_sub(1).and_then(|place| cassette.chats.get(place));
    match chat {
        None => Err(about(
            cassette,
            None,
            format!("there is no chat {number}; the cassette holds {}", cassette.chats.len()),
            "chats are counted from 1, in the order of the file",
        )),
        Some(chat) if matches!(chat.outcome, RecordedOutcome::Error(_)) => Err(about(
            cassette,
            Some(chat.line),
            format!("chat {number} ended with an error, so it has no reply to change"),
            "choose a chat with a reply",
        )),
        Some(chat) => Ok(chat.line),
    }
}

/// The line with other texts in its strings, where they differ. Keys stay.
fn with_literals(line: &str, mut change: impl FnMut(&Literal) -> String) -> String {
    let mut changed = String::with_capacity(line.len());
    let mut from = 0;
    for found in literals(line).iter().filter(|found| !found.is_key) {
        let text = change(found);
        if text != found.text {
            changed.push_str(&line[from..found.range.start]);
            changed.push_str(&literal(&text));
            from = found.range.end;
        }
    }
    changed.push_str(&line[from..]);
    changed
}

/// The line of a chat with another text in its reply. Only the reply has `content`.
fn with_reply(line: &str, text: &str) -> String {
    let keys = literals(line);
    let key = |name: &str| keys.iter().find(|found| found.is_key && found.text == name);
    let text = literal(text);
    if let Some(content) = key("content") {
        let start = value_after(line, content);
        let end = match keys.iter().find(|found| found.range.start == start) {
            Some(old) => old.range.end,
            None => start + "null".len(),
        };
        return format!("{}{text}{}", &line[..start], &line[end..]);
    }
    let reply = key("reply").expect("a chat with a reply says so");
    let inside = value_after(line, reply) + 1;
    let comma = if line[inside..].trim_start().starts_with('}') { "" } else { "," };
    format!("{}\"content\":{text}{comma}{}", &line[..inside], &line[inside..])
}

/// The header with the note that secrets were taken out, which it lacks or denies.
fn marked_redacted(line: &str) -> String {
    let keys = literals(line);
    match keys.iter().find(|found| found.is_key && found.text == "redacted") {
        Some(key) => {
            let start = value_after(line, key);
            format!("{}true{}", &line[..start], &line[start + "false".len()..])
        }
        None => {
            let end = line.rfind('}').expect("a header is an object");
            format!("{},\"redacted\":true{}", &line[..end], &line[end..])
        }
    }
}

/// Where the value of a key begins.
fn value_after(line: &str, key: &Literal) -> usize {
    let rest = &line[key.range.end..];
    let value = rest.trim_start().trim_start_matches(':').trim_start();
    line.len() - value.len()
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

fn about(cassette: &Cassette, line: Option<usize>, problem: String, fix: &str) -> FileError {
    FileError { file: cassette.file.clone(), line, column: None, problem, fix: fix.to_owned() }
}
