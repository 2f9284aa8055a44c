//! A tool plugin that remembers texts by name, in a file of a folder that is granted for writing.
//!
//! What a session remembers is its own. `timeslip run --save` writes it back into the folder, where
//! later runs find it.

mod store;

use schemars::JsonSchema;
use serde::Serialize;
use store::Store;
use timeslip_sdk::{ToolError, export_tools, tool};

/// The characters of a text that a list shows.
const BEGINNING_CHARACTERS: usize = 80;

/// Something that is remembered.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct Memory {
    name: String,
    /// How its text begins.
    beginning: String,
}

/// Remembers a text under a name, in place of what was remembered under it.
#[tool(idempotent)]
fn remember(
    /// A short name to find it again by.
    name: String,
    /// What to remember.
    text: String,
) -> Result<String, ToolError> {
    let mut store = Store::read()?;
    let before = store.keep(&name, text)?;
    store.write()?;
    Ok(match before {
        Some(before) => format!("Remembered \"{name}\", in place of: {before}"),
        None => format!("Remembered \"{name}\"."),
    })
}

/// Gives what is remembered under a name.
#[tool(read_only, idempotent)]
fn recall(
    /// The name, as list_memories gives it.
    name: String,
) -> Result<String, ToolError> {
    Ok(Store::read()?.text(&name)?.to_owned())
}

/// Lists what is remembered, by name.
#[tool(read_only, idempotent)]
fn list_memories(
    /// Names that begin with this alone; all where it is empty.
    #[default(String::new())]
    prefix: String,
) -> Result<Vec<Memory>, ToolError> {
    let store = Store::read()?;
    let named = store.all().filter(|(name, _)| name.starts_with(&prefix));
    let memory = |(name, text): (&str, &str)| Memory {
        name: name.to_owned(),
        beginning: text.chars().take(BEGINNING_CHARACTERS).collect(),
    };
    Ok(named.map(memory).collect())
}

/// Forgets what is remembered under a name.
#[tool(destructive, idempotent)]
fn forget(
    /// The name, as list_memories gives it.
    name: String,
) -> Result<String, ToolError> {
    let mut store = Store::read()?;
    store.take(&name)?;
    store.write()?;
    Ok(format!("Forgot \"{name}\"."))
}

export_tools![remember, recall, list_memories, forget];

#[cfg(test)]
mod tests;
