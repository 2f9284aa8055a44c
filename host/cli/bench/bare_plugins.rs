//! A bench around bare tool plugins, for those who call tools and need no agent.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::Bench;
use super::file::BenchFile;
use super::files::BenchFolder;
use super::load::Overrides;
use super::resolve::resolve;
use super::text::TomlText;
use crate::exit::Failure;

/// What stands for the bench's file in messages.
const FILE: &str = "the command line";

/// A tool plugin that the command line names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BarePlugin {
    /// The component.
    pub(crate) component: String,
    /// A folder that it may read.
    pub(crate) files: Option<String>,
}

/// What all of them are granted.
#[derive(Clone, Debug, Default)]
pub(crate) struct BareGrants {
    /// Whether they may write into their folders.
    pub(crate) write: bool,
    /// Addresses that they may fetch from.
    pub(crate) http: Vec<String>,
    /// The methods that they may use there beside `GET` and `HEAD`.
    pub(crate) http_methods: Vec<String>,
}

impl Bench {
    /// A bench of these plugins alone, of which there is at least one.
    ///
    /// # Errors
    /// As for [`Bench::load`].
    pub(crate) fn of_plugins(
        plugins: &[BarePlugin],
        grants: &BareGrants,
        overrides: &Overrides,
    ) -> Result<Bench, Failure> {
        for BarePlugin { component, .. } in plugins {
            std::fs::metadata(component).map_err(|error| {
                Failure::usage(format!("cannot read the tool plugin {component}: {error}"))
            })?;
        }
        let tool = |plugin: &BarePlugin| {
            let mut table = json!({ "component": plugin.component });
            if let Some(files) = &plugin.files {
                table["files"] = json!(files);
                table["write"] = json!(grants.write);
            }
            table["http"] = json!(grants.http);
            table["http_methods"] = json!(grants.http_methods);
            table
        };
        let said = json!({
            "name": "tools",
            // Whoever calls the tools stands where the agent of a bench does, and no component is run
            // there.
            "agent": { "component": plugins[0].component },
            "tool": plugins.iter().map(tool).collect::<Vec<Value>>(),
            "words": { "kind": "endpoint" },
            "task": [{ "name": "calls", "input": "" }],
        });
        let file: BenchFile = serde_json::from_value(said).map_err(Failure::usage)?;
        let text = TomlText { file: FILE.to_owned(), text: String::new() };
        resolve(file, &text, &BenchFolder::Disk(PathBuf::new()), overrides)
    }
}
