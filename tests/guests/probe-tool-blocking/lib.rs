//! The tool plugin for tests in the world `tool-blocking`: the tools of `probe-tool`, whose files
//! it shares.

#[path = "../compute.rs"]
mod compute;
#[path = "../probe-tool/definitions.rs"]
mod definitions;
#[path = "../probe-tool/tools.rs"]
mod tools;

#[allow(missing_docs, reason = "the contract's documentation is in wit/")]
mod contract {
    wit_bindgen::generate!({
        path: ["../../../wit/agent", "../../../wit/tool"],
        world: "timeslip:tool/tool-blocking",
        generate_all,
    });
}

use contract::exports::timeslip::tool::plugin_blocking::{Guest, ToolDefinition, ToolError};
use contract::timeslip::agent::session_blocking as session;

struct ProbeTool;

impl Guest for ProbeTool {
    fn definitions() -> Vec<ToolDefinition> {
        definitions::definitions()
    }

    fn call(name: String, arguments: String) -> Result<String, ToolError> {
        let arguments = tools::parse(&arguments)?;
        if name == "sleep" {
            session::sleep(tools::number(&arguments, "ns")?);
            return Ok(session::now().to_string());
        }
        tools::perform(&name, &arguments)
    }
}

contract::export!(ProbeTool with_types_in contract);
