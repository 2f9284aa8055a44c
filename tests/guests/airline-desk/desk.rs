//! The airline's service agent as the gate's tests need it: it looks up flights while the model
//! reads the customer's first words, and it can be built with one thing changed.
//!
//! The conversation and the settings are the agent's own sources.

use futures_util::future::join;

use crate::contract::timeslip::agent::session::{self, LogLevel};
use crate::contract::timeslip::agent::types::{
    ChatOptions, ChatReply, ChatRequest, Failure, Message, ModelError, Outcome, Role, Task,
    ToolCall, ToolChoice, ToolDefinition, UserError,
};
use crate::contract::timeslip::agent::{model, tools, user};
use crate::conversation::{Conversation, Next, output_of};
use crate::settings::Settings;

/// What is changed.
#[derive(Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "each component has one of them")]
pub(crate) enum Change {
    /// Nothing.
    None,
    /// The second question to the model is asked twice.
    AsksTwice,
    /// The instructions are 500 tokens longer.
    LongerInstructions,
    /// The flights are looked up before the model is asked, not meanwhile.
    InTurn,
    /// The instructions begin with the session's clock, so that no two prompts begin alike.
    TellsTheTime,
    /// Every turn is logged with care.
    Talks,
}

/// About one token each with the vocabulary of gpt-4o.
const WORD: &str = " please";

/// The model call that is made twice, counted from 1.
const ASKED_TWICE: usize = 2;

/// The flights that most customers ask for.
const FLIGHTS: &str = r#"{"origin":"JFK","destination":"SEA","date":"2024-05-20"}"#;

/// Does a task.
pub(crate) async fn run(task: Task, change: Change) -> Result<Outcome, Failure> {
    match serve(task.input, change).await {
        Ok(answer) => Ok(Outcome { answer }),
        Err(message) => Err(Failure { message }),
    }
}

async fn serve(opening: String, change: Change) -> Result<String, String> {
    let settings = Settings::read(session::config)?;
    let tools = tools::list();
    let mut conversation = Conversation::new(settings, opening);
    let mut calls = 0;
    loop {
        if let Some(words) = conversation.closing_words() {
            return Ok(words.to_owned());
        }
        calls += 1;
        if change == Change::Talks {
            talk(&conversation, calls);
        }
        let reply = ask(&conversation, &tools, calls, change).await?;
        match conversation.model_replied(reply.message) {
            Next::Call(call) => {
                let output = output(&call).await?;
                conversation.tool_answered(call, output);
            }
            Next::Say(text) => match user::ask(text).await {
                Ok(answer) => conversation.customer_answered(answer),
                Err(UserError::Gone(_) | UserError::Nobody(_)) => conversation.customer_left(),
            },
        }
    }
}

async fn ask(
    conversation: &Conversation,
    tools: &[ToolDefinition],
    calls: usize,
    change: Change,
) -> Result<ChatReply, String> {
    let messages = instructed(conversation.messages(), change);
    let chat = || model::chat(request(&messages, tools));
    let reply = match (calls, change) {
        (1, Change::InTurn) => {
            look_up_flights().await;
            chat().await
        }
        (1, _) => join(chat(), look_up_flights()).await.0,
        (ASKED_TWICE, Change::AsksTwice) => {
            let _ = chat().await;
            chat().await
        }
        _ => chat().await,
    };
    reply.map_err(|error| cause(&error))
}

async fn look_up_flights() {
    let _ = tools::call("search_direct_flight".to_owned(), FLIGHTS.to_owned()).await;
}

/// The messages, under the instructions as they are changed.
fn instructed(messages: &[Message], change: Change) -> Vec<Message> {
    let mut messages = messages.to_vec();
    if let Some(system) = messages.iter_mut().find(|message| message.role == Role::System) {
        match change {
            Change::LongerInstructions => system.content.push_str(&WORD.repeat(500)),
            Change::TellsTheTime => {
                let milliseconds = session::now() / 1_000_000;
                system.content = format!("{milliseconds:09} ms have passed.\n{}", system.content);
            }
            _ => {}
        }
    }
    messages
}

fn talk(conversation: &Conversation, calls: usize) {
    for (index, message) in conversation.messages().iter().enumerate() {
        let length = message.content.chars().count();
        session::log(LogLevel::Debug, &format!("turn {calls}: message {index} of {length}"));
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
