//! A reply put together: from the events of a stream, or from a body in one piece.

use std::collections::BTreeMap;

use serde_json::Value;
use timeslip_timeline::conversation::{FinishReason, Message, Role, ToolCall};
use timeslip_timeline::time::Span;

use crate::reply::{NoUsage, ReplyTimes, TokenCounts};
use crate::sse::SseEvent;
use crate::wire::{self, ServerError, WireChoice, WireReply, WireToolCall, WireWords};

/// What a server wrote, without what the call knows besides.
#[derive(Clone, Debug)]
pub struct Written {
    /// The assistant message.
    pub message: Message,
    /// What the model wrote before its answer.
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

/// Puts a reply together from the events of a stream.
#[derive(Debug, Default)]
pub struct ReplyBuilder {
    words: Words,
    finish_reason: Option<FinishReason>,
    is_done: bool,
    model: Option<String>,
    usage: Option<Value>,
    times: ReplyTimes,
}

impl ReplyBuilder {
    /// A reply of which the head and the first byte came at these times after its request.
    pub fn new(head: Span, first_byte: Span) -> ReplyBuilder {
        let times = ReplyTimes { head, first_byte, last: first_byte, ..ReplyTimes::default() };
        ReplyBuilder { times, ..ReplyBuilder::default() }
    }

    /// Reads the next event, which came so long after the request, and says whether it has words.
    ///
    /// # Errors
    /// As [`WrittenError`] says.
    pub fn read(&mut self, event: &SseEvent, at: Span) -> Result<bool, WrittenError> {
        if self.is_done || event.data.trim().is_empty() {
            return Ok(false);
        }
        if event.is_done() {
            self.is_done = true;
            return Ok(false);
        }
        let chunk = parse(&event.data)?;
        self.model = self.model.take().or(chunk.model);
        self.usage = chunk.usage.filter(|usage| !usage.is_null()).or(self.usage.take());
        let choices = chunk.choices.unwrap_or_default();
        // One reply is asked for; a server that sends more has them numbered from 0.
        let Some(choice) = choices.into_iter().find(|choice| choice.index == 0) else {
            return Ok(false);
        };
        self.read_choice(choice, at)
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
    /// When no finish reason came: the reply may lack its end.
    pub fn finish(self) -> Result<Written, WrittenError> {
        let chunks = self.chunks();
        let finish_reason = self.finish_reason.ok_or(WrittenError::Truncated)?;
        let tokens = tokens(self.usage.as_ref(), chunks > 0, Some(chunks));
        Ok(self.words.written(finish_reason, self.model, tokens, self.times))
    }

    fn read_choice(&mut self, choice: WireChoice, at: Span) -> Result<bool, WrittenError> {
        let has_words = choice.delta.is_some_and(|words| self.words.add(words));
        if has_words {
            self.times.first_token.get_or_insert(at);
            self.times.chunks.push(at);
        }
        let is_end = match &choice.finish_reason {
            // Some servers write an empty text where others write null.
            Some(word) if !word.is_empty() => {
                self.finish_reason = Some(known_finish(word)?);
                true
            }
            _ => false,
        };
        if has_words || is_end {
            self.times.last = at;
        }
        Ok(has_words)
    }
}

/// The reply in a body that came in one piece.
///
/// # Errors
/// As [`WrittenError`] says.
pub fn whole_reply(body: &str, times: ReplyTimes) -> Result<Written, WrittenError> {
    let reply = parse(body)?;
    let choice = reply.choices.unwrap_or_default().into_iter().find(|choice| choice.index == 0);
    let not_a_reply = |what: &str| WrittenError::NotAReply {
        reason: format!("it has no {what}"),
        text: body.to_owned(),
    };
    let choice = choice.ok_or_else(|| not_a_reply("choices"))?;
    let message = choice.message.ok_or_else(|| not_a_reply("message"))?;
    let word = choice.finish_reason.ok_or_else(|| not_a_reply("finish_reason"))?;
    let finish_reason = known_finish(&word)?;
    let mut words = Words::default();
    let has_words = words.add(message);
    let tokens = tokens(reply.usage.as_ref(), has_words, None);
    Ok(words.written(finish_reason, reply.model, tokens, times))
}

fn tokens(usage: Option<&Value>, has_words: bool, chunks: Option<u64>) -> TokenCounts {
    match usage.filter(|usage| !usage.is_null()) {
        Some(usage) => wire::counts(usage, has_words)
            .unwrap_or_else(|why| TokenCounts::without_usage(why, chunks)),
        None => TokenCounts::without_usage(NoUsage::Absent, chunks),
    }
}

fn known_finish(word: &str) -> Result<FinishReason, WrittenError> {
    wire::finish_reason(word).ok_or_else(|| WrittenError::UnknownFinish(word.to_owned()))
}

fn parse(text: &str) -> Result<WireReply, WrittenError> {
    let not_a_reply = |error: serde_json::Error| WrittenError::NotAReply {
        reason: error.to_string(),
        text: text.to_owned(),
    };
    let value: Value = serde_json::from_str(text).map_err(not_a_reply)?;
    match ServerError::of(&value) {
        Some(error) => Err(WrittenError::Failed(error)),
        None => serde_json::from_value(value).map_err(not_a_reply),
    }
}

/// The words of a reply as they add up.
#[derive(Debug, Default)]
struct Words {
    content: String,
    reasoning: String,
    /// By the server's index; a map, since an index may be any number.
    calls: BTreeMap<u64, ToolCall>,
}

impl Words {
    /// Adds what came, and says whether it was anything.
    fn add(&mut self, words: WireWords) -> bool {
        // A refusal is what the model says instead of content.
        let texts = [words.content, words.refusal].into_iter().flatten();
        let reasoning = words.reasoning_content.or(words.reasoning).unwrap_or_default();
        let mut has_words = !reasoning.is_empty();
        self.reasoning.push_str(&reasoning);
        for text in texts {
            has_words |= !text.is_empty();
            self.content.push_str(&text);
        }
        for call in words.tool_calls.unwrap_or_default() {
            self.add_call(call);
            has_words = true;
        }
        has_words
    }

    fn add_call(&mut self, part: WireToolCall) {
        let last = self.calls.last_key_value().map(|(index, _)| *index);
        let is_new = part.id.as_ref().is_some_and(|id| !id.is_empty());
        // Servers that leave the index out name each call where it begins.
        let index = match (part.index, last) {
            (Some(index), _) => index,
            (None, Some(last)) if is_new => last.saturating_add(1),
            (None, last) => last.unwrap_or(0),
        };
        let call = self.calls.entry(index).or_insert_with(|| ToolCall {
            id: String::new(),
            name: String::new(),
            arguments: String::new(),
        });
        // Some servers repeat identifier and name in every part; only arguments come in pieces.
        if call.id.is_empty() {
            call.id = part.id.unwrap_or_default();
        }
        let function = part.function.unwrap_or_default();
        if call.name.is_empty() {
            call.name = function.name.unwrap_or_default();
        }
        call.arguments.push_str(&function.arguments.unwrap_or_default());
    }

    fn written(
        self,
        finish_reason: FinishReason,
        model: Option<String>,
        tokens: TokenCounts,
        times: ReplyTimes,
    ) -> Written {
        let mut message = Message::text(Role::Assistant, self.content);
        message.tool_calls = self.calls.into_values().collect();
        for (place, call) in message.tool_calls.iter_mut().enumerate() {
            if call.id.is_empty() {
                // A call without a name could not be answered.
                call.id = format!("call_{place}");
            }
        }
        // Some servers say `stop` of a reply that asks for tools.
        let finish_reason = match finish_reason {
            FinishReason::Stop if !message.tool_calls.is_empty() => FinishReason::ToolCalls,
            other => other,
        };
        Written { message, reasoning: self.reasoning, finish_reason, model, tokens, times }
    }
}
