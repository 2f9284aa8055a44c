//! Reads the messages of one conversation, in all forms that OpenAI's interface has had.

use serde::Deserialize;
use serde_json::value::RawValue;
use timeslip_timeline::conversation::{Message, Role, ToolCall};

use super::split::{Found, items};
use super::{ImportOptions, Place};
use crate::error::{FileError, reason_without_place, suggestion};

const ROLES: [&str; 6] = ["system", "developer", "user", "assistant", "tool", "function"];

/// A conversation, read.
pub(super) struct Turns {
    pub(super) turns: Vec<Turn>,
    /// For each rewrite, the outputs of this conversation that it changed.
    pub(super) applied: Vec<u64>,
}

/// A message, and for an output the call that it answers.
pub(super) struct Turn {
    pub(super) message: Message,
    pub(super) answers: Option<ToolCall>,
}

impl Turns {
    /// The tools that were called and gave an output.
    pub(super) fn tools(&self) -> impl Iterator<Item = String> + '_ {
        self.turns.iter().filter_map(|turn| Some(turn.answers.as_ref()?.name.clone()))
    }
}

/// A message as it is written; other keys are of no interest.
#[derive(Deserialize)]
struct RecordedMessage<'t> {
    role: String,
    #[serde(default)]
    content: Option<Content>,
    #[serde(borrow, default)]
    tool_calls: Option<Vec<RecordedCall<'t>>>,
    #[serde(borrow, default)]
    function_call: Option<RecordedFunction<'t>>,
    #[serde(default)]
    tool_call_id: Option<String>,
    #[serde(default)]
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "`content` is no text, no list of parts, and not null")]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    r#type: Option<String>,
    #[serde(default)]
    text: Option<String>,
}

#[derive(Deserialize)]
struct RecordedCall<'t> {
    #[serde(default)]
    id: Option<String>,
    #[serde(borrow)]
    function: RecordedFunction<'t>,
}

#[derive(Deserialize)]
struct RecordedFunction<'t> {
    name: String,
    #[serde(borrow, default)]
    arguments: Option<&'t RawValue>,
}

/// Reads the messages of a conversation and changes the outputs that the options say.
///
/// `applied` counts the changes of each rewrite over all conversations.
pub(super) fn read_messages(
    place: &Place<'_>,
    found: &Found<'_>,
    options: &ImportOptions,
    applied: &mut [u64],
) -> Result<Turns, FileError> {
    let mut turns = Turns { turns: Vec::new(), applied: vec![0; options.rewrites.len()] };
    // Calls of the last reply that have no output yet.
    let mut open: Vec<ToolCall> = Vec::new();
    let mut calls = 0;
    for (index, text) in items(place, found.messages)?.into_iter().enumerate() {
        let wrong = |(problem, fix): (String, String)| {
            let problem =
                format!("conversation {}, message {}: {problem}", found.number, index + 1);
            place.error(text, problem, &fix)
        };
        let recorded: RecordedMessage<'_> = serde_json::from_str(text).map_err(|error| {
            wrong((reason_without_place(&error), "correct the message".to_owned()))
        })?;
        let mut turn = read_message(recorded, &mut open, &mut calls).map_err(wrong)?;
        rewrite(&mut turn, options, &mut turns.applied);
        turns.turns.push(turn);
    }
    if turns.turns.is_empty() {
        let problem = format!("conversation {} has no messages", found.number);
        return Err(place.error(found.messages, problem, "take it out of the file"));
    }
    applied.iter_mut().zip(&turns.applied).for_each(|(sum, more)| *sum += more);
    Ok(turns)
}

fn read_message(
    recorded: RecordedMessage<'_>,
    open: &mut Vec<ToolCall>,
    calls: &mut usize,
) -> Result<Turn, (String, String)> {
    let role = match recorded.role.as_str() {
        "system" | "developer" => Role::System,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "tool" | "function" => Role::Tool,
        other => return Err((format!("unknown role `{other}`"), suggestion(other, &ROLES))),
    };
    let answers = match role {
        Role::Tool => Some(answered_call(&recorded, open)?),
        _ => None,
    };
    let mut message = Message::text(role, text_of(recorded.content)?);
    message.tool_call_id = answers.as_ref().map(|call| call.id.clone());
    if role == Role::Assistant {
        let legacy = recorded.function_call.map(|function| RecordedCall { id: None, function });
        for call in recorded.tool_calls.into_iter().flatten().chain(legacy) {
            *calls += 1;
            message.tool_calls.push(ToolCall {
                id: call.id.unwrap_or_else(|| format!("call_{calls}")),
                name: call.function.name,
                arguments: arguments_of(call.function.arguments),
            });
        }
        open.clone_from(&message.tool_calls);
    }
    Ok(Turn { message, answers })
}

/// The call that a tool message answers: among those of the last reply without an output the first
/// of its identifier, without one the first of its name, and without that the first.
///
/// Recordings use an identifier again in later replies, so it says nothing beyond the last.
fn answered_call(
    recorded: &RecordedMessage<'_>,
    open: &mut Vec<ToolCall>,
) -> Result<ToolCall, (String, String)> {
    let (id, name) = (recorded.tool_call_id.as_deref(), recorded.name.as_deref());
    let answers = |call: &ToolCall| match (id, name) {
        (Some(id), _) => call.id == id,
        (None, Some(name)) => call.name == name,
        (None, None) => true,
    };
    match open.iter().position(answers) {
        Some(place) => Ok(open.remove(place)),
        None => {
            let what = match (id, name) {
                (Some(id), _) => format!(" `{id}`"),
                (None, Some(name)) => format!(" of `{name}`"),
                (None, None) => String::new(),
            };
            let known: Vec<String> =
                open.iter().map(|call| format!("`{}` ({})", call.id, call.name)).collect();
            let fix = match known.is_empty() {
                true => "take it out, or put the reply that asks for it before it".to_owned(),
                false => format!("the calls that wait for an output are {}", known.join(", ")),
            };
            Err((format!("the output answers no call{what} of the reply before it"), fix))
        }
    }
}

fn text_of(content: Option<Content>) -> Result<String, (String, String)> {
    let parts = match content {
        None => return Ok(String::new()),
        Some(Content::Text(text)) => return Ok(text),
        Some(Content::Parts(parts)) => parts,
    };
    let texts = parts.into_iter().map(|part| match (part.r#type.as_deref(), part.text) {
        (None | Some("text" | "input_text" | "output_text"), Some(text)) => Ok(text),
        (kind, _) => Err((
            format!("a part of type `{}` is no text", kind.unwrap_or_default()),
            "only texts can be played back: take the part out, or put a text in its place"
                .to_owned(),
        )),
    });
    texts.collect()
}

/// Arguments as JSON text: most recorders write a string that holds it, some the object itself.
fn arguments_of(arguments: Option<&RawValue>) -> String {
    let text = arguments.map_or("null", RawValue::get);
    match serde_json::from_str(text) {
        _ if text == "null" => "{}".to_owned(),
        Ok(string) => string,
        Err(_) => text.to_owned(),
    }
}

fn rewrite(turn: &mut Turn, options: &ImportOptions, applied: &mut [u64]) {
    let Some(call) = &turn.answers else { return };
    let content = &mut turn.message.content;
    for (rewrite, applied) in options.rewrites.iter().zip(applied) {
        if rewrite.tool == call.name && content.contains(&rewrite.from) {
            *content = content.replace(&rewrite.from, &rewrite.to);
            *applied += 1;
        }
    }
}
