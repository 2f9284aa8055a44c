//! A request as chat completions write it.

use serde::Serialize;
use serde_json::value::RawValue;
use timeslip_timeline::conversation::{ChatRequest, Message, Role, ToolCall, ToolDefinition};

use crate::body::{
    BodyError, Delivery, LimitField, ReplySchema, WireToolChoice, answered_call, arguments, json,
    number, reply_schema, tool_choice, tool_schema, written,
};

pub(crate) fn write(
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
    let named = |name| NamedTool { r#type: "function", function: NamedFunction { name } };
    let response_format = reply_schema(options)?
        .map(|json_schema| ResponseFormat { r#type: "json_schema", json_schema });
    Ok(json(&Body {
        model,
        messages: written(&request.messages, WireMessage::of)?,
        tools: written(&request.tools, WireTool::of)?,
        tool_choice: tool_choice(request, named)?,
        stream,
        stream_options: stream.then_some(StreamOptions { include_usage: true }),
        max_tokens,
        max_completion_tokens,
        temperature: number("temperature", options.temperature)?,
        top_p: number("top_p", options.top_p)?,
        seed: options.seed,
        stop: &options.stop,
        response_format,
    }))
}

#[derive(Serialize)]
struct Body<'r> {
    model: &'r str,
    messages: Vec<WireMessage<'r>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<WireTool<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<WireToolChoice<NamedTool<'r>>>,
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
        let tool_call_id = match message.role {
            Role::Tool => Some(answered_call(message)?),
            Role::System | Role::User | Role::Assistant => None,
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
        let function = WireFunctionCall { name: &call.name, arguments: arguments(call) };
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
        let parameters = tool_schema(&tool.name, &tool.input_schema)?;
        let function =
            WireFunction { name: &tool.name, description: &tool.description, parameters };
        Ok(WireTool { r#type: "function", function })
    }
}

#[derive(Serialize)]
struct NamedTool<'r> {
    r#type: &'static str,
    function: NamedFunction<'r>,
}

#[derive(Serialize)]
struct NamedFunction<'r> {
    name: &'r str,
}

#[derive(Serialize)]
struct ResponseFormat<'r> {
    r#type: &'static str,
    json_schema: ReplySchema<'r>,
}
