//! Turns conversations recorded elsewhere into cassettes.
//!
//! A recording in OpenAI's message form is a list of messages. It is read as the run it came from:
//! each assistant message is the reply to everything before it; a tool message is the output of a
//! call in the reply before it; and an assistant message without tool calls was said to the user,
//! whose next message answers it. The first user message is the task's input.
//!
//! Nothing is left out and nothing made up. Which tools were offered, which options were set and
//! what anything cost is not part of such a recording, so its cassettes compare messages alone.

mod message;
mod name;
mod replay;
mod split;

use std::collections::BTreeSet;

use crate::error::{FileError, utf8};

use message::read_messages;
use name::name_all;
use replay::imported;
use split::split;

/// What to note of a recording, and what to change in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// Where the recording comes from, for a person; it stands in every cassette's header.
    pub source: String,
    /// The model that was recorded, if known.
    pub recorded_model: Option<String>,
    /// Changes to the outputs of tools.
    pub rewrites: Vec<Rewrite>,
}

/// A change to the recorded outputs of one tool: every occurrence of a text becomes another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrite {
    /// The tool.
    pub tool: String,
    /// The text to replace.
    pub from: String,
    /// The text to put in its place.
    pub to: String,
}

/// What a recording held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Its conversations, in their order.
    pub conversations: Vec<ImportedConversation>,
}

/// One conversation, as a cassette and a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedConversation {
    /// Unique in the recording, and fit for a file's name: letters, digits and hyphens.
    pub name: String,
    /// The message it begins with, when that is the system's.
    pub system: Option<String>,
    /// The first message of the user: the task's input.
    pub input: String,
    /// The whole cassette, as text.
    pub cassette: String,
    /// Recorded replies of the model.
    pub chats: usize,
    /// Recorded outputs of tools.
    pub tool_calls: usize,
    /// Recorded answers of the user.
    pub answers: usize,
    /// Outputs of tools that a rewrite changed, counted once for each rewrite.
    pub rewrites_applied: u64,
}

/// Reads conversations in OpenAI's message form; `file` names the recording in messages.
///
/// The file is a JSON array, or JSON Lines, of conversations. A conversation is a list of messages,
/// or an object that holds one under `messages` or `traj`; such an object's `task_id`, `id` or
/// `name`, and its `trial`, name it. A single conversation may stand alone.
///
/// # Errors
/// When there is no conversation, one is not complete, or a rewrite changes nothing: naming the
/// line, the conversation, the message and the fix.
pub fn openai_messages(
    file: &str,
    bytes: &[u8],
    options: &ImportOptions,
) -> Result<Imported, FileError> {
    let text = utf8(file, bytes)?;
    let place = Place { file, text };
    let found = split(&place)?;
    let names = name_all(&found);
    let mut conversations = Vec::with_capacity(found.len());
    let mut tools = BTreeSet::new();
    let mut applied = vec![0; options.rewrites.len()];
    for (conversation, name) in found.iter().zip(names) {
        let turns = read_messages(&place, conversation, options, &mut applied)?;
        tools.extend(turns.tools());
        conversations.push(imported(&place, conversation, name, turns, options)?);
    }
    match applied.iter().position(|applied| *applied == 0) {
        Some(unused) => Err(unused_rewrite(file, &options.rewrites[unused], &tools)),
        None => Ok(Imported { conversations }),
    }
}

/// A file, for errors about a part of its text.
struct Place<'t> {
    file: &'t str,
    text: &'t str,
}

impl Place<'_> {
    /// An error about the part of the text that `part` is a slice of.
    fn error(&self, part: &str, problem: String, fix: &str) -> FileError {
        self.error_at(part.as_ptr() as usize - self.text.as_ptr() as usize, problem, fix)
    }

    fn error_at(&self, byte: usize, problem: String, fix: &str) -> FileError {
        let (line, column) = crate::error::line_and_column(self.text, byte);
        FileError {
            file: self.file.to_owned(),
            line: Some(line),
            column: Some(column),
            problem,
            fix: fix.to_owned(),
        }
    }
}

fn unused_rewrite(file: &str, rewrite: &Rewrite, tools: &BTreeSet<String>) -> FileError {
    let known: Vec<&str> = tools.iter().map(String::as_str).collect();
    let (tool, from) = (&rewrite.tool, &rewrite.from);
    let (problem, fix) = match tools.contains(tool) {
        true => (
            format!("no recorded output of the tool `{tool}` holds the text `{from}`"),
            "correct the rewrite, or leave it out".to_owned(),
        ),
        false => (
            format!("a rewrite is for the tool `{tool}`, which the recording never calls"),
            crate::error::suggestion(tool, &known),
        ),
    };
    FileError { file: file.to_owned(), line: None, column: None, problem, fix }
}

#[cfg(test)]
mod tests;
