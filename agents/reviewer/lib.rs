//! An agent that reviews a draft: its answer begins with `ACCEPT`, or with `REVISE:` and what is to
//! be changed.

use timeslip_sdk::{Agent, Chat, Failure, Task, export_agent};

const INSTRUCTIONS: &str = "\
You review drafts. You are given a task and a draft of its answer. Answer ACCEPT when the draft does all \
of the task, says nothing beyond its sources and names them. Answer REVISE: and one sentence on what is \
to be changed when it does not.";

const VERDICTS: [&str; 2] = ["ACCEPT", "REVISE:"];

struct Reviewer;

impl Agent for Reviewer {
    async fn run(task: Task) -> Result<String, Failure> {
        let reply = Chat::new().system(INSTRUCTIONS).user(task.input).send().await?;
        let verdict = reply.message.content;
        match VERDICTS.iter().any(|begin| verdict.starts_with(begin)) {
            true => Ok(verdict),
            false => Err(Failure::new(format!("the review is no verdict: {verdict}"))),
        }
    }
}

export_agent!(Reviewer);

#[cfg(test)]
mod tests {
    use timeslip_sdk::testing::{Session, task};

    use super::*;

    #[test]
    fn a_review_is_a_verdict_or_a_failure() {
        let review = |says: &str| {
            let session = Session::new().model_says(says);
            session.run(Reviewer::run(task("a task and a draft"))).output
        };
        assert_eq!(review("ACCEPT").unwrap(), "ACCEPT");
        assert_eq!(review("REVISE: name a source.").unwrap(), "REVISE: name a source.");
        let failure = review("Looks good.").unwrap_err();
        assert_eq!(failure.message(), "the review is no verdict: Looks good.");
    }
}
