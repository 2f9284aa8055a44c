//! A reply as chat completions write it: chunks of a stream, or one piece.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use timeslip_timeline::conversation::{FinishReason, ToolCall};

use crate::sse::SseEvent;
use crate::wire::UsageNames;
use crate::written::{Brought, Draft, WrittenError, parsed};

pub(crate) const USAGE: UsageNames = UsageNames {
    input: "prompt_tokens",
    input_details: "prompt_tokens_details",
    output: "completion_tokens",
    output_details: "completion_tokens_details",
};

/// A chunk of a stream, or a whole reply.
#[derive(Debug, Deserialize)]
struct WireReply {
    choices: Option<Vec<WireChoice>>,
    usage: Option<Value>,
    model: Option<String>,
}

#[derive(Debug, Deserialize)]
struct WireChoice {
    #[serde(default)]
    index: u64,
    /// In a whole reply.
    message: Option<WireWords>,
    /// In a chunk.
    delta: Option<WireWords>,
    finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct WireWords {
    content: Option<String>,
    refusal: Option<String>,
    reasoning_content: Option<String>,
    /// What some servers call reasoning content.
    reasoning: Option<String>,
    tool_calls: Option<Vec<WireToolCall>>,
}

#[derive(Debug, Deserialize)]
struct WireToolCall {
    index: Option<u64>,
    id: Option<String>,
    function: Option<WireFunction>,
}

#[derive(Debug, Default, Deserialize)]
struct WireFunction {
    name: Option<String>,
    arguments: Option<String>,
}

/// A reply as its chunks add up.
#[derive(Debug, Default)]
pub(crate) struct Assembly {
    draft: Draft,
    /// By the server's index; a map, since an index may be any number.
    calls: BTreeMap<u64, ToolCall>,
}

impl Assembly {
    pub(crate) fn read(&mut self, event: &SseEvent) -> Result<Brought, WrittenError> {
        let chunk: WireReply = parsed(&event.data)?;
        let draft = &mut self.draft;
        draft.model = draft.model.take().or(chunk.model);
        draft.usage = chunk.usage.filter(|usage| !usage.is_null()).or(draft.usage.take());
        let choices = chunk.choices.unwrap_or_default();
        // One reply is asked for; a server that sends more has them numbered from 0.
        let Some(choice) = choices.into_iter().find(|choice| choice.index == 0) else {
            return Ok(Brought::default());
        };
        let words = choice.delta.and_then(|words| self.add(words));
        let is_end = match &choice.finish_reason {
            // Some servers write an empty text where others write null.
            Some(word) if !word.is_empty() => {
                self.draft.finish_reason = Some(finish_reason(word)?);
                true
            }
            _ => false,
        };
        // Usage may follow the end.
        Ok(Brought { words, is_end, is_last: false })
    }

    pub(crate) fn finish(self) -> Draft {
        Draft { calls: self.calls.into_values().collect(), ..self.draft }
    }

    /// Adds what came, and gives the content in it, if it was anything.
    fn add(&mut self, words: WireWords) -> Option<String> {
        let reasoning = words.reasoning_content.or(words.reasoning).unwrap_or_default();
        self.draft.reasoning.push_str(&reasoning);
        // A refusal is what the model says instead of content.
        let content = words.content.unwrap_or_default() + &words.refusal.unwrap_or_default();
        self.draft.content.push_str(&content);
        let calls = words.tool_calls.unwrap_or_default();
        let has_words = !(reasoning.is_empty() && content.is_empty() && calls.is_empty());
        for call in calls {
            self.add_call(call);
        }
        has_words.then_some(content)
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
}

pub(crate) fn whole(body: &str) -> Result<Draft, WrittenError> {
    let reply: WireReply = parsed(body)?;
    let choice = reply.choices.unwrap_or_default().into_iter().find(|choice| choice.index == 0);
    let lacks = |what: &str| WrittenError::lacks(what, body);
    let choice = choice.ok_or_else(|| lacks("choices"))?;
    let message = choice.message.ok_or_else(|| lacks("message"))?;
    let word = choice.finish_reason.ok_or_else(|| lacks("finish_reason"))?;
    let mut assembly = Assembly::default();
    assembly.add(message);
    let finish_reason = Some(finish_reason(&word)?);
    Ok(Draft { finish_reason, model: reply.model, usage: reply.usage, ..assembly.finish() })
}

fn finish_reason(word: &str) -> Result<FinishReason, WrittenError> {
    match word {
        "stop" => Ok(FinishReason::Stop),
        "length" => Ok(FinishReason::Length),
        "tool_calls" | "function_call" => Ok(FinishReason::ToolCalls),
        "content_filter" => Ok(FinishReason::ContentFilter),
        _ => Err(WrittenError::UnknownFinish(word.to_owned())),
    }
}
