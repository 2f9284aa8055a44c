//! An agent for tests: does what the one line `VERB ARGUMENTS` of its task says.
//!
//! Every way an agent can use, strain or break its host is a verb here, so that a test of the host
//! is one line of text. A verb that talks to a model, a tool or the user gives the answer it got;
//! an error from there is a failure with the error's name in front.

#[path = "../compute.rs"]
mod compute;
mod session_verbs;
mod talk;

#[allow(missing_docs, reason = "the contract's documentation is in wit/")]
mod contract {
    wit_bindgen::generate!({
        path: ["../../../wit/agent", "../../../wit/tool"],
        world: "timeslip:agent/agent",
        generate_all,
    });
}

use contract::timeslip::agent::types::{Failure, Outcome, Task};

struct ProbeAgent;

impl contract::Guest for ProbeAgent {
    async fn run(task: Task) -> Result<Outcome, Failure> {
        match perform(&task.input).await {
            Ok(answer) => Ok(Outcome { answer }),
            Err(message) => Err(Failure { message }),
        }
    }
}

contract::export!(ProbeAgent with_types_in contract);

async fn perform(line: &str) -> Result<String, String> {
    let (verb, arguments) = line.split_once(' ').unwrap_or((line, ""));
    match verb {
        "echo" => Ok(arguments.to_owned()),
        "fail" => Err(arguments.to_owned()),
        "chat" => talk::chats_in_turn(number(arguments)?).await,
        "parallel" => talk::chats_at_once(number(arguments)?).await,
        "wait" => talk::chats_in_turn(1).await,
        "stream" => talk::stream().await,
        "drop" => talk::drop_a_chat().await,
        "big-chat" => talk::big_chat(bytes_of(arguments)?).await,
        "tool" => talk::tool(arguments).await,
        "tools-parallel" => talk::tools_at_once(arguments).await,
        "mixed" => talk::mixed().await,
        "list" => Ok(talk::tool_names()),
        "ask" => talk::ask(arguments).await,
        "sleep" => session_verbs::sleep(number(arguments)?).await,
        "now" => Ok(session_verbs::now()),
        "calls" => Ok(session_verbs::calls(number(arguments)?)),
        "random" => Ok(session_verbs::random()),
        "config" => Ok(session_verbs::config(arguments)),
        "budget" => Ok(session_verbs::budget()),
        "log" => Ok(session_verbs::log_lines(number(arguments)?)),
        "big-log" => Ok(session_verbs::big_log(bytes_of(arguments)?)),
        "big-answer" => Ok("a".repeat(bytes_of(arguments)?)),
        "spin" => compute::spin(),
        "spin-for" => Ok(compute::spin_for(number(arguments)?)),
        "allocate" => Ok(compute::allocate(number(arguments)?)),
        "recurse" => Ok(compute::recurse(1).to_string()),
        "panic" => panic!("asked to panic"),
        "trap" => compute::trap(),
        _ => Err(format!("the probe knows no verb {verb:?}")),
    }
}

fn number(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("{text:?} is not a whole number"))
}

/// The number of bytes in as many mebibytes as `text` says.
fn bytes_of(text: &str) -> Result<usize, String> {
    Ok(number(text)? as usize * 1024 * 1024)
}
