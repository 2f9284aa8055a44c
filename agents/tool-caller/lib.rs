//! An agent for any tools: it gives the task to the model, calls the tools of the session that the
//! model asks for, and answers what the model answers.
//!
//! The bench may configure `instructions`, which stand before the task.

use timeslip_sdk::{Agent, Failure, Task, ToolLoop, config, export_agent};

struct ToolCaller;

impl Agent for ToolCaller {
    async fn run(task: Task) -> Result<String, Failure> {
        let tool_loop = match config("instructions") {
            Some(instructions) => ToolLoop::new().system(instructions),
            None => ToolLoop::new(),
        };
        tool_loop.run(task.input).await
    }
}

export_agent!(ToolCaller);

#[cfg(test)]
mod tests {
    use timeslip_sdk::json;
    use timeslip_sdk::testing::{Session, task};

    use super::*;

    fn session() -> Session {
        Session::new()
            .model_calls("add", json!({"a": 2, "b": 3}))
            .model_says("It is 5.")
            .tool("add", |_| Ok("5".to_owned()))
    }

    #[test]
    fn the_model_calls_tools_until_it_answers() {
        let ran = session().run(ToolCaller::run(task("What is 2 + 3?")));
        assert_eq!(ran.output.unwrap(), "It is 5.");
        let contents = |chat: usize| -> Vec<&str> {
            ran.requests[chat].messages.iter().map(|message| &*message.content).collect()
        };
        assert_eq!(contents(0), ["What is 2 + 3?"]);
        assert_eq!(contents(1), ["What is 2 + 3?", "", "5"]);
    }

    #[test]
    fn instructions_of_the_bench_stand_before_the_task() {
        let session = session().config("instructions", "Calculate with the tools.");
        let ran = session.run(ToolCaller::run(task("What is 2 + 3?")));
        assert_eq!(ran.requests[0].messages[0].content, "Calculate with the tools.");
        assert_eq!(ran.requests[0].messages[1].content, "What is 2 + 3?");
    }
}
