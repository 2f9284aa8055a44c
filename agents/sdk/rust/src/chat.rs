//! Chats with models.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::contract::timeslip::agent::types::{
    ChatOptions, ChatReply, ChatRequest, FinishReason, Message, ToolCall, ToolChoice,
    ToolDefinition,
};
use crate::error::ModelError;
use crate::host::model;
use crate::stream::ChatStream;
use crate::{message, schema};

/// A question to a model, made step by step and then sent or streamed.
///
/// ```ignore
/// let reply = Chat::new().system("Be brief.").user("Name a colour.").temperature(0.5).send().await?;
/// ```
#[derive(Clone, Debug)]
#[must_use = "a chat does nothing until it is sent or streamed"]
pub struct Chat {
    request: ChatRequest,
}

impl Default for Chat {
    fn default() -> Chat {
        Chat::new()
    }
}

impl Chat {
    /// A chat without messages, with the model of the bench and the machine's own options.
    pub fn new() -> Chat {
        let options = ChatOptions {
            max_output_tokens: None,
            temperature: None,
            top_p: None,
            seed: None,
            stop: Vec::new(),
            tool_choice: ToolChoice::Auto,
            response_schema: None,
        };
        let request = ChatRequest { model: None, messages: Vec::new(), tools: Vec::new(), options };
        Chat { request }
    }

    /// Asks this model in place of the bench's.
    pub fn model(mut self, name: impl Into<String>) -> Chat {
        self.request.model = Some(name.into());
        self
    }

    /// Adds instructions from the agent's author.
    pub fn system(self, text: impl Into<String>) -> Chat {
        self.message(message::system(text))
    }

    /// Adds what the user says.
    pub fn user(self, text: impl Into<String>) -> Chat {
        self.message(message::user(text))
    }

    /// Adds a message.
    pub fn message(mut self, message: Message) -> Chat {
        self.request.messages.push(message);
        self
    }

    /// Adds messages, oldest first.
    pub fn messages(mut self, messages: impl IntoIterator<Item = Message>) -> Chat {
        self.request.messages.extend(messages);
        self
    }

    /// Adds tools that the model may call.
    pub fn tools(mut self, tools: impl IntoIterator<Item = ToolDefinition>) -> Chat {
        self.request.tools.extend(tools);
        self
    }

    /// Whether the model may, must or must not call tools; it decides if this is left out.
    pub fn tool_choice(mut self, choice: ToolChoice) -> Chat {
        self.request.options.tool_choice = choice;
        self
    }

    /// The most tokens that the reply may have.
    pub fn max_output_tokens(mut self, tokens: u32) -> Chat {
        self.request.options.max_output_tokens = Some(tokens);
        self
    }

    /// Sampling temperature, 0 or more.
    pub fn temperature(mut self, temperature: f64) -> Chat {
        self.request.options.temperature = Some(temperature);
        self
    }

    /// Nucleus sampling, over 0 and up to 1.
    pub fn top_p(mut self, top_p: f64) -> Chat {
        self.request.options.top_p = Some(top_p);
        self
    }

    /// Seed of the sampling.
    pub fn seed(mut self, seed: u64) -> Chat {
        self.request.options.seed = Some(seed);
        self
    }

    /// Adds a text that ends the reply before it is written.
    pub fn stop(mut self, text: impl Into<String>) -> Chat {
        self.request.options.stop.push(text.into());
        self
    }

    /// JSON Schema that the reply's text must obey, as JSON text. [`Chat::send_as`] makes it of a
    /// type.
    pub fn response_schema(mut self, schema: impl Into<String>) -> Chat {
        self.request.options.response_schema = Some(schema.into());
        self
    }

    /// Asks the model and waits for the whole reply.
    ///
    /// # Errors
    /// The kinds of [`ModelError`]; none of them ends the session by itself.
    pub async fn send(self) -> Result<ChatReply, ModelError> {
        Ok(model::chat(self.request).await?)
    }

    /// Asks the model for a value of this type: its JSON Schema goes with the request, and the
    /// reply's text is read as JSON.
    ///
    /// # Errors
    /// There is no reply, or its text is no such value.
    pub async fn send_as<T: DeserializeOwned + JsonSchema>(self) -> Result<T, ReplyAsError> {
        let schema = schema::of::<T>().to_string();
        let reply = self.response_schema(schema).send().await.map_err(ReplyAsError::Model)?;
        let text = reply.message.content;
        serde_json::from_str(&text)
            .map_err(|error| ReplyAsError::Unreadable { text, problem: error.to_string() })
    }

    /// Asks the model for a reply in pieces. The request is sent at once; its errors come out of
    /// the first piece.
    pub fn stream(self) -> ChatStream {
        ChatStream::new(model::ChatStream::new(&self.request))
    }
}

/// Why a chat gave no value of the wanted type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplyAsError {
    /// There is no reply.
    Model(ModelError),
    /// The reply's text is no such value.
    Unreadable {
        /// The text.
        text: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl std::fmt::Display for ReplyAsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ReplyAsError::Model(error) => error.fmt(f),
            ReplyAsError::Unreadable { problem, .. } => {
                write!(f, "the model's reply is not what was asked for: {problem}")
            }
        }
    }
}

impl std::error::Error for ReplyAsError {}

impl ChatReply {
    /// The reply's text.
    pub fn text(&self) -> &str {
        &self.message.content
    }

    /// The tools that the model asks for, in its order.
    pub fn tool_calls(&self) -> &[ToolCall] {
        &self.message.tool_calls
    }
}

impl FinishReason {
    /// The name in the contract.
    pub fn name(self) -> &'static str {
        match self {
            FinishReason::Stop => "stop",
            FinishReason::Length => "length",
            FinishReason::ToolCalls => "tool-calls",
            FinishReason::ContentFilter => "content-filter",
        }
    }
}
