//! The gate, as a team would use it: a bench, its baselines, and versions of an agent and its tools
//! with one thing changed each. Every change is named by its cause, and fails or may pass.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::airline::{DATA, import_with};
use crate::place::{Place, Ran, repository, shared};

/// A bench of the airline's desk in a place of its own, with its baselines accepted; `None` where
/// the recordings are absent.
pub(crate) struct Desk {
    pub(crate) place: Place,
    pub(crate) bench: PathBuf,
}

pub(crate) fn component(path: &str) -> String {
    repository().join(path).display().to_string()
}

impl Desk {
    /// `sessions` recorded conversations on these machines.
    pub(crate) fn new(sessions: usize, on: &str) -> Option<Desk> {
        let data = shared(DATA)?;
        let place = Place::new();
        import_with(&place, &data, "tests/guests/prebuilt/airline-desk.wasm");
        let bench = place.path("airline/bench.toml");
        let text = std::fs::read_to_string(&bench).unwrap();
        let text = text.replace(
            "kind = \"cassette\"\n",
            &format!(
                "kind = \"cassette\"\nmatching = \"turns\"\n[load]\nsessions = {sessions}\n\
                 [check]\non = [{on}]\n"
            ),
        );
        std::fs::write(&bench, text).unwrap();
        Some(Desk { place, bench })
    }

    pub(crate) fn accepted(sessions: usize, on: &str) -> Option<Desk> {
        let desk = Desk::new(sessions, on)?;
        desk.check(&["--pending"]).passed();
        desk.place.run(&["accept", "airline"]).passed();
        Some(desk)
    }

    /// Replaces a text of the bench.
    pub(crate) fn change(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(&self.bench).unwrap();
        assert!(text.contains(from), "{from}");
        std::fs::write(&self.bench, text.replace(from, to)).unwrap();
    }

    pub(crate) fn with_agent(&self, name: &str) -> &Desk {
        self.change("prebuilt/airline-desk.wasm", &format!("prebuilt/{name}.wasm"));
        self
    }

    pub(crate) fn check(&self, arguments: &[&str]) -> Ran {
        let mut all = vec!["check", "airline"];
        all.extend(arguments);
        self.place.run(&all)
    }

    /// The verdict on the first run, with the code that the check must end with.
    pub(crate) fn verdict(&self, code: i32) -> Value {
        let ran = self.check(&["--json"]);
        assert_eq!(ran.code, code, "{}\n{}", ran.stdout, ran.stderr);
        let verdict: Value = serde_json::from_str(&ran.stdout).unwrap();
        let run = verdict["runs"][0].clone();
        assert_adds_up(&run);
        run
    }
}

/// The parts of a difference sum to the whole, and the whole is what the figures say.
fn assert_adds_up(run: &Value) {
    let changes = run["changes"].as_array().unwrap();
    let parts: i64 = changes.iter().map(|change| change["cost"]["time_ns"].as_i64().unwrap()).sum();
    assert_eq!(parts, run["time_difference_ns"].as_i64().unwrap(), "{run:#}");
}

/// The most expensive change: its kind, its headline, its time in seconds, and whether it fails.
pub(crate) fn first(run: &Value) -> (String, String, f64, bool) {
    let change = &run["changes"][0];
    let text = |key: &str| change[key].as_str().unwrap_or_default().to_owned();
    let seconds = change["cost"]["time_ns"].as_i64().unwrap_or_default() as f64 / 1e9;
    (text("kind"), text("headline"), seconds, change["fails"] == true)
}

#[test]
fn a_bench_without_a_baseline_says_how_to_get_one() {
    let Some(desk) = Desk::new(2, "\"rubin-groq3\"") else { return };
    let ran = desk.check(&[]);
    assert_eq!(ran.code, 4, "{ran:#?}");
    assert!(ran.stdout.contains("timeslip check --pending"), "{}", ran.stdout);
    assert!(!desk.place.path("airline/baselines").exists(), "nothing is written unasked");
    assert_eq!(desk.place.run(&["accept", "airline"]).code, 4);
    desk.check(&["--pending"]).passed();
    assert!(desk.place.path("airline/baselines/airline.rubin-groq3.pending.json").exists());
    desk.place.run(&["accept", "airline"]).passed();
    assert!(desk.place.path("airline/baselines/airline.rubin-groq3.json").exists());
    assert!(!desk.place.path("airline/baselines/airline.rubin-groq3.pending.json").exists());
    let passed = desk.check(&[]).passed();
    assert!(passed.contains("no change"), "{passed}");
}

#[test]
fn a_rebuild_that_changes_nothing_passes_with_the_same_bytes() {
    let Some(desk) = Desk::accepted(4, "\"rubin-groq3\", \"h200-8\"") else { return };
    // The same bytes from another folder, as a build elsewhere would leave them.
    let bytes = std::fs::read(component("tests/guests/prebuilt/airline-desk.wasm")).unwrap();
    desk.place.write("rebuilt/airline-desk.wasm", bytes);
    let bench = std::fs::read_to_string(&desk.bench).unwrap();
    let old = bench.lines().find(|line| line.ends_with("airline-desk.wasm\"")).unwrap();
    desk.change(old, "component = \"../rebuilt/airline-desk.wasm\"");
    let first = desk.check(&["--json"]).passed();
    assert!(first.contains("\"changes\": []"), "{first}");
    for threads in ["1", "2", "5"] {
        assert!(first == desk.check(&["--json", "--threads", threads]).passed(), "{threads}");
    }
    desk.check(&["--pending"]).passed();
    assert!(!desk.place.path("airline/baselines/airline.h200-8.pending.json").exists());
}

#[test]
fn a_hundred_checks_give_a_hundred_identical_answers() {
    let Some(desk) = Desk::accepted(2, "\"rubin-groq3\"") else { return };
    desk.with_agent("airline-desk-twice");
    let first = desk.check(&["--json"]);
    assert_eq!(first.code, 3);
    for _ in 0..99 {
        let again = desk.check(&["--json"]);
        assert!(again.code == 3 && again.stdout == first.stdout, "{}", again.stdout);
    }
}

#[test]
fn a_redundant_call_is_named() {
    let Some(desk) = Desk::accepted(6, "\"rubin-groq3\"") else { return };
    let run = desk.with_agent("airline-desk-twice").verdict(3);
    let (kind, headline, seconds, fails) = first(&run);
    assert_eq!((kind.as_str(), fails), ("step_added", true), "{run:#}");
    assert!(headline.contains("chat"), "{headline}");
    assert!(seconds > 0.0);
    assert_eq!(run["changes"][0]["cost"]["model_calls"], 6, "one in each session");
}

#[test]
fn longer_instructions_are_named_with_their_tokens() {
    let Some(desk) = Desk::accepted(6, "\"rubin-groq3\"") else { return };
    let run = desk.with_agent("airline-desk-longer").verdict(3);
    let (kind, headline, seconds, fails) = first(&run);
    assert_eq!((kind.as_str(), fails), ("prompt", true), "{run:#}");
    assert!(headline.contains("system") && headline.contains("500 tokens"), "{headline}");
    assert!(seconds > 0.0);
}

#[test]
fn a_call_that_no_longer_overlaps_is_named() {
    let Some(desk) = Desk::accepted(6, "\"rubin-groq3\"") else { return };
    let run = desk.with_agent("airline-desk-in-turn").verdict(3);
    let (kind, headline, seconds, fails) = first(&run);
    assert_eq!((kind.as_str(), fails), ("order", true), "{run:#}");
    assert!(headline.contains("search_direct_flight"), "{headline}");
    assert!(seconds > 0.0);
}

#[test]
fn a_slower_tool_is_named_with_its_computing() {
    let Some(desk) = Desk::accepted(6, "\"rubin-groq3\"") else { return };
    desk.change("plugins/prebuilt/airline.wasm", "tests/guests/prebuilt/airline-slow.wasm");
    desk.change("[[tool]]\n", "[[tool]]\nname = \"airline\"\n");
    let run = desk.verdict(3);
    let (kind, headline, seconds, fails) = first(&run);
    assert_eq!((kind.as_str(), fails), ("tool", true), "{run:#}");
    assert!(headline.contains("get_user_details"), "{headline}");
    assert!(run["changes"][0].to_string().contains("fuel"), "{run:#}");
    assert!(seconds > 0.0);
}

#[test]
fn another_profile_of_the_same_machine_is_named() {
    let Some(desk) = Desk::accepted(6, "\"h200-8\"") else { return };
    let profiles = repository().join("hardware-profiles/machines/h200-8.toml");
    let text = std::fs::read_to_string(profiles).unwrap();
    let slower = text.replacen("chip = \"h200\"", "chip = \"h100\"", 1);
    assert_ne!(slower, text);
    desk.place.write("mine/machines/h200-8.toml", slower);
    let ran = desk.check(&["--json", "--profiles", "mine"]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    let verdict: Value = serde_json::from_str(&ran.stdout).unwrap();
    let run = &verdict["runs"][0];
    assert_adds_up(run);
    let (kind, headline, seconds, fails) = first(run);
    assert_eq!((kind.as_str(), fails), ("machine", true), "{run:#}");
    assert!(headline.contains("h200-8") && seconds > 0.0, "{headline}");
}

#[test]
fn a_broken_cache_of_prompts_is_named() {
    let Some(desk) = Desk::accepted(6, "\"rubin-groq3\"") else { return };
    let run = desk.with_agent("airline-desk-clock").verdict(3);
    let changes = run["changes"].as_array().unwrap();
    let broken = changes.iter().find(|change| change["kind"] == "prompt_cache");
    let broken = broken.unwrap_or_else(|| panic!("{run:#}"));
    assert!(broken["fails"] == true, "{broken:#}");
    assert!(broken["cost"]["cached_input_tokens"].as_i64().unwrap() < 0, "{broken:#}");
    let told = broken.to_string();
    assert!(told.contains("system") && told.contains("cache"), "{told}");
}

#[test]
fn logging_alone_passes_and_is_told() {
    let Some(desk) = Desk::accepted(6, "\"rubin-groq3\"") else { return };
    let run = desk.with_agent("airline-desk-talks").verdict(0);
    let (kind, _, seconds, fails) = first(&run);
    assert_eq!((kind.as_str(), fails), ("computing", false), "{run:#}");
    assert!(seconds > 0.0 && run["changes"].to_string().contains("tolerance"), "{run:#}");
    // A bench may allow none of it.
    desk.change("[check]\n", "[check]\ncomputing_tolerance = \"0 %\"\n");
    desk.verdict(3);
}

#[test]
fn a_bench_is_compared_with_another_revision_without_any_baseline() {
    let Some(desk) = Desk::new(3, "\"rubin-groq3\"") else { return };
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=a", "-c", "user.email=a@example.org"]);
        let output = command.args(arguments).current_dir(desk.place.path("")).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    git(&["init", "--quiet"]);
    git(&["add", "airline"]);
    git(&["commit", "--quiet", "-m", "A bench"]);
    let same = desk.check(&["--against", "HEAD"]).passed();
    assert!(same.contains("no change"), "{same}");
    desk.with_agent("airline-desk-twice");
    let ran = desk.check(&["--against", "HEAD", "--json"]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    let verdict: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(verdict["runs"][0]["against"]["kind"], "revision");
    assert_eq!(first(&verdict["runs"][0]).0, "step_added");
    let worktrees = Command::new("git")
        .args(["worktree", "list"])
        .current_dir(desk.place.path(""))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(worktrees.stdout).unwrap().lines().count(), 1, "none is left");
    let unknown = desk.check(&["--against", "mian"]).failed(2);
    assert!(unknown.contains("git knows no such revision"), "{unknown}");
}

#[test]
fn what_is_accepted_is_what_was_reviewed() {
    let Some(desk) = Desk::accepted(2, "\"rubin-groq3\"") else { return };
    desk.with_agent("airline-desk-twice");
    desk.check(&["--pending"]).passed();
    desk.change("airline-desk-twice", "airline-desk-longer");
    let refused = desk.place.run(&["accept", "airline"]).failed(4);
    assert!(refused.contains("is not what the bench gives now"), "{refused}");
    desk.change("airline-desk-longer", "airline-desk-twice");
    let accepted = desk.place.run(&["accept", "airline"]).passed();
    assert!(accepted.contains("accepted: airline/baselines/"), "{accepted}");
    desk.verdict(0);
}
