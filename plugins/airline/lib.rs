//! A tool plugin with the fourteen tools of an airline's service desk, as the benchmark τ-bench
//! has them: its agents look up users, reservations and flights, and book, change and cancel.
//!
//! The tools work on three granted files, `flights.json`, `reservations.json` and `users.json`.
//! Changes are the session's own. What a tool refuses is an ordinary output that begins with
//! `Error: `, as in the benchmark's recordings, and outputs are the recorded ones byte for byte.
//!
//! Here is only the glue to the contract; the tools are functions over a `State`.

mod arguments;
mod calculate;
mod definitions;
mod fault;
mod flights;
mod json;
mod state;
mod table;
mod tools;

#[allow(missing_docs, reason = "the contract's documentation is in wit/")]
mod contract {
    wit_bindgen::generate!({
        path: ["../../wit/agent", "../../wit/tool"],
        world: "timeslip:tool/tool",
        generate_all,
    });
}

use std::cell::RefCell;

use contract::exports::timeslip::tool::plugin::{Guest, ToolDefinition, ToolError};
use contract::timeslip::agent::types::ToolAnnotations;
use contract::timeslip::tool::files::{self, FileError};
use definitions::Definition;
use fault::Fault;
use state::State;

struct Airline;

impl Guest for Airline {
    fn definitions() -> Vec<ToolDefinition> {
        definitions::DEFINITIONS.iter().map(tool_definition).collect()
    }

    async fn call(name: String, arguments: String) -> Result<String, ToolError> {
        let output = STATE.with_borrow_mut(|state| tools::call(state, &name, &arguments));
        output.map_err(tool_error)
    }
}

contract::export!(Airline with_types_in contract);

thread_local! {
    /// The data of this instance's session.
    static STATE: RefCell<State> = RefCell::new(State::new(read_granted));
}

fn read_granted(path: &str) -> Result<Vec<u8>, Fault> {
    files::read(path).map_err(|error| match error {
        FileError::Refused(text) => Fault::NotGranted(text),
        FileError::NotFound(text) | FileError::InvalidPath(text) => Fault::Data(text),
    })
}

fn tool_error(fault: Fault) -> ToolError {
    match fault {
        Fault::Arguments(text) => ToolError::InvalidArguments(text),
        Fault::NotGranted(text) => ToolError::Refused(text),
        Fault::Data(text) | Fault::Told(text) => ToolError::Failed(text),
    }
}

fn tool_definition(definition: &Definition) -> ToolDefinition {
    let effect = definition.effect;
    ToolDefinition {
        name: definition.name.to_owned(),
        description: definition.description.to_owned(),
        input_schema: definition.input_schema(),
        output_schema: None,
        annotations: ToolAnnotations {
            read_only: effect.read_only,
            destructive: effect.destructive,
            idempotent: effect.idempotent,
            open_world: effect.open_world,
        },
    }
}
