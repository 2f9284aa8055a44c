//! Modelled machines as a server: what clients of OpenAI's APIs get from `timeslip serve`.

mod agents;
mod client;
mod hostile;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::place::Place;
use client::Served;

/// A machine that takes 20 ms for a step that reads, and 5 ms for any other.
const STEPS: &[&str] = &["--on", "fixed-step", "--output-tokens", "8"];

fn hello() -> Value {
    json!({"model": "llama-3.3-70b", "messages": [{"role": "user", "content": "Hello"}]})
}

fn with(mut body: Value, more: Value) -> Value {
    for (name, value) in more.as_object().expect("it is an object") {
        body[name] = value.clone();
    }
    body
}

/// The named texts, put together.
fn joined(events: &[Value], pointer: &str) -> String {
    events.iter().filter_map(|event| event.pointer(pointer)?.as_str()).collect()
}

#[test]
fn a_chat_takes_its_modelled_time_and_says_so() {
    let place = Place::new();
    let served = Served::start(&place, STEPS);
    assert_eq!(served.about["machines"], json!([{"name": "fixed-step", "model": "llama-3.3-70b"}]));
    let began = Instant::now();
    let answer = served.post("/v1/chat/completions", &hello());
    let took = began.elapsed();
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    assert_eq!(body["usage"]["prompt_tokens"], 8);
    assert_eq!(body["usage"]["completion_tokens"], 8);
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    assert_eq!(body["choices"][0]["message"]["role"], "assistant");
    // The prompt in 20 ms, and seven tokens more in 5 ms each.
    assert_eq!(answer.header("x-timeslip-ttft-ns"), Some("20000000"));
    assert_eq!(answer.header("x-timeslip-e2e-ns"), Some("55000000"));
    assert_eq!(answer.header("x-timeslip-machine"), Some("fixed-step"));
    assert!(took >= Duration::from_millis(55), "{took:?}");
}

#[test]
fn a_stream_has_one_event_for_each_token_at_its_modelled_pace() {
    let place = Place::new();
    let served = Served::start(&place, STEPS);
    let asked = with(hello(), json!({"stream": true, "stream_options": {"include_usage": true}}));
    let began = Instant::now();
    let answer = served.post("/v1/chat/completions", &asked);
    assert!(began.elapsed() >= Duration::from_millis(55));
    assert_eq!(answer.header("content-type"), Some("text/event-stream; charset=utf-8"));
    assert!(answer.is_whole && answer.body.ends_with("data: [DONE]\n\n"), "{answer:?}");
    let events = answer.events();
    assert_eq!(events.len(), 9, "eight tokens, and what they cost");
    assert_eq!(events[7]["choices"][0]["finish_reason"], "stop");
    assert_eq!(events[8]["usage"]["completion_tokens"], 8);
    let whole = served.post("/v1/chat/completions", &hello()).json();
    let said = joined(&events, "/choices/0/delta/content");
    assert_eq!(said.split(' ').count(), 8, "{said}");
    assert_ne!(said, whole["choices"][0]["message"]["content"].as_str().unwrap());
}

#[test]
fn time_passes_at_the_speed_that_is_asked_for() {
    let place = Place::new();
    let arguments = ["--on", "fixed-step", "--output-tokens", "2000", "--speed", "100x"];
    let served = Served::start(&place, &arguments);
    let began = Instant::now();
    let answer = served.post("/v1/chat/completions", &hello());
    // 10.015 s of modelled time.
    assert_eq!(answer.header("x-timeslip-e2e-ns"), Some("10015000000"));
    let took = began.elapsed();
    assert!((Duration::from_millis(100)..Duration::from_secs(5)).contains(&took), "{took:?}");
}

#[test]
fn a_prompt_that_begins_like_another_is_read_from_the_cache() {
    let place = Place::new();
    let served = Served::start(&place, &["--on", "rubin-groq3", "--speed", "1000x"]);
    let model = served.about["machines"][0]["model"].clone();
    let long = "The same words again. ".repeat(500);
    let asked = json!({"model": model, "messages": [{"role": "user", "content": long}]});
    let cached =
        |answer: Value| answer["usage"]["prompt_tokens_details"]["cached_tokens"].as_u64().unwrap();
    assert_eq!(cached(served.post("/v1/chat/completions", &asked).json()), 0);
    assert!(cached(served.post("/v1/chat/completions", &asked).json()) > 1000);
}

#[test]
fn a_script_calls_tools_in_every_api() {
    let place = Place::new();
    place.write(
        "script.toml",
        "[[reply]]\nwhen.role = \"user\"\nsay = \"I look.\"\n[[reply.call]]\ntool = \"look\"\n\
         arguments = '{\"where\": \"here\"}'\n[[reply]]\nsay = \"Nothing there.\"\n",
    );
    let served = Served::start(
        &place,
        &["--on", "fixed-step", "--script", "script.toml", "--speed", "100x"],
    );
    let whole = served.post("/v1/chat/completions", &hello()).json();
    let choice = &whole["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls");
    assert_eq!(choice["message"]["tool_calls"][0]["function"]["arguments"], "{\"where\":\"here\"}");
    let events =
        served.post("/v1/chat/completions", &with(hello(), json!({"stream": true}))).events();
    assert_eq!(joined(&events, "/choices/0/delta/content"), "I look.");
    let arguments = "/choices/0/delta/tool_calls/0/function/arguments";
    assert_eq!(joined(&events, arguments), "{\"where\":\"here\"}");
    assert_eq!(joined(&events, "/choices/0/delta/tool_calls/0/function/name"), "look");

    let input = json!([
        {"role": "user", "content": "Hello"},
        {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "dust"},
    ]);
    let asked = json!({"model": "llama-3.3-70b", "input": input});
    let response = served.post("/v1/responses", &asked).json();
    assert_eq!(response["output"][0]["content"][0]["text"], "Nothing there.");
    let streamed = served.post("/v1/responses", &with(asked, json!({"stream": true})));
    let events = streamed.events();
    assert_eq!(joined(&events, "/delta"), "Nothing there.");
    assert_eq!(events.last().unwrap()["type"], "response.completed");
}

#[test]
fn a_completion_counts_its_prompt_without_a_chat_template() {
    let place = Place::new();
    let served = Served::start(&place, STEPS);
    let asked = json!({"model": "llama-3.3-70b", "prompt": "one two three", "max_tokens": 4});
    let body = served.post("/v1/completions", &asked).json();
    assert_eq!(body["usage"]["prompt_tokens"], 3);
    assert_eq!(body["usage"]["completion_tokens"], 4);
    assert_eq!(body["choices"][0]["finish_reason"], "length");
    let events = served.post("/v1/completions", &with(asked, json!({"stream": true}))).events();
    assert_eq!(events.len(), 4);
}

#[test]
fn a_recording_is_served_and_what_is_not_recorded_is_refused() {
    let place = Place::new();
    let recorded = |content: &str| {
        format!(
            "{{\"kind\":\"cassette\",\"schema\":\"timeslip.cassette/1\",\"source\":\"by hand\",\
             \"key\":[\"messages\"]}}\n\
             {{\"kind\":\"message\",\"role\":\"user\",\"content\":\"{content}\"}}\n\
             {{\"kind\":\"chat\",\"messages\":[[0,1]],\"reply\":{{\"content\":\"You said {content}\"}},\
             \"finish_reason\":\"stop\"}}\n"
        )
    };
    place.write("talks/1.jsonl", recorded("Hello"));
    place.write("talks/2.jsonl", recorded("Goodbye"));
    let arguments = ["--on", "fixed-step", "--cassette", "talks", "--speed", "100x"];
    let served = Served::start(&place, &arguments);
    let asked = |content: &str| {
        let messages = json!([{"role": "user", "content": content}]);
        served.post("/v1/chat/completions", &with(hello(), json!({"messages": messages})))
    };
    for content in ["Goodbye", "Hello", "Hello"] {
        let reply = &asked(content).json()["choices"][0]["message"]["content"];
        assert_eq!(*reply, format!("You said {content}"));
    }
    let missed = asked("Goodby");
    assert_eq!(missed.status, 404);
    let (code, message) = missed.error();
    assert_eq!(code, "cassette_miss");
    assert!(message.contains("talks/") && message.contains("recorded: \"Goodbye\""), "{message}");
}

#[test]
fn several_machines_are_told_apart_by_their_models() {
    let place = Place::new();
    let arguments = ["--on", "dgx-spark:gpt-oss-120b", "--on", "fixed-step", "--speed", "1000x"];
    let served = Served::start(&place, &arguments);
    let models = served.get("/v1/models").json();
    let names: Vec<&str> =
        models["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(names, ["gpt-oss-120b", "llama-3.3-70b"]);
    assert_eq!(served.get("/v1/models/gpt-oss-120b").json()["object"], "model");
    let machine = |model: &str| {
        let answer = served.post("/v1/chat/completions", &with(hello(), json!({"model": model})));
        answer.header("x-timeslip-machine").map(str::to_owned)
    };
    assert_eq!(machine("gpt-oss-120b").as_deref(), Some("dgx-spark"));
    assert_eq!(machine("llama-3.3-70b").as_deref(), Some("fixed-step"));
}

#[test]
fn mistakes_are_told_in_openais_shape() {
    let place = Place::new();
    place.write("keys", "secret\n");
    let served =
        Served::start(&place, &["--on", "fixed-step", "--api-keys", "keys", "--body", "1"]);
    let key = "authorization: Bearer secret\r\n";
    let post = |body: &str, head: &str| served.post_with("/v1/chat/completions", body, head);
    let told = |answer: client::Answer| (answer.status, answer.error().0);
    assert_eq!(told(post(&hello().to_string(), "")), (401, "invalid_api_key".to_owned()));
    let wrong = "authorization: Bearer secre\r\n";
    assert_eq!(told(post(&hello().to_string(), wrong)), (401, "invalid_api_key".to_owned()));
    let unknown = post(&with(hello(), json!({"model": "llama-3.3-70"})).to_string(), key);
    assert_eq!(unknown.status, 404);
    let (code, message) = unknown.error();
    assert_eq!(code, "model_not_found");
    assert!(message.contains("did you mean `llama-3.3-70b`?"), "{message}");
    assert_eq!(told(post("{", key)), (400, "invalid_json".to_owned()));
    let two = with(hello(), json!({"n": 2})).to_string();
    assert_eq!(told(post(&two, key)), (400, "unsupported_parameter".to_owned()));
    let text = format!("{key}content-type: text/plain\r\n");
    let request = client::post("/v1/chat/completions", &hello().to_string(), &text).replacen(
        "content-type: application/json\r\n",
        "",
        1,
    );
    assert_eq!(told(served.send(&request)), (415, "unsupported_media_type".to_owned()));
    let large = json!([{"role": "user", "content": "x".repeat(2 << 20)}]);
    let large = with(hello(), json!({"messages": large})).to_string();
    assert_eq!(told(post(&large, key)), (413, "body_too_large".to_owned()));
    let long = json!([{"role": "user", "content": "a b c d ".repeat(50_000)}]);
    let long = with(hello(), json!({"messages": long})).to_string();
    assert_eq!(told(post(&long, key)), (400, "context_length_exceeded".to_owned()));
    assert_eq!(told(served.get("/v1/chat/completions")), (405, "unknown_url".to_owned()));
    let lost = served.get("/v1/chat/completion");
    assert_eq!(lost.status, 404);
    assert!(lost.error().1.contains("did you mean /v1/chat/completions?"), "{lost:?}");
    assert_eq!(served.get("/health").status, 200);
    assert_eq!(served.post_with("/v1/chat/completions", &hello().to_string(), key).status, 200);
}

/// A machine that serves one chat at a time and lets one wait.
fn narrow(place: &Place) {
    let figure = |key: &str, value: &str| {
        format!(
            "[{key}]\nvalue = {value}\nsource = \"a test\"\ndate = \"2026-11\"\nconfidence = \"high\"\n"
        )
    };
    let machine = format!(
        "name = \"narrow\"\ntitle = \"One at a time\"\ninherits = \"fixed-step\"\n{}{}\
         [[pools]]\nrole = \"all\"\n{}{}",
        figure("scheduler.calls_per_step", "1"),
        figure("scheduler.waiting_calls_max", "1"),
        figure("pools.chips", "1"),
        figure("pools.replicas", "1"),
    );
    place.write("profiles/machines/narrow.toml", machine);
}

#[test]
fn a_machine_that_is_full_turns_clients_away() {
    let place = Place::new();
    narrow(&place);
    let arguments = ["--profiles", "profiles", "--on", "narrow", "--output-tokens", "100"];
    let served = Served::start(&place, &arguments);
    let answers: Vec<client::Answer> = std::thread::scope(|scope| {
        let ask = || served.post("/v1/chat/completions", &hello());
        let asked: Vec<_> = (0..6).map(|_| scope.spawn(ask)).collect();
        asked.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let rejected: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    let answered = answers.iter().filter(|answer| answer.status == 200).count();
    assert!(answered >= 2 && answered + rejected.len() == 6, "{answers:?}");
    let first = rejected.first().expect("one was turned away");
    assert_eq!(first.error().0, "rate_limit_exceeded");
    assert!(first.header("retry-after").is_some());
    assert_eq!(served.metric("timeslip:requests_rejected_total"), rejected.len() as f64);
}

#[test]
fn metrics_have_vllms_names_and_modelled_figures() {
    let place = Place::new();
    let served =
        Served::start(&place, &["--on", "fixed-step", "--output-tokens", "8", "--speed", "100x"]);
    for stream in [true, false] {
        served.post("/v1/chat/completions", &with(hello(), json!({"stream": stream})));
    }
    assert_eq!(served.metric("vllm:prompt_tokens_total"), 16.0);
    assert_eq!(served.metric("vllm:generation_tokens_total"), 16.0);
    assert_eq!(served.metric("vllm:time_to_first_token_seconds_count"), 2.0);
    assert!((served.metric("vllm:time_to_first_token_seconds_sum") - 0.04).abs() < 1e-9);
    assert_eq!(served.metric("vllm:inter_token_latency_seconds_count"), 7.0, "of the stream");
    assert!((served.metric("vllm:inter_token_latency_seconds_sum") - 0.035).abs() < 1e-9);
    assert_eq!(served.metric("vllm:num_requests_running"), 0.0);
    assert_eq!(served.metric("timeslip:keeper_lateness_seconds_count"), 9.0);
    let page = served.get("/metrics").body;
    assert!(page.contains("vllm:request_success_total{model_name=\"llama-3.3-70b\",engine=\"0\",machine=\"fixed-step\",finished_reason=\"stop\"} 2\n"), "{page}");
}

#[test]
fn faults_befall_requests_as_asked() {
    let place = Place::new();
    let with_fault = |fault: &str| {
        Served::start(&place, &[STEPS, &["--speed", "100x", "--fault", fault]].concat())
    };
    let streamed = with(hello(), json!({"stream": true}));
    let ask = |fault: &str| with_fault(fault).post("/v1/chat/completions", &streamed);
    let failed = ask("status-503=100%");
    assert_eq!((failed.status, failed.header("retry-after")), (503, Some("1")));
    let cut = ask("cut=1");
    assert!(cut.status == 200 && !cut.is_whole && !cut.body.contains("[DONE]"), "{cut:?}");
    let garbage = ask("garbage=100%");
    let lines = garbage.body.lines().filter_map(|line| line.strip_prefix("data: "));
    assert!(
        lines.clone().any(|data| serde_json::from_str::<Value>(data).is_err() && data != "[DONE]")
    );
    let began = Instant::now();
    assert_eq!(ask("slow=100%:200ms").status, 200);
    assert!(began.elapsed() >= Duration::from_millis(200));
    let wrong = place.run(&["serve", "--on", "fixed-step", "--fault", "hangs=1%"]).failed(2);
    assert!(wrong.contains("the nearest is `hang`"), "{wrong}");
}

#[test]
fn a_server_that_is_told_to_end_lets_requests_finish() {
    let place = Place::new();
    let mut served = Served::start(&place, &["--on", "fixed-step", "--output-tokens", "200"]);
    let answer = std::thread::scope(|scope| {
        let asked = scope.spawn(|| served.post("/v1/chat/completions", &hello()));
        served.wait_for_metric("vllm:num_requests_running", 1.0);
        served.terminate();
        asked.join().unwrap()
    });
    assert_eq!(answer.json()["usage"]["completion_tokens"], 200);
    assert_eq!(served.ended().code(), Some(0));
    let mut served = Served::start(
        &place,
        &["--on", "fixed-step", "--output-tokens", "9000", "--grace", "100ms"],
    );
    let answer = std::thread::scope(|scope| {
        let asked = scope.spawn(|| served.post("/v1/chat/completions", &hello()));
        served.wait_for_metric("vllm:num_requests_running", 1.0);
        served.terminate();
        asked.join().unwrap()
    });
    assert_eq!(answer.status, 0, "it was cut off");
    assert_eq!(served.ended().code(), Some(1));
}

#[test]
fn what_cannot_be_served_is_told_at_once() {
    let place = Place::new();
    let unknown = place.run(&["serve", "--on", "rubin-groq"]).failed(2);
    assert!(unknown.contains("rubin-groq3"), "{unknown}");
    let twice = place.run(&["serve", "--on", "fixed-step", "--on", "fixed-step"]).failed(2);
    assert!(twice.contains("serves `llama-3.3-70b` twice"), "{twice}");
    let nothing = place.run(&["serve"]).failed(2);
    assert!(nothing.contains("<BENCH>"), "{nothing}");
    let served = Served::start(&place, STEPS);
    let taken = place.run(&["serve", "--on", "fixed-step", "--listen", &served.address]).failed(1);
    assert!(taken.contains("cannot listen on"), "{taken}");
}
