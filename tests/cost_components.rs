//! Machines whose steps a component times: the example that comes with the project, and probes that
//! break what a cost model promises.

use serde_json::Value;

use crate::place::{Place, repository};
use crate::slips::check_independently;

/// The machine that streams its weights.
const STREAMING: &str = "vera-rubin-streaming";

fn example_profiles() -> String {
    repository().join("plugins/weight-streaming/profiles").display().to_string()
}

/// A load under which a step has many chats, on the example.
fn replay<'a>(profiles: &'a str, json: &'a str) -> Vec<&'a str> {
    let load = "requests=60,input=200..3000,output=10..60,rate=2";
    vec!["replay", "--generate", load, "--on", STREAMING, "--profiles", profiles, json]
}

/// A folder of profiles with the example's machine, timed by another component.
fn profiles(place: &Place, component: &str, figures: &[(&str, f64)]) {
    let file =
        repository().join("plugins/weight-streaming/profiles/machines/vera-rubin-streaming.toml");
    let text = std::fs::read_to_string(file).unwrap();
    let (before, rest) = text.split_once("[pools.cost_component.figures").expect("it has figures");
    let (_, serves) = rest.split_once("[[serves]]").expect("it serves a model");
    let mut text =
        before.replace("../../../prebuilt/weight-streaming.wasm", &component.replace('\\', "/"));
    for (name, value) in figures {
        text += &format!(
            "[pools.cost_component.figures.{name}]\nvalue = {value}\nsource = \"a test\"\n\
             date = \"2026-11\"\nconfidence = \"high\"\n"
        );
    }
    place.write("mine/machines/vera-rubin-streaming.toml", text + "[[serves]]" + serves);
}

fn probe() -> String {
    repository().join("tests/guests/prebuilt/probe-cost.wasm").display().to_string()
}

/// A probe whose steps take 10 ms, until one of them does what the number says.
fn faulty(place: &Place, fault: u32, fault_context: u32) {
    let figures = [
        ("seconds", 0.01),
        ("fault", f64::from(fault)),
        ("fault_context", f64::from(fault_context)),
    ];
    profiles(place, &probe(), &figures);
}

const NAN: u32 = 1;
const NEGATIVE: u32 = 3;
const ENDLESS: u32 = 5;
const PANIC: u32 = 6;
const DRIFTING: u32 = 7;

#[test]
fn a_replay_on_the_example_gives_the_same_bytes_twice() {
    let place = Place::new();
    let folder = example_profiles();
    let arguments = replay(&folder, "--json");
    let first = place.run(&arguments).passed();
    assert_eq!(first, place.run(&arguments).passed());
    let all: Value = serde_json::from_str(&first).unwrap();
    assert_eq!(all["load"]["requests"]["completed"], 60);
    assert_eq!(all["machines"][0]["estimated"], true);
    // 671e9 bytes pass a link of 0.72e12 bytes a second in every step.
    let between = all["summary"]["inter_token_latency_ns"]["min"].as_u64().unwrap();
    assert!((850_000_000..1_000_000_000).contains(&between), "{between}");
}

#[test]
fn a_run_on_the_example_is_the_same_on_any_threads() {
    let place = Place::new();
    let folder = example_profiles();
    let run = |slip: &str, threads: &str| {
        let on = ["run", "--on", STREAMING, "--profiles", &folder];
        place.run(&[&on[..], &["--slip", slip, "--threads", threads]].concat()).passed()
    };
    assert_eq!(run("one.json", "1"), run("four.json", "4"));
    assert_eq!(place.read("one.json"), place.read("four.json"));
    check_independently(&place.path("one.json"));
}

#[test]
fn a_sweep_over_the_example_is_the_same_on_any_threads() {
    let place = Place::new();
    let folder = example_profiles();
    let sweep = |threads: &str| {
        let load = "requests=40,input=500,output=20";
        let on = ["sweep", "--generate", load, "--on", STREAMING, "--profiles", &folder];
        let rest = ["--racks", "1,2", "--concurrency", "1,8", "--json", "--threads", threads];
        place.run(&[&on[..], &rest].concat()).passed()
    };
    assert_eq!(sweep("1"), sweep("4"));
}

#[test]
fn the_example_is_explained_and_holds_as_a_profile() {
    let place = Place::new();
    let folder = example_profiles();
    let with = |command: &[&str]| place.run(&[command, &["--profiles", &folder]].concat());
    insta::assert_snapshot!(with(&["hardware", "explain", STREAMING, "--batch", "64"]).passed());
    with(&["hardware", "validate"]).passed();
    let shown = with(&["hardware", "show", STREAMING]).passed();
    assert!(shown.contains("pools.0.cost_component = \"../../../prebuilt/"), "{shown}");
    assert!(shown.contains("cost_component.figures.stream_bytes_per_second = 0.72e12"), "{shown}");
}

#[test]
fn a_component_with_an_import_is_refused_by_its_name() {
    let place = Place::new();
    let text = "(component (import \"wasi:clocks/wall-clock@0.2.0\" (instance)))";
    let component = place.write("clock.wasm", wat::parse_str(text).unwrap());
    profiles(&place, &component.display().to_string(), &[]);
    let message = place.run(&replay("mine", "--json")).failed(2);
    assert!(message.contains("vera-rubin-streaming.toml:"), "{message}");
    assert!(message.contains("it imports `wasi:clocks/wall-clock@0.2.0`"), "{message}");
}

#[test]
fn other_components_and_files_that_are_none_are_refused() {
    let place = Place::new();
    for (other, told) in [
        ("plugins/prebuilt/calculator.wasm", "it has functions that wait, as agents"),
        ("tests/guests/prebuilt/probe-tool-blocking.wasm", "it imports `timeslip:"),
    ] {
        profiles(&place, &repository().join(other).display().to_string(), &[]);
        let message = place.run(&replay("mine", "--json")).failed(2);
        assert!(message.contains(told), "{message}");
    }
    let text = place.write("text.wasm", "no component");
    profiles(&place, &text.display().to_string(), &[]);
    let message = place.run(&replay("mine", "--json")).failed(2);
    assert!(message.contains("is not a WebAssembly component"), "{message}");
    profiles(&place, "none.wasm", &[]);
    let message = place.run(&replay("mine", "--json")).failed(2);
    assert!(
        message.contains("`cost_component` names none.wasm, which cannot be read"),
        "{message}"
    );
}

#[test]
fn what_a_component_refuses_is_told_with_its_own_words() {
    let place = Place::new();
    profiles(&place, &probe(), &[]);
    let message = place.run(&["hardware", "explain", STREAMING, "--profiles", "mine"]).failed(2);
    assert!(message.contains("cannot time the pool: the figure `seconds` is missing"), "{message}");
}

#[test]
fn faults_at_the_first_step_are_found_before_anything_runs() {
    for (fault, told) in [
        (NAN, "it gave NaN seconds"),
        (NEGATIVE, "it gave -0.01 seconds"),
        (ENDLESS, "was stopped: it computes without an end"),
        (PANIC, "trapped: "),
        (DRIFTING, "seconds for the same step"),
    ] {
        let place = Place::new();
        faulty(&place, fault, 0);
        for command in
            [replay("mine", "--json"), vec!["hardware", "validate", "--profiles", "mine"]]
        {
            let ran = place.run(&command);
            assert_eq!(ran.code, 2, "{ran:#?}");
            assert!((ran.stdout + &ran.stderr).contains(told), "fault {fault} of {command:?}");
        }
    }
}

#[test]
fn faults_in_the_middle_of_a_run_end_it_without_a_result() {
    let load = ["--generate", "requests=20,input=500,output=40", "--on", STREAMING];
    let commands: [&[&str]; 4] = [
        &["replay", "--json", "--requests", "result"],
        &["sweep", "--json", "--concurrency", "1,4"],
        &["compare", "--on", "h200-8:llama-3.3-70b"],
        &["capacity", "--slo", "ttft=10s"],
    ];
    for (fault, told) in [(NAN, "it gave NaN seconds"), (ENDLESS, "without an end")] {
        let place = Place::new();
        faulty(&place, fault, 510);
        for command in commands {
            let ran = place.run(&[command, &load, &["--profiles", "mine"]].concat());
            assert_eq!((ran.code, &*ran.stdout), (2, ""), "{ran:#?}");
            assert!(ran.stderr.contains("machine `vera-rubin-streaming`"), "{}", ran.stderr);
            assert!(ran.stderr.contains(told), "{}", ran.stderr);
        }
        let slip = ["run", "--on", STREAMING, "--profiles", "mine", "--slip", "result"];
        let message = place.run(&slip).failed(2);
        assert!(message.contains(told), "{message}");
        assert_eq!(place.names(), ["mine"], "nothing is written");
    }
}
