//! What clients read: replies of the three APIs, whole or token by token.

pub(crate) mod body;
mod chat;
mod completions;
mod events;
mod frame;
mod pieces;
mod response_object;
mod responses;

use serde_json::{Map, Value};
use timeslip_timeline::backend::Served;
use timeslip_timeline::conversation::{FinishReason, Message, Usage};

use chat::ChatStream;
use completions::CompletionStream;
use responses::ResponseStream;

/// An API of OpenAI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    /// `/v1/chat/completions`.
    Chat,
    /// `/v1/completions`.
    Completions,
    /// `/v1/responses`.
    Responses,
}

/// A reply, before the machine has given it a time.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// The request's number, which makes identifiers.
    pub(crate) number: u64,
    /// Seconds since 1970.
    pub(crate) created: u64,
    /// The model, as the client named it.
    pub(crate) model: String,
    pub(crate) message: Message,
    pub(crate) finish_reason: FinishReason,
    pub(crate) output_tokens: u64,
    /// Whether the stream's end tells the tokens.
    pub(crate) include_usage: bool,
    /// Members of the request that the response repeats.
    pub(crate) echoed: Map<String, Value>,
}

impl Told {
    /// An identifier of this reply or of a part of it.
    pub(crate) fn id(&self, prefix: &str) -> String {
        format!("{prefix}{:016x}", self.number)
    }
}

impl Api {
    /// A whole reply.
    pub(crate) fn whole(self, told: &Told, served: &Served) -> Value {
        match self {
            Api::Chat => chat::whole(told, &served.usage),
            Api::Completions => completions::whole(told, &served.usage),
            Api::Responses => response_object::completed(told, &served.usage),
        }
    }

    /// A reply that is written token by token.
    pub(crate) fn stream(self, told: Told) -> ReplyStream {
        match self {
            Api::Chat => ReplyStream::Chat(ChatStream::new(told)),
            Api::Completions => ReplyStream::Completion(CompletionStream::new(&told)),
            Api::Responses => ReplyStream::Response(Box::new(ResponseStream::new(told))),
        }
    }
}

/// A reply that is written token by token.
pub(crate) enum ReplyStream {
    Chat(ChatStream),
    Completion(CompletionStream),
    Response(Box<ResponseStream>),
}

impl ReplyStream {
    /// Writes the events of a token, which are the first, the second and so on. The last one says why
    /// the reply ends.
    pub(crate) fn token(&mut self, tokens: u64, out: &mut Vec<u8>) {
        match self {
            ReplyStream::Chat(stream) => stream.token(tokens, out),
            ReplyStream::Completion(stream) => stream.token(tokens, out),
            ReplyStream::Response(stream) => stream.token(tokens, out),
        }
    }

    /// Writes what follows the last token.
    pub(crate) fn end(&mut self, usage: &Usage, out: &mut Vec<u8>) {
        match self {
            ReplyStream::Chat(stream) => stream.end(usage, out),
            ReplyStream::Completion(stream) => stream.end(usage, out),
            ReplyStream::Response(stream) => stream.end(usage, out),
        }
    }
}

/// OpenAI's word for why a reply ended.
fn reason_of(reason: FinishReason) -> &'static str {
    match reason {
        FinishReason::Stop => "stop",
        FinishReason::Length => "length",
        FinishReason::ToolCalls => "tool_calls",
        FinishReason::ContentFilter => "content_filter",
    }
}

/// OpenAI's `usage` of chats and completions.
fn usage_of(usage: &Usage) -> Value {
    serde_json::json!({
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_input_tokens},
    })
}

#[cfg(test)]
mod tests;
