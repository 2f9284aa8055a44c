//! The body of a request: a [`ChatRequest`] as the API that is set writes it.
//!
//! JSON Schemas pass through as they were written, and an option that is absent is left out, so the
//! server's own default holds.

use serde::Serialize;
use serde_json::value::RawValue;
use timeslip_timeline::conversation::{ChatOptions, ChatRequest, Message, ToolCall, ToolChoice};

use crate::settings::Api;
use crate::{chat_completions, responses};

/// How a reply is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Each chunk as it is written: the time to the first token and between tokens can be told.
    Stream,
    /// In one piece: only its end can be told.
    Whole,
}

/// What a server of chat completions calls the limit on output tokens. The Responses API has one
/// name for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LimitField {
    /// `max_tokens`, which every compatible server knows.
    #[default]
    MaxTokens,
    /// `max_completion_tokens`, which OpenAI's reasoning models demand. A server that does not know
    /// it may write without a limit.
    MaxCompletionTokens,
}

/// Why a request cannot be written down. The text says what to change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BodyError(pub(crate) String);

/// The JSON text of a request.
///
/// # Errors
/// When the request holds what the format has no place for: a schema that is not JSON, a tool
/// message that answers no call, a temperature that is no number, a tool choice without tools, and
/// in the Responses API a seed or texts that end the reply.
pub fn request_body(
    api: Api,
    model: &str,
    request: &ChatRequest,
    delivery: Delivery,
    limit_field: LimitField,
) -> Result<Vec<u8>, BodyError> {
    match api {
        Api::ChatCompletions => {
            chat_completions::body::write(model, request, delivery, limit_field)
        }
        Api::Responses => responses::body::write(model, request, delivery),
    }
}

/// The JSON text of a body.
pub(crate) fn json(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).expect("texts and numbers are always JSON")
}

/// Each part written down, or why the first that cannot be is not.
pub(crate) fn written<'r, T, W>(
    parts: &'r [T],
    write: impl Fn(&'r T) -> Result<W, BodyError>,
) -> Result<Vec<W>, BodyError> {
    parts.iter().map(write).collect()
}

/// The call that a tool message answers.
pub(crate) fn answered_call(message: &Message) -> Result<&str, BodyError> {
    message.tool_call_id.as_deref().ok_or_else(|| {
        let text = "a tool message does not say which call it answers; set its tool_call_id";
        BodyError(text.to_owned())
    })
}

/// The arguments of a call as a server takes them back.
pub(crate) fn arguments(call: &ToolCall) -> &str {
    // Models write nothing for no arguments; servers that parse them refuse an empty text.
    match call.arguments.trim() {
        "" => "{}",
        _ => call.arguments.as_str(),
    }
}

/// The JSON Schema of a tool's arguments.
pub(crate) fn tool_schema<'r>(name: &str, text: &'r str) -> Result<&'r RawValue, BodyError> {
    schema(text, || format!("of the tool `{name}`"))
}

/// A JSON Schema that the reply must obey, as both APIs write it.
#[derive(Serialize)]
pub(crate) struct ReplySchema<'r> {
    /// The format demands a name; nobody reads it.
    name: &'static str,
    strict: bool,
    schema: &'r RawValue,
}

/// The schema that the reply must obey, if there is one.
pub(crate) fn reply_schema(options: &ChatOptions) -> Result<Option<ReplySchema<'_>>, BodyError> {
    let Some(text) = &options.response_schema else {
        return Ok(None);
    };
    let schema = schema(text, || "of the reply".to_owned())?;
    Ok(Some(ReplySchema { name: "reply", strict: true, schema }))
}

/// A JSON Schema, as it was written.
fn schema(text: &str, whose: impl Fn() -> String) -> Result<&RawValue, BodyError> {
    serde_json::from_str(text).map_err(|error| {
        let whose = whose();
        BodyError(format!("the JSON Schema {whose} is not JSON ({error}); correct it"))
    })
}

/// Which tools may be called: a word, or one tool in the API's own shape.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum WireToolChoice<N> {
    Word(&'static str),
    Named(N),
}

/// The choice of tools, where there is one to send.
pub(crate) fn tool_choice<'r, N>(
    request: &'r ChatRequest,
    named: impl Fn(&'r str) -> N,
) -> Result<Option<WireToolChoice<N>>, BodyError> {
    match (&request.options.tool_choice, request.tools.is_empty()) {
        (ToolChoice::Auto, _) => Ok(None),
        // A server refuses any choice where no tools are offered.
        (ToolChoice::None, true) => Ok(None),
        (ToolChoice::None, false) => Ok(Some(WireToolChoice::Word("none"))),
        (ToolChoice::Required | ToolChoice::Named(_), true) => Err(BodyError(
            "the request demands a tool call and offers no tools; offer some, or set tool_choice \
             to auto"
                .to_owned(),
        )),
        (ToolChoice::Required, false) => Ok(Some(WireToolChoice::Word("required"))),
        (ToolChoice::Named(name), false) => Ok(Some(WireToolChoice::Named(named(name)))),
    }
}

/// A number that JSON can hold.
pub(crate) fn number(name: &str, value: Option<f64>) -> Result<Option<f64>, BodyError> {
    match value {
        Some(value) if !value.is_finite() => {
            Err(BodyError(format!("{name} is {value}; give a finite number, or leave it out")))
        }
        _ => Ok(value),
    }
}
