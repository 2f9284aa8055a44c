//! What clients ask: bodies of the three APIs, read into chats.
//!
//! A field that would change the answer and that this server cannot follow is refused by its name;
//! other fields that it does not know are ignored, as servers of this kind do.

mod chat;
mod completions;
mod content;
pub(crate) mod fields;
mod responses;
mod tools;

use timeslip_timeline::conversation::ChatRequest;

pub(crate) use chat::read_chat;
pub(crate) use completions::read_completion;
pub(crate) use responses::read_response;

use crate::tasks::read_task;

/// What a client asks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    /// The model by the name that the client gives.
    pub(crate) model: Option<String>,
    /// The chat.
    pub(crate) chat: ChatRequest,
    /// Whether the reply is streamed.
    pub(crate) stream: bool,
    /// Whether the stream tells the tokens.
    pub(crate) include_usage: bool,
    /// Whether the prompt is a text without a chat template.
    pub(crate) is_bare_text: bool,
    /// Members of the request that its response repeats.
    pub(crate) echoed: serde_json::Map<String, serde_json::Value>,
}

/// Reads a body of each API, as the fuzz targets do: whatever it is, the answer is a value.
pub fn read_any(api: &str, body: &[u8]) -> Result<(), String> {
    let asked = match api {
        "chat" => read_chat(body),
        "completions" => read_completion(body),
        "tasks" => return read_task(body).map(drop).map_err(|error| error.message),
        _ => read_response(body),
    };
    asked.map(drop).map_err(|error| error.message)
}

#[cfg(test)]
mod tests;
