//! Turns the record of a session into a cassette.

use timeslip_timeline::record::{ChatEnd, ChatStep, SessionRecord, StepKind, ToolStep, UserStep};
use timeslip_timeline::time::Span;

use super::lines::Header;
use super::write::CassetteWriter;

/// The cassette of a session, as text: every chat that got a reply, every tool call that got an
/// output or an error, every question that got an answer, in the order in which they were asked.
pub fn cassette_of_session(header: Header, session: &SessionRecord) -> String {
    let mut writer = CassetteWriter::new(header);
    for step in &session.steps {
        match &step.kind {
            StepKind::Chat(chat) => write_chat(&mut writer, chat),
            StepKind::Tool(tool) => write_tool(&mut writer, tool),
            StepKind::User(user) => write_user(&mut writer, user, step.end_to_end()),
            StepKind::Sleep => {}
        }
    }
    writer.into_text()
}

fn write_chat(writer: &mut CassetteWriter, chat: &ChatStep) {
    if let (ChatEnd::Replied(finish_reason), Some(reply)) = (&chat.end, &chat.reply) {
        writer.chat(&chat.request, reply, *finish_reason, Some(chat.usage), None);
    }
}

fn write_tool(writer: &mut CassetteWriter, tool: &ToolStep) {
    match &tool.output {
        Some(Ok(output)) => writer.tool(&tool.tool, &tool.arguments, output, true),
        Some(Err(error)) => writer.tool(&tool.tool, &tool.arguments, &error.to_string(), false),
        None => {}
    }
}

fn write_user(writer: &mut CassetteWriter, user: &UserStep, took: Span) {
    if let Some(Ok(answer)) = &user.answer {
        writer.user(&user.message, answer, took);
    }
}
