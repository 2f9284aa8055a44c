//! Writes a conversation as the run it came from.

use timeslip_timeline::conversation::{ChatOptions, ChatRequest, FinishReason, Message, Role};
use timeslip_timeline::time::Span;

use super::message::{Turn, Turns};
use super::split::Found;
use super::{ImportOptions, ImportedConversation, Place};
use crate::cassette::{AppliedRewrite, CassetteWriter, Header, KeyPart, SCHEMA, TokenSource};
use crate::error::FileError;

/// The cassette of a conversation, with its counts.
pub(super) fn imported(
    place: &Place<'_>,
    found: &Found<'_>,
    name: String,
    turns: Turns,
    options: &ImportOptions,
) -> Result<ImportedConversation, FileError> {
    let has = |role| turns.turns.iter().any(|turn| turn.message.role == role);
    let lacks = |what: &str| {
        let problem =
            format!("conversation {} ({name}) has no message of the {what}", found.number);
        place.error(found.messages, problem, "complete it, or take it out of the file")
    };
    if !has(Role::Assistant) {
        return Err(lacks("assistant"));
    }
    let first = |role| turns.turns.iter().find(|turn| turn.message.role == role);
    let input = first(Role::User).ok_or_else(|| lacks("user"))?.message.content.clone();
    let system = turns.turns.first().map(|turn| &turn.message);
    let system = system.filter(|message| message.role == Role::System);
    let system = system.map(|message| message.content.clone());
    let rewrites_applied = turns.applied.iter().sum();
    let mut writer = CassetteWriter::new(header(&name, &turns, options));
    let counts = write(&mut writer, turns.turns);
    Ok(ImportedConversation {
        name,
        system,
        input,
        cassette: writer.into_text(),
        chats: counts.chats,
        tool_calls: counts.tool_calls,
        answers: counts.answers,
        rewrites_applied,
    })
}

fn header(name: &str, turns: &Turns, options: &ImportOptions) -> Header {
    let rewrites = options.rewrites.iter().zip(&turns.applied);
    let rewrites =
        rewrites.filter(|(_, applied)| **applied > 0).map(|(rewrite, applied)| AppliedRewrite {
            tool: rewrite.tool.clone(),
            from: rewrite.from.clone(),
            to: rewrite.to.clone(),
            applied: *applied,
        });
    Header {
        schema: SCHEMA.to_owned(),
        name: name.to_owned(),
        recorded_model: options.recorded_model.clone(),
        source: options.source.clone(),
        key: vec![KeyPart::Messages],
        tokens: TokenSource::Counted,
        rewrites: rewrites.collect(),
        redacted: false,
    }
}

/// Walks through the conversation. A message that is neither a reply, nor an output, nor an answer
/// is defined by the next request that holds it.
fn write(writer: &mut CassetteWriter, turns: Vec<Turn>) -> crate::cassette::CassetteCounts {
    let mut counts = crate::cassette::CassetteCounts::default();
    let mut request = ChatRequest {
        model: None,
        messages: Vec::with_capacity(turns.len()),
        tools: Vec::new(),
        options: ChatOptions::default(),
    };
    let mut question: Option<String> = None;
    for Turn { message, answers } in turns {
        match (message.role, answers) {
            (Role::Assistant, _) => {
                let finish_reason = finish_reason(&message);
                writer.chat(&request, &message, finish_reason, None);
                counts.chats += 1;
                question = message.tool_calls.is_empty().then(|| message.content.clone());
            }
            (Role::Tool, Some(call)) => {
                writer.tool(&call.name, &call.arguments, &message.content, true);
                counts.tool_calls += 1;
            }
            (Role::User, _) => {
                if let Some(question) = question.take() {
                    writer.user(&question, &message.content, Span::ZERO);
                    counts.answers += 1;
                }
            }
            _ => {}
        }
        request.messages.push(message);
    }
    counts
}

fn finish_reason(reply: &Message) -> FinishReason {
    match reply.tool_calls.is_empty() {
        true => FinishReason::Stop,
        false => FinishReason::ToolCalls,
    }
}
