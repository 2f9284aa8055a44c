//! Bodies of `POST /v1/tasks`: a task by its name or by its input.

use serde_json::{Map, Value};
use timeslip_timeline::conversation::nearest;

use super::agents::{ServedAgents, ServedTask, TaskKind, TaskOrder};
use crate::error::ApiError;
use crate::request::fields::{Fields, object, wrong};

/// The members of a body.
const MEMBERS: [&str; 3] = ["task", "input", "seed"];

/// Names in a message.
const NAMES_MAX: usize = 20;

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TaskAsked {
    kind: TaskKind,
    seed: Option<u64>,
}

/// Reads a body.
pub(crate) fn read_task(body: &[u8]) -> Result<TaskAsked, ApiError> {
    let map = object(body)?;
    if let Some(unknown) = map.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
        let advice = match nearest(unknown, MEMBERS) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("give {}", MEMBERS.join(", ")),
        };
        return Err(ApiError::unsupported(unknown, format!("a task has no such member; {advice}")));
    }
    let fields = Fields::new("", &map);
    let kind = match (fields.text("task")?, fields.text("input")?) {
        (Some(name), None) => TaskKind::Named(name.to_owned()),
        (None, Some("")) => return Err(ApiError::field("input", "it is empty; say what to do")),
        (None, Some(input)) => TaskKind::Input(input.to_owned()),
        (Some(_), Some(_)) => {
            let problem = "a task is given by `task`, its name, or by `input`, not by both";
            return Err(ApiError::field("input", problem));
        }
        (None, None) => {
            let problem = "it is missing; give the name of a task, or `input` in its place";
            return Err(ApiError::field("task", problem));
        }
    };
    Ok(TaskAsked { kind, seed: seed(&map)? })
}

fn seed(map: &Map<String, Value>) -> Result<Option<u64>, ApiError> {
    match map.get("seed") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64() {
            Some(seed) => Ok(Some(seed)),
            None => {
                let wanted = format!("a whole number from 0 to {}", u64::MAX);
                Err(match value.is_number() {
                    true => ApiError::field("seed", format!("give {wanted}; it is {value}")),
                    false => wrong("seed", &wanted, value),
                })
            }
        },
    }
}

impl TaskAsked {
    /// One text for all bodies that ask the same.
    pub(crate) fn text(&self) -> String {
        let (name, value) = match &self.kind {
            TaskKind::Named(name) => ("task", name),
            TaskKind::Input(input) => ("input", input),
        };
        let mut map = Map::new();
        map.insert(name.to_owned(), value.as_str().into());
        if let Some(seed) = self.seed {
            map.insert("seed".to_owned(), seed.into());
        }
        Value::Object(map).to_string()
    }

    /// What is to be done for it.
    pub(crate) fn order(&self, agents: &ServedAgents) -> Result<TaskOrder, ApiError> {
        match &self.kind {
            TaskKind::Named(name) if !agents.tasks.iter().any(|task| task.name == *name) => {
                return Err(ApiError::field("task", unknown(name, &agents.tasks)));
            }
            TaskKind::Input(_) => {
                if let Some(why) = &agents.no_inputs {
                    return Err(ApiError::unsupported("input", why));
                }
            }
            TaskKind::Named(_) => {}
        }
        Ok(TaskOrder { kind: self.kind.clone(), seed: self.seed.unwrap_or(agents.seed) })
    }
}

fn unknown(name: &str, tasks: &[ServedTask]) -> String {
    let names = || tasks.iter().map(|task| task.name.as_str());
    let advice = match nearest(name, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let first: Vec<&str> = names().take(NAMES_MAX).collect();
            let more = tasks.len().saturating_sub(NAMES_MAX);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("here are {}{more}", first.join(", "))
        }
    };
    let shown: String = name.chars().take(100).collect();
    format!("the bench has no task `{shown}`; {advice}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn problem(body: &str) -> String {
        read_task(body.as_bytes()).unwrap_err().message
    }

    #[test]
    fn a_task_is_a_name_or_an_input_and_nothing_else() {
        let asked = read_task(br#"{"seed": 3, "task": "a"}"#).unwrap();
        assert_eq!(asked, TaskAsked { kind: TaskKind::Named("a".to_owned()), seed: Some(3) });
        insta::assert_snapshot!(problem("[]"), @"the body is no JSON object: it is another kind of value");
        insta::assert_snapshot!(problem("{}"), @"task: it is missing; give the name of a task, or `input` in its place");
        insta::assert_snapshot!(problem(r#"{"task": 1}"#), @"task: give a string; it is a number");
        insta::assert_snapshot!(problem(r#"{"task": "a", "input": "b"}"#), @"input: a task is given by `task`, its name, or by `input`, not by both");
        insta::assert_snapshot!(problem(r#"{"input": ""}"#), @"input: it is empty; say what to do");
        insta::assert_snapshot!(problem(r#"{"inputs": "a"}"#), @"inputs: a task has no such member; did you mean `input`?");
        insta::assert_snapshot!(problem(r#"{"input": "a", "temperature": 1}"#), @"temperature: a task has no such member; give task, input, seed");
        insta::assert_snapshot!(problem(r#"{"input": "a", "seed": -1}"#), @"seed: give a whole number from 0 to 18446744073709551615; it is -1");
        insta::assert_snapshot!(problem(r#"{"input": "a", "seed": "1"}"#), @"seed: give a whole number from 0 to 18446744073709551615; it is a string");
    }

    #[test]
    fn an_unknown_task_has_its_nearest_named_or_all() {
        let tasks = ["book", "cancel"].map(|name| ServedTask { name: name.to_owned() });
        insta::assert_snapshot!(unknown("bok", &tasks), @"the bench has no task `bok`; did you mean `book`?");
        insta::assert_snapshot!(unknown("something", &tasks), @"the bench has no task `something`; here are book, cancel");
    }

    proptest! {
        #[test]
        fn what_is_asked_is_read_back_from_its_one_text(input in ".+", seed: Option<u64>, named: bool) {
            let kind = if named { TaskKind::Named(input) } else { TaskKind::Input(input) };
            let asked = TaskAsked { kind, seed };
            prop_assert_eq!(read_task(asked.text().as_bytes()).unwrap(), asked);
        }

        #[test]
        fn whatever_a_client_sends_is_a_task_or_an_error_that_says_why(body: Vec<u8>) {
            if let Err(error) = read_task(&body) {
                prop_assert!(!error.message.is_empty());
            }
        }
    }
}
