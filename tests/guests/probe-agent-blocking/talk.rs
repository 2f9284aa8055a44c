//! Verbs that wait: for a model, for tools, for the user, for the clock. What is to overlap is
//! started first and waited for afterwards.

use crate::contract::timeslip::agent::model_blocking::{self as model, ChatStream, PendingChat};
use crate::contract::timeslip::agent::tools_blocking::{self as tools, PendingToolCall};
use crate::contract::timeslip::agent::types::{ChatRequest, LogLevel};
use crate::contract::timeslip::agent::user_blocking as user;
use crate::requests::{
    SECOND_NS, count_and_call, greeting, model_error, name_and_arguments, tool_error, user_error,
};
use crate::session;
use crate::verbs::now;

/// So many chats, one after the other; the answer has one line for each.
pub(crate) fn chats_in_turn(count: u64) -> Result<String, String> {
    let mut replies = Vec::new();
    for number in 1..=count {
        replies.push(chat(&greeting(number))?);
    }
    Ok(replies.join("\n"))
}

/// So many chats started together; the answer has one line for each, in the order of the start.
pub(crate) fn chats_at_once(count: u64) -> Result<String, String> {
    let chats: Vec<PendingChat> =
        (1..=count).map(|number| model::start(&greeting(number))).collect();
    let replies: Result<Vec<String>, String> = chats.iter().map(reply).collect();
    Ok(replies?.join("\n"))
}

/// Waits twice for one reply, which the contract forbids.
pub(crate) fn wait_twice() -> Result<String, String> {
    let chat = model::start(&greeting(1));
    reply(&chat)?;
    reply(&chat)
}

/// One chat, piece by piece; each piece is logged with the instant of its arrival.
pub(crate) fn stream() -> Result<String, String> {
    let stream = ChatStream::new(&greeting(1));
    let mut whole = String::new();
    while let Some(chunk) = stream.next().map_err(model_error)? {
        session::log(LogLevel::Info, &format!("{} {}", now(), chunk.content));
        whole.push_str(&chunk.content);
    }
    Ok(whole)
}

/// Asks a stream for its whole reply twice, which the contract forbids.
pub(crate) fn finish_twice() -> Result<String, String> {
    let stream = ChatStream::new(&greeting(1));
    stream.finish().map_err(model_error)?;
    let again = stream.finish().map_err(model_error)?;
    Ok(again.message.content)
}

/// Starts a chat, gives it up before the reply, and stays for another second.
pub(crate) fn drop_a_chat() -> Result<String, String> {
    drop(model::start(&greeting(1)));
    session::sleep(SECOND_NS);
    Ok("dropped".to_owned())
}

/// One tool call: `NAME JSON`.
pub(crate) fn tool(arguments: &str) -> Result<String, String> {
    let (name, arguments) = name_and_arguments(arguments);
    call(name, arguments)
}

/// So many equal tool calls started together: `COUNT NAME JSON`.
pub(crate) fn tools_at_once(arguments: &str) -> Result<String, String> {
    let (count, call) = count_and_call(arguments)?;
    let (name, arguments) = name_and_arguments(call);
    let calls: Vec<PendingToolCall> = (0..count).map(|_| tools::start(name, arguments)).collect();
    let outputs: Result<Vec<String>, String> = calls.iter().map(output).collect();
    Ok(outputs?.join("\n"))
}

/// Waits twice for one tool's output, which the contract forbids: `NAME JSON`.
pub(crate) fn tool_wait_twice(arguments: &str) -> Result<String, String> {
    let (name, arguments) = name_and_arguments(arguments);
    let call = tools::start(name, arguments);
    output(&call)?;
    output(&call)
}

/// A chat, a call of the tool `echo` and a sleep of a second, started together.
pub(crate) fn mixed() -> Result<String, String> {
    let chat = model::start(&greeting(1));
    let call = tools::start("echo", r#"{"text":"mixed"}"#);
    session::sleep(SECOND_NS);
    Ok(format!("{}\n{}\n{}", reply(&chat)?, output(&call)?, now()))
}

/// The names of the session's tools.
pub(crate) fn tool_names() -> String {
    let names: Vec<String> = tools::list().into_iter().map(|tool| tool.name).collect();
    names.join(" ")
}

/// Asks the user.
pub(crate) fn ask(question: &str) -> Result<String, String> {
    user::ask(question).map_err(user_error)
}

/// Sleeps, and says at which nanosecond it woke.
pub(crate) fn sleep(duration_ns: u64) -> Result<String, String> {
    session::sleep(duration_ns);
    Ok(now())
}

/// One chat; gives the reply's text.
pub(crate) fn chat(request: &ChatRequest) -> Result<String, String> {
    let reply = model::chat(request).map_err(model_error)?;
    Ok(reply.message.content)
}

/// One tool call; gives its output.
pub(crate) fn call(name: &str, arguments: &str) -> Result<String, String> {
    tools::call(name, arguments).map_err(tool_error)
}

/// Waits for a chat under way; gives the reply's text.
fn reply(chat: &PendingChat) -> Result<String, String> {
    let reply = chat.wait().map_err(model_error)?;
    Ok(reply.message.content)
}

/// Waits for a tool call under way; gives its output.
fn output(call: &PendingToolCall) -> Result<String, String> {
    call.wait().map_err(tool_error)
}
