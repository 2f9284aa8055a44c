//! 150 recorded conversations of an airline's service desk (tau-bench, MIT): the model's and the
//! user's turns are played back, and every tool call is carried out by the plugin.

use std::path::Path;
use std::sync::OnceLock;

use serde_json::Value;

use crate::place::{Place, repository, shared};
use crate::slips::{check_independently, slip};

pub(crate) const DATA: &str = "data/tau-bench-airline";

/// What is told when every recorded tool call was made and gave its recorded output.
const EVERY_OUTPUT_EQUAL: &str =
    "862 equal, 0 different, 0 not recorded, 0 recorded but not called";

/// The imported bench, made once for all tests here; `None` where the recording is absent.
fn bench() -> Option<&'static Path> {
    static PLACE: OnceLock<Option<Place>> = OnceLock::new();
    let place = PLACE.get_or_init(|| {
        let data = shared(DATA)?;
        let place = Place::new();
        import(&place, &data);
        Some(place)
    });
    let place = place.as_ref()?;
    static PATH: OnceLock<std::path::PathBuf> = OnceLock::new();
    Some(PATH.get_or_init(|| place.path("airline")))
}

fn import(place: &Place, data: &Path) -> String {
    import_with(place, data, "agents/prebuilt/airline-service.wasm")
}

/// Imports the recordings into the folder `airline` of a place, for an agent of this repository.
pub(crate) fn import_with(place: &Place, data: &Path, agent: &str) -> String {
    let component = |path: &str| repository().join(path).display().to_string();
    let tool =
        format!("{}={}", component("plugins/prebuilt/airline.wasm"), data.join("data").display());
    place
        .run(&[
            "import",
            "openai-messages",
            &data.join("trajectories.json").display().to_string(),
            "-o",
            "airline",
            "--agent",
            &component(agent),
            "--tool",
            &tool,
            "--recorded-model",
            "gpt-4o",
            "--rewrite",
            r#"get_user_details:"province": =>"state": "#,
        ])
        .passed()
}

fn run(arguments: &[&str]) -> Option<(String, String)> {
    let bench = bench()?;
    let place = Place::new();
    let mut all = vec!["run", bench.to_str().unwrap(), "--json"];
    all.extend(arguments);
    let ran = place.run(&all);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    Some((ran.stdout, ran.stderr))
}

#[test]
fn the_recording_is_imported_whole() {
    let Some(data) = shared(DATA) else { return };
    let place = Place::new();
    let told = import(&place, &data);
    insta::assert_snapshot!(told, @r"
    airline: 150 conversations with 1808 chats, 862 tool calls and 946 answers of the user
    90 recorded tool outputs were rewritten, as their cassettes note
    run them with: timeslip run airline
    ");
}

#[test]
fn every_tool_output_that_can_match_does_on_two_machines() {
    for machine in ["rubin-groq3", "h200-8"] {
        let Some((json, told)) = run(&["--on", machine]) else {
            return;
        };
        assert!(told.contains(EVERY_OUTPUT_EQUAL), "{told}");
        let slip = slip(&json);
        let summary = &slip["summary"];
        assert_eq!(summary["sessions"], 150);
        assert_eq!(summary["succeeded"], 150);
        assert_eq!(summary["model_calls"], 1808);
        assert_eq!(summary["tool_calls"], 862);
        assert!(summary["model_calls_at_target"].is_u64(), "the target is reported against");
        let place = Place::new();
        check_independently(&place.write("slip.json", json));
    }
}

#[test]
fn without_the_rewrite_the_outputs_that_cannot_match_are_shown() {
    let Some(data) = shared(DATA) else { return };
    let place = Place::new();
    import(&place, &data);
    for entry in std::fs::read_dir(place.path("airline/cassettes")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let (first, rest) = text.split_once('\n').unwrap();
        std::fs::write(
            &path,
            format!("{first}\n{}", rest.replace("\\\"state\\\": ", "\\\"province\\\": ")),
        )
        .unwrap();
    }
    let ran = place.run(&["run", "airline", "--sessions", "3"]);
    let message = format!("{}{}", ran.stdout, ran.stderr);
    // The agent sends the plugin's output, which no recorded request holds any more.
    assert_eq!(ran.code, 1, "{message}");
    assert!(message.contains("cassette_miss") || message.contains("not in"), "{message}");
}

#[test]
fn slips_are_equal_across_runs_threads_and_places() {
    let Some((first, _)) = run(&["--threads", "1"]) else {
        return;
    };
    for threads in ["1", "2", "5"] {
        let (again, _) = run(&["--threads", threads]).unwrap();
        assert!(first == again, "the slip with {threads} threads is another");
    }
    let data = shared(DATA).unwrap();
    let elsewhere = Place::new();
    import(&elsewhere, &data);
    let there = elsewhere.run(&["run", "airline", "--json"]).passed();
    assert!(first == there, "the same bench in another folder gives another slip");
}

#[test]
fn all_sessions_at_once_share_the_machine_and_hold_the_laws() {
    let Some((json, told)) = run(&["--at-once", "150", "--on", "h200-8"]) else {
        return;
    };
    assert!(told.contains(EVERY_OUTPUT_EQUAL), "{told}");
    let (other, _) = run(&["--at-once", "150", "--on", "h200-8", "--threads", "1"]).unwrap();
    assert!(json == other, "the slip depends on the number of threads");
    let slip: Value = slip(&json);
    assert!(slip["summary"]["time_share_ns"]["queue"].as_u64().is_some());
    let alone: Value = serde_json::from_str(&run(&["--on", "h200-8"]).unwrap().0).unwrap();
    let makespan = |slip: &Value| slip["summary"]["makespan_ns"].as_u64().unwrap();
    // Reading prompts fills the machine, so they overlap by far less than 150 times.
    assert!(makespan(&slip) < makespan(&alone) / 2, "sessions overlap");
    let place = Place::new();
    check_independently(&place.write("slip.json", json));
}
