//! Behaviours of chats.

use std::time::Duration;

use timeslip_sdk::{
    Chat, ChatReply, Failure, ModelError, ToolChoice, call_tool, join, join3, json, sleep,
};

pub(crate) async fn plain_reply() -> Result<String, Failure> {
    let reply = Chat::new().user("Say hello.").send().await?;
    Ok(reply.message.content)
}

pub(crate) async fn options() -> Result<String, Failure> {
    let chat = Chat::new()
        .system("Be brief.")
        .user("Name a colour.")
        .max_output_tokens(16)
        .temperature(0.5)
        .top_p(0.9)
        .seed(7)
        .stop("\n")
        .tool_choice(ToolChoice::None);
    let reply = chat.send().await?;
    let (finish, usage) = (reply.finish_reason.name(), reply.usage);
    Ok(format!("{} {finish} {}/{}", reply.text(), usage.input_tokens, usage.output_tokens))
}

pub(crate) async fn streaming() -> Result<String, Failure> {
    let mut stream = Chat::new().user("Count to five.").stream();
    let (mut pieces, mut text) = (0, String::new());
    while let Some(piece) = stream.next().await? {
        pieces += 1;
        text.push_str(&piece.content);
    }
    let reply = stream.finish().await?;
    if text != reply.text() {
        let whole = reply.text();
        return Err(Failure::new(format!("the pieces are {text:?}, and the reply is {whole:?}")));
    }
    Ok(format!("{pieces} pieces: {text}"))
}

pub(crate) async fn cancellation() -> Result<String, Failure> {
    let mut stream = Chat::new().user("Write a long poem.").stream();
    stream.next().await?;
    stream.next().await?;
    stream.cancel();
    sleep(Duration::from_millis(10)).await;
    Ok("cancelled".to_owned())
}

pub(crate) async fn parallel_calls() -> Result<String, Failure> {
    let branch = |number| Chat::new().user(format!("Branch {number}.")).send();
    let (first, second, third) = join3(branch(1), branch(2), branch(3)).await;
    let wait = |milliseconds| call_tool("wait", json!({ "milliseconds": milliseconds }));
    let (longer, shorter) = join(wait(200), wait(100)).await;
    let texts = [
        first?.message.content,
        second?.message.content,
        third?.message.content,
        longer?,
        shorter?,
    ];
    Ok(texts.join(" | "))
}

pub(crate) async fn model_error() -> Result<String, Failure> {
    let hi = || Chat::new().user("Hi.");
    let kinds = [
        kind(Chat::new().send().await)?,
        kind(hi().top_p(2.0).send().await)?,
        kind(hi().tool_choice(ToolChoice::Named("missing".to_owned())).send().await)?,
    ];
    Ok(kinds.join(", "))
}

pub(crate) async fn refused_grant() -> Result<String, Failure> {
    let refused = kind(Chat::new().model("another-model").user("Hi.").send().await)?;
    Ok(refused.to_owned())
}

pub(crate) async fn budget_exhausted() -> Result<String, Failure> {
    let mut replies = 0;
    loop {
        match Chat::new().user("Again.").send().await {
            Ok(_) => replies += 1,
            Err(error) => return Ok(format!("{replies} replies, then {}", error.kind())),
        }
    }
}

pub(crate) async fn unicode() -> Result<String, Failure> {
    let reply = Chat::new().user("żółć 🦀 👩‍👧 𝕏 ﷽ \u{0} end").send().await?;
    Ok(reply.message.content)
}

pub(crate) async fn large_prompt() -> Result<String, Failure> {
    match Chat::new().user("0123456789abcde ".repeat(65_536)).send().await {
        Ok(reply) => Ok(reply.message.content),
        Err(error) => Ok(error.kind().to_string()),
    }
}

/// The kind of an error that must come.
fn kind(reply: Result<ChatReply, ModelError>) -> Result<&'static str, Failure> {
    match reply {
        Ok(_) => Err(Failure::new("there is a reply where an error should be")),
        Err(error) => Ok(error.kind().name()),
    }
}
