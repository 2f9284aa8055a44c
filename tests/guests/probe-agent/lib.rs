//! An agent for tests: does what the one line `VERB ARGUMENTS` of its task says.
//!
//! Every way an agent can use, strain or break its host is a verb here, so that a test of the host
//! is one line of text. A verb that talks to a model, a tool or the user gives the answer it got;
//! an error from there is a failure with the error's name in front. What only a component that no
//! toolchain makes can do is in `hand-written/`.

#[path = "../compute.rs"]
mod compute;
mod requests;
mod talk;
mod verbs;

#[allow(missing_docs, reason = "the contract's documentation is in wit/")]
mod contract {
    wit_bindgen::generate!({
        path: ["../../../wit/agent", "../../../wit/tool"],
        world: "timeslip:agent/agent",
        generate_all,
    });
}

use contract::timeslip::agent::session;
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
    if let Some(done) = verbs::perform(verb, arguments) {
        return done;
    }
    match verb {
        "chat" => talk::chats_in_turn(verbs::number(arguments)?).await,
        "parallel" => talk::chats_at_once(verbs::number(arguments)?).await,
        "wait" => talk::chats_in_turn(1).await,
        "stream" => talk::stream().await,
        "finish-twice" => talk::finish_twice().await,
        "drop" => talk::drop_a_chat().await,
        "big-chat" => talk::chat(requests::request(verbs::mebibytes(arguments, 'c')?)).await,
        "tool" => talk::tool(arguments).await,
        "tools-parallel" => talk::tools_at_once(arguments).await,
        "big-tool" => talk::call("echo", &requests::big_arguments(arguments)?).await,
        "mixed" => talk::mixed().await,
        "list" => Ok(talk::tool_names()),
        "ask" => talk::ask(arguments).await,
        "big-ask" => talk::ask(&verbs::mebibytes(arguments, 'u')?).await,
        "sleep" => talk::sleep(verbs::number(arguments)?).await,
        _ => Err(format!("the probe knows no verb {verb:?}")),
    }
}
