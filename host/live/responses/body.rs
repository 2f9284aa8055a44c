//! A request as the Responses API writes it.
//!
//! A conversation is a list of items: messages, calls of functions, and their outputs. The server
//! is asked to store nothing, so each request holds the whole conversation.

use serde::Serialize;
use serde_json::value::RawValue;
use timeslip_timeline::conversation::{
    ChatOptions, ChatRequest, Message, Role, ToolCall, ToolDefinition,
};

use crate::body::{
    BodyError, Delivery, ReplySchema, WireToolChoice, answered_call, arguments, json, number,
    reply_schema, tool_choice, tool_schema, written,
};

pub(crate) fn write(
    model: &str,
    request: &ChatRequest,
    delivery: Delivery,
) -> Result<Vec<u8>, BodyError> {
    let options = &request.options;
    refuse_what_is_lacking(options)?;
    let items = written(&request.messages, WireItem::all_of)?;
    let format = reply_schema(options)?;
    Ok(json(&Body {
        model,
        input: items.into_iter().flatten().collect(),
        tools: written(&request.tools, WireTool::of)?,
        tool_choice: tool_choice(request, |name| NamedTool { r#type: "function", name })?,
        stream: delivery == Delivery::Stream,
        store: false,
        max_output_tokens: options.max_output_tokens,
        temperature: number("temperature", options.temperature)?,
        top_p: number("top_p", options.top_p)?,
        text: format.map(|schema| Text { format: Format { r#type: "json_schema", schema } }),
    }))
}

/// An option that is left out would give another reply than the one that was asked for.
fn refuse_what_is_lacking(options: &ChatOptions) -> Result<(), BodyError> {
    let lacking = [("seed", options.seed.is_some()), ("stop", !options.stop.is_empty())];
    match lacking.into_iter().find(|(_, is_asked)| *is_asked) {
        Some((name, _)) => Err(BodyError(format!(
            "the Responses API has no `{name}`; leave it out, or ask by chat completions"
        ))),
        None => Ok(()),
    }
}

#[derive(Serialize)]
struct Body<'r> {
    model: &'r str,
    input: Vec<WireItem<'r>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<WireTool<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<WireToolChoice<NamedTool<'r>>>,
    stream: bool,
    store: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Text<'r>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum WireItem<'r> {
    Message { role: Role, content: &'r str },
    FunctionCall { call_id: &'r str, name: &'r str, arguments: &'r str },
    FunctionCallOutput { call_id: &'r str, output: &'r str },
}

impl WireItem<'_> {
    /// A message is one item, and each call in it another.
    fn all_of(message: &Message) -> Result<Vec<WireItem<'_>>, BodyError> {
        let Message { role, content, .. } = message;
        if *role == Role::Tool {
            let call_id = answered_call(message)?;
            return Ok(vec![WireItem::FunctionCallOutput { call_id, output: content }]);
        }
        let is_calls_alone = content.is_empty() && !message.tool_calls.is_empty();
        let text = (!is_calls_alone).then_some(WireItem::Message { role: *role, content });
        Ok(text.into_iter().chain(message.tool_calls.iter().map(WireItem::call)).collect())
    }

    fn call(call: &ToolCall) -> WireItem<'_> {
        WireItem::FunctionCall { call_id: &call.id, name: &call.name, arguments: arguments(call) }
    }
}

#[derive(Serialize)]
struct WireTool<'r> {
    r#type: &'static str,
    name: &'r str,
    description: &'r str,
    parameters: &'r RawValue,
    /// This API takes an absent one for true, and then refuses most schemas; chat completions take
    /// it for false.
    strict: bool,
}

impl WireTool<'_> {
    fn of(tool: &ToolDefinition) -> Result<WireTool<'_>, BodyError> {
        let parameters = tool_schema(&tool.name, &tool.input_schema)?;
        let ToolDefinition { name, description, .. } = tool;
        Ok(WireTool { r#type: "function", name, description, parameters, strict: false })
    }
}

#[derive(Serialize)]
struct NamedTool<'r> {
    r#type: &'static str,
    name: &'r str,
}

#[derive(Serialize)]
struct Text<'r> {
    format: Format<'r>,
}

#[derive(Serialize)]
struct Format<'r> {
    r#type: &'static str,
    #[serde(flatten)]
    schema: ReplySchema<'r>,
}
