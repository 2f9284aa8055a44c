//! The agent for tests in the world `agent-blocking`: the verbs of `probe-agent`, whose files it
//! shares where both worlds are alike, so that one line of text tests both. Verbs that start things
//! together use the handles that this world has for it.

#[path = "../compute.rs"]
mod compute;
#[path = "../probe-agent/requests.rs"]
mod requests;
mod talk;
#[path = "../probe-agent/verbs.rs"]
mod verbs;

#[allow(missing_docs, reason = "the contract's documentation is in wit/")]
mod contract {
    wit_bindgen::generate!({
        path: ["../../../wit/agent", "../../../wit/tool"],
        world: "timeslip:agent/agent-blocking",
        generate_all,
    });
}

use contract::timeslip::agent::session_blocking as session;
use contract::timeslip::agent::types::{Failure, Outcome, Task};

struct ProbeAgent;

impl contract::Guest for ProbeAgent {
    fn run(task: Task) -> Result<Outcome, Failure> {
        match perform(&task.input) {
            Ok(answer) => Ok(Outcome { answer }),
            Err(message) => Err(Failure { message }),
        }
    }
}

contract::export!(ProbeAgent with_types_in contract);

fn perform(line: &str) -> Result<String, String> {
    let (verb, arguments) = line.split_once(' ').unwrap_or((line, ""));
    if let Some(done) = verbs::perform(verb, arguments) {
        return done;
    }
    match verb {
        "chat" => talk::chats_in_turn(verbs::number(arguments)?),
        "parallel" => talk::chats_at_once(verbs::number(arguments)?),
        "wait" => talk::chats_in_turn(1),
        "wait-twice" => talk::wait_twice(),
        "stream" => talk::stream(),
        "finish-twice" => talk::finish_twice(),
        "drop" => talk::drop_a_chat(),
        "big-chat" => talk::chat(&requests::request(verbs::mebibytes(arguments, 'c')?)),
        "tool" => talk::tool(arguments),
        "tools-parallel" => talk::tools_at_once(arguments),
        "tool-wait-twice" => talk::tool_wait_twice(arguments),
        "big-tool" => talk::call("echo", &requests::big_arguments(arguments)?),
        "mixed" => talk::mixed(),
        "list" => Ok(talk::tool_names()),
        "ask" => talk::ask(arguments),
        "big-ask" => talk::ask(&verbs::mebibytes(arguments, 'u')?),
        "sleep" => talk::sleep(verbs::number(arguments)?),
        _ => Err(format!("the probe knows no verb {verb:?}")),
    }
}
