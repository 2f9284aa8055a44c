//! Says why a request is not in a cassette: the closest recorded one and what differs.

use timeslip_timeline::backend::WordsError;
use timeslip_timeline::conversation::{ChatRequest, Message, Role};

use super::key::{Key, RequestParts, canonical_options, key_of_message, key_of_tools};
use super::lines::KeyPart;
use super::{Cassette, RecordedChat};
use crate::difference::{Difference, beginning, likeness};

const KIND: &str = "cassette_miss";
const ADVICE: &str = "Record the cassette again with this agent, or bring the agent back to what \
                      was recorded. No reply is made up.";

/// An error of these words.
pub(super) fn miss(message: String) -> WordsError {
    WordsError { kind: KIND, message }
}

/// A request that a cassette does not hold, or holds less often than it was made.
pub(super) fn request_miss(
    cassette: &Cassette,
    chat_number: usize,
    request: &ChatRequest,
    times_recorded: usize,
) -> WordsError {
    let file = &cassette.file;
    if times_recorded > 0 {
        let times = counted_times(times_recorded);
        return miss(format!(
            "chat {chat_number} of the session repeats a request that {file} holds only {times}, \
             so there is no further reply to it.\n{ADVICE}"
        ));
    }
    absent(cassette, &format!("chat {chat_number} of the session is not in {file}."), request)
}

/// A request that no cassette of several holds, and this one is nearest.
pub(super) fn unknown_request(cassette: &Cassette, request: &ChatRequest) -> WordsError {
    let file = &cassette.file;
    absent(cassette, &format!("the request was not recorded; {file} is nearest."), request)
}

/// How near a cassette's closest request comes: the messages that are equal, and how alike the first
/// one is that is not.
pub(super) fn nearness(cassette: &Cassette, asked: &[Message]) -> Option<(usize, usize)> {
    let (chat, equal) = closest(cassette, asked)?;
    Some((equal, alike_at(cassette, chat, asked, equal)))
}

fn absent(cassette: &Cassette, head: &str, request: &ChatRequest) -> WordsError {
    let Some((chat, equal)) = closest(cassette, &request.messages) else {
        return miss(format!("{head}\nThe cassette holds no chat at all.\n{ADVICE}"));
    };
    let recorded: Vec<&Message> = cassette.request_of(chat).map(|(_, message)| message).collect();
    let told = match equal == recorded.len() && equal == request.messages.len() {
        true => differing_parts(cassette, chat, request),
        false => differing_messages(&recorded, &request.messages, equal),
    };
    miss(format!("{head}\nThe closest recorded request is on line {}. {told}\n{ADVICE}", chat.line))
}

/// How often, in words.
pub(super) fn counted_times(times: usize) -> String {
    match times {
        1 => "once".to_owned(),
        times => format!("{times} times"),
    }
}

/// A question to the user that a cassette does not hold.
pub(super) fn question_miss(
    cassette: &Cassette,
    question: &str,
    times_recorded: usize,
) -> WordsError {
    let file = &cassette.file;
    if times_recorded > 0 {
        return miss(format!(
            "the user is asked {} again, but {file} holds only {times_recorded} answer(s) to \
             that.\n{ADVICE}",
            beginning(question)
        ));
    }
    let closest = cassette
        .answers
        .iter()
        .rev()
        .max_by_key(|answer| likeness(&answer.question, question))
        .map(|answer| match Difference::between(&answer.question, question) {
            Some(difference) => {
                format!("\nThe closest recorded question is on line {}; {difference}", answer.line)
            }
            None => String::new(),
        });
    miss(format!(
        "the question {} to the user is not in {file}.{}\n{ADVICE}",
        beginning(question),
        closest.unwrap_or_default()
    ))
}

/// The recorded chat with the longest common beginning, and of those the one whose first other
/// message is most alike; the earlier of equals. Also the number of equal messages.
fn closest<'c>(cassette: &'c Cassette, asked: &[Message]) -> Option<(&'c RecordedChat, usize)> {
    let keys: Vec<Key> = asked.iter().map(key_of_message).collect();
    let equal = |chat: &RecordedChat| {
        let recorded = cassette.request_of(chat).map(|(key, _)| key);
        recorded.zip(&keys).take_while(|(recorded, asked)| recorded == *asked).count()
    };
    let longest = cassette.chats.iter().map(equal).max()?;
    let alike = |chat: &RecordedChat| alike_at(cassette, chat, asked, longest);
    let candidates = cassette.chats.iter().filter(|chat| equal(chat) == longest);
    // Of equally alike ones `max_by_key` takes the last, hence the reversal.
    candidates.rev().max_by_key(|chat| alike(chat)).map(|chat| (chat, longest))
}

/// How alike a recorded request and another one are in the message of this place, up to 1000.
fn alike_at(cassette: &Cassette, chat: &RecordedChat, asked: &[Message], place: usize) -> usize {
    let recorded = cassette.request_of(chat).nth(place).map(|(_, message)| written(message));
    match (recorded, asked.get(place)) {
        (Some(recorded), Some(asked)) => likeness(&recorded, &written(asked)),
        (None, None) => 1000,
        _ => 0,
    }
}

fn differing_messages(recorded: &[&Message], asked: &[Message], equal: usize) -> String {
    let counts = format!(
        "Its first {equal} messages are equal ({} recorded, {} asked).",
        recorded.len(),
        asked.len()
    );
    let number = equal + 1;
    match (recorded.get(equal), asked.get(equal)) {
        (Some(recorded), Some(asked)) => {
            format!("{counts}\n{}", differing_message(number, recorded, asked))
        }
        (Some(recorded), None) => format!(
            "{counts}\nThe recorded request goes on with message {number} ({}): {}",
            role(recorded),
            beginning(&written(recorded))
        ),
        (None, Some(asked)) => format!(
            "{counts}\nThe request goes on with message {number} ({}): {}",
            role(asked),
            beginning(&written(asked))
        ),
        (None, None) => counts,
    }
}

fn differing_message(number: usize, recorded: &Message, asked: &Message) -> String {
    if recorded.role != asked.role {
        return format!(
            "Message {number} has another role:\n  recorded: {} {}\n  now:      {} {}",
            role(recorded),
            beginning(&written(recorded)),
            role(asked),
            beginning(&written(asked))
        );
    }
    let difference = Difference::between(&written(recorded), &written(asked));
    let told = difference.map_or_else(String::new, |difference| difference.to_string());
    format!("Message {number} ({}) differs; {told}", role(asked))
}

fn differing_parts(cassette: &Cassette, chat: &RecordedChat, request: &ChatRequest) -> String {
    let (recorded, asked) = (cassette.parts_of(chat), RequestParts::of(request));
    let mut told = String::from("All its messages are equal, but not the rest of the key:");
    for (name, difference) in differences_of_parts(&cassette.header.key, &recorded, &asked) {
        told.push_str(&format!("\n{name}: {difference}"));
    }
    told
}

/// The parts of two requests that differ, of those that are named and are no messages.
pub(super) fn differences_of_parts(
    key: &[KeyPart],
    recorded: &RequestParts<'_>,
    asked: &RequestParts<'_>,
) -> Vec<(&'static str, Difference)> {
    let differing = key.iter().filter_map(|part| {
        let (name, recorded, asked) = match part {
            KeyPart::Messages => return None,
            KeyPart::Model => ("model", text_of(recorded.model), text_of(asked.model)),
            KeyPart::Tools => match key_of_tools(recorded.tools) == key_of_tools(asked.tools) {
                true => return None,
                false => ("tools", listed(recorded), listed(asked)),
            },
            KeyPart::Options => {
                ("options", canonical_options(recorded.options), canonical_options(asked.options))
            }
        };
        Some((name, Difference::between(&recorded, &asked)?))
    });
    differing.collect()
}

fn text_of(model: Option<&str>) -> String {
    model.unwrap_or_default().to_owned()
}

fn listed(parts: &RequestParts<'_>) -> String {
    let each = |tool: &timeslip_timeline::conversation::ToolDefinition| {
        format!("{} ({}) {}", tool.name, tool.description, tool.input_schema)
    };
    parts.tools.iter().map(each).collect::<Vec<_>>().join("\n")
}

/// A message as one text: its content, then its calls.
pub(super) fn written(message: &Message) -> String {
    let calls = message.tool_calls.iter().map(|call| {
        format!("[calls {} {}]", call.name, super::key::canonical_json(&call.arguments))
    });
    let content = (!message.content.is_empty()).then(|| message.content.clone());
    content.into_iter().chain(calls).collect::<Vec<_>>().join(" ")
}

fn role(message: &Message) -> &'static str {
    match message.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    }
}
