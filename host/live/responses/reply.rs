//! A reply as the Responses API writes it: typed events of a stream, or one piece.

use serde::Deserialize;
use serde_json::Value;
use timeslip_timeline::conversation::FinishReason;

use super::items::{Address, Field, Items, Piece, WireItem, Words, words_of};
use crate::sse::SseEvent;
use crate::wire::{ServerError, UsageNames};
use crate::written::{Brought, Draft, WrittenError, json, parsed, shaped};

pub(crate) const USAGE: UsageNames = UsageNames {
    input: "input_tokens",
    input_details: "input_tokens_details",
    output: "output_tokens",
    output_details: "output_tokens_details",
};

/// A reply: whole, or as the last event of a stream tells it.
#[derive(Debug, Default, Deserialize)]
struct WireResponse {
    status: Option<String>,
    incomplete_details: Option<WireIncomplete>,
    output: Option<Vec<WireItem>>,
    usage: Option<Value>,
    model: Option<String>,
}

#[derive(Debug, Deserialize)]
struct WireIncomplete {
    reason: Option<String>,
}

/// An event with an item that begins or is finished.
#[derive(Debug, Deserialize)]
struct WireItemEvent {
    output_index: Option<i64>,
    item: WireItem,
}

/// An event with a piece of a text (`delta`), or with all of it (under its own name).
#[derive(Debug, Deserialize)]
struct WireTextEvent {
    item_id: Option<String>,
    output_index: Option<i64>,
    content_index: Option<i64>,
    summary_index: Option<i64>,
    delta: Option<String>,
    text: Option<String>,
    refusal: Option<String>,
    arguments: Option<String>,
}

/// A reply as its events add up.
#[derive(Debug, Default)]
pub(crate) struct Assembly {
    draft: Draft,
    items: Items,
}

impl Assembly {
    pub(crate) fn read(&mut self, event: &SseEvent) -> Result<Brought, WrittenError> {
        let text = &event.data;
        let value = json(text)?;
        // Some servers name the event beside its data only.
        let kind = value.get("type").and_then(Value::as_str).unwrap_or(&event.name).to_owned();
        let words = match kind.as_str() {
            "response.completed" | "response.incomplete" | "response.failed" => {
                let words = self.end(&kind, value, text)?;
                return Ok(Brought { words, is_end: true, is_last: true });
            }
            "response.created" => {
                let model = value.pointer("/response/model").and_then(Value::as_str);
                self.draft.model = model.map(str::to_owned);
                None
            }
            "response.output_item.added" => {
                let event: WireItemEvent = shaped(serde_json::from_value(value), text)?;
                let id = event.item.id().map(str::to_owned);
                self.items.begin(address(id.as_deref(), event.output_index), event.item)
            }
            "response.output_item.done" => {
                let event: WireItemEvent = shaped(serde_json::from_value(value), text)?;
                let id = event.item.id().map(str::to_owned);
                self.items.finish(address(id.as_deref(), event.output_index), event.item)
            }
            "error" => return Err(WrittenError::Failed(told_error(&value))),
            "" => match ServerError::of(&value) {
                Some(error) => return Err(WrittenError::Failed(error)),
                None => None,
            },
            kind => match text_of(kind) {
                Some((field, is_all)) => self.read_text(field, is_all, value, text)?,
                None => None,
            },
        };
        Ok(Brought { words, ..Brought::default() })
    }

    pub(crate) fn finish(self) -> Draft {
        self.draft
    }

    fn read_text(
        &mut self,
        field: Field,
        is_all: bool,
        value: Value,
        text: &str,
    ) -> Result<Option<String>, WrittenError> {
        let event: WireTextEvent = shaped(serde_json::from_value(value), text)?;
        let part = match field {
            Field::Content | Field::Reasoning => event.content_index,
            Field::Summary => event.summary_index,
            Field::Arguments => None,
        };
        let piece = match is_all {
            true => {
                let all = event.text.or(event.refusal).or(event.arguments);
                Piece::All(all.unwrap_or_default())
            }
            false => Piece::Next(event.delta.unwrap_or_default()),
        };
        let address = address(event.item_id.as_deref(), event.output_index);
        Ok(self.items.add(address, field, part.unwrap_or(0), piece))
    }

    /// Reads the last event, which holds the whole reply, and gives the content in what had not
    /// come before.
    fn end(
        &mut self,
        kind: &str,
        mut event: Value,
        text: &str,
    ) -> Result<Option<String>, WrittenError> {
        let response = event.get_mut("response").map(Value::take).unwrap_or_default();
        let status = last_status(kind, &response);
        if status == "failed" {
            let error = ServerError::of(&response).or_else(|| ServerError::of(&event));
            return Err(WrittenError::Failed(error.unwrap_or_default()));
        }
        let response: Option<WireResponse> = shaped(serde_json::from_value(response), text)?;
        let mut response = response.unwrap_or_default();
        response.model = response.model.or(self.draft.model.take());
        let mut words = std::mem::take(&mut self.items).words();
        let news = words.settle(words_of(response.output.take().unwrap_or_default()));
        self.draft = draft(words, status, response)?;
        Ok(news)
    }
}

/// The status that the last event of a stream tells.
fn last_status(kind: &str, response: &Value) -> &'static str {
    let status = response.get("status").and_then(Value::as_str);
    match (kind, status) {
        ("response.failed", _) => "failed",
        ("response.incomplete", _) => "incomplete",
        // Some servers know one last event only.
        (_, Some("failed")) => "failed",
        (_, Some("incomplete")) => "incomplete",
        (_, Some("cancelled")) => "cancelled",
        // A status that was not brought up to date.
        _ => "completed",
    }
}

pub(crate) fn whole(body: &str) -> Result<Draft, WrittenError> {
    let mut response: WireResponse = parsed(body)?;
    let status = response.status.take().ok_or_else(|| WrittenError::lacks("status", body))?;
    let output = response.output.take();
    let output = match status.as_str() {
        // A reply that failed need not have any.
        "failed" => output.unwrap_or_default(),
        _ => output.ok_or_else(|| WrittenError::lacks("output", body))?,
    };
    draft(words_of(output), &status, response)
}

fn draft(words: Words, status: &str, response: WireResponse) -> Result<Draft, WrittenError> {
    let finish_reason = Some(finish_reason(status, response.incomplete_details)?);
    let Words { content, reasoning, calls } = words;
    let WireResponse { usage, model, .. } = response;
    Ok(Draft { content, reasoning, calls, finish_reason, model, usage })
}

/// An empty name says nothing.
fn address(id: Option<&str>, index: Option<i64>) -> Address<'_> {
    Address { id: id.filter(|id| !id.is_empty()), index }
}

/// The text that an event is about, and whether the event holds all of it.
fn text_of(kind: &str) -> Option<(Field, bool)> {
    let (name, step) = kind.rsplit_once('.')?;
    let is_all = match step {
        "delta" => false,
        "done" => true,
        _ => return None,
    };
    let field = match name {
        "response.output_text" | "response.refusal" => Field::Content,
        "response.function_call_arguments" => Field::Arguments,
        "response.reasoning_text" => Field::Reasoning,
        "response.reasoning_summary_text" => Field::Summary,
        _ => return None,
    };
    Some((field, is_all))
}

/// The error that an event is: its members stand in the event itself, or under `error`.
fn told_error(event: &Value) -> ServerError {
    ServerError::of(event).unwrap_or_else(|| {
        // The event's own type says nothing of the error.
        ServerError { kind: None, ..ServerError::told_by(event) }
    })
}

fn finish_reason(
    status: &str,
    incomplete: Option<WireIncomplete>,
) -> Result<FinishReason, WrittenError> {
    let unknown = |word: &str| Err(WrittenError::UnknownFinish(word.to_owned()));
    match status {
        "completed" => Ok(FinishReason::Stop),
        "incomplete" => match incomplete.and_then(|details| details.reason).as_deref() {
            Some("max_output_tokens") => Ok(FinishReason::Length),
            Some("content_filter") => Ok(FinishReason::ContentFilter),
            reason => unknown(reason.unwrap_or(status)),
        },
        // The server gave no error, or this would not be reached.
        "failed" => Err(WrittenError::Failed(ServerError::default())),
        _ => unknown(status),
    }
}
