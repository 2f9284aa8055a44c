//! Transcripts: what was said in the sessions of a run, for whoever looks for a mistake.

use std::collections::HashMap;
use std::path::Path;

use timeslip_timeline::conversation::Message;
use timeslip_timeline::record::{
    Asker, ChatEnd, ChatStep, JournalEntry, JournalLine, SessionOutcome, SessionRecord, Step,
    StepKind,
};

use crate::exit::Failure;
use crate::output;

use lines::{
    ChatLine, EndLine, ErrorLine, Line, LogLine, SessionLine, SleepLine, SpanLine, StepPlace,
    ToolLine, UserLine, Written,
};

mod lines;

/// Writes the transcripts of these sessions, one after the other, to a file; `input` says the input
/// of a task by its place in the bench.
///
/// # Errors
/// When the file cannot be written; what was there before stays.
pub(crate) fn write<'a>(
    path: &Path,
    sessions: impl Iterator<Item = &'a SessionRecord>,
    input: impl Fn(usize) -> &'a str,
) -> Result<(), Failure> {
    let mut text = String::new();
    for session in sessions {
        for line in transcript(session, input(session.task_index)) {
            text += &serde_json::to_string(&line).expect("texts and numbers alone");
            text.push('\n');
        }
    }
    output::write_file(path, text.as_bytes())
}

/// The lines of a session.
fn transcript<'a>(record: &'a SessionRecord, input: &'a str) -> Vec<Line<'a>> {
    let session = record.id.0;
    let at_ns = record.started_at.as_nanos();
    let mut lines = vec![Line::Session(SessionLine { session, task: &record.task, at_ns, input })];
    let mut said = Said::default();
    let steps = record.steps.iter().enumerate();
    let steps =
        steps.map(|(place, step)| (step.asked_at, step_line(record, place, step, &mut said)));
    let journal = record.journal.iter().map(|line| (line.at, journal_line(session, line)));
    let mut between: Vec<_> = steps.chain(journal).collect();
    // Stable, so that of one instant steps stand before what is written of them.
    between.sort_by_key(|(at, _)| *at);
    lines.extend(between.into_iter().map(|(_, line)| line));
    lines.push(Line::End(end_line(record)));
    lines
}

fn step_line<'a>(
    record: &'a SessionRecord,
    place: usize,
    step: &'a Step,
    said: &mut Said<'a>,
) -> Line<'a> {
    let within = match step.asked_by {
        Asker::Agent => None,
        Asker::Delegate(delegation) => Some(record.delegations[delegation].step),
    };
    let (at_ns, e2e_ns) = (step.asked_at.as_nanos(), step.end_to_end().as_nanos());
    let stands = StepPlace { session: record.id.0, step: place, within, at_ns, e2e_ns };
    match &step.kind {
        StepKind::Chat(chat) => Line::Chat(chat_line(stands, chat, said)),
        StepKind::Tool(tool) => {
            let (output, error) = brought(tool.output.as_ref());
            let arguments = Written::of(&tool.arguments);
            let output = output.map(|output| &**output);
            Line::Tool(ToolLine { place: stands, tool: &tool.tool, arguments, output, error })
        }
        StepKind::User(user) => {
            let (answer, error) = brought(user.answer.as_ref());
            let answer = answer.map(String::as_str);
            Line::User(UserLine { place: stands, message: &user.message, answer, error })
        }
        StepKind::Sleep => Line::Sleep(SleepLine { place: stands }),
    }
}

/// What a step brought, or why it brought nothing.
fn brought<T, E: std::fmt::Display>(answer: Option<&Result<T, E>>) -> (Option<&T>, Option<String>) {
    match answer {
        Some(Ok(answer)) => (Some(answer), None),
        Some(Err(error)) => (None, Some(error.to_string())),
        None => (None, Some("given up".to_owned())),
    }
}

/// Conversations of the session so far, each with the step that made it.
#[derive(Default)]
struct Said<'a> {
    /// By their last message: a request with the reply to it.
    conversations: HashMap<&'a Message, Vec<(usize, &'a [Message])>>,
}

impl<'a> Said<'a> {
    /// The latest step whose conversation these messages go on with, and how long that is.
    fn followed_by(&self, messages: &'a [Message]) -> Option<(usize, usize)> {
        let candidates = messages.iter().enumerate().rev().flat_map(|(length, last)| {
            let ending_so = self.conversations.get(last).into_iter().flatten().rev();
            ending_so.map(move |(step, request)| (*step, *request, length))
        });
        candidates
            .into_iter()
            .find(|(_, request, length)| request == &&messages[..*length])
            .map(|(step, request, _)| (step, request.len() + 1))
    }

    fn add(&mut self, step: usize, chat: &'a ChatStep) {
        if let Some(reply) = &chat.reply {
            let ending_so = self.conversations.entry(reply).or_default();
            ending_so.push((step, &chat.request.messages));
        }
    }
}

fn chat_line<'a>(place: StepPlace, chat: &'a ChatStep, said: &mut Said<'a>) -> ChatLine<'a> {
    let request = &chat.request;
    let followed = said.followed_by(&request.messages);
    said.add(place.step, chat);
    let (usage, error) = match &chat.end {
        ChatEnd::Replied(_) => (Some(chat.usage), None),
        ChatEnd::Failed(error) => (None, Some(error.to_string())),
        ChatEnd::Cancelled => (None, Some("given up".to_owned())),
    };
    ChatLine {
        place,
        machine: &chat.machine,
        model: &chat.model,
        options: &request.options,
        tools: request.tools.iter().map(|tool| tool.name.as_str()).collect(),
        follows: followed.map(|(step, _)| step),
        messages: &request.messages[followed.map_or(0, |(_, length)| length)..],
        reply: chat.reply.as_ref(),
        usage,
        error,
    }
}

fn journal_line(session: u32, line: &JournalLine) -> Line<'_> {
    let (at_ns, component) = (line.at.as_nanos(), &*line.component);
    match &line.entry {
        JournalEntry::Log(level, text) => {
            Line::Log(LogLine { session, at_ns, component, level: *level, text })
        }
        JournalEntry::Span { name, ended_at } => {
            let e2e_ns = ended_at.since(line.at).as_nanos();
            Line::Span(SpanLine { session, at_ns, e2e_ns, component, name })
        }
    }
}

fn end_line(record: &SessionRecord) -> EndLine<'_> {
    let (answer, error) = match &record.outcome {
        SessionOutcome::Answered(answer) => (Some(answer.as_str()), None),
        SessionOutcome::GaveUp(message) => (None, Some(ErrorLine { kind: "gave_up", message })),
        SessionOutcome::Stopped(cause) => {
            (None, Some(ErrorLine { kind: cause.kind, message: &cause.message }))
        }
    };
    EndLine {
        session: record.id.0,
        task: &record.task,
        at_ns: record.ended_at.as_nanos(),
        status: if error.is_none() { "ok" } else { "failed" },
        answer,
        error,
    }
}

#[cfg(test)]
mod tests {
    use timeslip_timeline::conversation::Role;

    use super::*;

    #[test]
    fn a_chat_follows_the_longest_conversation_that_it_goes_on_with() {
        let user = |text: &str| Message::text(Role::User, text);
        let reply = Message::text(Role::Assistant, "Yes.");
        let (one, other) = (vec![user("One?")], vec![user("Other?")]);
        let longer = vec![user("One?"), reply.clone(), user("Sure?")];
        // Three conversations that end alike.
        let mut said = Said::default();
        let ends = said.conversations.entry(&reply).or_default();
        ends.extend([(0, &*one), (1, &*other), (2, &*longer)]);
        let going_on = |request: &[Message]| [request, &[reply.clone(), user("More?")]].concat();
        assert_eq!(said.followed_by(&going_on(&one)), Some((0, 2)));
        assert_eq!(said.followed_by(&going_on(&other)), Some((1, 2)));
        assert_eq!(said.followed_by(&going_on(&longer)), Some((2, 4)));
        assert_eq!(said.followed_by(&one), None, "nobody has replied there");
        assert_eq!(said.followed_by(&going_on(&[user("Third?")])), None);
    }

    #[test]
    fn what_is_no_json_of_one_line_is_written_as_a_text() {
        let written = |text: &str| serde_json::to_string(&Written::of(text)).unwrap();
        assert_eq!(written("{\"a\": 1}"), "{\"a\": 1}");
        assert_eq!(written("{\"a\":\n1}"), "\"{\\\"a\\\":\\n1}\"");
        assert_eq!(written("{\"a\""), "\"{\\\"a\\\"\"");
    }
}
