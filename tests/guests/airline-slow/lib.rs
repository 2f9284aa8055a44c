//! A tool plugin for tests of the gate: the airline's tools, of which `get_user_details` computes for
//! a long time before it answers. The tools are the plugin's own sources.

#![allow(dead_code, reason = "the plugin's own tests use what is left over here")]

#[path = "../../../plugins/airline/arguments.rs"]
mod arguments;
#[path = "../../../plugins/airline/calculate/mod.rs"]
mod calculate;
#[path = "../compute.rs"]
mod compute;
#[path = "../../../plugins/airline/definitions.rs"]
mod definitions;
#[path = "../../../plugins/airline/fault.rs"]
mod fault;
#[path = "../../../plugins/airline/flights.rs"]
mod flights;
#[path = "../../../plugins/airline/json/mod.rs"]
mod json;
#[path = "../../../plugins/airline/state.rs"]
mod state;
#[path = "../../../plugins/airline/table.rs"]
mod table;
#[path = "../../../plugins/airline/tools/mod.rs"]
mod tools;

#[allow(missing_docs, reason = "the contract's documentation is in wit/")]
mod contract {
    wit_bindgen::generate!({
        path: ["../../../wit/agent", "../../../wit/tool"],
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

/// The tool that is slow.
const SLOW_TOOL: &str = "get_user_details";

/// How long it computes first.
const SLOW_ITERATIONS: u64 = 20_000_000;

struct Airline;

impl Guest for Airline {
    fn definitions() -> Vec<ToolDefinition> {
        definitions::DEFINITIONS.iter().map(tool_definition).collect()
    }

    async fn call(name: String, arguments: String) -> Result<String, ToolError> {
        if name == SLOW_TOOL {
            compute::spin_for(SLOW_ITERATIONS);
        }
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
