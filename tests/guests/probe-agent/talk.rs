//! Verbs that wait: for a model, for tools, for the user, for the clock.

use futures_util::future::{join_all, join3, select};

use crate::contract::timeslip::agent::model::{self, ChatStream};
use crate::contract::timeslip::agent::types::{ChatRequest, LogLevel};
use crate::contract::timeslip::agent::{tools, user};
use crate::requests::{
    SECOND_NS, count_and_call, greeting, model_error, name_and_arguments, tool_error, user_error,
};
use crate::session;
use crate::verbs::now;

/// So many chats, one after the other; the answer has one line for each.
pub(crate) async fn chats_in_turn(count: u64) -> Result<String, String> {
    let mut replies = Vec::new();
    for number in 1..=count {
        replies.push(chat(greeting(number)).await?);
    }
    Ok(replies.join("\n"))
}

/// So many chats started together; the answer has one line for each, in the order of the start.
pub(crate) async fn chats_at_once(count: u64) -> Result<String, String> {
    let chats = (1..=count).map(|number| chat(greeting(number)));
    let replies: Result<Vec<String>, String> = join_all(chats).await.into_iter().collect();
    Ok(replies?.join("\n"))
}

/// One chat, piece by piece; each piece is logged with the instant of its arrival.
pub(crate) async fn stream() -> Result<String, String> {
    let stream = ChatStream::new(&greeting(1));
    let mut whole = String::new();
    while let Some(chunk) = stream.next().await.map_err(model_error)? {
        session::log(LogLevel::Info, &format!("{} {}", now(), chunk.content));
        whole.push_str(&chunk.content);
    }
    Ok(whole)
}

/// Asks a stream for its whole reply twice, which the contract forbids.
pub(crate) async fn finish_twice() -> Result<String, String> {
    let stream = ChatStream::new(&greeting(1));
    stream.finish().await.map_err(model_error)?;
    let again = stream.finish().await.map_err(model_error)?;
    Ok(again.message.content)
}

/// Starts a chat, gives it up before the reply, and stays for another second.
pub(crate) async fn drop_a_chat() -> Result<String, String> {
    let chat = Box::pin(chat(greeting(1)));
    // The first poll of the pair sends the request; the other side is ready at once, so the chat
    // is dropped while it is under way.
    drop(select(chat, std::future::ready(())).await);
    session::sleep(SECOND_NS).await;
    Ok("dropped".to_owned())
}

/// One tool call: `NAME JSON`.
pub(crate) async fn tool(arguments: &str) -> Result<String, String> {
    let (name, arguments) = name_and_arguments(arguments);
    call(name, arguments).await
}

/// So many equal tool calls started together: `COUNT NAME JSON`.
pub(crate) async fn tools_at_once(arguments: &str) -> Result<String, String> {
    let (count, call) = count_and_call(arguments)?;
    let calls = (0..count).map(|_| tool(call));
    let outputs: Result<Vec<String>, String> = join_all(calls).await.into_iter().collect();
    Ok(outputs?.join("\n"))
}

/// A chat, a call of the tool `echo` and a sleep of a second, started together.
pub(crate) async fn mixed() -> Result<String, String> {
    let (reply, output, ()) =
        join3(chat(greeting(1)), call("echo", r#"{"text":"mixed"}"#), session::sleep(SECOND_NS))
            .await;
    Ok(format!("{}\n{}\n{}", reply?, output?, now()))
}

/// The names of the session's tools.
pub(crate) fn tool_names() -> String {
    let names: Vec<String> = tools::list().into_iter().map(|tool| tool.name).collect();
    names.join(" ")
}

/// Asks the user.
pub(crate) async fn ask(question: &str) -> Result<String, String> {
    user::ask(question.to_owned()).await.map_err(user_error)
}

/// Sleeps, and says at which nanosecond it woke.
pub(crate) async fn sleep(duration_ns: u64) -> Result<String, String> {
    session::sleep(duration_ns).await;
    Ok(now())
}

/// One chat; gives the reply's text.
pub(crate) async fn chat(request: ChatRequest) -> Result<String, String> {
    let reply = model::chat(request).await.map_err(model_error)?;
    Ok(reply.message.content)
}

/// One tool call; gives its output.
pub(crate) async fn call(name: &str, arguments: &str) -> Result<String, String> {
    tools::call(name.to_owned(), arguments.to_owned()).await.map_err(tool_error)
}
