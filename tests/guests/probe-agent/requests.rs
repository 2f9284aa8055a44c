//! What the probes ask for and how they tell an error, alike in both worlds.

use crate::contract::timeslip::agent::types::{
    ChatOptions, ChatRequest, Message, ModelError, Role, ToolChoice, ToolError, UserError,
};
use crate::verbs;

/// How long a verb sleeps when nothing says otherwise.
pub(crate) const SECOND_NS: u64 = 1_000_000_000;

/// The first, second and further questions to a model differ, so that their replies do.
pub(crate) fn greeting(number: u64) -> ChatRequest {
    request(format!("hello {number}"))
}

/// A chat with one message of the user.
pub(crate) fn request(prompt: String) -> ChatRequest {
    ChatRequest {
        model: None,
        messages: vec![Message {
            role: Role::User,
            content: prompt,
            tool_calls: Vec::new(),
            tool_call_id: None,
        }],
        tools: Vec::new(),
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

/// A tool call written as `NAME JSON`, without the JSON when the tool takes nothing.
pub(crate) fn name_and_arguments(text: &str) -> (&str, &str) {
    text.split_once(' ').unwrap_or((text, "{}"))
}

/// Equal tool calls written as `COUNT NAME JSON`.
pub(crate) fn count_and_call(text: &str) -> Result<(u64, &str), String> {
    let (count, call) = text.split_once(' ').unwrap_or((text, ""));
    Ok((verbs::number(count)?, call))
}

/// Arguments of the tool `echo` that are as many mebibytes long as `count` says.
pub(crate) fn big_arguments(count: &str) -> Result<String, String> {
    Ok(format!(r#"{{"text":"{}"}}"#, verbs::mebibytes(count, 't')?))
}

/// The error's name in the contract and its text.
pub(crate) fn model_error(error: ModelError) -> String {
    let (name, text) = match error {
        ModelError::Refused(text) => ("refused", text),
        ModelError::UnknownModel(text) => ("unknown-model", text),
        ModelError::ContextTooLong(text) => ("context-too-long", text),
        ModelError::OverBudget(text) => ("over-budget", text),
        ModelError::InvalidRequest(text) => ("invalid-request", text),
        ModelError::Unavailable(text) => ("unavailable", text),
    };
    format!("{name}: {text}")
}

/// The error's name in the contract and its text.
pub(crate) fn tool_error(error: ToolError) -> String {
    let (name, text) = match error {
        ToolError::UnknownTool(text) => ("unknown-tool", text),
        ToolError::Refused(text) => ("refused", text),
        ToolError::InvalidArguments(text) => ("invalid-arguments", text),
        ToolError::Failed(text) => ("failed", text),
        ToolError::InvalidOutput(text) => ("invalid-output", text),
        ToolError::Crashed(text) => ("crashed", text),
        ToolError::OverBudget(text) => ("over-budget", text),
    };
    format!("{name}: {text}")
}

/// The error's name in the contract and its text.
pub(crate) fn user_error(error: UserError) -> String {
    let (name, text) = match error {
        UserError::Nobody(text) => ("nobody", text),
        UserError::Gone(text) => ("gone", text),
    };
    format!("{name}: {text}")
}
