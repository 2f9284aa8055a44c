//! MCP servers as tools of a bench. The server is this program's own, which serves the probe.

use serde_json::Value;

use super::{component, probe};
use crate::place::{Place, Ran};
use crate::slips::check_independently;

/// A bench whose sessions call tools of the server.
fn bench(place: &Place, mcp: &str, inputs: &[&str]) {
    let mut text = format!(
        "name = \"remote\"\nmachines = [\"h200-8\"]\n\n[agent]\ncomponent = '{}'\nmodels = \
         [\"*\"]\n\n[[tool]]\nname = \"far\"\nmcp = {mcp}\n\n[words]\nkind = \"synthetic\"\n\
         output_tokens = {{ fixed = 20 }}\n",
        component("tests/guests/prebuilt/probe-agent.wasm"),
    );
    for (number, input) in inputs.iter().enumerate() {
        text += &format!("[[task]]\nname = \"task-{number}\"\ninput = '{input}'\n");
    }
    place.write("bench.toml", text);
}

/// The table of a server that is this program.
fn own_server(more: &str) -> String {
    format!(
        "{{ command = ['{}', 'mcp', 'serve', '{}'], environment = [\"TIMESLIP_CACHE_DIR\"]{more} }}",
        env!("CARGO_BIN_EXE_timeslip"),
        probe()
    )
}

fn slip(ran: &Ran) -> Value {
    assert!(ran.code <= 1, "{ran:#?}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slip.json");
    std::fs::write(&path, &ran.stdout).unwrap();
    check_independently(&path);
    serde_json::from_str(&ran.stdout).unwrap()
}

fn told(slip: &Value, session: usize) -> &str {
    slip["sessions"][session]["error"]["message"].as_str().unwrap_or_default()
}

const RECORD: [&str; 5] = ["record", "bench.toml", "-o", "rec", "--json"];

#[test]
fn calls_of_a_server_are_recorded_and_played_back_in_their_own_time() {
    let place = Place::new();
    let inputs = [
        "tool echo {\"text\": \"over there\"}",
        "tool fail {}",
        "tools-parallel 3 count {}",
        "chat 2",
        "tool trap {}",
        "tool echo no JSON",
    ];
    bench(&place, &own_server(""), &inputs);
    let message = place.run(&["run", "bench.toml"]).failed(2);
    assert!(message.contains("bench.toml:9: `far` is an MCP server"), "{message}");
    assert!(message.contains("timeslip record"), "{message}");

    let recorded = slip(&place.run(&RECORD));
    assert_eq!(recorded["sessions"][0]["status"], "ok", "{recorded}");
    for (session, error) in [(1, "asked to fail"), (4, "trapped"), (5, "no JSON")] {
        assert!(told(&recorded, session).contains(error), "{}", told(&recorded, session));
    }
    // Nothing can be asked from here on.
    bench(&place, "{ command = [\"no-such-program\"] }", &inputs);
    let ran = place.run(&["run", "rec", "--on", "h200-8", "--json"]);
    let replayed = slip(&ran);
    let one = place.run(&["run", "rec", "--on", "h200-8", "--json", "--threads", "1"]);
    assert_eq!(one.stdout, ran.stdout, "the same slip, byte for byte");
    for session in [0, 1, 2, 4, 5] {
        let steps = |slip: &Value| slip["sessions"][session]["steps"].as_array().unwrap().clone();
        for (was, is) in steps(&recorded).iter().zip(steps(&replayed)) {
            for key in ["tool", "ok", "wait_ns", "compute_ns", "e2e_ns"] {
                assert_eq!(was[key], is[key], "session {session}, {key}");
            }
        }
        assert_eq!(told(&recorded, session), told(&replayed, session));
    }
    let fetch = &replayed["sessions"][0]["steps"][0]["fetches"][0];
    assert_eq!((&fetch["url"], &fetch["status"]), (&"mcp://far/echo".into(), &200.into()));
    let named = |slip: &Value| {
        let components = slip["components"].as_array().unwrap();
        components.iter().find(|one| one["name"] == "far").cloned().unwrap()
    };
    assert_eq!(named(&recorded), named(&replayed));
    assert_eq!(named(&replayed)["role"], "tool");
    let shown = place.run(&["cassette", "show", "rec/cassettes/task-0.jsonl"]).passed();
    assert!(shown.contains("mcp://far/echo"), "{shown}");
    // On the machine `recorded` as well, where chats take their recorded time.
    slip(&place.run(&["run", "rec", "--json"]));
}

#[test]
fn a_call_that_was_not_recorded_ends_its_session_with_the_closest_one() {
    let place = Place::new();
    bench(&place, &own_server(""), &["tool echo {\"text\": \"one\"}"]);
    slip(&place.run(&RECORD));
    bench(&place, &own_server(""), &["tool echo {\"text\": \"two\"}"]);
    let missed = slip(&place.run(&["run", "rec", "--on", "h200-8", "--json"]));
    assert_eq!(missed["sessions"][0]["error"]["kind"], "cassette_miss");
    let message = told(&missed, 0);
    assert!(message.contains("the fetch of POST mcp://far/echo is not in"), "{message}");
    assert!(message.contains("The body differs; first difference at"), "{message}");
    // Going on asks the server for what is missing.
    let asked = slip(&place.run(&["run", "rec", "--on-miss", "record", "--json"]));
    assert_eq!(asked["sessions"][0]["status"], "ok", "{asked}");
    let kept = slip(&place.run(&["run", "rec", "--on", "h200-8", "--json"]));
    assert_eq!(kept["sessions"][0]["status"], "ok", "{kept}");
}

#[test]
fn a_bench_takes_the_tools_that_it_names() {
    let place = Place::new();
    bench(&place, &own_server(", only = [\"echo\", \"count\"]"), &["list"]);
    let recorded = slip(&place.run(&RECORD));
    let answer = place.run(&["run", "rec", "--on", "h200-8"]).passed();
    assert!(answer.contains("echo") && !answer.contains("recurse"), "{answer}");
    assert_eq!(recorded["sessions"][0]["status"], "ok");

    // A server that has changed is not mixed with what was recorded.
    bench(&place, &own_server(", only = [\"echo\"]"), &["list"]);
    let message = place.run(&RECORD).failed(2);
    assert!(message.contains("`far` offers other tools now"), "{message}");
}

#[test]
fn a_server_that_cannot_be_used_is_told_with_the_fix() {
    let place = Place::new();
    for (mcp, code, wanted) in [
        ("{ command = [\"no-such-program\"] }", 1, "cannot start `no-such-program`"),
        ("{ command = [\"true\"] }", 1, "does not answer as an MCP server"),
        ("{ command = [] }", 2, "a program or an address"),
        ("{ command = [\"a\"], url = \"http://b\" }", 2, "a program or an address"),
        ("{ command = [\"a\"], key_env = \"K\" }", 2, "name the variable in `environment`"),
        ("{ url = \"http://b\", environment = [\"K\"] }", 2, "a key goes by `key_env`"),
        ("{ command = [\"a\"] }\nfiles = \".\"", 2, "take `files` out"),
        ("{ comand = [\"a\"] }", 2, "did you mean"),
        ("{ command = [\"sleep\", \"60\"], start_seconds = 0.2 }", 1, "nothing within 200ms"),
    ] {
        bench(&place, mcp, &["list"]);
        let message = place.run(&RECORD).failed(code);
        assert!(message.contains("bench.toml:") && message.contains(wanted), "{mcp}: {message}");
    }
    bench(&place, &own_server(", only = [\"ecko\"]"), &["list"]);
    let message = place.run(&RECORD).failed(1);
    assert!(message.contains("the nearest is `echo`"), "{message}");
}
