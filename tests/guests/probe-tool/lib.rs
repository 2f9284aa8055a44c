//! A tool plugin for tests: one tool for every way a plugin can use, strain or break its host.

#[path = "../compute.rs"]
mod compute;
mod definitions;
mod tools;

#[allow(missing_docs, reason = "the contract's documentation is in wit/")]
mod contract {
    wit_bindgen::generate!({
        path: ["../../../wit/agent", "../../../wit/tool"],
        world: "timeslip:tool/tool",
        generate_all,
    });
}

use contract::exports::timeslip::tool::plugin::{Guest, ToolDefinition, ToolError};
use contract::timeslip::agent::session;

struct ProbeTool;

impl Guest for ProbeTool {
    fn definitions() -> Vec<ToolDefinition> {
        definitions::definitions()
    }

    async fn call(name: String, arguments: String) -> Result<String, ToolError> {
        let arguments = tools::parse(&arguments)?;
        if name == "sleep" {
            session::sleep(tools::number(&arguments, "ns")?).await;
            return Ok(session::now().to_string());
        }
        tools::perform(&name, &arguments)
    }
}

contract::export!(ProbeTool with_types_in contract);
