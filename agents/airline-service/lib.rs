//! An agent at an airline's service desk: follows a policy, talks with a customer and works with
//! tools, in the manner of the benchmark τ-bench.
//!
//! A reply with a tool call is a step with the first tool it names; a reply of text alone is said
//! to the customer. The session ends when the customer writes `###STOP###` or leaves, when the
//! customer is handed over to a person, or after a number of model calls; the answer is the
//! service's last words.
//!
//! The bench configures it under `[agent.config]`: `system-prompt` is the policy and must be there;
//! `ends-with-tool` is the tool that hands over, `transfer_to_human_agents` if absent;
//! `model-calls-max` is `30` if absent.

mod conversation;
mod settings;

#[allow(missing_docs, reason = "the contract's documentation is in wit/")]
mod contract {
    wit_bindgen::generate!({
        path: ["../../wit/agent", "../../wit/tool"],
        world: "timeslip:agent/agent",
        generate_all,
    });
}

use contract::timeslip::agent::session::{self, LogLevel};
use contract::timeslip::agent::types::{
    ChatOptions, ChatRequest, Failure, Message, ModelError, Outcome, Task, ToolCall, ToolChoice,
    ToolDefinition, UserError,
};
use contract::timeslip::agent::{model, tools, user};
use conversation::{Conversation, Next, output_of};
use settings::Settings;

struct AirlineService;

impl contract::Guest for AirlineService {
    async fn run(task: Task) -> Result<Outcome, Failure> {
        match serve(task.input).await {
            Ok(answer) => Ok(Outcome { answer }),
            Err(message) => Err(Failure { message }),
        }
    }
}

contract::export!(AirlineService with_types_in contract);

async fn serve(opening: String) -> Result<String, String> {
    let settings = Settings::read(session::config)?;
    let tools = tools::list();
    let mut conversation = Conversation::new(settings, opening);
    loop {
        if let Some(words) = conversation.closing_words() {
            return Ok(words.to_owned());
        }
        let reply = model::chat(request(conversation.messages(), &tools)).await;
        let reply = reply.map_err(|error| cause(&error))?;
        match conversation.model_replied(reply.message) {
            Next::Call(call) => {
                let output = output(&call).await?;
                conversation.tool_answered(call, output);
            }
            Next::Say(text) => match user::ask(text).await {
                Ok(answer) => conversation.customer_answered(answer),
                Err(UserError::Gone(text) | UserError::Nobody(text)) => {
                    session::log(LogLevel::Info, &text);
                    conversation.customer_left();
                }
            },
        }
    }
}

async fn output(call: &ToolCall) -> Result<String, String> {
    let output = tools::call(call.name.clone(), call.arguments.clone()).await;
    output.or_else(|error| output_of(error, call))
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
