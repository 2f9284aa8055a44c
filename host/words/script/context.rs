//! What the templates of a script see.
//!
//! | name | value |
//! | --- | --- |
//! | `input` | the task's input |
//! | `captures` | groups of the rule's `when.text`: `captures[1]`, `captures.name`; `captures[0]` is all |
//! | `message` | the text of the last message |
//! | `output.TOOL` | the last output of a tool, parsed where it is JSON |
//! | `calls.TOOL` | every call of a tool, oldest first, as `{ arguments, output }`; no `output` before it has one |
//! | `tools` | the names of the tools offered |
//! | `counts` | numbers of messages: `counts.messages`, and by role `counts.system`, `.user`, `.assistant`, `.tool` |
//!
//! In an answer of the user: `input`, `captures`, `question`, and `answers`, the number before this.

use std::collections::BTreeMap;

use minijinja::value::Serde;
use minijinja::{Value, context};
use timeslip_timeline::conversation::{ChatRequest, Message, Role};

use super::rules::Asked;

/// What a reply's templates see.
pub(super) fn reply_context(input: &str, request: &ChatRequest, captures: Value) -> Value {
    let messages = &request.messages;
    let count = |role| messages.iter().filter(|message| message.role == role).count();
    let tools: Vec<&str> = request.tools.iter().map(|tool| tool.name.as_str()).collect();
    let called = Called::in_messages(messages);
    context! {
        input,
        captures,
        message => messages.last().map_or("", |last| &last.content),
        output => Value::from_pairs(called.outputs),
        calls => Value::from_pairs(called.by_tool.into_iter().map(|(name, calls)| {
            (name, calls.into_iter().map(|call| call.into_value()).collect::<Value>())
        })),
        tools => tools.into_iter().map(Value::from).collect::<Value>(),
        counts => context! {
            messages => messages.len(),
            system => count(Role::System),
            user => count(Role::User),
            assistant => count(Role::Assistant),
            tool => count(Role::Tool),
        },
    }
}

/// What an answer's template sees.
pub(super) fn answer_context(asked: &Asked<'_>, captures: Value) -> Value {
    context! {
        input => asked.input,
        captures,
        question => asked.question,
        answers => asked.answers,
    }
}

/// The calls of a conversation and their outputs.
#[derive(Default)]
struct Called<'m> {
    by_tool: BTreeMap<&'m str, Vec<Call<'m>>>,
    outputs: BTreeMap<&'m str, Value>,
}

struct Call<'m> {
    arguments: &'m str,
    output: Option<Value>,
}

impl Call<'_> {
    fn into_value(self) -> Value {
        let arguments = ("arguments", json_or_text(self.arguments));
        let output = self.output.map(|output| ("output", output));
        Value::from_pairs([Some(arguments), output].into_iter().flatten())
    }
}

impl<'m> Called<'m> {
    /// Pairs each tool message with a call of the reply before it: the one with its identifier,
    /// or the first without an output. Identifiers may come again in a later reply.
    fn in_messages(messages: &'m [Message]) -> Called<'m> {
        let mut called = Called::default();
        let mut open: Vec<(&str, &str, usize)> = Vec::new();
        for message in messages {
            match message.role {
                Role::Assistant => {
                    open.clear();
                    for call in &message.tool_calls {
                        let calls = called.by_tool.entry(&call.name).or_default();
                        open.push((&call.id, &call.name, calls.len()));
                        calls.push(Call { arguments: &call.arguments, output: None });
                    }
                }
                Role::Tool => {
                    let id = message.tool_call_id.as_deref();
                    let place = open.iter().position(|call| id.is_none_or(|id| id == call.0));
                    let Some(place) = place else { continue };
                    let (_, name, number) = open.remove(place);
                    let output = json_or_text(&message.content);
                    called.outputs.insert(name, output.clone());
                    if let Some(calls) = called.by_tool.get_mut(name) {
                        calls[number].output = Some(output);
                    }
                }
                Role::System | Role::User => {}
            }
        }
        called
    }
}

fn json_or_text(text: &str) -> Value {
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(value) => Value::from(Serde(value)),
        Err(_) => Value::from(text),
    }
}
