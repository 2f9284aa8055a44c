//! An agent that answers a question about many documents: it summarises all of them, joins
//! summaries in a tree of chats until few are left, and answers from those.

mod each;

use each::each;
use timeslip_sdk::{
    Agent, Chat, Failure, Task, call_tool, config, export_agent, json, serde_json, span,
};

const INSTRUCTIONS: &str =
    "You work through many documents. Keep every figure, name and date that matters.";

/// How many documents or groups are worked on at once, unless the bench configures it.
const AT_ONCE: usize = 8;

/// How many summaries one chat joins, unless the bench configures it.
const GROUP: usize = 6;

struct MapReduce;

impl Agent for MapReduce {
    async fn run(task: Task) -> Result<String, Failure> {
        let at_once = setting("at_once", 1, AT_ONCE)?;
        let group = setting("group", 2, GROUP)?;
        let mut summaries = each(at_once, list_documents().await?, summarise).await?;
        let mut level = 1;
        while summaries.len() > group {
            let _span = span(format!("level {level}"));
            let parts = summaries.chunks(group).map(<[String]>::to_vec).collect();
            summaries = each(at_once, parts, join_summaries).await?;
            level += 1;
        }
        let question = task.input;
        ask(format!("{question}\n\nAnswer from these summaries:\n\n{}", list(&summaries))).await
    }
}

export_agent!(MapReduce);

/// A whole number of the bench's configuration.
fn setting(key: &str, least: usize, standard: usize) -> Result<usize, Failure> {
    let Some(value) = config(key) else { return Ok(standard) };
    let number = value.parse().ok().filter(|number| *number >= least);
    number.ok_or_else(|| {
        Failure::new(format!(
            "the setting {key} must be a whole number of at least {least}, not {value}"
        ))
    })
}

async fn list_documents() -> Result<Vec<String>, Failure> {
    let output = call_tool("list_documents", json!({})).await?;
    let listing: serde_json::Value = serde_json::from_str(&output)?;
    let documents: Vec<String> = serde_json::from_value(listing["documents"].clone())?;
    if documents.is_empty() {
        return Err(Failure::new("there are no documents"));
    }
    Ok(documents)
}

async fn summarise(name: String) -> Result<String, Failure> {
    let document = call_tool("read_document", json!({ "name": name })).await?;
    ask(format!("Summarise the document {name} in one sentence:\n\n{document}")).await
}

async fn join_summaries(part: Vec<String>) -> Result<String, Failure> {
    ask(format!("Join these summaries into one:\n\n{}", list(&part))).await
}

async fn ask(prompt: String) -> Result<String, Failure> {
    Ok(Chat::new().system(INSTRUCTIONS).user(prompt).send().await?.message.content)
}

/// Writes texts as a list.
fn list(texts: &[String]) -> String {
    format!("- {}", texts.join("\n- "))
}

#[cfg(test)]
mod tests;
