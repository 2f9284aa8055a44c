//! An agent that lets the model plan a task as steps, does steps that do not wait for each other at
//! once, and lets the model join what they gave.
//!
//! A step is a conversation of its own, with all tools of the session: it sees its instruction and
//! what the steps gave that it waits for, and nothing else. A step that fails is a step that gave an
//! error; the joining model reads it.

mod plan;

use std::collections::BTreeMap;

use plan::{Plan, Step};
use timeslip_sdk::{
    Agent, Chat, Failure, LogLevel, Task, ToolLoop, export_agent, log, select_all, span,
};

const PLANNER: &str = "\
You plan how a task is done with tools. Give the fewest steps that are needed; a step names in `after` \
the steps whose results it needs, and steps that need nothing of each other are done at once. \
Every step must be clear to somebody who sees its instruction and those results alone.";

const WORKER: &str = "\
You do one step of a plan. Use the tools, and answer with the result alone, in one sentence.";

const JOINER: &str = "\
You answer a task from the results of its steps, in at most three sentences. Say so where a step \
failed.";

struct PlanAndExecute;

impl Agent for PlanAndExecute {
    async fn run(task: Task) -> Result<String, Failure> {
        let plan = make_plan(&task.input).await?;
        plan.check()?;
        log(LogLevel::Info, format!("the plan has {} steps", plan.steps.len()));
        let results = execute(&plan).await;
        join_results(&task.input, &plan, &results).await
    }
}

export_agent!(PlanAndExecute);

async fn make_plan(input: &str) -> Result<Plan, Failure> {
    let _span = span("plan");
    Ok(Chat::new().system(PLANNER).user(input).send_as::<Plan>().await?)
}

/// Does every step as soon as those are done that it waits for.
async fn execute(plan: &Plan) -> BTreeMap<&str, String> {
    let mut results: BTreeMap<&str, String> = BTreeMap::new();
    let mut waiting: Vec<&Step> = plan.steps.iter().collect();
    let mut running = Vec::new();
    loop {
        let (ready, later): (Vec<&Step>, Vec<&Step>) =
            waiting.into_iter().partition(|step| step.is_ready(&results));
        waiting = later;
        running.extend(ready.into_iter().map(|step| Box::pin(do_step(step, step.input(&results)))));
        if running.is_empty() {
            return results;
        }
        let ((step, result), _, rest) = select_all(running).await;
        results.insert(&step.id, result);
        running = rest;
    }
}

async fn do_step(step: &Step, input: String) -> (&Step, String) {
    let _span = span(format!("step {}", step.id));
    let result = ToolLoop::new().system(WORKER).run(input).await;
    (step, result.unwrap_or_else(|failure| format!("Error: {}", failure.message())))
}

async fn join_results(
    input: &str,
    plan: &Plan,
    results: &BTreeMap<&str, String>,
) -> Result<String, Failure> {
    let _span = span("join");
    let lines = plan.steps.iter().map(|step| format!("{}: {}", step.id, results[&*step.id]));
    let text = format!("{input}\n\nResults:\n{}", lines.collect::<Vec<_>>().join("\n"));
    let reply = Chat::new().system(JOINER).user(text).send().await?;
    Ok(reply.message.content)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use timeslip_sdk::json;
    use timeslip_sdk::testing::{Session, task};

    use super::*;

    fn plan() -> String {
        json!({"steps": [
            {"id": "a", "instruction": "Read a.", "after": []},
            {"id": "b", "instruction": "Read b.", "after": []},
            {"id": "c", "instruction": "Read more of a.", "after": ["a"]},
            {"id": "d", "instruction": "Add.", "after": ["b", "c"]},
        ]})
        .to_string()
    }

    #[test]
    fn a_step_begins_when_its_own_needs_are_met_and_sees_them() {
        let session = Session::new().model_says(plan());
        let session = ["1", "2", "3", "5", "It is 5."]
            .into_iter()
            .fold(session, |session, text| session.model_says(text));
        let ran = session.run(PlanAndExecute::run(task("Add a and b.")));
        assert_eq!(ran.output.unwrap(), "It is 5.");
        // The plan, `a` beside `b`, `c`, `d`, and the answer: five seconds for six chats.
        assert_eq!(ran.time, Duration::from_secs(5));
        let input = |chat: usize| ran.requests[chat].messages[1].content.as_str();
        assert_eq!(input(1), "Read a.");
        assert_eq!(input(3), "Read more of a.\n\nResults so far:\na: 1");
        assert_eq!(input(4), "Add.\n\nResults so far:\nb: 2\nc: 3");
        assert_eq!(input(5), "Add a and b.\n\nResults:\na: 1\nb: 2\nc: 3\nd: 5");
    }

    #[test]
    fn a_step_that_fails_is_told_to_the_one_who_joins() {
        let plan = json!({"steps": [{"id": "a", "instruction": "Read.", "after": []}]});
        let session = Session::new()
            .model_says(plan.to_string())
            .model_fails(timeslip_sdk::ModelErrorKind::Unavailable, "the machine is down")
            .model_says("It could not be read.");
        let ran = session.run(PlanAndExecute::run(task("Read a.")));
        assert_eq!(ran.output.unwrap(), "It could not be read.");
        let last = &ran.requests[2].messages[1].content;
        assert!(last.ends_with("a: Error: the model gave no reply: the machine is down"), "{last}");
    }
}
