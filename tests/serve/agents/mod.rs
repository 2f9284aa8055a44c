//! Agents as a server of tasks: what clients get from `timeslip serve --agents`.

mod ends;
mod hostile;
mod restarts;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::client::{Answer, Served};
use crate::place::{Place, repository};

/// A bench of probes with two tasks; `more` is added to it.
fn bench(more: &str) -> String {
    let component = |name: &str| {
        repository().join(format!("tests/guests/prebuilt/{name}.wasm")).display().to_string()
    };
    format!(
        "name = \"probes\"\nmachines = [\"h200-8\"]\nseed = 3\n\
         [agent]\ncomponent = '{}'\nmodels = [\"*\"]\n\
         [[tool]]\nname = \"probe-tool\"\ncomponent = '{}'\n\
         [words]\nkind = \"synthetic\"\noutput_tokens = {{ uniform = [10, 90] }}\n\
         [[task]]\nname = \"chats\"\ninput = \"chat 3\"\n\
         [[task]]\nname = \"mixed\"\ninput = \"mixed\"\n{more}",
        component("probe-agent"),
        component("probe-tool"),
    )
}

/// A server of that bench, as fast as it can be computed.
fn serve(place: &Place, arguments: &[&str]) -> Served {
    place.write("bench.toml", bench(""));
    start(place, &[&["--speed", "max"], arguments].concat())
}

fn start(place: &Place, arguments: &[&str]) -> Served {
    let store = ["--agents", "bench.toml", "--store", "tasks.db"];
    Served::start(place, &[&store, arguments].concat())
}

fn give(served: &Served, body: &Value) -> Value {
    let answer = served.post("/v1/tasks", body);
    assert_eq!(answer.status, 202, "{answer:?}");
    answer.json()
}

fn id(task: &Value) -> &str {
    task["id"].as_str().expect("a task has an id")
}

fn show(served: &Served, id: &str) -> Value {
    served.get(&format!("/v1/tasks/{id}")).json()
}

/// Waits until a task has this status.
fn wait_for(served: &Served, id: &str, status: &str) -> Value {
    let began = Instant::now();
    loop {
        let task = show(served, id);
        if task["status"] == status {
            return task;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "never {status}: {task}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The events of a task, behind one that the client has.
fn steps(served: &Served, id: &str, seen: Option<&str>) -> Answer {
    let seen = seen.map(|seen| format!("last-event-id: {seen}\r\n")).unwrap_or_default();
    served.send(&format!(
        "GET /v1/tasks/{id}/steps HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{seen}\r\n"
    ))
}

fn told(answer: &Answer) -> (u16, String) {
    (answer.status, answer.error().0)
}

#[test]
fn a_task_is_given_and_its_steps_its_answer_and_its_slip_are_fetched() {
    let place = Place::new();
    let served = serve(&place, &[]);
    assert_eq!(served.about["tasks"], json!(["chats", "mixed"]));
    let answer = served.post("/v1/tasks", &json!({"task": "chats", "seed": 7}));
    assert_eq!((answer.status, answer.header("location")), (202, Some("/v1/tasks/task-1")));
    let given = answer.json();
    assert_eq!((&given["task"], &given["status"]), (&json!("chats"), &json!("queued")));
    assert_eq!((&given["answer"], &given["e2e_ns"]), (&Value::Null, &Value::Null));

    let events = steps(&served, "task-1", None);
    assert_eq!(events.header("content-type"), Some("text/event-stream; charset=utf-8"));
    let events = events.events();
    let task = show(&served, "task-1");
    assert_eq!(events.last(), Some(&task), "the end is the task");
    assert_eq!(task["status"], "succeeded", "{task}");
    assert_eq!(task["model_calls"], 3);
    assert_eq!((&task["tool_calls"], &task["error"]), (&json!(0), &Value::Null));
    assert!(task["answer"].is_string() && task["ended_at"].is_string(), "{task}");

    let slip = served.get("/v1/tasks/task-1/slip");
    assert_eq!(slip.header("content-type"), Some("application/json"));
    let arguments = ["--only", "chats", "--sessions", "1", "--seed", "7", "--json"];
    let ran = place.run(&[&["run", "bench.toml"], arguments.as_slice()].concat()).passed();
    assert!(slip.body == ran, "the slip is what `run` prints");
    let slip = slip.json();
    assert_eq!(task["e2e_ns"], slip["sessions"][0]["e2e_ns"]);
    let in_slip = slip["sessions"][0]["steps"].as_array().unwrap();
    assert_eq!(events.len(), in_slip.len() + 1);
    for (event, step) in events.iter().zip(in_slip) {
        let mut step = step.clone();
        step.as_object_mut().unwrap().remove("prompt");
        assert_eq!(*event, step, "a step has the form of the slip");
    }
}

#[test]
fn a_task_of_a_clients_own_input_has_the_slip_that_run_prints() {
    let place = Place::new();
    let served = serve(&place, &[]);
    for (input, status) in [("mixed", "succeeded"), ("random", "succeeded"), ("fail so", "failed")]
    {
        let given = give(&served, &json!({"input": input}));
        assert_eq!((&given["task"], &given["input"]), (&json!("task"), &json!(input)));
        let task = wait_for(&served, id(&given), status);
        let slip = served.get(&format!("/v1/tasks/{}/slip", id(&given))).body;
        let ran = place.run(&["run", "bench.toml", "--task", input, "--json"]);
        assert!(slip == ran.stdout, "{input}");
        if status == "failed" {
            assert_eq!(task["error"], json!({"kind": "gave_up", "message": "so"}));
        }
    }
    let listed = served.get("/v1/tasks?limit=2").json();
    let mut last = show(&served, "task-3");
    let members = last.as_object_mut().unwrap();
    assert!(members.remove("input").is_some() && members.remove("answer").is_some());
    assert_eq!(listed["data"][0], last, "a list has no long texts");
    let ids = |list: &Value| {
        let tasks = list["data"].as_array().unwrap();
        tasks.iter().map(|task| id(task).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        (ids(&listed), &listed["has_more"]),
        (vec!["task-3".into(), "task-2".into()], &json!(true))
    );
    let rest = served.get("/v1/tasks?limit=2&after=task-2").json();
    assert_eq!((ids(&rest), &rest["has_more"]), (vec!["task-1".into()], &json!(false)));
}

#[test]
fn steps_come_as_they_are_over_and_go_on_behind_what_a_client_has() {
    let place = Place::new();
    place.write("bench.toml", bench(""));
    let served = start(&place, &["--speed", "1x"]);
    let given = give(&served, &json!({"input": "chat 3"}));
    let began = Instant::now();
    let all = steps(&served, id(&given), None);
    let e2e_ns = show(&served, id(&given))["e2e_ns"].as_u64().unwrap();
    assert!(began.elapsed() >= Duration::from_nanos(e2e_ns).mul_f64(0.9), "{:?}", began.elapsed());
    assert_eq!(all.events().len(), 4);
    let behind = |seen| steps(&served, id(&given), Some(seen));
    let (_, rest) = all.body.split_once("id: 2\n").unwrap();
    assert_eq!(behind("1").body, format!("id: 2\n{rest}"));
    assert_eq!(behind("3").events().len(), 1, "the end alone");
    assert_eq!(behind("4").status, 204);
    assert_eq!(told(&behind("x")), (400, "invalid_value".to_owned()));
    drop(served);
    let served = start(&place, &["--speed", "max"]);
    assert_eq!(steps(&served, id(&given), None).body, all.body, "a restart changes no event");
}

#[test]
fn a_key_gives_one_task_and_a_full_queue_refuses_others() {
    let place = Place::new();
    place.write("bench.toml", bench(""));
    let served = start(&place, &["--sessions", "1", "--queue", "1"]);
    let long = json!({"input": "sleep 3600000000000"});
    let key = "idempotency-key: one\r\n";
    let first = served.post_with("/v1/tasks", &long.to_string(), key);
    assert_eq!(first.status, 202);
    wait_for(&served, "task-1", "running");
    give(&served, &long);
    let full = served.post("/v1/tasks", &long);
    assert_eq!(told(&full), (429, "rate_limit_exceeded".to_owned()));
    assert!(full.header("retry-after").is_some());
    let body = "{\"seed\": null, \"input\": \"sleep 3600000000000\"}";
    let again = served.post_with("/v1/tasks", body, key);
    assert_eq!((again.status, id(&again.json())), (200, "task-1"));
    assert_eq!(again.header("location"), Some("/v1/tasks/task-1"));
    let other = served.post_with("/v1/tasks", &json!({"input": "mixed"}).to_string(), key);
    assert_eq!(told(&other), (422, "idempotency_key_reused".to_owned()));
    assert_eq!(served.metric("timeslip:tasks_accepted_total"), 2.0);
    assert_eq!(served.metric("timeslip:tasks_refused_total"), 1.0);
    assert_eq!(served.metric("timeslip:tasks_running"), 1.0);
    assert_eq!(served.metric("timeslip:tasks_queued"), 1.0);
}
