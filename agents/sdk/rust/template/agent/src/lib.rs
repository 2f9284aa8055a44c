//! {{name}}: answers a question, after it has looked for reasons on both sides at once.

use timeslip_sdk::{Agent, Chat, Failure, Task, export_agent, try_join};

struct MyAgent;

impl Agent for MyAgent {
    async fn run(task: Task) -> Result<String, Failure> {
        let question = task.input;
        let ask = |text: String| Chat::new().user(text).send();
        let (for_it, against_it) = try_join(
            ask(format!("Give the best reason for it. {question}")),
            ask(format!("Give the best reason against it. {question}")),
        )
        .await?;
        let reasons = format!("{}\n{}", for_it.text(), against_it.text());
        let answer = ask(format!("Weigh the reasons. {question}\n{reasons}")).await?;
        if answer.text().is_empty() {
            return Err(Failure::new("the model gave an empty answer"));
        }
        Ok(answer.message.content)
    }
}

export_agent!(MyAgent);

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use timeslip_sdk::testing::{Session, task};

    use super::*;

    #[test]
    fn it_weighs_the_reasons_that_it_asked_for_at_once() {
        let session = Session::new()
            .model_says("It is fast.")
            .model_says("It is dear.")
            .model_says("Yes, if you can pay.");
        let ran = session.run(MyAgent::run(task("Shall we buy it?")));
        assert_eq!(ran.output.unwrap(), "Yes, if you can pay.");
        let last = &ran.requests[2].messages[0].content;
        assert!(last.ends_with("It is fast.\nIt is dear."), "{last}");
        // Every chat takes a second, and two of the three overlap.
        assert_eq!(ran.time, Duration::from_secs(2));
    }

    #[test]
    fn an_empty_answer_is_a_failure() {
        let session = Session::new()
            .model_says("a")
            .model_says("b")
            .model_says("");
        let failure = session.run(MyAgent::run(task("Why?"))).output.unwrap_err();
        assert_eq!(failure.message(), "the model gave an empty answer");
    }
}
