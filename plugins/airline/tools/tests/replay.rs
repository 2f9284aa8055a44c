//! Every call of the recorded runs, replayed on fresh data per run.
//!
//! The recordings lie outside this repository; without them these tests say so and pass.

use std::sync::OnceLock;

use super::super::call;
use crate::fault::Fault;
use crate::json::{Object, Value, json, parse};
use crate::state::State;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/tau-bench-airline");

/// The recorded runs, if they are there.
fn runs() -> Option<Vec<Object>> {
    let path = format!("{FOLDER}/trajectories.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: the recorded runs are not at {path}");
        return None;
    };
    let runs = parse(&text).unwrap();
    let runs = runs.array().unwrap().iter();
    Some(runs.map(|run| run.object().unwrap().clone()).collect())
}

fn airline() -> State {
    static FILES: OnceLock<Vec<(&str, Vec<u8>)>> = OnceLock::new();
    State::new(|path| {
        let files = FILES.get_or_init(|| {
            let names = ["flights.json", "reservations.json", "users.json"];
            let read = |name| std::fs::read(format!("{FOLDER}/data/{name}")).unwrap();
            names.map(|name| (name, read(name))).to_vec()
        });
        let file = files.iter().find(|(name, _)| *name == path);
        file.map(|(_, bytes)| bytes.clone()).ok_or_else(|| Fault::Data(format!("no {path}")))
    })
}

/// A call as recorded.
struct Call {
    name: String,
    arguments: String,
    output: String,
}

fn text<'o>(object: &'o Object, key: &str) -> &'o str {
    object.get(key).unwrap().as_text().unwrap()
}

/// The calls of a run. Call ids repeat, so a call and its output are paired by position.
fn calls(run: &Object) -> Vec<Call> {
    let messages = run.get("traj").unwrap().array().unwrap();
    let mut calls = Vec::new();
    for pair in messages.windows(2) {
        let (asked, answer) = (pair[0].object().unwrap(), pair[1].object().unwrap());
        let Some(tool_calls) = asked.find("tool_calls") else {
            continue;
        };
        let call = tool_calls.array().unwrap()[0].object().unwrap();
        let function = call.get("function").unwrap().object().unwrap();
        calls.push(Call {
            name: text(function, "name").to_owned(),
            arguments: text(function, "arguments").to_owned(),
            output: text(answer, "content").to_owned(),
        });
    }
    calls
}

/// The runs were recorded before a key of the users' addresses was renamed in the data.
fn as_of_today(call: &Call) -> String {
    if call.name == "get_user_details" {
        return call.output.replacen("\"province\": ", "\"state\": ", 1);
    }
    call.output.clone()
}

#[test]
fn all_862_recorded_calls_give_the_recorded_outputs() {
    let Some(runs) = runs() else { return };
    let (mut calls_made, mut equal_as_is, mut equal) = (0, 0, 0);
    for run in &runs {
        let mut state = airline();
        for recorded in calls(run) {
            let output = call(&mut state, &recorded.name, &recorded.arguments).unwrap();
            assert_eq!(output, as_of_today(&recorded), "{}", recorded.arguments);
            calls_made += 1;
            equal += 1;
            equal_as_is += usize::from(output == recorded.output);
        }
    }
    assert_eq!((runs.len(), calls_made), (150, 862));
    assert_eq!((equal_as_is, equal), (772, 862));
}

/// The data of two sessions is the same when what either touched is the same in both.
fn same_data(one: &mut State, other: &mut State) -> bool {
    let tables = |state: &State| {
        let users = state.users.touched().into_iter().map(|(key, object)| (true, key, object));
        let reservations = state.reservations.touched().into_iter();
        let all = users.chain(reservations.map(|(key, object)| (false, key, object)));
        all.map(|(user, key, object)| (user, key.to_owned(), object.clone())).collect::<Vec<_>>()
    };
    let holds = |state: &mut State, (user, key, object): (bool, String, Object)| {
        let table = if user { &mut state.users } else { &mut state.reservations };
        table.find(&key).unwrap().is_some_and(|found| sorted(found) == sorted(&object))
    };
    tables(one).into_iter().all(|touched| holds(other, touched))
        && tables(other).into_iter().all(|touched| holds(one, touched))
}

fn sorted(object: &Object) -> String {
    fn sort(value: &Value) -> Value {
        match value {
            Value::Array(items) => Value::Array(items.iter().map(sort).collect()),
            Value::Object(object) => {
                let members = object.0.iter().map(|(key, value)| (key.clone(), sort(value)));
                let mut members: Vec<_> = members.collect();
                members.sort_by(|(one, _), (other, _)| one.cmp(other));
                Value::Object(Object(members))
            }
            other => other.clone(),
        }
    }
    json(&sort(&Value::Object(object.clone())))
}

/// The verdict that was recorded on the final data, where there is one, and the calls of a correct
/// solution.
fn judged(run: &Object) -> Option<(bool, Vec<(String, String)>)> {
    let info = run.get("info").unwrap().object().unwrap();
    let reward = info.get("reward_info").unwrap().object().ok()?;
    let verdict = reward.get("info").unwrap().object().unwrap().find("r_actions")?;
    let verdict = match json(verdict).as_str() {
        "1.0" | "true" => true,
        "0.0" | "false" => false,
        other => panic!("a verdict of {other}"),
    };
    let task = info.get("task").unwrap().object().unwrap();
    let actions = task.get("actions").unwrap().array().unwrap().iter().map(|action| {
        let action = action.object().unwrap();
        (text(action, "name").to_owned(), json(action.get("kwargs").unwrap()))
    });
    Some((verdict, actions.collect()))
}

#[test]
fn the_final_data_is_that_of_a_correct_solution_in_exactly_the_runs_judged_so() {
    let Some(runs) = runs() else { return };
    let (mut correct, mut wrong) = (0, 0);
    for run in &runs {
        let Some((verdict, actions)) = judged(run) else {
            continue;
        };
        let (mut recorded, mut solution) = (airline(), airline());
        for made in calls(run) {
            call(&mut recorded, &made.name, &made.arguments).unwrap();
        }
        for (name, arguments) in actions {
            if name != "transfer_to_human_agents" {
                call(&mut solution, &name, &arguments).unwrap();
            }
        }
        let same = same_data(&mut recorded, &mut solution);
        assert_eq!(same, verdict, "task {}", json(run.get("task_id").unwrap()));
        *(if verdict { &mut correct } else { &mut wrong }) += 1;
    }
    assert_eq!((correct, wrong), (60, 77));
}
