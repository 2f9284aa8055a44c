//! An agent that repairs code: it looks at files, edits them and runs the tests, and goes on until
//! the tests pass. It believes no answer: it runs the tests itself before it ends.

use serde::Deserialize;
use timeslip_sdk::{
    Agent, Chat, Failure, LogLevel, Message, Task, ToolCall, ToolDefinition, call_tool,
    call_tool_text, export_agent, join_all, json, list_tools, log, serde_json, span, system,
    tool_output, user,
};

const INSTRUCTIONS: &str = "\
You repair a small JavaScript project. Say in one sentence what you think and what you do next, and use \
the tools: list_files and read_file to look, write_file to write a whole file, and run_tests to see \
which tests fail. Never change a test. Answer in at most three sentences what was wrong, when all tests \
pass.";

/// A repair that takes longer than this goes round in circles.
const TURNS_MAX: usize = 20;

/// What `run_tests` gives.
#[derive(Deserialize)]
struct TestResult {
    failures: Vec<TestFailure>,
}

#[derive(Deserialize)]
struct TestFailure {
    file: String,
    test: String,
    message: String,
}

struct CodingAgent;

impl Agent for CodingAgent {
    async fn run(task: Task) -> Result<String, Failure> {
        let tools = list_tools();
        let mut messages = vec![system(INSTRUCTIONS), user(task.input)];
        for turn in 1..=TURNS_MAX {
            let _span = span(format!("turn {turn}"));
            if let Some(answer) = take_turn(&mut messages, &tools).await? {
                return Ok(answer);
            }
        }
        Err(Failure::new(format!("the tests do not pass after {TURNS_MAX} turns")))
    }
}

export_agent!(CodingAgent);

/// One reply, and what the tools or the tests say to it; its text when nothing is left to be done.
async fn take_turn(
    messages: &mut Vec<Message>,
    tools: &[ToolDefinition],
) -> Result<Option<String>, Failure> {
    let chat = Chat::new().messages(messages.clone()).tools(tools.to_vec());
    let reply = chat.send().await?.message;
    messages.push(reply.clone());
    if !reply.tool_calls.is_empty() {
        log(LogLevel::Info, format!("thought: {}", reply.content));
        messages.extend(join_all(reply.tool_calls.into_iter().map(act)).await);
        return Ok(None);
    }
    let Some(problem) = problem().await? else { return Ok(Some(reply.content)) };
    log(LogLevel::Warn, &problem);
    messages.push(user(problem));
    Ok(None)
}

async fn act(call: ToolCall) -> Message {
    let output = call_tool_text(call.name, call.arguments).await;
    tool_output(call.id, output.unwrap_or_else(|error| format!("Error: {}", error.text())))
}

/// What is wrong with an answer: which tests still fail.
async fn problem() -> Result<Option<String>, Failure> {
    let _span = span("verify");
    let output = call_tool("run_tests", json!({})).await?;
    let result: TestResult = serde_json::from_str(&output).map_err(|error| {
        Failure::new(format!("the output of run_tests is not its own: {error}"))
    })?;
    if result.failures.is_empty() {
        return Ok(None);
    }
    let line =
        |failure: &TestFailure| format!("{}, {}: {}", failure.file, failure.test, failure.message);
    let lines: Vec<String> = result.failures.iter().map(line).collect();
    Ok(Some(format!("Tests still fail:\n{}\nGo on.", lines.join("\n"))))
}

#[cfg(test)]
mod tests;
