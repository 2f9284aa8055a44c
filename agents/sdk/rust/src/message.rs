//! Messages of a conversation.

use crate::contract::timeslip::agent::types::{Message, Role};

/// Instructions from the agent's author.
pub fn system(text: impl Into<String>) -> Message {
    message(Role::System, text)
}

/// What the person, or program, that the agent works for says.
pub fn user(text: impl Into<String>) -> Message {
    message(Role::User, text)
}

/// What the model says. A reply's own message, with its tool calls, is `reply.message`.
pub fn assistant(text: impl Into<String>) -> Message {
    message(Role::Assistant, text)
}

/// What a tool gave for the call of this identifier.
pub fn tool_output(call_id: impl Into<String>, output: impl Into<String>) -> Message {
    Message { tool_call_id: Some(call_id.into()), ..message(Role::Tool, output) }
}

fn message(role: Role, text: impl Into<String>) -> Message {
    Message { role, content: text.into(), tool_calls: Vec::new(), tool_call_id: None }
}
