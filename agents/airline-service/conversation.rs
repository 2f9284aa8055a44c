//! The conversation, and what follows from each thing said in it.
//!
//! It is all of the agent that can be decided without asking anyone, so that it can be tested
//! without a host.

use crate::contract::timeslip::agent::types::{Message, Role, ToolCall, ToolError};
use crate::settings::Settings;

/// A customer who writes this anywhere in a message has what they came for.
const STOP: &str = "###STOP###";

/// What the service does next.
#[derive(Debug)]
pub(crate) enum Next {
    /// Say this to the customer.
    Say(String),
    /// Call this tool.
    Call(ToolCall),
}

/// The messages between model, tools and customer.
pub(crate) struct Conversation {
    settings: Settings,
    messages: Vec<Message>,
    model_calls: u32,
    closing_words: String,
    over: bool,
}

impl Conversation {
    /// Begins with the policy and the customer's opening words.
    pub(crate) fn new(settings: Settings, opening: String) -> Conversation {
        let messages = vec![
            message(Role::System, settings.system_prompt.clone()),
            message(Role::User, opening),
        ];
        Conversation {
            settings,
            messages,
            model_calls: 0,
            closing_words: String::new(),
            over: false,
        }
    }

    /// What the model is to answer.
    pub(crate) fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// The service's last words to the customer, once the conversation is over; where it said
    /// nothing, the output of its last tool.
    pub(crate) fn closing_words(&self) -> Option<&str> {
        self.over.then_some(self.closing_words.as_str())
    }

    /// Notes the model's reply. Of several tool calls only the first is kept, and made; text beside
    /// a tool call stays in the conversation, but is not for the customer.
    pub(crate) fn model_replied(&mut self, mut reply: Message) -> Next {
        self.model_calls += 1;
        reply.tool_calls.truncate(1);
        let next = match reply.tool_calls.first() {
            Some(call) => Next::Call(call.clone()),
            None => {
                self.closing_words = reply.content.clone();
                Next::Say(reply.content.clone())
            }
        };
        self.messages.push(reply);
        next
    }

    /// Notes the output of a tool.
    pub(crate) fn tool_answered(&mut self, call: ToolCall, output: String) {
        let said_something = self.messages.iter().any(is_said);
        if !said_something {
            self.closing_words = output.clone();
        }
        self.over = call.name == self.settings.ends_with_tool || self.is_at_the_end();
        self.messages.push(Message { tool_call_id: Some(call.id), ..message(Role::Tool, output) });
    }

    /// Notes the customer's answer.
    pub(crate) fn customer_answered(&mut self, answer: String) {
        self.over = answer.contains(STOP) || self.is_at_the_end();
        self.messages.push(message(Role::User, answer));
    }

    /// Notes that the customer is not there any more.
    pub(crate) fn customer_left(&mut self) {
        self.over = true;
    }

    fn is_at_the_end(&self) -> bool {
        self.model_calls >= self.settings.model_calls_max
    }
}

/// The output that the model reads for a tool that gave none.
///
/// # Errors
/// What ends the session: arguments that are no JSON, and what only the bench's author can mend.
pub(crate) fn output_of(error: ToolError, call: &ToolCall) -> Result<String, String> {
    let name = &call.name;
    match error {
        ToolError::UnknownTool(_) => Ok(format!("Unknown action {name}")),
        ToolError::Failed(text) | ToolError::InvalidOutput(text) => Ok(format!("Error: {text}")),
        ToolError::InvalidArguments(text) => {
            Err(format!("the model's arguments for {name} are not usable: {text}"))
        }
        ToolError::Refused(text) | ToolError::Crashed(text) | ToolError::OverBudget(text) => {
            Err(format!("the tool {name} gave no output: {text}"))
        }
    }
}

fn is_said(message: &Message) -> bool {
    message.role == Role::Assistant && message.tool_calls.is_empty()
}

fn message(role: Role, content: String) -> Message {
    Message { role, content, tool_calls: Vec::new(), tool_call_id: None }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
