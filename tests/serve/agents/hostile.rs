//! What clients and command lines may get wrong.

use serde_json::json;

use super::super::client::Served;
use super::{bench, give, id, serve, start, told, wait_for};
use crate::place::Place;

#[test]
fn bodies_that_are_no_tasks_are_refused_and_nothing_is_kept_of_them() {
    let place = Place::new();
    let served = serve(&place, &["--body", "1"]);
    let large = json!({"input": "x".repeat(2 << 20)}).to_string();
    let deep = format!("{{\"input\": {}", "[".repeat(100_000));
    let bodies = [
        ("", 400, "invalid_json"),
        ("{", 400, "invalid_json"),
        ("[]", 400, "invalid_json"),
        ("null", 400, "invalid_json"),
        ("{\"input\": \"\\ud800\"}", 400, "invalid_json"),
        (deep.as_str(), 400, "invalid_json"),
        ("{}", 400, "invalid_value"),
        ("{\"task\": null}", 400, "invalid_value"),
        ("{\"task\": []}", 400, "invalid_value"),
        ("{\"task\": \"chat\"}", 400, "invalid_value"),
        ("{\"input\": \"\"}", 400, "invalid_value"),
        ("{\"task\": \"chats\", \"input\": \"chat 1\"}", 400, "invalid_value"),
        ("{\"task\": \"chats\", \"seed\": 1.5}", 400, "invalid_value"),
        ("{\"task\": \"chats\", \"seed\": 18446744073709551616}", 400, "invalid_value"),
        ("{\"task\": \"chats\", \"sed\": 1}", 400, "unsupported_parameter"),
        (large.as_str(), 413, "body_too_large"),
    ];
    for (body, status, code) in bodies {
        let answer = served.post_with("/v1/tasks", body, "");
        let start: String = body.chars().take(60).collect();
        assert_eq!(told(&answer), (status, code.to_owned()), "{start}");
    }
    let near = served.post_with("/v1/tasks", "{\"task\": \"chat\"}", "").error().1;
    assert_eq!(near, "task: the bench has no task `chat`; did you mean `chats`?");
    assert_eq!(served.get("/v1/tasks").json()["data"], json!([]));
    let given = give(&served, &json!({"task": "chats", "seed": u64::MAX}));
    assert_eq!(wait_for(&served, id(&given), "succeeded")["seed"], u64::MAX);
}

#[test]
fn paths_methods_and_heads_that_do_not_fit_are_told() {
    let place = Place::new();
    place.write("keys", "secret\n");
    let served = serve(&place, &["--api-keys", "keys"]);
    let send = |method: &str, path: &str, head: &str, body: &str| {
        let length = body.len();
        served.send(&format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer secret\r\n\
             {head}content-length: {length}\r\n\r\n{body}"
        ))
    };
    let json = "content-type: application/json\r\n";
    assert_eq!(told(&served.get("/v1/tasks")), (401, "invalid_api_key".to_owned()));
    let keyless = served.post("/v1/tasks", &json!({"task": "chats"}));
    assert_eq!(told(&keyless), (401, "invalid_api_key".to_owned()));
    let body = "{\"task\": \"chats\"}";
    let untyped = send("POST", "/v1/tasks", "", body);
    assert_eq!(told(&untyped), (415, "unsupported_media_type".to_owned()));
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    let form = send("POST", "/v1/tasks", form, body);
    assert_eq!(told(&form), (415, "unsupported_media_type".to_owned()));
    let page = format!("{json}origin: https://elsewhere.example\r\n");
    assert_eq!(told(&send("POST", "/v1/tasks", &page, body)), (403, "other_origin".to_owned()));
    let own = format!("{json}origin: http://x\r\nidempotency-key: {}\r\n", "k".repeat(300));
    assert_eq!(told(&send("POST", "/v1/tasks", &own, body)), (400, "invalid_value".to_owned()));
    assert_eq!(served.metric("timeslip:tasks_accepted_total"), 0.0);
    assert_eq!(send("POST", "/v1/tasks", json, body).status, 202);

    assert_eq!(told(&send("PUT", "/v1/tasks", json, body)), (405, "unknown_url".to_owned()));
    let lost = send("GET", "/v1/tasks/task-1/step", "", "");
    assert_eq!(lost.status, 404);
    let near = "there is no /v1/tasks/task-1/step here; did you mean /v1/tasks/task-1/steps?";
    assert_eq!(lost.error().1, near);
    for path in ["task-9", "task-x", "task-01", "x", "task-99999999999999999999"] {
        let answer = send("GET", &format!("/v1/tasks/{path}"), "", "");
        assert_eq!(told(&answer), (404, "task_not_found".to_owned()), "{path}");
    }
    for query in ["limit=0", "limit=101", "limit=x", "after=7", "page=2"] {
        let answer = send("GET", &format!("/v1/tasks?{query}"), "", "");
        assert_eq!(answer.status, 400, "{query}: {answer:?}");
    }
}

#[test]
fn command_lines_that_do_not_fit_are_told() {
    let place = Place::new();
    place.write("bench.toml", bench(""));
    let failed = |arguments: &[&str], code: i32| {
        let store = ["serve", "--listen", "127.0.0.1:0", "--store", "other.db"];
        place.anonymous(&place.run(&[&store, arguments].concat()).failed(code))
    };
    let agents = ["--agents", "bench.toml"];
    let with = |more: &[&'static str]| [&agents, more].concat();
    let wrong = failed(&["--on", "h200-8"], 2);
    assert!(wrong.contains("--agents"), "{wrong}");
    let wrong = failed(&with(&["--fault", "hang=1%"]), 2);
    assert!(wrong.contains("cannot be used with"), "{wrong}");
    let wrong = place.run(&["serve", "--on", "h200-8", "--speed", "max"]).failed(2);
    assert!(wrong.contains("--speed max goes with --agents"), "{wrong}");
    let wrong = failed(&with(&["--on", "h200"]), 2);
    assert!(wrong.contains("h200-8"), "{wrong}");
    let open = place.run(&["serve", "--agents", "bench.toml", "--listen", "0.0.0.0:0"]).failed(2);
    assert!(open.contains("add --api-keys FILE"), "{open}");
    let nowhere = place.run(&["serve", "--agents", "bench.toml", "--store", "none/a.db"]).failed(2);
    assert!(nowhere.contains("there is no folder none"), "{nowhere}");
    place.write("text", "no store, but a text that somebody wrote and wants to keep for long");
    let text = place.run(&["serve", "--agents", "bench.toml", "--store", "text"]).failed(2);
    assert!(text.contains("text is no store of tasks"), "{text}");
    let _served = start(&place, &[]);
    let taken = place.run(&["serve", "--agents", "bench.toml", "--store", "tasks.db"]).failed(2);
    assert!(taken.contains("tasks.db is in use by another server"), "{taken}");
}

#[test]
fn a_bench_of_recordings_takes_its_own_tasks_alone() {
    let place = Place::new();
    let cassette = "{\"kind\":\"cassette\",\"schema\":\"timeslip.cassette/1\",\"source\":\"by hand\",\
                    \"key\":[\"messages\"]}\n";
    place.write("one.jsonl", cassette);
    place.write("two.jsonl", cassette);
    let text = bench("")
        .replace(
            "kind = \"synthetic\"\noutput_tokens = { uniform = [10, 90] }",
            "kind = \"cassette\"",
        )
        .replace("input = \"chat 3\"", "input = \"echo a\"\ncassette = \"one.jsonl\"")
        .replace("input = \"mixed\"", "input = \"echo b\"\ncassette = \"two.jsonl\"");
    place.write("bench.toml", text);
    let served: Served = start(&place, &["--speed", "max"]);
    let refused = served.post("/v1/tasks", &json!({"input": "echo c"}));
    assert_eq!(told(&refused), (400, "unsupported_parameter".to_owned()));
    let given = give(&served, &json!({"task": "mixed"}));
    assert_eq!(wait_for(&served, id(&given), "succeeded")["answer"], "b");
    let slip = served.get(&format!("/v1/tasks/{}/slip", id(&given))).body;
    let ran = place.run(&["run", "bench.toml", "--only", "mixed", "--json"]).passed();
    assert!(slip == ran, "the slip is what `run` prints");
}
