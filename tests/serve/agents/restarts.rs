//! Servers that end, are killed, or come back with another bench: no accepted task is lost.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::client::Served;
use super::{bench, give, id, serve, show, start, steps, wait_for};
use crate::place::Place;

/// Gives tasks under keys until the server is gone; the ids of those that it accepted.
fn give_until_killed(served: &Served, keys: &[String]) -> BTreeMap<String, String> {
    let mut accepted = BTreeMap::new();
    for key in keys {
        let head = format!("idempotency-key: {key}\r\n");
        let body = json!({"input": "chat 2"}).to_string();
        let Some(answer) = served.try_post("/v1/tasks", &body, &head) else { break };
        if answer.status != 202 {
            break;
        }
        accepted.insert(key.clone(), id(&answer.json()).to_owned());
    }
    accepted
}

#[test]
fn a_server_that_is_killed_loses_no_accepted_task_and_does_none_twice() {
    for pause in [30, 90, 200, 450] {
        let place = Place::new();
        let served = serve(&place, &["--sessions", "2"]);
        let keys: Vec<String> = (0..2000).map(|number| format!("key-{number}")).collect();
        let accepted = std::thread::scope(|scope| {
            let giving = scope.spawn(|| give_until_killed(&served, &keys));
            std::thread::sleep(Duration::from_millis(pause));
            served.kill();
            giving.join().unwrap()
        });
        drop(served);
        let served = start(&place, &["--speed", "max", "--sessions", "2"]);
        // One more may have come to the disk, whose answer was lost.
        let more = &keys[..accepted.len() + 1];
        for key in more {
            let head = format!("idempotency-key: {key}\r\n");
            let body = json!({"input": "chat 2"}).to_string();
            let again = served.post_with("/v1/tasks", &body, &head);
            match accepted.get(key) {
                Some(known) => assert_eq!((again.status, id(&again.json())), (200, &**known)),
                None => assert!([200, 202].contains(&again.status), "{again:?}"),
            }
        }
        let mut slips = Vec::new();
        for number in 1..=more.len() {
            let name = format!("task-{number}");
            let task = wait_for(&served, &name, "succeeded");
            assert_eq!(task["input"], "chat 2");
            slips.push(served.get(&format!("/v1/tasks/{name}/slip")).body);
        }
        let next = served.get(&format!("/v1/tasks/task-{}", more.len() + 1));
        assert_eq!(next.status, 404, "no task was made twice: {next:?}");
        assert!(slips.iter().all(|slip| *slip == slips[0]), "each is the same run");
    }
}

#[test]
fn tasks_are_gone_on_with_in_their_order_and_steps_behind_what_a_client_has() {
    let place = Place::new();
    place.write("bench.toml", bench(""));
    let served = start(&place, &["--sessions", "1", "--speed", "0.001x"]);
    for input in ["mixed", "chat 1", "echo last"] {
        give(&served, &json!({"input": input}));
    }
    wait_for(&served, "task-1", "running");
    drop(served);
    let served = start(&place, &["--sessions", "1", "--speed", "max"]);
    assert_eq!(served.about["taken_up"], 3);
    wait_for(&served, "task-3", "succeeded");
    let instant =
        |name: &str, member: &str| show(&served, name)[member].as_str().unwrap().to_owned();
    assert!(instant("task-1", "ended_at") <= instant("task-2", "started_at"));
    assert!(instant("task-2", "ended_at") <= instant("task-3", "started_at"));
    let slip = served.get("/v1/tasks/task-1/slip").body;
    let ran = place.run(&["run", "bench.toml", "--task", "mixed", "--json"]).passed();
    assert!(slip == ran, "it is the same run");
    let behind = steps(&served, "task-1", Some("1"));
    assert!(behind.body.starts_with("id: 2\nevent: step\n"), "{behind:?}");
}

#[test]
fn tasks_of_another_bench_fail_and_name_both_digests() {
    let place = Place::new();
    place.write("bench.toml", bench(""));
    let served = start(&place, &["--sessions", "1"]);
    let was = served.about["bench"]["digest"].as_str().unwrap().to_owned();
    give(&served, &json!({"input": "sleep 3600000000000"}));
    give(&served, &json!({"task": "mixed"}));
    drop(served);
    place.write("bench.toml", bench("[limits]\nfuel = 50_000_000\n"));
    let served = start(&place, &["--speed", "max"]);
    assert_eq!(served.about["taken_up"], 0);
    let is = served.about["bench"]["digest"].as_str().unwrap();
    assert_ne!(was, is);
    for name in ["task-1", "task-2"] {
        let error: Value = show(&served, name)["error"].clone();
        assert_eq!(error["kind"], "bench_changed");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(&was) && message.contains(is), "{message}");
    }
    let given = give(&served, &json!({"task": "mixed"}));
    wait_for(&served, id(&given), "succeeded");
}

#[test]
fn a_server_that_is_told_to_end_lets_running_tasks_end_and_keeps_the_rest() {
    let place = Place::new();
    place.write("bench.toml", bench(""));
    let mut served = start(&place, &["--sessions", "1"]);
    give(&served, &json!({"input": "sleep 700000000"}));
    give(&served, &json!({"input": "echo later"}));
    wait_for(&served, "task-1", "running");
    served.terminate();
    assert_eq!(served.ended().code(), Some(0));
    let mut served = start(&place, &["--sessions", "1", "--grace", "100ms"]);
    assert_eq!(served.about["taken_up"], 1);
    assert_eq!(show(&served, "task-1")["status"], "succeeded");
    wait_for(&served, "task-2", "succeeded");
    give(&served, &json!({"input": "sleep 3600000000000"}));
    wait_for(&served, "task-3", "running");
    served.terminate();
    assert_eq!(served.ended().code(), Some(0), "it is in the store");
    let served = start(&place, &["--sessions", "1"]);
    assert_eq!(served.about["taken_up"], 1);
    wait_for(&served, "task-3", "running");
}
