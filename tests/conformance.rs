//! The conformance suite of the SDKs, on the committed components, and the example agents that are
//! written with the SDK of Rust.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::place::{Place, Ran, repository};

/// Runs the suite's script on a folder's `agent.wasm` and `tool.wasm`; `None` where it cannot run.
fn suite(place: &Place, folder: &Path) -> Option<Ran> {
    let has_python = Command::new("python3").arg("--version").output().is_ok();
    if !cfg!(unix) || !has_python {
        eprintln!("skipped: the suite's script needs bash and python3, which are not here");
        return None;
    }
    let mut command = Command::new(repository().join("agents/sdk/conformance/run"));
    command.arg(env!("CARGO_BIN_EXE_timeslip")).arg(format!("rust={}", folder.display()));
    place.prepare(&mut command);
    Some(Ran::from(command.output().expect("the script can be started")))
}

#[test]
fn the_sdk_of_rust_conforms() {
    let prebuilt = repository().join("agents/sdk/conformance/prebuilt/rust");
    let Some(ran) = suite(&Place::new(), &prebuilt) else { return };
    let table = ran.passed();
    let behaviours = table.lines().filter(|line| line.trim_end().ends_with(" ok")).count();
    assert_eq!(behaviours, 28, "{table}");
}

#[test]
fn a_plugin_with_other_tools_does_not_conform() {
    let place = Place::new();
    let prebuilt = repository().join("agents/sdk/conformance/prebuilt/rust/agent.wasm");
    place.write("agent.wasm", std::fs::read(prebuilt).unwrap());
    let other = repository().join("tests/guests/prebuilt/probe-tool.wasm");
    place.write("tool.wasm", std::fs::read(other).unwrap());
    let Some(ran) = suite(&place, &place.path("")) else { return };
    assert_eq!(ran.code, 1, "{ran:#?}");
    let fails = |task: &str| {
        let is_of = |line: &&str| line.split_whitespace().eq([task, "FAIL"]);
        ran.stdout.lines().any(|line| is_of(&line))
    };
    assert!(fails("tool-loop") && fails("tool-error") && !fails("plain-reply"), "{ran:#?}");
}

/// What a bench of the repository shows and writes.
fn run(bench: &str) -> (String, Value) {
    let place = Place::new();
    let bench = repository().join(bench);
    let arguments = ["run".as_ref(), bench.as_os_str(), "--slip".as_ref(), "slip.json".as_ref()];
    let screen = place.run(&arguments).passed();
    (screen, serde_json::from_str(&place.read("slip.json")).unwrap())
}

#[test]
fn a_planning_agent_does_independent_steps_at_once() {
    let (screen, slip) = run("agents/plan-and-execute/rust");
    assert!(screen.contains("The fastest is 954.5 times as fast as the slowest."), "{screen}");
    let steps = slip["sessions"][0]["steps"].as_array().unwrap();
    let chats: Vec<(u64, u64)> = steps
        .iter()
        .filter(|step| step["kind"] == "chat")
        .map(|step| (step["at_ns"].as_u64().unwrap(), step["e2e_ns"].as_u64().unwrap()))
        .collect();
    // The plan comes first; then three steps start together, before any of them has ended.
    let first_end = chats[1..4].iter().map(|(at, took)| at + took).min().unwrap();
    assert!(chats[1..4].iter().all(|(at, _)| *at < first_end), "{chats:?}");
    assert!(chats[1].0 >= chats[0].0 + chats[0].1, "{chats:?}");
}

#[test]
fn a_researcher_cites_what_it_has_read_and_nothing_else() {
    let (screen, slip) = run("agents/react-researcher/rust");
    // The script's first answer cites a document that was not read, and is sent back.
    assert!(!screen.contains("[news/2026.md]"), "{screen}");
    assert!(screen.contains("[news/autumn-2026.md]"), "{screen}");
    assert!(screen.contains("The documents do not say who built it."), "{screen}");
    assert_eq!(slip["summary"]["model_calls"], 6);
}
