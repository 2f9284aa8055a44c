//! Runs on a real server, recordings of it, and what becomes of them when things go wrong.

mod bad_servers;
pub(crate) mod server;

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::place::{Place, Ran, repository};
use crate::slips::check_independently;
use bad_servers::bad_servers;
use server::{Answer, ChatServer, split, status};

/// A bench of these tasks around the agent that does what its task says.
fn bench(tasks: &[(&str, &str)], more: &str) -> String {
    let agent = repository().join("tests/guests/prebuilt/probe-agent.wasm");
    let mut text = format!(
        "name = \"live\"\n\n[agent]\ncomponent = '{}'\nmodels = [\"*\"]\n\n[words]\nkind = \
         \"endpoint\"\n\n{more}\n",
        agent.display()
    );
    for (name, input) in tasks {
        text += &format!("[[task]]\nname = \"{name}\"\ninput = \"{input}\"\n");
    }
    text
}

fn place(tasks: &[(&str, &str)], more: &str) -> Place {
    let place = Place::new();
    place.write("bench.toml", bench(tasks, more));
    place
}

/// The slip that a command printed, which holds all laws, whether its sessions succeeded or not.
fn slip(ran: &Ran) -> Value {
    assert!(ran.code <= 1, "{ran:#?}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slip.json");
    std::fs::write(&path, &ran.stdout).unwrap();
    check_independently(&path);
    serde_json::from_str(&ran.stdout).unwrap()
}

/// The steps of all sessions.
fn steps(slip: &Value) -> Vec<Value> {
    let sessions = slip["sessions"].as_array().unwrap();
    sessions.iter().flat_map(|one| one["steps"].as_array().unwrap().clone()).collect()
}

#[test]
fn an_agent_asks_a_real_server_and_its_tools_compute_in_modelled_time() {
    let server = ChatServer::start(|asked| match asked.number {
        0 => Answer::Call("calculate", json!({ "expression": "6*7" }).to_string()),
        _ => Answer::Words(split("It is 42 exactly. "), Duration::from_millis(20)),
    });
    let place = Place::new();
    let arguments =
        ["run", "--task", "What is six times seven?", "--endpoint", &server.url, "--model", "m"];
    let screen = place.run(&arguments).passed();
    assert!(screen.contains("It is 42 exactly."), "{screen}");
    assert!(screen.contains("said by m at http://127.0.0.1:"), "{screen}");
    let asked = server.asked();
    assert_eq!(asked.len(), 2, "{asked:?}");
    // The server was offered the tools, and got the tool's real output.
    assert!(asked[0].body["tools"].to_string().contains("\"calculate\""));
    assert!(asked[1].last_message().contains("42"), "{:?}", asked[1]);
}

#[test]
fn what_a_slip_says_of_a_chat_is_what_the_server_did() {
    let place = place(&[("one", "stream")], "");
    let server = ChatServer::start(|_| {
        Answer::Words(split("one two three four five six "), Duration::from_millis(15))
    });
    let arguments = ["run", "bench.toml", "--endpoint", &server.url, "--model", "m", "--json"];
    let streamed = slip(&place.run(&arguments));
    let chat = &steps(&streamed)[0];
    assert_eq!(chat["output_tokens"], 6);
    assert_eq!(chat["input_tokens"], 7);
    let nanos = |key: &str| chat[key].as_u64().unwrap();
    // Six words with 15 ms before each.
    assert!(nanos("ttft_ns") >= 14_000_000 && nanos("decode_ns") >= 74_000_000, "{chat}");
    assert_eq!(chat["observed"]["chunks_ns"].as_array().unwrap().len(), 6);
    assert_eq!(chat["observed"]["counted_by"], "server");
    assert_eq!(chat["observed"]["served_model"], "really");
    assert_eq!(streamed["words"]["kind"], "endpoint");
    let machine = &streamed["machines"][0];
    assert_eq!(machine["digest"], Value::Null);
    assert!(machine["endpoint"].as_str().unwrap().ends_with("/v1/chat/completions"));

    let whole = slip(&place.run(&[&arguments[..], &["--no-stream"]].concat()));
    let chat = &steps(&whole)[0];
    assert_eq!(chat["ttft_ns"], chat["e2e_ns"]);
    assert_eq!(chat["output_tokens"], 6);
}

/// Whole steps, but for what a recording cannot have: the machine's name, which the agent reads and
/// computes a little with, and so the instants.
fn transcript(slip: &Value) -> Vec<Value> {
    let plain = |mut step: Value| {
        let keys = step.as_object_mut().unwrap();
        keys.remove("at_ns");
        keys.remove("machine");
        let observed = keys["observed"].as_object_mut().unwrap();
        observed.remove("origin");
        // Where there was one attempt, the times say it all.
        if observed.get("attempts").is_some_and(|all| all.as_array().unwrap().len() == 1) {
            observed.remove("attempts");
        }
        step
    };
    steps(slip).into_iter().map(plain).collect()
}

#[test]
fn a_recording_plays_back_what_was_recorded_in_its_time() {
    let tasks = [("turns", "chat 3"), ("at once", "parallel 3"), ("stream", "stream")];
    let place = place(&tasks, "[load]\nsessions = 4\nat_once = 2\n");
    let server = ChatServer::start(|asked| match asked.number {
        // The client tries again what a server refuses for a while.
        2 => Answer::Bytes(status("503 Busy", "retry-after: 0\r\n")),
        number => Answer::Words(split(&format!("reply {number} ")), Duration::from_millis(5)),
    });
    let endpoint = ["--endpoint", &server.url, "--model", "m"];
    let record = [&["record", "bench.toml", "-o", "rec", "--json"], &endpoint[..]].concat();
    let recorded = slip(&place.run(&record));
    let asked = server.asked().len();
    assert_eq!(steps(&recorded).len(), 10);

    let replayed = slip(&place.run(&["run", "rec", "--json"]));
    assert_eq!(transcript(&replayed), transcript(&recorded));
    let again = slip(&place.run(&["run", "rec", "--json", "--threads", "1"]));
    assert_eq!(again, replayed);
    // The same words on modelled hardware: other times, the same tokens.
    let modelled = slip(&place.run(&["run", "rec", "--on", "h200-8", "--json"]));
    assert_eq!(modelled["summary"]["output_tokens"], recorded["summary"]["output_tokens"]);
    assert_ne!(modelled["summary"]["makespan_ns"], recorded["summary"]["makespan_ns"]);
    // Recording it again asks nothing: all of it was paid for.
    slip(&place.run(&record));
    assert_eq!(server.asked().len(), asked);
    // Another agent's request is not answered by what another was told.
    place.write("bench.toml", bench(&[("turns", "chat 4"), ("at once", "x"), ("stream", "x")], ""));
    let missed = place.run(&["run", "rec"]);
    assert_eq!(missed.code, 1, "{missed:#?}");
    assert!(missed.stdout.contains("cassette_miss"), "{missed:#?}");
}

#[test]
fn a_recording_goes_on_where_a_request_is_new() {
    let place = place(&[("turns", "chat 2")], "");
    let server = ChatServer::saying("well ");
    let endpoint = ["--endpoint", &server.url, "--model", "m"];
    place.run(&[&["record", "bench.toml", "-o", "rec"], &endpoint[..]].concat()).passed();
    place.write("bench.toml", bench(&[("turns", "chat 4")], ""));
    let go_on = [&["run", "rec", "--on-miss", "record"], &endpoint[..]].concat();
    place.run(&go_on).passed();
    assert_eq!(server.asked().len(), 4);
    place.run(&["run", "rec"]).passed();
    assert_eq!(server.asked().len(), 4);
}

/// All that a place holds, and whether a text stands in it.
fn files_holding(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_holding(&path, text));
        } else if String::from_utf8_lossy(&std::fs::read(&path).unwrap()).contains(text) {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn no_secret_gets_into_a_file_or_onto_a_screen() {
    const KEY: &str = "key-0123456789-planted";
    const IN_BODY: &str = "sk-planted0123456789abcdef";
    // The server repeats the key that it was sent, in words and in errors, and knows another.
    let server = ChatServer::start(|asked| {
        let key = asked.head.lines().find(|line| line.starts_with("authorization")).unwrap();
        match asked.number {
            0 => Answer::Words(split(&format!("you sent {key} and {IN_BODY} ")), Duration::ZERO),
            _ => {
                let body = json!({ "error": { "message": format!("bad {key}") } }).to_string();
                let length = body.len();
                let head = "HTTP/1.1 400 Bad\r\ncontent-type: application/json\r\n";
                Answer::Bytes(format!("{head}content-length: {length}\r\n\r\n{body}").into_bytes())
            }
        }
    });
    let place = place(&[("first", "chat 2")], "");
    let ran = place
        .command(&[
            "record",
            "bench.toml",
            "-o",
            "rec",
            "--slip",
            "slip.json",
            "--verbose",
            "--endpoint",
            &server.url,
            "--model",
            "m",
            "--key-env",
            "PLANTED_KEY",
        ])
        .env("PLANTED_KEY", KEY)
        .output()
        .unwrap();
    let ran = Ran::from(ran);
    assert!(server.asked()[0].head.contains(KEY), "the server got the key");
    assert!(!format!("{ran:?}").contains(KEY), "{ran:#?}");
    assert_eq!(files_holding(&place.path("."), KEY), Vec::<String>::new());
    assert_eq!(files_holding(&place.path("rec"), IN_BODY), Vec::<String>::new());
    assert!(!files_holding(&place.path("rec"), "<redacted>").is_empty());
    // What was taken out is taken out of the requests too, so the recording plays.
    let played = place.run(&["run", "rec"]);
    assert!(!played.stdout.contains("cassette_miss"), "{played:#?}");
}

#[test]
fn a_recording_that_is_killed_opens_and_goes_on_without_paying_twice() {
    const CHATS: usize = 6;
    let place = place(&[("turns", "chat 6")], "");
    let server = ChatServer::start(|asked| {
        Answer::Words(split(&format!("reply {} of many ", asked.number)), Duration::from_millis(12))
    });
    let record = ["record", "bench.toml", "-o", "rec", "--endpoint", &server.url, "--model", "m"];
    let mut kills = 0;
    for after_ms in [30, 250, 330, 410, 500] {
        let mut child = place.command(&record).stdout(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(after_ms));
        // A run that ended by itself is no kill.
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            kills += 1;
        }
        child.wait().unwrap();
        if place.path("rec/timeslip.toml").exists() {
            let opened = place.run(&["run", "rec"]);
            assert!(opened.code <= 1, "{opened:#?}");
        }
    }
    let whole = slip(&place.run(&[&record[..], &["--json"]].concat()));
    assert_eq!(steps(&whole).len(), CHATS);
    // At each kill one chat at most was under way, and had to be asked again.
    let asked = server.asked().len();
    assert!((CHATS..=CHATS + kills).contains(&asked), "{asked} requests after {kills} kills");
    assert_eq!(slip(&place.run(&["run", "rec", "--json"]))["summary"]["model_calls"], CHATS);
}

#[test]
fn two_hundred_sessions_hold_the_server_s_limit() {
    let endpoint = |url: &str| {
        format!(
            "machines = [\"here\"]\n[load]\nsessions = 200\nat_once = 200\n[[endpoint]]\nname = \
             \"here\"\nurl = \"{url}\"\nmodel = \"m\"\ncalls_at_once = 16\n"
        )
    };
    let server = ChatServer::start(|_| Answer::Words(split("a b c "), Duration::from_millis(2)));
    let place = Place::new();
    let text = bench(&[("busy", "chat 2")], "");
    let (name, rest) = text.split_once('\n').unwrap();
    let (machines, tables) =
        endpoint(&server.url).split_once('\n').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    place.write("bench.toml", format!("{name}\n{machines}\n{rest}{tables}"));
    let slip = slip(&place.run(&["run", "bench.toml", "--json"]));
    assert_eq!(slip["summary"]["succeeded"], 200, "{}", slip["summary"]);
    assert_eq!(server.asked().len(), 400);
    assert!(server.most_at_once() <= 16, "{}", server.most_at_once());
}

#[test]
fn whatever_a_server_does_ends_in_the_outcome_of_its_chat() {
    for (name, answer, told, requests) in bad_servers() {
        let server = ChatServer::start(move |_| answer());
        let place = place(
            &[("one", "chat 1")],
            &format!(
                "[[endpoint]]\nname = \"bad\"\nurl = \"{}\"\nmodel = \"m\"\nretries = \
                 2\nretry_pause_seconds = 0.01\nfirst_byte_seconds = 0.4\nbetween_chunks_seconds \
                 = 0.3\nwhole_seconds = {}\n",
                server.url,
                if name == "without end" { 60 } else { 1 }
            ),
        );
        let ran = place.run(&["run", "bench.toml", "--on", "bad", "--json"]);
        assert_eq!(ran.code, 1, "{name}: {ran:#?}");
        let slip = slip(&ran);
        let chat = &steps(&slip)[0];
        let error = chat["error"].as_str().unwrap();
        assert!(error.contains(told), "{name}: {error}");
        assert_eq!(server.asked().len(), requests, "{name}");
        let attempts = chat["observed"]["attempts"].as_array().unwrap();
        assert_eq!(attempts.len(), requests, "{name}");
        assert!(attempts.iter().all(|attempt| attempt["error"].is_string()), "{name}");
    }
}

#[test]
fn a_budget_stops_a_run_before_it_spends_more() {
    let priced = |url: &str| {
        format!(
            "[limits]\nrun_cost_usd = 0.05\n[[endpoint]]\nname = \"dear\"\nurl = \"{url}\"\nmodel \
             = \"m\"\nmax_output_tokens = 10\nusd_per_million_input_tokens = \
             0.0\nusd_per_million_cached_input_tokens = 0.0\nusd_per_million_output_tokens = \
             1000.0\n"
        )
    };
    let server = ChatServer::saying("five words it has here ");
    let place = place(&[("many", "chat 20")], &priced(&server.url));
    let ran = place.run(&["run", "bench.toml", "--on", "dear", "--json"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    let slip = slip(&ran);
    // Each reply costs half a cent and may cost a whole one, which nine of them leave.
    assert_eq!(server.asked().len(), 9);
    assert!(slip["summary"]["cost_usd"].as_f64().is_none_or(|usd| usd <= 0.05));
    assert!(ran.stdout.contains("may cost $0.010000"), "{}", ran.stdout);
}

#[test]
fn a_modelled_machine_and_a_real_server_stand_in_one_bench() {
    let server = ChatServer::saying("really ");
    let agent = repository().join("tests/guests/prebuilt/probe-agent.wasm");
    let place = Place::new();
    place.write(
        "bench.toml",
        format!(
            "name = \"both\"\nmachines = [\"here\", \"h200-8:llama-3.3-70b\"]\n[agent]\ncomponent \
             = '{}'\nmodels = [\"*\"]\n[words]\nkind = \"synthetic\"\noutput_tokens = {{ fixed = \
             30 }}\n[[endpoint]]\nname = \"here\"\nurl = \"{}\"\nmodel = \"m\"\n[[task]]\nname = \
             \"one\"\ninput = \"chat 1\"\n",
            agent.display(),
            server.url
        ),
    );
    let slip = slip(&place.run(&["run", "bench.toml", "--json"]));
    assert_eq!(slip["words"]["kind"], "synthetic");
    assert_eq!(slip["machines"].as_array().unwrap().len(), 2);
    assert_eq!(steps(&slip)[0]["machine"], "here");
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn what_cannot_be_used_is_told_with_the_fix() {
    let place = place(&[("one", "chat 1")], "");
    let server = ChatServer::saying("hello ");
    let failed = |arguments: &[&str], code: i32| {
        let said = place.run(arguments).failed(code);
        said.replace(&server.url, "URL")
    };
    let endpoint = ["run", "bench.toml", "--endpoint"];
    insta::assert_snapshot!(failed(&[&endpoint[..], &[&server.url]].concat(), 2));
    insta::assert_snapshot!(failed(&[&endpoint[..], &["localhost", "--model", "m"]].concat(), 2));
    let key = ["--model", "m", "--key-env", "TIMESLIP_NO_SUCH_KEY"];
    insta::assert_snapshot!(failed(&[&endpoint[..], &[&server.url], &key].concat(), 2));
    insta::assert_snapshot!(failed(&["record", "bench.toml", "-o", "rec", "--on", "h200-8"], 2));
    insta::assert_snapshot!(failed(&["run", "bench.toml", "--on", "recorded"], 2));
    assert!(!place.path("rec").exists());
    // Nobody listens: the session fails with what to do, and the run with it.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/v1", nobody.local_addr().unwrap());
    drop(nobody);
    let ran = place.run(&[&endpoint[..], &[&address, "--model", "m"]].concat());
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("cannot connect"), "{}", ran.stdout);
}
