//! Behaviours of the session itself.

use std::time::Duration;

use timeslip_sdk::{Chat, Failure, LogLevel, ask_user, log, now, sleep, span};

pub(crate) async fn user_question() -> Result<String, Failure> {
    let name = ask_user("What is your name?").await?;
    Ok(format!("Hello, {name}."))
}

pub(crate) async fn sleep_and_clock() -> Result<String, Failure> {
    let before = now();
    sleep(Duration::from_secs(1)).await;
    let passed = now() - before;
    if passed < Duration::from_secs(1) || passed >= Duration::from_millis(1010) {
        return Err(Failure::new(format!("a sleep of 1 s took {passed:?}")));
    }
    Ok("slept".to_owned())
}

pub(crate) fn random() -> String {
    let (first, second) = (timeslip_sdk::random_u64(), timeslip_sdk::random_u64());
    let bytes = timeslip_sdk::random_bytes(5);
    let bytes: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{first:x} {second:x} {bytes}")
}

pub(crate) async fn journal() -> Result<String, Failure> {
    log(LogLevel::Debug, "at debug");
    log(LogLevel::Info, "at info");
    log(LogLevel::Warn, "at warn");
    log(LogLevel::Error, "at error");
    let _span = span("work");
    sleep(Duration::from_millis(5)).await;
    Ok("logged".to_owned())
}

pub(crate) fn config() -> String {
    let value = |key| timeslip_sdk::config(key).unwrap_or_else(|| "none".to_owned());
    format!("{}/{}", value("greeting"), value("missing"))
}

pub(crate) async fn budget_left() -> Result<String, Failure> {
    let before = timeslip_sdk::budget_left();
    Chat::new().user("Say hello.").send().await?;
    let after = timeslip_sdk::budget_left();
    let number = |left: Option<u64>| left.map_or("none".to_owned(), |left| left.to_string());
    let time = before.time.map_or("none".to_owned(), |time| time.as_nanos().to_string());
    Ok(format!(
        "{time} {model} {tool} {output} {model}->{after}",
        model = number(before.model_calls),
        tool = number(before.tool_calls),
        output = number(before.output_tokens),
        after = number(after.model_calls),
    ))
}
