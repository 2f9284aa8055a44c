//! Tools for MCP clients, and MCP servers as tools.

mod client;
mod servers;

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::place::{Place, repository};
use client::{Client, HttpServer, hello, text};

fn component(path: &str) -> String {
    repository().join(path).display().to_string()
}

fn probe() -> String {
    component("tests/guests/prebuilt/probe-tool.wasm")
}

fn serve(place: &Place, arguments: &[&str]) -> Command {
    place.command(&[&["mcp", "serve"], arguments].concat())
}

fn kind(result: &Value) -> &str {
    assert_eq!(result["isError"], true, "{result}");
    result["_meta"]["timeslip/error"].as_str().unwrap_or_default()
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("JSON can be written")
}

#[test]
fn tools_are_listed_and_called() {
    let place = Place::new();
    let calculator = component("plugins/prebuilt/calculator.wasm");
    let mut client = Client::connect(serve(&place, &[&calculator, &probe()]));
    let listed = client.ask("tools/list", json!({}))["result"].clone();
    insta::assert_snapshot!(pretty(&listed));
    let tools = listed["tools"].as_array().unwrap();
    assert_eq!(client.ask("tools/list", json!({}))["result"], listed, "the order stays");
    let schema = &tools.iter().find(|tool| tool["name"] == "no-json").unwrap()["outputSchema"];
    assert_eq!(schema["required"], json!(["n"]));

    let mut result = client.call("echo", json!({ "text": "hi" }));
    let meta = result.as_object_mut().unwrap().remove("_meta").unwrap();
    insta::assert_snapshot!(pretty(&result));
    let compute = meta["timeslip/compute_ns"].as_u64().unwrap();
    assert!(compute > 0 && meta["timeslip/e2e_ns"] == compute, "{meta}");
    let again = client.call("echo", json!({ "text": "hi" }));
    assert!(again["_meta"]["timeslip/compute_ns"].as_u64().unwrap() <= compute, "{again}");
    assert_eq!(client.leave(), 0);
}

#[test]
fn structured_output_comes_beside_its_text() {
    let place = Place::new();
    let documents = component("plugins/prebuilt/documents.wasm");
    place.write("docs/one.md", "# One\n\nWords about lions.\n");
    let source = format!("{documents}=docs");
    let mut client = Client::connect(serve(&place, &[&source]));
    let listed = client.ask("tools/list", json!({}))["result"]["tools"].clone();
    let has_schema = |tool: &&Value| !tool["outputSchema"].is_null();
    let calls = [("search", json!({ "query": "lions" })), ("list", json!({}))];
    for tool in listed.as_array().unwrap().iter().filter(has_schema) {
        let name = tool["name"].as_str().unwrap();
        if let Some((_, arguments)) = calls.iter().find(|(call, _)| name.contains(call)) {
            let result = client.call(name, arguments.clone());
            let said: Value = serde_json::from_str(text(&result)).unwrap();
            assert_eq!(result["structuredContent"], said, "{result}");
        }
    }
}

#[test]
fn what_goes_wrong_in_a_call_is_its_result_and_has_a_kind() {
    let place = Place::new();
    let mut client = Client::connect(serve(&place, &[&probe()]));
    let cases = [
        ("fail", json!({}), "failed", "failed: asked to fail"),
        ("echo", json!({}), "invalid-arguments", "text is a string"),
        ("wrong-schema", json!({}), "invalid-output", "does not obey its own schema"),
        ("no-json", json!({}), "invalid-output", "must be JSON"),
        ("read", json!({ "path": "a" }), "failed", "refused: "),
        ("allocate", json!({}), "crashed", "its limit is 256 MiB"),
        ("trap", json!({}), "crashed", "trapped"),
    ];
    for (tool, arguments, wanted, told) in cases {
        let result = client.call(tool, arguments);
        assert_eq!(kind(&result), wanted, "{result}");
        assert!(text(&result).contains(told), "{tool}: {result}");
        assert!(result["structuredContent"].is_null(), "{result}");
    }
    let unknown = client.ask("tools/call", json!({ "name": "ecko", "arguments": {} }));
    let message = unknown["error"]["message"].as_str().unwrap();
    assert_eq!(unknown["error"]["code"], -32602, "{unknown}");
    assert_eq!(message, "unknown tool: \"ecko\"; the nearest is \"echo\"");
}

#[test]
fn a_plugin_lives_as_long_as_its_client_and_begins_anew_after_a_crash() {
    let place = Place::new();
    let mut client = Client::connect(serve(&place, &[&probe()]));
    let counted = |client: &mut Client| text(&client.call("count", json!({}))).to_owned();
    assert_eq!((counted(&mut client), counted(&mut client)), ("1".to_owned(), "2".to_owned()));
    client.call("trap", json!({}));
    assert_eq!(counted(&mut client), "1");

    // The clock goes on through all of it, and a sleep takes nobody's time.
    let began = Instant::now();
    let hour = 3_600_000_000_000_u64;
    let slept: u64 = text(&client.call("sleep", json!({ "ns": hour }))).parse().unwrap();
    let later: u64 = text(&client.call("sleep", json!({ "ns": 1 }))).parse().unwrap();
    assert!(slept >= hour && later > slept, "{slept} {later}");
    assert!(began.elapsed() < Duration::from_secs(60));

    let mut other = Client::connect(serve(&place, &[&probe()]));
    let random = |client: &mut Client| text(&client.call("random", json!({}))).to_owned();
    let mut third = Client::connect(serve(&place, &[&probe()]));
    assert_eq!(random(&mut other), random(&mut third), "every client draws the same");
}

#[test]
fn odd_messages_harm_nobody() {
    let place = Place::new();
    let mut client = Client::connect(serve(&place, &[&probe()]));
    let call = |id: u64| {
        let params = json!({ "name": "echo", "arguments": { "text": "hi" } });
        json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params }).to_string()
    };
    let huge =
        format!("{{\"jsonrpc\":\"2.0\",\"id\":900,\"method\":\"{}\"}}\n", "x".repeat(5 << 20));
    client.write(huge.as_bytes());
    client.write(b"{ this is no JSON\n\n\xff\xfe\n[]\n");
    client.write(format!("[{},{}]\n", call(901), call(902)).as_bytes());
    let unknown = client.ask("tools/steal", json!({}));
    assert_eq!(unknown["error"]["code"], -32601, "{unknown}");
    assert_eq!(text(&client.call("echo", json!({ "text": "still here" }))), "still here");
    // Gone in the middle of a message.
    client.write(&call(903).as_bytes()[..20]);
    assert_eq!(client.leave(), 0);

    // Whoever never says hello is told so, or leaves again.
    let silent = Client::start(serve(&place, &[&probe()]));
    assert_eq!(silent.leave(), 0);
    let mut early = Client::start(serve(&place, &[&probe()]));
    let refused = early.ask("tools/list", json!({}));
    assert!(refused["error"]["code"].is_i64(), "{refused}");
    assert!(early.ask("initialize", hello())["result"].is_object());
}

#[test]
fn a_hundred_calls_at_once_are_all_answered() {
    let place = Place::new();
    let mut client = Client::connect(serve(&place, &[&probe()]));
    let calls: Vec<u64> = (0..100)
        .map(|_| client.begin("tools/call", json!({ "name": "count", "arguments": {} })))
        .collect();
    let mut counted: Vec<u64> = calls
        .iter()
        .map(|_| {
            let answer = client.hear();
            text(&answer["result"]).parse().unwrap_or_else(|_| panic!("{answer}"))
        })
        .collect();
    counted.sort_unstable();
    assert_eq!(counted, (1..=100).collect::<Vec<u64>>());

    let too_many: Vec<u64> = (0..400)
        .map(|_| {
            client.begin("tools/call", json!({ "name": "compute", "arguments": { "n": 100000 } }))
        })
        .collect();
    let answers: Vec<Value> = too_many.iter().map(|_| client.hear()).collect();
    let refused = answers.iter().filter(|answer| !answer["error"].is_null());
    for answer in refused {
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains("256 calls of this session"), "{message}");
    }
    assert_eq!(text(&client.call("echo", json!({ "text": "hi" }))), "hi");
}

#[test]
fn a_cancelled_call_ends_and_the_next_one_is_done() {
    let place = Place::new();
    // Whoever may fetch lives on the computer's clock, and a sleep takes its time there.
    let granted = ["--fetch", "http://127.0.0.1:9", &probe()];
    let mut client = Client::connect(serve(&place, &granted));
    assert_eq!(text(&client.call("count", json!({}))), "1");
    let arguments = json!({ "ns": 600_000_000_000_u64 });
    let began = Instant::now();
    let sleeping = client.begin("tools/call", json!({ "name": "sleep", "arguments": arguments }));
    std::thread::sleep(Duration::from_millis(300));
    client.send(&json!({
        "jsonrpc": "2.0",
        "method": "notifications/cancelled",
        "params": { "requestId": sleeping },
    }));
    assert_eq!(text(&client.call("count", json!({}))), "1", "it was left in the middle of a call");
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());

    let slept = Instant::now();
    client.call("sleep", json!({ "ns": 200_000_000 }));
    assert!(slept.elapsed() >= Duration::from_millis(200));
}

#[test]
fn an_agent_is_a_tool_that_tells_of_its_steps() {
    let place = Place::new();
    place.write(
        "bench.toml",
        format!(
            "name = \"helpers\"\nmachines = [\"h200-8\"]\n[agent]\ncomponent = '{agent}'\n\
             [[tool]]\nname = \"helper\"\nagent = '{agent}'\nmodels = [\"*\"]\ndescription = \
             \"Helps.\"\n[limits]\ntool_calls = 3\n[words]\nkind = \"synthetic\"\noutput_tokens = {{ fixed = 50 }}\n[[task]]\n\
             name = \"one\"\ninput = \"list\"\n",
            agent = component("tests/guests/prebuilt/probe-agent.wasm")
        ),
    );
    let mut client = Client::connect(serve(&place, &["bench.toml"]));
    let listed = client.ask("tools/list", json!({}))["result"]["tools"].clone();
    assert_eq!(
        (&listed[0]["name"], &listed[0]["description"]),
        (&json!("helper"), &json!("Helps."))
    );
    let call = client.begin(
        "tools/call",
        json!({ "name": "helper", "arguments": { "task": "chat 3" }, "_meta": { "progressToken": "p" } }),
    );
    let mut steps = Vec::new();
    let result = loop {
        let message = client.hear();
        if message["id"] == call {
            break message["result"].clone();
        }
        assert_eq!(message["method"], "notifications/progress", "{message}");
        assert_eq!(message["params"]["progressToken"], "p");
        steps.push(message["params"]["message"].as_str().unwrap().to_owned());
    };
    assert_eq!(result["isError"], false, "{result}");
    let chats = steps.iter().filter(|step| step.starts_with("chat with ")).count();
    assert_eq!(chats, 3, "{steps:?}");
    assert!(result["_meta"]["timeslip/e2e_ns"].as_u64().unwrap() > 100_000_000, "{result}");
    // The same task takes the same time, whoever has asked before.
    let ask = json!({ "task": "chat 3" });
    let [one, other] = [client.call("helper", ask.clone()), client.call("helper", ask)];
    assert_eq!(one, other);
    let over = client.call("helper", json!({ "task": "list" }));
    assert_eq!(kind(&over), "over-budget", "{over}");
}

#[test]
fn clients_over_http_have_sessions_of_their_own() {
    let place = Place::new();
    let server = HttpServer::start(serve(&place, &[&probe(), "--http", "127.0.0.1:0"]));
    let (one, other) = (server.begin(&[]), server.begin(&[]));
    assert_ne!(one, other);
    for session in [&one, &other] {
        assert_eq!(text(&server.call(session, "count", json!({}))), "1");
    }
    assert_eq!(text(&server.call(&one, "count", json!({}))), "2");
    // One client's crash is nobody else's.
    assert_eq!(kind(&server.call(&one, "trap", json!({}))), "crashed");
    assert_eq!(text(&server.call(&other, "count", json!({}))), "2");

    let list = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    for (headers, path, status) in [
        (["host: evil.example:80", "accept: */*"], "/mcp", 403),
        (["origin: http://evil.example", "accept: */*"], "/mcp", 403),
        (["mcp-session-id: 0", "accept: */*"], "/mcp", 404),
        (["accept: */*", "x-a: b"], "/", 404),
    ] {
        let heard = server.post(path, &headers, list);
        assert_eq!(heard.status, status, "{headers:?} {heard:?}");
    }
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(5 << 20));
    let heard = server.post("/mcp", &[&one], &large);
    assert!(heard.status == 413 || heard.status == 0, "{heard:?}");
    assert_eq!(text(&server.call(&other, "count", json!({}))), "3");
}

#[test]
fn a_server_with_a_key_lets_nobody_else_in() {
    let place = Place::new();
    let mut command =
        serve(&place, &[&probe(), "--http", "127.0.0.1:0", "--key-env", "TIMESLIP_TEST_MCP_KEY"]);
    command.env("TIMESLIP_TEST_MCP_KEY", "sk-0123456789");
    let server = HttpServer::start(command);
    let request = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello() });
    for headers in [&[][..], &["authorization: Bearer sk-012345678"]] {
        let heard = server.post("/mcp", headers, &request.to_string());
        assert_eq!(heard.status, 401, "{heard:?}");
    }
    server.begin(&["authorization: Bearer sk-0123456789"]);
}

#[test]
fn what_cannot_be_served_is_told_with_the_fix() {
    let place = Place::new();
    let probe = probe();
    let agent = component("tests/guests/prebuilt/probe-agent.wasm");
    place.write("bench.toml", "");
    for (arguments, told) in [
        (&[probe.as_str(), "bench.toml"][..], "`bench.toml` is no .wasm file"),
        (&["bench.toml", "--write"], "a bench has its own grants"),
        (&["no.wasm"], "cannot read the tool plugin no.wasm"),
        (&[&agent], "timeslip:tool/tool"),
        (&[&probe, "--http", "0.0.0.0:0"], "add --key-env VARIABLE"),
        (&[&probe, &probe], "give this one another `name`"),
    ] {
        let message = place.run(&[&["mcp", "serve"], arguments].concat()).failed(2);
        assert!(message.contains(told), "{arguments:?}: {message}");
    }
}
