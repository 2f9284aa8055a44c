//! A plan: steps, and which of them wait for which.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Deserialize;
use timeslip_sdk::Failure;

/// A plan holds no more steps than this, so that a model's slip does not become a hundred chats.
const STEPS_MAX: usize = 12;

/// What the model plans.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
}

/// One step of a plan.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Step {
    /// A short name, unique in the plan.
    pub(crate) id: String,
    /// What is to be done.
    pub(crate) instruction: String,
    /// The steps whose results it needs.
    pub(crate) after: Vec<String>,
}

impl Plan {
    /// Refuses a plan that could not be done to its end.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let wrong = |what: String| Err(Failure::new(format!("the plan cannot be done: {what}")));
        if self.steps.is_empty() || self.steps.len() > STEPS_MAX {
            return wrong(format!("it has {} steps, not 1 to {STEPS_MAX}", self.steps.len()));
        }
        let mut ids = BTreeSet::new();
        if let Some(step) = self.steps.iter().find(|step| !ids.insert(&step.id)) {
            return wrong(format!("two steps are called `{}`", step.id));
        }
        for step in &self.steps {
            if let Some(missing) = step.after.iter().find(|before| !ids.contains(before)) {
                return wrong(format!("`{}` waits for `{missing}`, which is no step", step.id));
            }
        }
        match self.first_of_a_circle() {
            Some(id) => wrong(format!("`{id}` waits for itself, by way of others or not")),
            None => Ok(()),
        }
    }

    /// A step that never becomes ready.
    fn first_of_a_circle(&self) -> Option<&str> {
        let mut done = BTreeMap::new();
        for _ in &self.steps {
            for step in &self.steps {
                if step.is_ready(&done) {
                    done.insert(&*step.id, String::new());
                }
            }
        }
        self.steps.iter().map(|step| &*step.id).find(|id| !done.contains_key(id))
    }
}

impl Step {
    /// Whether every step is done that it waits for.
    pub(crate) fn is_ready(&self, results: &BTreeMap<&str, String>) -> bool {
        self.after.iter().all(|before| results.contains_key(&**before))
    }

    /// The instruction, with the results that it waits for.
    pub(crate) fn input(&self, results: &BTreeMap<&str, String>) -> String {
        if self.after.is_empty() {
            return self.instruction.clone();
        }
        let lines = self.after.iter().map(|before| format!("{before}: {}", results[&**before]));
        let lines = lines.collect::<Vec<_>>().join("\n");
        format!("{}\n\nResults so far:\n{lines}", self.instruction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(steps: &[(&str, &[&str])]) -> String {
        let step = |(id, after): &(&str, &[&str])| Step {
            id: (*id).to_owned(),
            instruction: String::new(),
            after: after.iter().map(|before| (*before).to_owned()).collect(),
        };
        let plan = Plan { steps: steps.iter().map(step).collect() };
        plan.check().err().map_or(String::new(), |failure| failure.message().to_owned())
    }

    #[test]
    fn a_plan_that_cannot_be_done_is_refused() {
        assert_eq!(problem(&[("b", &["a"]), ("a", &[])]), "");
        for (steps, said) in [
            (&[][..], "it has 0 steps, not 1 to 12"),
            (&[("a", &[][..]), ("a", &[])], "two steps are called `a`"),
            (&[("a", &["b"])], "`a` waits for `b`, which is no step"),
            (
                &[("c", &[]), ("a", &["b"]), ("b", &["a"])],
                "`a` waits for itself, by way of others or not",
            ),
        ] {
            assert_eq!(problem(steps), format!("the plan cannot be done: {said}"));
        }
    }
}
