//! A reply put together: from the events of a stream, or from a body in one piece.
//!
//! Each API has its own reader, which makes a draft of what it reads; what both have in common
//! stands here.

use serde::de::DeserializeOwned;
use serde_json::Value;
use timeslip_timeline::conversation::{FinishReason, Message, Role, ToolCall};
use timeslip_timeline::time::Span;

use crate::reply::{NoUsage, ReplyTimes, TokenCounts};
use crate::settings::Api;
use crate::sse::SseEvent;
use crate::surrogates::{joined, with_halves_kept};
use crate::wire::{self, ServerError, UsageNames};
use crate::{chat_completions, responses};

/// What a server wrote, without what the call knows besides.
#[derive(Clone, Debug)]
pub struct Written {
    /// The assistant message.
    pub message: Message,
    /// What the model wrote before its answer, where the server tells it apart. Servers do not want
    /// it back, so it is no part of the message.
    pub reasoning: String,
    /// Why it ends.
    pub finish_reason: FinishReason,
    /// The model, as the server names it.
    pub model: Option<String>,
    /// How many tokens, and who says so.
    pub tokens: TokenCounts,
    /// When the pieces came.
    pub times: ReplyTimes,
}

/// Why what a server wrote is no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WrittenError {
    /// It is not JSON, or JSON of another shape: what the reader says, and the text.
    NotAReply {
        /// What is wrong.
        reason: String,
        /// What came.
        text: String,
    },
    /// The server says that it failed.
    Failed(ServerError),
    /// A word for the end of a reply that nobody knows, so that nobody can say whether it is whole.
    UnknownFinish(String),
    /// The stream ended before the reply did.
    Truncated,
}

impl WrittenError {
    /// JSON that lacks a part of a reply.
    pub(crate) fn lacks(what: &str, text: &str) -> WrittenError {
        WrittenError::NotAReply { reason: format!("it has no {what}"), text: text.to_owned() }
    }
}

/// Puts a reply together from the events of a stream.
#[derive(Debug)]
pub struct ReplyBuilder {
    assembly: Assembly,
    is_done: bool,
    times: ReplyTimes,
}

#[derive(Debug)]
enum Assembly {
    ChatCompletions(chat_completions::reply::Assembly),
    Responses(responses::reply::Assembly),
}

/// What an event brought.
#[derive(Debug, Default)]
pub(crate) struct Brought {
    /// The assistant's content in it, where it has words; empty beside reasoning or a part of a
    /// call alone.
    pub(crate) words: Option<String>,
    /// Whether it says why the reply ends.
    pub(crate) is_end: bool,
    /// Whether nothing of the reply follows it.
    pub(crate) is_last: bool,
}

impl ReplyBuilder {
    /// A reply of which the head and the first byte came at these times after its request.
    pub fn new(api: Api, head: Span, first_byte: Span) -> ReplyBuilder {
        let assembly = match api {
            Api::ChatCompletions => Assembly::ChatCompletions(Default::default()),
            Api::Responses => Assembly::Responses(Default::default()),
        };
        let times = ReplyTimes { head, first_byte, last: first_byte, ..ReplyTimes::default() };
        ReplyBuilder { assembly, is_done: false, times }
    }

    /// Reads the next event, which came so long after the request. Where it has words, gives the
    /// assistant's content in them, which is empty beside reasoning or a part of a call alone.
    ///
    /// # Errors
    /// As [`WrittenError`] says.
    pub fn read(&mut self, event: &SseEvent, at: Span) -> Result<Option<String>, WrittenError> {
        if self.is_done || event.data.trim().is_empty() {
            return Ok(None);
        }
        if event.is_done() {
            self.is_done = true;
            return Ok(None);
        }
        let brought = match &mut self.assembly {
            Assembly::ChatCompletions(assembly) => assembly.read(event)?,
            Assembly::Responses(assembly) => assembly.read(event)?,
        };
        if brought.words.is_some() {
            self.times.first_token.get_or_insert(at);
            self.times.chunks.push(at);
        }
        if brought.words.is_some() || brought.is_end {
            self.times.last = at;
        }
        self.is_done = brought.is_last;
        // A piece has half a character where the server cut it; the reply has the whole.
        Ok(brought.words.map(|words| joined(&words).into_owned()))
    }

    /// Whether the reply is complete, its usage included.
    pub fn is_done(&self) -> bool {
        self.is_done
    }

    /// How many chunks with words came.
    pub fn chunks(&self) -> u64 {
        self.times.chunks.len() as u64
    }

    /// The reply, where the stream has ended.
    ///
    /// # Errors
    /// When nothing came that says why the reply ends: it may lack its end.
    pub fn finish(self) -> Result<Written, WrittenError> {
        let chunks = Some(self.chunks());
        let (draft, names) = match self.assembly {
            Assembly::ChatCompletions(assembly) => {
                (assembly.finish(), &chat_completions::reply::USAGE)
            }
            Assembly::Responses(assembly) => (assembly.finish(), &responses::reply::USAGE),
        };
        draft.written(names, chunks, self.times)
    }
}

/// The reply in a body that came in one piece.
///
/// # Errors
/// As [`WrittenError`] says.
pub fn whole_reply(api: Api, body: &str, times: ReplyTimes) -> Result<Written, WrittenError> {
    let (draft, names) = match api {
        Api::ChatCompletions => {
            (chat_completions::reply::whole(body)?, &chat_completions::reply::USAGE)
        }
        Api::Responses => (responses::reply::whole(body)?, &responses::reply::USAGE),
    };
    draft.written(names, None, times)
}

/// JSON of a shape that is no error.
pub(crate) fn parsed<T: DeserializeOwned>(text: &str) -> Result<T, WrittenError> {
    let value = json(text)?;
    match ServerError::of(&value) {
        Some(error) => Err(WrittenError::Failed(error)),
        None => shaped(serde_json::from_value(value), text),
    }
}

/// A text as JSON, with characters that the server cut in two kept in halves.
pub(crate) fn json(text: &str) -> Result<Value, WrittenError> {
    match serde_json::from_str(text) {
        Err(_) if text.contains("\\u") => {
            shaped(serde_json::from_str(&with_halves_kept(text)), text)
        }
        read => shaped(read, text),
    }
}

/// What was read of a text, or that it is no part of a reply.
pub(crate) fn shaped<T>(read: serde_json::Result<T>, text: &str) -> Result<T, WrittenError> {
    read.map_err(|error| WrittenError::NotAReply {
        reason: error.to_string(),
        text: text.to_owned(),
    })
}

/// A reply as it adds up: the parts that both APIs give.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) content: String,
    pub(crate) reasoning: String,
    pub(crate) calls: Vec<ToolCall>,
    pub(crate) finish_reason: Option<FinishReason>,
    pub(crate) model: Option<String>,
    pub(crate) usage: Option<Value>,
}

impl Draft {
    /// The reply. `chunks` with words came, if it came in chunks.
    fn written(
        self,
        names: &UsageNames,
        chunks: Option<u64>,
        times: ReplyTimes,
    ) -> Result<Written, WrittenError> {
        let finish_reason = self.finish_reason.ok_or(WrittenError::Truncated)?;
        let tokens = self.tokens(names, chunks);
        let mut message = Message::text(Role::Assistant, joined(&self.content));
        message.tool_calls = self.calls;
        for (place, call) in message.tool_calls.iter_mut().enumerate() {
            call.arguments = joined(&call.arguments).into_owned();
            if call.id.is_empty() {
                // A call without a name could not be answered.
                call.id = format!("call_{place}");
            }
        }
        // Some servers say `stop` of a reply that asks for tools, and the Responses API has one
        // word for both.
        let finish_reason = match finish_reason {
            FinishReason::Stop if !message.tool_calls.is_empty() => FinishReason::ToolCalls,
            other => other,
        };
        let (reasoning, model) = (joined(&self.reasoning).into_owned(), self.model);
        Ok(Written { message, reasoning, finish_reason, model, tokens, times })
    }

    fn tokens(&self, names: &UsageNames, chunks: Option<u64>) -> TokenCounts {
        let has_words =
            !(self.content.is_empty() && self.reasoning.is_empty() && self.calls.is_empty());
        match self.usage.as_ref().filter(|usage| !usage.is_null()) {
            Some(usage) => wire::counts(names, usage, has_words)
                .unwrap_or_else(|why| TokenCounts::without_usage(why, chunks)),
            None => TokenCounts::without_usage(NoUsage::Absent, chunks),
        }
    }
}
