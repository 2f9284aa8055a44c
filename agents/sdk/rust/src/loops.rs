//! The plain loop of an agent that works with tools.

use futures_util::future::join_all;

use crate::chat::Chat;
use crate::contract::timeslip::agent::types::{Message, ToolCall, ToolDefinition};
use crate::error::Failure;
use crate::{message, session, tools};

const TURNS_MAX: usize = 12;

/// Asks the model, calls every tool it asks for, gives it the outputs, until it answers with text
/// alone. The tools of one reply are called together, so their waiting overlaps. The model sees a
/// tool's error as its output, so that it can try another way.
///
/// It is a helper like any other: an agent that wants its own loop writes one with [`Chat`].
#[derive(Clone, Debug)]
#[must_use = "the loop does nothing until it runs"]
pub struct ToolLoop {
    system: Option<String>,
    chat: Chat,
    tools: Option<Vec<ToolDefinition>>,
    turns_max: usize,
}

impl Default for ToolLoop {
    fn default() -> ToolLoop {
        ToolLoop::new()
    }
}

impl ToolLoop {
    /// A loop with all the session's tools, and at most 12 turns.
    pub fn new() -> ToolLoop {
        ToolLoop { system: None, chat: Chat::new(), tools: None, turns_max: TURNS_MAX }
    }

    /// Instructions that stand before the input.
    pub fn system(mut self, text: impl Into<String>) -> ToolLoop {
        self.system = Some(text.into());
        self
    }

    /// The tools that the model may call, in place of all the session's.
    pub fn tools(mut self, tools: impl IntoIterator<Item = ToolDefinition>) -> ToolLoop {
        self.tools = Some(tools.into_iter().collect());
        self
    }

    /// The most chats.
    pub fn max_turns(mut self, turns: usize) -> ToolLoop {
        self.turns_max = turns;
        self
    }

    /// Sets the model and the options of every chat: what is made here is what each begins with.
    pub fn chat(mut self, chat: Chat) -> ToolLoop {
        self.chat = chat;
        self
    }

    /// Runs the loop on an input and gives the model's answer.
    ///
    /// # Errors
    /// The model gives no reply, or still asks for tools after the last turn.
    pub async fn run(self, input: impl Into<String>) -> Result<String, Failure> {
        let tools = self.tools.unwrap_or_else(tools::list_tools);
        let system = self.system.map(message::system);
        let mut messages: Vec<Message> = system.into_iter().chain([message::user(input)]).collect();
        for turn in 1..=self.turns_max {
            let _span = session::span(format!("turn {turn}"));
            let chat = self.chat.clone().messages(messages.clone()).tools(tools.clone());
            let reply = chat.send().await?;
            if reply.message.tool_calls.is_empty() {
                return Ok(reply.message.content);
            }
            let calls = reply.message.tool_calls.clone();
            messages.push(reply.message);
            messages.extend(join_all(calls.into_iter().map(answer)).await);
        }
        let turns = self.turns_max;
        Err(Failure::new(format!("the model still asked for tools after {turns} turns")))
    }
}

/// Calls one tool and makes a message of what it gave.
async fn answer(call: ToolCall) -> Message {
    let output = tools::call_tool_text(call.name, call.arguments).await;
    let content = output.unwrap_or_else(|error| format!("Error: {}", error.text()));
    message::tool_output(call.id, content)
}
