//! Verbs that talk: to a model, to tools, to the user.

use std::fmt::Write;

use futures_util::future::{join_all, join3, select};

use crate::contract::timeslip::agent::model::{self, ChatStream};
use crate::contract::timeslip::agent::session::{self, LogLevel};
use crate::contract::timeslip::agent::types::{
    ChatOptions, ChatRequest, Message, ModelError, Role, ToolChoice, ToolError, UserError,
};
use crate::contract::timeslip::agent::{tools, user};

const SECOND_NS: u64 = 1_000_000_000;

/// So many chats, one after the other; the answer has one line for each.
pub(crate) async fn chats_in_turn(count: u64) -> Result<String, String> {
    let mut replies = Vec::new();
    for index in 1..=count {
        replies.push(chat(format!("hello {index}")).await?);
    }
    Ok(replies.join("\n"))
}

/// So many chats started together; the answer has one line for each, in the order of the start.
pub(crate) async fn chats_at_once(count: u64) -> Result<String, String> {
    let chats = (1..=count).map(|index| chat(format!("hello {index}")));
    let replies: Result<Vec<String>, String> = join_all(chats).await.into_iter().collect();
    Ok(replies?.join("\n"))
}

/// One chat, piece by piece; each piece is logged with the instant of its arrival.
pub(crate) async fn stream() -> Result<String, String> {
    let stream = ChatStream::new(&request("hello 1".to_owned()));
    let mut whole = String::new();
    while let Some(chunk) = stream.next().await.map_err(model_error)? {
        let line = format!("{} {}", session::now(), chunk.content);
        session::log(LogLevel::Info, &line);
        whole.push_str(&chunk.content);
    }
    Ok(whole)
}

/// Starts a chat, gives it up before the reply, and stays for another second.
pub(crate) async fn drop_a_chat() -> Result<String, String> {
    let chat = Box::pin(chat("hello 1".to_owned()));
    // The first poll of the pair sends the request; the other side is ready at once, so the chat
    // is dropped while it is under way.
    drop(select(chat, std::future::ready(())).await);
    session::sleep(SECOND_NS).await;
    Ok("dropped".to_owned())
}

/// One chat whose message has this length.
pub(crate) async fn big_chat(length_bytes: usize) -> Result<String, String> {
    chat("c".repeat(length_bytes)).await
}

/// One tool call: `NAME JSON`.
pub(crate) async fn tool(arguments: &str) -> Result<String, String> {
    let (name, arguments) = arguments.split_once(' ').unwrap_or((arguments, "{}"));
    call(name, arguments).await
}

/// So many equal tool calls started together: `N NAME JSON`.
pub(crate) async fn tools_at_once(arguments: &str) -> Result<String, String> {
    let (count, call) = arguments.split_once(' ').unwrap_or((arguments, ""));
    let calls = (0..crate::number(count)?).map(|_| tool(call));
    let outputs: Result<Vec<String>, String> = join_all(calls).await.into_iter().collect();
    Ok(outputs?.join("\n"))
}

/// A chat, a call of the tool `echo` and a sleep of a second, started together.
pub(crate) async fn mixed() -> Result<String, String> {
    let (reply, output, ()) = join3(
        chat("hello 1".to_owned()),
        call("echo", r#"{"text":"mixed"}"#),
        session::sleep(SECOND_NS),
    )
    .await;
    let mut answer = String::new();
    let _ = write!(answer, "{}\n{}\n{}", reply?, output?, session::now());
    Ok(answer)
}

/// The names of the session's tools.
pub(crate) fn tool_names() -> String {
    let names: Vec<String> = tools::list().into_iter().map(|tool| tool.name).collect();
    names.join(" ")
}

/// Asks the user.
pub(crate) async fn ask(question: &str) -> Result<String, String> {
    user::ask(question.to_owned())
        .await
        .map_err(|error| match error {
            UserError::Nobody(text) => format!("nobody: {text}"),
            UserError::Gone(text) => format!("gone: {text}"),
        })
}

async fn chat(prompt: String) -> Result<String, String> {
    let reply = model::chat(request(prompt)).await.map_err(model_error)?;
    Ok(reply.message.content)
}

async fn call(name: &str, arguments: &str) -> Result<String, String> {
    tools::call(name.to_owned(), arguments.to_owned())
        .await
        .map_err(tool_error)
}

fn request(prompt: String) -> ChatRequest {
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

fn model_error(error: ModelError) -> String {
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

fn tool_error(error: ToolError) -> String {
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
