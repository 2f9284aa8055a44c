//! The conformance agent in Rust: the first word of its task is what it does, as
//! `agents/sdk/conformance` says.

mod limits;
mod session;
mod talk;
mod tools;

use timeslip_sdk::{Agent, Failure, Task, export_agent};

struct Conformance;

impl Agent for Conformance {
    async fn run(task: Task) -> Result<String, Failure> {
        match task.input.split(' ').next().unwrap_or_default() {
            "plain-reply" => talk::plain_reply().await,
            "options" => talk::options().await,
            "streaming" => talk::streaming().await,
            "cancellation" => talk::cancellation().await,
            "parallel-calls" => talk::parallel_calls().await,
            "model-error" => talk::model_error().await,
            "refused-grant" => talk::refused_grant().await,
            "budget-exhausted" => talk::budget_exhausted().await,
            "unicode" => talk::unicode().await,
            "large-prompt" => talk::large_prompt().await,
            "tool-loop" => tools::tool_loop().await,
            "tool-error" => tools::tool_error().await,
            "turn-limit" => tools::turn_limit().await,
            "deep-json" => tools::deep_json().await,
            "user-question" => session::user_question().await,
            "sleep-and-clock" => session::sleep_and_clock().await,
            "random" => Ok(session::random()),
            "journal" => session::journal().await,
            "config" => Ok(session::config()),
            "budget-left" => session::budget_left().await,
            "failure" => Err(Failure::new("the task cannot be done")),
            "panic" => panic!("a defect"),
            "out-of-memory" => limits::out_of_memory(),
            "out-of-fuel" => limits::out_of_fuel(),
            behaviour => Err(Failure::new(format!("there is no behaviour {behaviour:?}"))),
        }
    }
}

export_agent!(Conformance);
