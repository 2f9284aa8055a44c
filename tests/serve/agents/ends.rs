//! How tasks end: cancelled, with a guest that misbehaves, or with a real server that hangs.

use std::time::Duration;

use serde_json::json;

use super::super::client::Served;
use super::{bench, give, id, serve, show, start, steps, told, wait_for};
use crate::live::server::{Answer as Said, ChatServer, split};
use crate::place::Place;

#[test]
fn a_task_is_cancelled_whether_it_waits_or_runs() {
    let place = Place::new();
    place.write("bench.toml", bench(""));
    let served = start(&place, &["--sessions", "1"]);
    let running = give(&served, &json!({"input": "sleep 3600000000000"}));
    let waiting = give(&served, &json!({"input": "mixed"}));
    wait_for(&served, id(&running), "running");
    let slip = served.get(&format!("/v1/tasks/{}/slip", id(&running)));
    assert_eq!(told(&slip), (409, "task_not_over".to_owned()));
    let cancelled = served.post(&format!("/v1/tasks/{}/cancel", id(&waiting)), &json!({}));
    assert_eq!((cancelled.status, &cancelled.json()["status"]), (200, &json!("cancelled")));
    let deleted = served.send(&format!(
        "DELETE /v1/tasks/{} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        id(&running)
    ));
    assert_eq!((deleted.status, &deleted.json()["status"]), (200, &json!("cancelled")));
    let events = steps(&served, id(&running), None).events();
    assert_eq!((events.len(), &events[0]["status"]), (1, &json!("cancelled")));
    let slip = served.get(&format!("/v1/tasks/{}/slip", id(&running)));
    assert_eq!(told(&slip), (409, "no_slip".to_owned()));

    let next = give(&served, &json!({"input": "echo hello"}));
    let done = wait_for(&served, id(&next), "succeeded");
    assert_eq!(done["answer"], "hello", "the place is free again");
    let late = served.post(&format!("/v1/tasks/{}/cancel", id(&next)), &json!({}));
    assert_eq!(told(&late), (409, "task_is_over".to_owned()));
    assert_eq!(show(&served, id(&next)), done);
    let again = served.post(&format!("/v1/tasks/{}/cancel", id(&running)), &json!({}));
    assert_eq!(again.status, 200, "it is cancelled");
    let lines = served.get("/metrics").body;
    let line = "timeslip:tasks_ended_total{bench=\"probes\",status=\"cancelled\"} 2\n";
    assert!(lines.contains(line), "{lines}");
}

#[test]
fn a_guest_that_misbehaves_fails_its_own_task() {
    let place = Place::new();
    place.write("bench.toml", bench("[limits]\nfuel = 50_000_000\nmemory_mib = 32\n"));
    let served = start(&place, &["--speed", "max", "--sessions", "2"]);
    let lines = [
        ("spin", "out_of_fuel"),
        ("allocate 0", "out_of_memory"),
        ("trap", "trap"),
        ("recurse", "stack_overflow"),
        ("tool trap", "gave_up"),
    ];
    let calm = give(&served, &json!({"task": "mixed"}));
    let before = wait_for(&served, id(&calm), "succeeded");
    for (line, kind) in lines {
        let given = give(&served, &json!({"input": line}));
        let failed = wait_for(&served, id(&given), "failed");
        assert_eq!(failed["error"]["kind"], kind, "{failed}");
        let slip = served.get(&format!("/v1/tasks/{}/slip", id(&given))).json();
        assert_eq!(slip["sessions"][0]["error"], failed["error"]);
    }
    let calm = give(&served, &json!({"task": "mixed"}));
    let after = wait_for(&served, id(&calm), "succeeded");
    assert_eq!(before["answer"], after["answer"]);
    assert_eq!(before["e2e_ns"], after["e2e_ns"]);
}

/// A server of a bench that asks a real one.
fn serve_live(place: &Place, real: &ChatServer) -> Served {
    let endpoint =
        format!("[[endpoint]]\nname = \"real\"\nurl = \"{}\"\nmodel = \"small\"\n", real.url);
    let text = bench(&endpoint).replace("[\"h200-8\"]", "[\"real\"]");
    place.write(
        "bench.toml",
        text.replace(
            "kind = \"synthetic\"\noutput_tokens = { uniform = [10, 90] }",
            "kind = \"endpoint\"",
        ),
    );
    start(place, &["--sessions", "1"])
}

#[test]
fn a_real_server_is_asked_in_its_own_time_and_a_task_of_one_that_hangs_can_be_ended() {
    let place = Place::new();
    let real = ChatServer::start(|asked| match asked.number {
        0 => Said::Words(split("Hello there"), Duration::ZERO),
        _ => Said::Words(split("far too late"), Duration::from_secs(600)),
    });
    let served = serve_live(&place, &real);
    let first = give(&served, &json!({"input": "chat 1"}));
    let done = wait_for(&served, id(&first), "succeeded");
    assert_eq!((&done["model_calls"], &done["cost_usd"]), (&json!(1), &json!(null)));
    let second = give(&served, &json!({"input": "chat 1"}));
    wait_for(&served, id(&second), "running");
    while real.asked().len() < 2 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let cancelled = served.post(&format!("/v1/tasks/{}/cancel", id(&second)), &json!({}));
    assert_eq!(cancelled.json()["status"], "cancelled");
    let third = give(&served, &json!({"input": "echo hello"}));
    wait_for(&served, id(&third), "succeeded");
    let wrong = place.run(&["serve", "--agents", "bench.toml", "--store", "b.db", "--speed", "9x"]);
    let wrong = wrong.failed(2);
    assert!(wrong.contains("answer in their own time"), "{wrong}");
}

#[test]
fn metrics_tell_modelled_times_and_the_queue() {
    let place = Place::new();
    let served = serve(&place, &[]);
    let given = give(&served, &json!({"task": "chats"}));
    let e2e_ns = wait_for(&served, id(&given), "succeeded")["e2e_ns"].as_f64().unwrap();
    assert_eq!(served.metric("timeslip:task_e2e_seconds_count"), 1.0);
    assert!((served.metric("timeslip:task_e2e_seconds_sum") - e2e_ns / 1e9).abs() < 1e-9);
    assert_eq!(served.metric("timeslip:task_queue_seconds_count"), 1.0);
    served.wait_for_metric("timeslip:tasks_running", 0.0);
    assert_eq!(served.get("/health").status, 200);
}
