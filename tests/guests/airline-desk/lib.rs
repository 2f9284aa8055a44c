//! An agent for tests of the gate: the airline's service, which looks up flights meanwhile.

#[path = "../../../agents/airline-service/conversation.rs"]
mod conversation;
#[path = "../airline-desk/desk.rs"]
mod desk;
#[path = "../../../agents/airline-service/settings.rs"]
mod settings;

#[allow(missing_docs, reason = "the contract's documentation is in wit/")]
mod contract {
    wit_bindgen::generate!({
        path: ["../../../wit/agent", "../../../wit/tool"],
        world: "timeslip:agent/agent",
        generate_all,
    });
}

use contract::timeslip::agent::types::{Failure, Outcome, Task};

struct Desk;

impl contract::Guest for Desk {
    async fn run(task: Task) -> Result<Outcome, Failure> {
        desk::run(task, desk::Change::None).await
    }
}

contract::export!(Desk with_types_in contract);
