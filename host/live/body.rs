//! The body of a request: a [`ChatRequest`] as OpenAI's chat completions write it.
//!
//! JSON Schemas pass through as they were written, and an option that is absent is left out, so the
//! server's own default holds.

use serde::Serialize;
use serde_json::value::RawValue;
use timeslip_timeline::conversation::{
    ChatOptions, ChatRequest, Message, Role, ToolCall, ToolChoice, ToolDefinition,
};

/// How a reply is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Each chunk as it is written: the time to the first token and between tokens can be told.
    Stream,
    /// In one piece: only its end can be told.
    Whole,
}

/// What a server calls the limit on output tokens.
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
pub struct BodyError(String);

/// The JSON text of a request.
///
/// # Errors
/// When the request holds what the format has no place for: a schema that is not JSON, a tool
/// message that answers no call, a temperature that is no number, a tool choice without tools.
pub fn request_body(
    model: &str,
    request: &ChatRequest,
    delivery: Delivery,
    limit_field: LimitField,
) -> Result<Vec<u8>, BodyError> {
    let options = &request.options;
    let limit = options.max_output_tokens;
    let (max_tokens, max_completion_tokens) = match limit_field {
        LimitField::MaxTokens => (limit, None),
        LimitField::MaxCompletionTokens => (None, limit),
    };
    let stream = delivery == Delivery::Stream;
    let body = Body {
        model,
        messages: written(&request.messages, WireMessage::of)?,
        tools: written(&request.tools, WireTool::of)?,
        tool_choice: tool_choice(options, request.tools.is_empty())?,
        stream,
        stream_options: stream.then_some(StreamOptions { include_usage: true }),
        max_tokens,
        max_completion_tokens,
        temperature: number("temperature", options.temperature)?,
        top_p: number("top_p", options.top_p)?,
        seed: options.seed,
        stop: &options.stop,
        response_format: response_format(options)?,
    };
    Ok(serde_json::to_vec(&body).expect("texts and numbers are always JSON"))
}

fn written<'r, T, W>(
    parts: &'r [T],
    write: impl Fn(&'r T) -> Result<W, BodyError>,
) -> Result<Vec<W>, BodyError> {
    parts.iter().map(write).collect()
}

#[derive(Serialize)]
struct Body<'r> {
    model: &'r str,
    messages: Vec<WireMessage<'r>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<WireTool<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<WireToolChoice<'r>>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop: &'r [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<ResponseFormat<'r>>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
struct WireMessage<'r> {
    role: Role,
    /// `null` beside tool calls alone.
    content: Option<&'r str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<WireToolCall<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'r str>,
}

impl WireMessage<'_> {
    fn of(message: &Message) -> Result<WireMessage<'_>, BodyError> {
        let tool_call_id = match (message.role, &message.tool_call_id) {
            (Role::Tool, None) => {
                return Err(BodyError(
                    "a tool message does not say which call it answers; set its tool_call_id"
                        .to_owned(),
                ));
            }
            (Role::Tool, Some(id)) => Some(id.as_str()),
            (Role::System | Role::User | Role::Assistant, _) => None,
        };
        let tool_calls: Vec<WireToolCall<'_>> =
            message.tool_calls.iter().map(WireToolCall::of).collect();
        let is_calls_alone = message.content.is_empty() && !tool_calls.is_empty();
        let content = (!is_calls_alone).then_some(message.content.as_str());
        Ok(WireMessage { role: message.role, content, tool_calls, tool_call_id })
    }
}

#[derive(Serialize)]
struct WireToolCall<'r> {
    id: &'r str,
    r#type: &'static str,
    function: WireFunctionCall<'r>,
}

#[derive(Serialize)]
struct WireFunctionCall<'r> {
    name: &'r str,
    arguments: &'r str,
}

impl WireToolCall<'_> {
    fn of(call: &ToolCall) -> WireToolCall<'_> {
        // Models write nothing for no arguments; servers that parse them refuse an empty text.
        let arguments = match call.arguments.trim() {
            "" => "{}",
            _ => call.arguments.as_str(),
        };
        let function = WireFunctionCall { name: &call.name, arguments };
        WireToolCall { id: &call.id, r#type: "function", function }
    }
}

#[derive(Serialize)]
struct WireTool<'r> {
    r#type: &'static str,
    function: WireFunction<'r>,
}

#[derive(Serialize)]
struct WireFunction<'r> {
    name: &'r str,
    description: &'r str,
    parameters: &'r RawValue,
}

impl WireTool<'_> {
    fn of(tool: &ToolDefinition) -> Result<WireTool<'_>, BodyError> {
        let parameters = schema(&tool.input_schema, || format!("of the tool `{}`", tool.name))?;
        let function =
            WireFunction { name: &tool.name, description: &tool.description, parameters };
        Ok(WireTool { r#type: "function", function })
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum WireToolChoice<'r> {
    Word(&'static str),
    Named { r#type: &'static str, function: NamedFunction<'r> },
}

#[derive(Serialize)]
struct NamedFunction<'r> {
    name: &'r str,
}

fn tool_choice(
    options: &ChatOptions,
    has_no_tools: bool,
) -> Result<Option<WireToolChoice<'_>>, BodyError> {
    match (&options.tool_choice, has_no_tools) {
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
        (ToolChoice::Named(name), false) => {
            let function = NamedFunction { name };
            Ok(Some(WireToolChoice::Named { r#type: "function", function }))
        }
    }
}

#[derive(Serialize)]
struct ResponseFormat<'r> {
    r#type: &'static str,
    json_schema: ReplySchema<'r>,
}

#[derive(Serialize)]
struct ReplySchema<'r> {
    /// The format demands a name; nobody reads it.
    name: &'static str,
    strict: bool,
    schema: &'r RawValue,
}

fn response_format(options: &ChatOptions) -> Result<Option<ResponseFormat<'_>>, BodyError> {
    let Some(text) = &options.response_schema else {
        return Ok(None);
    };
    let schema = schema(text, || "of the reply".to_owned())?;
    let json_schema = ReplySchema { name: "reply", strict: true, schema };
    Ok(Some(ResponseFormat { r#type: "json_schema", json_schema }))
}

/// A JSON Schema, as it was written.
fn schema(text: &str, whose: impl Fn() -> String) -> Result<&RawValue, BodyError> {
    serde_json::from_str(text).map_err(|error| {
        let whose = whose();
        BodyError(format!("the JSON Schema {whose} is not JSON ({error}); correct it"))
    })
}

/// A number that JSON can hold.
fn number(name: &str, value: Option<f64>) -> Result<Option<f64>, BodyError> {
    match value {
        Some(value) if !value.is_finite() => {
            Err(BodyError(format!("{name} is {value}; give a finite number, or leave it out")))
        }
        _ => Ok(value),
    }
}
