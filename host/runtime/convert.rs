//! From the contracts' records to the timeline's and back. Nothing else knows both vocabularies.

use timeslip_timeline::backend::ChatTiming;
use timeslip_timeline::conversation as ours;
use timeslip_timeline::guest::ChatAnswer;

use crate::bindings::agent::timeslip::agent::types as wit;
use crate::grants::Budgets;

pub(crate) fn chat_request(request: wit::ChatRequest) -> ours::ChatRequest {
    ours::ChatRequest {
        model: request.model,
        messages: request.messages.into_iter().map(message).collect(),
        tools: request.tools.into_iter().map(tool_definition).collect(),
        options: chat_options(request.options),
    }
}

/// The rule of the contract that a request breaks, if it breaks one.
pub(crate) fn request_problem(request: &ours::ChatRequest) -> Option<String> {
    let options = &request.options;
    if request.messages.is_empty() {
        Some("a chat needs at least one message".to_owned())
    } else if options.max_output_tokens == Some(0) {
        Some("max-output-tokens must be at least 1".to_owned())
    } else if options.temperature.is_some_and(|t| !t.is_finite() || t < 0.0) {
        Some("temperature must be a number of 0 or more".to_owned())
    } else if options.top_p.is_some_and(|p| !(p > 0.0 && p <= 1.0)) {
        Some("top-p must be over 0 and up to 1".to_owned())
    } else if let ours::ToolChoice::Named(name) = &options.tool_choice
        && !request.tools.iter().any(|tool| tool.name == *name)
    {
        Some(format!("tool-choice names \"{name}\", which is not among the tools offered"))
    } else {
        None
    }
}

fn message(message: wit::Message) -> ours::Message {
    ours::Message {
        role: match message.role {
            wit::Role::System => ours::Role::System,
            wit::Role::User => ours::Role::User,
            wit::Role::Assistant => ours::Role::Assistant,
            wit::Role::Tool => ours::Role::Tool,
        },
        content: message.content,
        tool_calls: message
            .tool_calls
            .into_iter()
            .map(|call| ours::ToolCall { id: call.id, name: call.name, arguments: call.arguments })
            .collect(),
        tool_call_id: message.tool_call_id,
    }
}

fn wit_message(message: ours::Message) -> wit::Message {
    wit::Message {
        role: match message.role {
            ours::Role::System => wit::Role::System,
            ours::Role::User => wit::Role::User,
            ours::Role::Assistant => wit::Role::Assistant,
            ours::Role::Tool => wit::Role::Tool,
        },
        content: message.content,
        tool_calls: message
            .tool_calls
            .into_iter()
            .map(|call| wit::ToolCall { id: call.id, name: call.name, arguments: call.arguments })
            .collect(),
        tool_call_id: message.tool_call_id,
    }
}

pub(crate) fn tool_definition(tool: wit::ToolDefinition) -> ours::ToolDefinition {
    let hints = tool.annotations;
    ours::ToolDefinition {
        name: tool.name,
        description: tool.description,
        input_schema: tool.input_schema,
        output_schema: tool.output_schema,
        annotations: ours::ToolAnnotations {
            read_only: hints.read_only,
            destructive: hints.destructive,
            idempotent: hints.idempotent,
            open_world: hints.open_world,
        },
    }
}

pub(crate) fn wit_tool_definition(tool: &ours::ToolDefinition) -> wit::ToolDefinition {
    let hints = tool.annotations;
    wit::ToolDefinition {
        name: tool.name.clone(),
        description: tool.description.clone(),
        input_schema: tool.input_schema.clone(),
        output_schema: tool.output_schema.clone(),
        annotations: wit::ToolAnnotations {
            read_only: hints.read_only,
            destructive: hints.destructive,
            idempotent: hints.idempotent,
            open_world: hints.open_world,
        },
    }
}

fn chat_options(options: wit::ChatOptions) -> ours::ChatOptions {
    ours::ChatOptions {
        max_output_tokens: options.max_output_tokens,
        temperature: options.temperature,
        top_p: options.top_p,
        seed: options.seed,
        stop: options.stop,
        tool_choice: match options.tool_choice {
            wit::ToolChoice::Auto => ours::ToolChoice::Auto,
            wit::ToolChoice::None => ours::ToolChoice::None,
            wit::ToolChoice::Required => ours::ToolChoice::Required,
            wit::ToolChoice::Named(name) => ours::ToolChoice::Named(name),
        },
        response_schema: options.response_schema,
    }
}

pub(crate) fn wit_chat_reply(answer: ChatAnswer) -> wit::ChatReply {
    wit::ChatReply {
        message: wit_message(answer.message),
        finish_reason: match answer.finish_reason {
            ours::FinishReason::Stop => wit::FinishReason::Stop,
            ours::FinishReason::Length => wit::FinishReason::Length,
            ours::FinishReason::ToolCalls => wit::FinishReason::ToolCalls,
            ours::FinishReason::ContentFilter => wit::FinishReason::ContentFilter,
        },
        usage: wit::Usage {
            input_tokens: answer.usage.input_tokens,
            cached_input_tokens: answer.usage.cached_input_tokens,
            output_tokens: answer.usage.output_tokens,
        },
        timing: wit_timing(&answer.timing),
        model: answer.model.to_string(),
        machine: answer.machine.to_string(),
    }
}

fn wit_timing(timing: &ChatTiming) -> wit::Timing {
    wit::Timing {
        queue_ns: timing.queue.as_nanos(),
        prefill_ns: timing.prefill.as_nanos(),
        transfer_ns: timing.transfer.as_nanos(),
        decode_ns: timing.decode.as_nanos(),
        time_to_first_token_ns: timing.time_to_first_token.as_nanos(),
        end_to_end_ns: timing.end_to_end().as_nanos(),
    }
}

pub(crate) fn wit_model_error(error: ours::ModelError) -> wit::ModelError {
    match error {
        ours::ModelError::Refused(text) => wit::ModelError::Refused(text),
        ours::ModelError::UnknownModel(text) => wit::ModelError::UnknownModel(text),
        ours::ModelError::ContextTooLong(text) => wit::ModelError::ContextTooLong(text),
        ours::ModelError::OverBudget(text) => wit::ModelError::OverBudget(text),
        ours::ModelError::InvalidRequest(text) => wit::ModelError::InvalidRequest(text),
        ours::ModelError::Unavailable(text) => wit::ModelError::Unavailable(text),
    }
}

pub(crate) fn tool_error(error: wit::ToolError) -> ours::ToolError {
    match error {
        wit::ToolError::UnknownTool(text) => ours::ToolError::UnknownTool(text),
        wit::ToolError::Refused(text) => ours::ToolError::Refused(text),
        wit::ToolError::InvalidArguments(text) => ours::ToolError::InvalidArguments(text),
        wit::ToolError::Failed(text) => ours::ToolError::Failed(text),
        wit::ToolError::InvalidOutput(text) => ours::ToolError::InvalidOutput(text),
        wit::ToolError::Crashed(text) => ours::ToolError::Crashed(text),
        wit::ToolError::OverBudget(text) => ours::ToolError::OverBudget(text),
    }
}

pub(crate) fn wit_tool_error(error: ours::ToolError) -> wit::ToolError {
    match error {
        ours::ToolError::UnknownTool(text) => wit::ToolError::UnknownTool(text),
        ours::ToolError::Refused(text) => wit::ToolError::Refused(text),
        ours::ToolError::InvalidArguments(text) => wit::ToolError::InvalidArguments(text),
        ours::ToolError::Failed(text) => wit::ToolError::Failed(text),
        ours::ToolError::InvalidOutput(text) => wit::ToolError::InvalidOutput(text),
        ours::ToolError::Crashed(text) => wit::ToolError::Crashed(text),
        ours::ToolError::OverBudget(text) => wit::ToolError::OverBudget(text),
    }
}

pub(crate) fn wit_user_error(error: ours::UserError) -> wit::UserError {
    match error {
        ours::UserError::Nobody(text) => wit::UserError::Nobody(text),
        ours::UserError::Gone(text) => wit::UserError::Gone(text),
    }
}

pub(crate) fn log_level(level: wit::LogLevel) -> ours::LogLevel {
    match level {
        wit::LogLevel::Debug => ours::LogLevel::Debug,
        wit::LogLevel::Info => ours::LogLevel::Info,
        wit::LogLevel::Warn => ours::LogLevel::Warn,
        wit::LogLevel::Error => ours::LogLevel::Error,
    }
}

pub(crate) fn wit_budget(time_ns: Option<u64>, left: Budgets) -> wit::Budget {
    wit::Budget {
        time_ns,
        model_calls: left.model_calls,
        tool_calls: left.tool_calls,
        output_tokens: left.output_tokens,
    }
}
