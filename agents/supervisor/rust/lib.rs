//! An agent that leads others: it lets the model give parts of the task to the agents of its team,
//! which are its tools, and has the draft reviewed by one more until that one accepts it.

use timeslip_sdk::{
    Agent, Failure, LogLevel, Task, ToolDefinition, ToolLoop, call_tool_text, export_agent, json,
    list_tools, log, span,
};

const INSTRUCTIONS: &str = "\
You lead a team. Split the task into parts and give each part to the member that it suits, by calling \
that tool with a task that can be understood by itself; give parts that do not depend on each other out \
at once. Then write the answer from what the team brings, and keep its sources.";

/// The member that reviews drafts and gets no parts.
const REVIEWER: &str = "reviewer";

const REVISIONS_MAX: usize = 2;

struct Supervisor;

impl Agent for Supervisor {
    async fn run(task: Task) -> Result<String, Failure> {
        let team: Vec<ToolDefinition> =
            list_tools().into_iter().filter(|member| member.name != REVIEWER).collect();
        let mut input = task.input.clone();
        for revision in 0..=REVISIONS_MAX {
            let _span = span(format!("draft {}", revision + 1));
            let draft = ToolLoop::new().system(INSTRUCTIONS).tools(team.clone()).run(input).await?;
            let review = review(&task.input, &draft).await?;
            if review.starts_with("ACCEPT") {
                return Ok(draft);
            }
            log(LogLevel::Info, &review);
            input = format!(
                "{}\n\nYour last draft:\n{draft}\n\nThe reviewer says:\n{review}",
                task.input
            );
        }
        Err(Failure::new(format!("no draft was accepted after {REVISIONS_MAX} revisions")))
    }
}

export_agent!(Supervisor);

async fn review(task: &str, draft: &str) -> Result<String, Failure> {
    let question = format!("The task:\n{task}\n\nThe draft:\n{draft}");
    let arguments = json!({ "task": question }).to_string();
    Ok(call_tool_text(REVIEWER, arguments).await?)
}

#[cfg(test)]
mod tests {
    use timeslip_sdk::testing::{Session, task};

    use super::*;

    #[test]
    fn a_draft_that_is_not_accepted_is_written_again() {
        let session = Session::new()
            .model_calls("researcher", json!({"task": "How long does tea take?"}))
            .model_says("Tea takes a while.")
            .model_says("Tea takes three minutes [tea.md].")
            .tool("researcher", |_| Ok("Three minutes [tea.md].".to_owned()))
            .tool("reviewer", |arguments| {
                let accepted = arguments.to_string().contains("[tea.md]");
                let says =
                    if accepted { "ACCEPT" } else { "REVISE: say how long, and where from." };
                Ok(says.to_owned())
            });
        let ran = session.run(Supervisor::run(task("Write a note on tea.")));
        assert_eq!(ran.output.unwrap(), "Tea takes three minutes [tea.md].");
        let asked_again = &ran.requests[2].messages.last().unwrap().content;
        assert!(asked_again.ends_with("REVISE: say how long, and where from."), "{asked_again}");
        assert!(
            ran.requests
                .iter()
                .all(|request| { request.tools.iter().all(|tool| tool.name != "reviewer") })
        );
    }
}
