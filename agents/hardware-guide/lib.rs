//! An agent that answers a question about hardware from the profiles that its tools can read.
//!
//! It is the plain tool-calling loop: ask the model, call every tool it asks for, give it the
//! outputs, until it answers with text alone. The tools of one reply are called together, so their
//! waiting overlaps.

#[allow(missing_docs, reason = "the contract's documentation is in wit/")]
mod contract {
    wit_bindgen::generate!({
        path: ["../../wit/agent", "../../wit/tool"],
        world: "timeslip:agent/agent",
        generate_all,
    });
}

use contract::timeslip::agent::session::{self, LogLevel, Span};
use contract::timeslip::agent::types::{
    ChatOptions, ChatReply, ChatRequest, Failure, Message, ModelError, Outcome, Role, Task,
    ToolCall, ToolChoice, ToolDefinition, ToolError,
};
use contract::timeslip::agent::{model, tools};
use futures_util::future::join_all;

const SYSTEM_PROMPT: &str = "\
You answer questions about AI hardware from a folder of hardware profiles. \
Find the profiles with the tools, read the figures you need, and calculate with the tools rather \
than in your head. Answer in at most three sentences, give every figure with its unit, and name \
the profile it comes from. When the profiles do not say, say so.";

/// A question that takes longer than this is one the model goes round in circles about.
const TURNS_MAX: usize = 12;

struct HardwareGuide;

impl contract::Guest for HardwareGuide {
    async fn run(task: Task) -> Result<Outcome, Failure> {
        match answer(task.input).await {
            Ok(answer) => Ok(Outcome { answer }),
            Err(message) => Err(Failure { message }),
        }
    }
}

contract::export!(HardwareGuide with_types_in contract);

async fn answer(question: String) -> Result<String, String> {
    let tools = tools::list();
    let mut messages =
        vec![message(Role::System, SYSTEM_PROMPT.to_owned()), message(Role::User, question)];
    for turn in 1..=TURNS_MAX {
        let _span = Span::new(&format!("turn {turn}"));
        let reply = model::chat(request(&messages, &tools)).await;
        let reply = reply.map_err(|error| cause(&error))?;
        log_turn(turn, &reply);
        if reply.message.tool_calls.is_empty() {
            return Ok(reply.message.content);
        }
        let calls = reply.message.tool_calls.clone();
        messages.push(reply.message);
        messages.extend(join_all(calls.into_iter().map(call)).await);
    }
    Err(format!("the model still asked for tools after {TURNS_MAX} turns"))
}

/// Calls one tool. The model sees an error as the tool's output, so that it can try another way.
async fn call(call: ToolCall) -> Message {
    let output = tools::call(call.name, call.arguments).await;
    let content = output.unwrap_or_else(|error| format!("Error: {}", text(&error)));
    Message { tool_call_id: Some(call.id), ..message(Role::Tool, content) }
}

fn log_turn(turn: usize, reply: &ChatReply) {
    let names: Vec<&str> = reply.message.tool_calls.iter().map(|call| call.name.as_str()).collect();
    let what = if names.is_empty() {
        "answers".to_owned()
    } else {
        format!("asks for {}", names.join(", "))
    };
    let tokens = reply.usage.output_tokens;
    let line = format!("turn {turn}: the model {what} ({tokens} output tokens)");
    session::log(LogLevel::Info, &line);
}

fn request(messages: &[Message], tools: &[ToolDefinition]) -> ChatRequest {
    ChatRequest {
        model: None,
        messages: messages.to_vec(),
        tools: tools.to_vec(),
        options: ChatOptions {
            max_output_tokens: None,
            temperature: None,
            top_p: None,
            seed: None,
            stop: Vec::new(),
            tool_choice: ToolChoice::Auto,
            response_schema: None,
        },
    }
}

fn message(role: Role, content: String) -> Message {
    Message { role, content, tool_calls: Vec::new(), tool_call_id: None }
}

fn cause(error: &ModelError) -> String {
    match error {
        ModelError::Refused(text)
        | ModelError::UnknownModel(text)
        | ModelError::ContextTooLong(text)
        | ModelError::OverBudget(text)
        | ModelError::InvalidRequest(text)
        | ModelError::Unavailable(text) => format!("the model gave no reply: {text}"),
    }
}

fn text(error: &ToolError) -> &str {
    match error {
        ToolError::UnknownTool(text)
        | ToolError::Refused(text)
        | ToolError::InvalidArguments(text)
        | ToolError::Failed(text)
        | ToolError::InvalidOutput(text)
        | ToolError::Crashed(text)
        | ToolError::OverBudget(text) => text,
    }
}
